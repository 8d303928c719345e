-- Deploy slotkeeper:schema_version_3
-- requires: schema_version_2
-- requires: purge
-- requires: autovacuum
-- Nothing that a worker of version 1 or 2 needs has gone, so these still run beside one of version 3.

begin;

update slotkeeper.schema_version set version = 3;

commit;

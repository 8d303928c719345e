-- Deploy slotkeeper:schema_version_2
-- requires: schema_version
-- requires: worker_grants
-- Nothing that a worker of version 1 needs has gone, so it still runs beside one of version 2.

begin;

update slotkeeper.schema_version set version = 2;

commit;

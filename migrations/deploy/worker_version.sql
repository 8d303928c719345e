-- Deploy slotkeeper:worker_version
-- requires: command_log
-- Which release answered: beside each other two of them write the same log. Null: one before version 3.
-- A new column without a default is a matter of the catalog, but waits for the batches under way, and
-- those that come behind it wait for it: rather give up and be run again than let bookings queue.

begin;

set local lock_timeout = '1s';

alter table slotkeeper.command_log add column worker_version smallint;

commit;

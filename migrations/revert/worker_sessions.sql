-- Revert slotkeeper:worker_sessions

begin;

drop function slotkeeper.worker_sessions_before(integer);

commit;

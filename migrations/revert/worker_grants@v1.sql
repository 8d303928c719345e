-- Revert slotkeeper:worker_grants

begin;

revoke all on all tables in schema slotkeeper from slotkeeper_worker;
revoke all on function slotkeeper.expire_log(interval, integer) from slotkeeper_worker;
revoke all on function slotkeeper.forget_answers(text, integer, bigint, integer) from slotkeeper_worker;
revoke all on schema slotkeeper from slotkeeper_worker;

commit;

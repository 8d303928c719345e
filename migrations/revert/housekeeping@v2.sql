-- Revert slotkeeper:housekeeping

begin;

drop function slotkeeper.expire_log(interval, integer);
drop function slotkeeper.forget_answers(text, integer, bigint, integer);

commit;

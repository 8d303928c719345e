-- Revert slotkeeper:login_housekeeping

begin;

drop function slotkeeper.forget_log_ins(interval, integer, integer);

commit;

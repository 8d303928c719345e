-- Revert slotkeeper:login_throttling

begin;

drop table slotkeeper.login_device;
drop table slotkeeper.login_attempt;
drop table slotkeeper.login_throttle;

commit;

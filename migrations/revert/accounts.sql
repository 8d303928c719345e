-- Revert slotkeeper:accounts

begin;

drop table slotkeeper.account;

commit;

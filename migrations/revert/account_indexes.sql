-- Revert slotkeeper:account_indexes

begin;

drop index slotkeeper.account_active_admin;
drop index slotkeeper.account_closing;

commit;

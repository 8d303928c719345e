-- Revert slotkeeper:account_rules

begin;

drop trigger slot_doctor_active on slotkeeper.slot;
drop function slotkeeper.refuse_inactive_doctor();
drop trigger account_nothing_to_come on slotkeeper.account;
drop function slotkeeper.refuse_slots_to_come();
drop trigger account_login_kept on slotkeeper.account;
drop trigger account_admin_by_owner on slotkeeper.account;
drop trigger account_password_encoding on slotkeeper.account;

commit;

-- Revert slotkeeper:final_states

begin;

drop trigger slot_not_purged on slotkeeper.slot;
drop function slotkeeper.refuse_purged_slot();
drop trigger appointment_fixed on slotkeeper.appointment;
drop trigger appointment_final on slotkeeper.appointment;
drop trigger slot_fixed on slotkeeper.slot;
drop trigger slot_final on slotkeeper.slot;
drop trigger account_fixed on slotkeeper.account;
drop trigger account_final on slotkeeper.account;
drop function slotkeeper.refuse_update();

commit;

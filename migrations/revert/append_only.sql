-- Revert slotkeeper:append_only

begin;

drop trigger appointment_kept on slotkeeper.appointment;
drop trigger slot_kept on slotkeeper.slot;
drop trigger account_kept on slotkeeper.account;
drop trigger purged_slot_append_only on slotkeeper.purged_slot;
drop trigger command_log_append_only on slotkeeper.command_log;
drop trigger account_event_append_only on slotkeeper.account_event;
drop trigger slot_event_append_only on slotkeeper.slot_event;
drop function slotkeeper.refuse_change();

commit;

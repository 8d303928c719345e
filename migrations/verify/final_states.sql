-- Verify slotkeeper:final_states

begin;
rollback;

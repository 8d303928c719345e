-- Revert slotkeeper:final_states

begin;
commit;

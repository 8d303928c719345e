-- Revert slotkeeper:slot_end

drop index concurrently slotkeeper.slot_end;

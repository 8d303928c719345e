-- Revert slotkeeper:reference_indexes

drop index concurrently slotkeeper.account_as_active;
drop index concurrently slotkeeper.slot_as_offered;

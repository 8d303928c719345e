-- Verify slotkeeper:append_only

begin;
rollback;

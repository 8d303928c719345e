-- Verify slotkeeper:worker_grants

begin;
rollback;

-- Revert slotkeeper:worker_grants

begin;
commit;

-- Revert slotkeeper:recover_progress

begin;

alter table slotkeeper.partition_progress
    drop column settled_below,
    drop column tokens_valid_from;

commit;

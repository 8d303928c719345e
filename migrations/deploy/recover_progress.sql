-- Deploy slotkeeper:recover_progress
-- requires: command_log
-- What `slotkeeper recover --accept-loss` leaves behind for the workers; null: nothing.

begin;
set local lock_timeout = '1s';

alter table slotkeeper.partition_progress
    -- Records below it were answered before the loss: their age counts as of when they were appended.
    add column settled_below bigint,
    -- In the others a token that was issued earlier is refused.
    add column tokens_valid_from timestamptz,
    add constraint partition_progress_settled_below check (settled_below >= 0);

commit;

-- Revert slotkeeper:housekeeping
-- To what housekeeping@v2 made.

begin;

-- What is older than the retention goes from the old end of each partition. At most `row_max` in
-- all; returns how many went; 0, too, while another session is at it.
create or replace function slotkeeper.expire_log(retention interval, row_max integer)
returns integer
language plpgsql
security definer
set search_path = pg_catalog, slotkeeper, pg_temp
as $$
declare
    progress record;
    young bigint;
    gone integer;
    gone_in_all integer := 0;
begin
    if row_max is null or row_max not between 1 and 10000 then
        raise invalid_parameter_value using message = 'row_max is 1 to 10000';
    end if;
    if retention is null or retention <= interval '0' then
        raise invalid_parameter_value using message = 'the retention is longer than nothing';
    end if;
    if not pg_try_advisory_xact_lock(hashtextextended('slotkeeper.expire_log', 0)) then
        return 0;
    end if;
    perform set_config('slotkeeper.housekeeping', 'on', true);
    for progress in
        select topic, partition, published_offset
        from partition_progress
        order by topic, partition
    loop
        exit when gone_in_all >= row_max;

        -- The first row that stays, if it is among those that could go in this call.
        select head.record_offset into young
        from (
            select log.record_offset, log.decided_at
            from command_log as log
            where log.topic = progress.topic
                and log.partition = progress.partition
                and log.record_offset < progress.published_offset
            order by log.record_offset
            limit row_max - gone_in_all
        ) as head
        where head.decided_at >= clock_timestamp() - retention
        order by head.record_offset
        limit 1;

        with expired as (
            select log.record_offset
            from command_log as log
            where log.topic = progress.topic
                and log.partition = progress.partition
                and log.record_offset < least(progress.published_offset, young)
            order by log.record_offset
            limit row_max - gone_in_all
            for update skip locked
        )
        delete from command_log as log
        using expired
        where log.topic = progress.topic
            and log.partition = progress.partition
            and log.record_offset = expired.record_offset;
        get diagnostics gone = row_count;
        gone_in_all := gone_in_all + gone;
    end loop;
    perform set_config('slotkeeper.housekeeping', 'off', true);
    return gone_in_all;
end
$$;

commit;

-- Deploy slotkeeper:housekeeping
-- requires: housekeeping@v3-contracted
-- What goes is deleted by its place in the table. Joined by offset, each of those rows was compared with each row of its
-- partition until the table had been analysed.

begin;

-- Answers that are not tied to their command_id go as soon as they are published. Of one partition,
-- below `below`, at most `row_max`; returns how many went.
create or replace function slotkeeper.forget_answers(
    of_topic text, of_partition integer, below bigint, row_max integer)
returns integer
language plpgsql
security definer
set search_path = pg_catalog, slotkeeper, pg_temp
as $$
declare
    gone integer;
begin
    if row_max is null or row_max not between 1 and 10000 then
        raise invalid_parameter_value using message = 'row_max is 1 to 10000';
    end if;
    perform set_config('slotkeeper.housekeeping', 'on', true);
    delete from command_log
    where ctid = any(array(
        select log.ctid
        from command_log as log
        join partition_progress as progress using (topic, partition)
        where log.topic = of_topic
            and log.partition = of_partition
            and not log.recallable
            and log.record_offset < below
            and log.record_offset < progress.published_offset
        order by log.record_offset
        limit row_max
        for update of log skip locked
    ));
    get diagnostics gone = row_count;
    perform set_config('slotkeeper.housekeeping', 'off', true);
    return gone;
end
$$;

-- What is older than the retention goes from the old end of each partition, of
-- whichever comes first: while one partition fills faster than calls empty it, the others must not wait
-- behind it. At most `row_max` in
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
        order by random()
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

        delete from command_log
        where ctid = any(array(
            select log.ctid
            from command_log as log
            where log.topic = progress.topic
                and log.partition = progress.partition
                and log.record_offset < least(progress.published_offset, young)
            order by log.record_offset
            limit row_max - gone_in_all
            for update skip locked
        ));
        get diagnostics gone = row_count;
        gone_in_all := gone_in_all + gone;
    end loop;
    perform set_config('slotkeeper.housekeeping', 'off', true);
    return gone_in_all;
end
$$;

commit;

-- Deploy slotkeeper:login_housekeeping
-- requires: login_throttling
-- The owner's function that keeps what log-ins leave behind within bounds.

begin;

-- Removes, at most `row_max` in all: attempts that were counted longer ago than `idle` and never
-- answered; logins whose last attempt is older than `idle` and whose block is over; and of more than
-- `rows_kept_max` logins those with the fewest failures first (by magnitude), of these the ones that
-- were tried longest ago (by the minute). Returns how many went; 0, too, while another session is at
-- it. Waits for nobody: what is locked stays for another time.
create function slotkeeper.forget_log_ins(idle interval, row_max integer, rows_kept_max integer)
returns integer
language plpgsql
security definer
set search_path = pg_catalog, slotkeeper, pg_temp
as $$
declare
    magnitudes constant smallint[] := array(select generate_series(0, 31)::smallint);
    -- Above what fits on a page: the smallest row with its pointer takes 92 of 8192 bytes.
    rows_a_page constant integer := 100;
    beginning constant timestamptz := clock_timestamp();
    cutoff timestamptz;
    gone integer;
    gone_in_all integer;
    surplus integer;
begin
    if row_max is null or row_max not between 1 and 10000 then
        raise invalid_parameter_value using message = 'row_max is 1 to 10000';
    end if;
    if rows_kept_max is null or rows_kept_max not between 1 and 10000000 then
        raise invalid_parameter_value using message = 'rows_kept_max is 1 to 10000000';
    end if;
    if idle is null or idle <= interval '0' then
        raise invalid_parameter_value using message = 'idle is longer than nothing';
    end if;
    if not pg_try_advisory_xact_lock(hashtextextended('slotkeeper.forget_log_ins', 0)) then
        return 0;
    end if;
    cutoff := beginning - idle;

    with unanswered as (
        select topic, partition, record_offset
        from login_attempt
        where reserved_at < cutoff
        limit row_max
        for update skip locked
    )
    delete from login_attempt as attempt
    using unanswered
    where attempt.topic = unanswered.topic
        and attempt.partition = unanswered.partition
        and attempt.record_offset = unanswered.record_offset;
    get diagnostics gone_in_all = row_count;

    -- Naming every magnitude makes one look-up of each, in the index that serves the order below.
    with idle_logins as (
        select login_key
        from login_throttle
        where magnitude = any (magnitudes)
            and attempt_minute < cutoff
            and last_attempt_at < cutoff
            and (blocked_until is null or blocked_until <= beginning)
        limit row_max - gone_in_all
        for update skip locked
    )
    delete from login_throttle as throttle
    using idle_logins
    where throttle.login_key = idle_logins.login_key;
    get diagnostics gone = row_count;
    gone_in_all := gone_in_all + gone;

    -- Whether there are too many is told by the table's size, without reading it, until it could hold
    -- that many; only then are they counted, no further than matters. Not by pg_class.reltuples: it
    -- stands still between two analyses, so a flood would pass below it, and afterwards call after
    -- call would take rows that are no longer too many.
    surplus := 0;
    if pg_relation_size('slotkeeper.login_throttle') / current_setting('block_size')::integer
        * rows_a_page > rows_kept_max
    then
        select count(*) - rows_kept_max into surplus
        from (select from login_throttle limit rows_kept_max + row_max) as counted;
    end if;
    if surplus > 0 then
        with least_missed as (
            select login_key
            from login_throttle
            order by magnitude, attempt_minute
            limit least(surplus, row_max - gone_in_all)
            for update skip locked
        )
        delete from login_throttle as throttle
        using least_missed
        where throttle.login_key = least_missed.login_key;
        get diagnostics gone = row_count;
        gone_in_all := gone_in_all + gone;
    end if;
    return gone_in_all;
end
$$;

grant execute on function slotkeeper.forget_log_ins(interval, integer, integer) to slotkeeper_worker;

commit;

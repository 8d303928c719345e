-- Holds: only these columns may be null; generated columns are computed and stored.

begin;
select plan(2);

select results_eq(
    $$select (relname || ': ' || string_agg(attname, ' ' order by attnum)) collate "default"
        from pg_attribute join pg_class on pg_class.oid = attrelid
        where relnamespace = 'slotkeeper'::regnamespace and relkind = 'r'
            and attnum > 0 and not attisdropped and not attnotnull
        group by relname order by relname$$,
    $$values
        ('account: login password_hash closing_at deactivated_at erased_at'),
        ('account_event: old_state reason related_id detail'),
        ('appointment: seat rescheduled_from cancel_reason ended_at guard active'),
        ('command_log: caller command_id content_hash event_schema events dead_letter worker_version'),
        ('login_throttle: blocked_until'),
        ('partition_progress: owner transactional_id backend_pid backend_start last_offset last_append_time '
            || 'last_hash taken_at settled_below tokens_valid_from'),
        ('purged_slot: head_command_id'),
        ('slot: withdrawn_at withdrawal_reason open'),
        ('slot_event: old_state reason related_id detail')$$,
    'the columns that may be null');

select results_eq(
    $$select (relname || '.' || attname) collate "default", attgenerated
        from pg_attribute join pg_class on pg_class.oid = attrelid
        where relnamespace = 'slotkeeper'::regnamespace and attgenerated <> ''
        order by relname, attnum$$,
    $$values ('account.active', 's'::"char"), ('appointment.guard', 's'), ('appointment.active', 's'),
        ('login_throttle.magnitude', 's'), ('login_throttle.attempt_minute', 's'), ('slot.open', 's')$$,
    'the generated columns');

select * from finish();
rollback;

-- Holds: each table that grows for years, or whose rows come and go, is vacuumed by what docs/database.md
-- says, and has room on its pages only where an update can stay on one.

begin;
select plan(2);

select results_eq(
    $$select (relname || ' ' || split_part(option, '=', 2)) collate "default"
        from pg_class, unnest(reloptions) as option
        where relnamespace = 'slotkeeper'::regnamespace and option like 'autovacuum_vacuum_scale_factor=%'
        order by relname::text collate "C"$$,
    $$values ('account 0.05'), ('appointment 0.02'), ('command_log 0.02'), ('login_attempt 0'),
        ('login_throttle 0.02'), ('partition_progress 0'), ('slot 0.02'), ('slot_event 0.02')$$,
    'dead rows, as a share');
select results_eq(
    $$select (relname || ' ' || split_part(option, '=', 2)) collate "default"
        from pg_class, unnest(reloptions) as option
        where relnamespace = 'slotkeeper'::regnamespace and option like 'fillfactor=%'
        order by relname::text collate "C"$$,
    $$values ('account 90'), ('login_device 90'), ('login_throttle 70'), ('partition_progress 10')$$,
    'room on pages');

select * from finish();
rollback;

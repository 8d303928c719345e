-- Deploy slotkeeper:autovacuum
-- requires: appointments
-- requires: audit_trail
-- When tables that grow for years are vacuumed: after a share of their rows that stays small when they
-- are large, so that what a purge, a cancellation or a settled log-in leaves behind is used again before
-- the table grows. docs/database.md says why which. Takes no lock that a booking waits for.

begin;

-- A purge deletes from their old end, and new rows take that room. Vacuuming after inserts freezes rows
-- while they are still in memory. No fillfactor: an update of a slot or an appointment changes what its
-- indexes ask for, so it can never stay on its page.
alter table slotkeeper.slot set (
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_insert_scale_factor = 0.05,
    autovacuum_analyze_scale_factor = 0.05
);
alter table slotkeeper.appointment set (
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_insert_scale_factor = 0.05,
    autovacuum_analyze_scale_factor = 0.05
);
alter table slotkeeper.slot_event set (
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_insert_scale_factor = 0.05,
    autovacuum_analyze_scale_factor = 0.05
);

-- A new password or the end of older tokens changes no indexed column: with room on its page such an
-- update writes no index entry.
alter table slotkeeper.account set (
    fillfactor = 90,
    autovacuum_vacuum_scale_factor = 0.05,
    autovacuum_analyze_scale_factor = 0.05
);

commit;

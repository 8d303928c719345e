-- Revert slotkeeper:autovacuum

begin;

alter table slotkeeper.slot reset (
    autovacuum_vacuum_scale_factor, autovacuum_vacuum_insert_scale_factor, autovacuum_analyze_scale_factor);
alter table slotkeeper.appointment reset (
    autovacuum_vacuum_scale_factor, autovacuum_vacuum_insert_scale_factor, autovacuum_analyze_scale_factor);
alter table slotkeeper.slot_event reset (
    autovacuum_vacuum_scale_factor, autovacuum_vacuum_insert_scale_factor, autovacuum_analyze_scale_factor);
alter table slotkeeper.account reset (
    fillfactor, autovacuum_vacuum_scale_factor, autovacuum_analyze_scale_factor);

commit;

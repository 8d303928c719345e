-- Revert slotkeeper:purge

begin;

drop function slotkeeper.purge_slots(uuid[], timestamptz, uuid, bigint);
drop function slotkeeper.find_purgeable(timestamptz, integer);
drop function slotkeeper.weigh_purge(uuid[]);
alter table slotkeeper.purged_slot drop column head_command_id;

commit;

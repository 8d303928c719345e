-- Deploy slotkeeper:append_only
-- requires: audit_trail
-- requires: command_log
-- Audit trail and log only grow. Rows leave by a deletion that is done under the owner's name and
-- with slotkeeper.housekeeping switched on, which the owner's SECURITY DEFINER functions do for the
-- time of their call. Anybody may set that name, but only under the owner's name does it count; and
-- the owner who deletes by hand, or deletes a slot and would take its chain along, is refused for
-- want of it. Deletions that cascade from slot run under the owner's name, too.
--
-- Per statement, so that inserts pay nothing.

begin;

create function slotkeeper.refuse_change() returns trigger
language plpgsql
set search_path = pg_catalog
as $$
begin
    if tg_op = 'DELETE'
        and current_setting('slotkeeper.housekeeping', true) = 'on'
        and current_user = (select pg_get_userbyid(relowner) from pg_class where oid = tg_relid)
    then
        return null;
    end if;
    raise exception using
        errcode = 'insufficient_privilege',
        message = format('%s of %s is refused', tg_op, tg_table_name),
        schema = tg_table_schema, table = tg_table_name, constraint = tg_name;
end
$$;

create trigger slot_event_append_only before update or delete or truncate on slotkeeper.slot_event
for each statement execute function slotkeeper.refuse_change();
create trigger account_event_append_only before update or delete or truncate on slotkeeper.account_event
for each statement execute function slotkeeper.refuse_change();
create trigger command_log_append_only before update or delete or truncate on slotkeeper.command_log
for each statement execute function slotkeeper.refuse_change();
create trigger purged_slot_append_only before update or delete or truncate on slotkeeper.purged_slot
for each statement execute function slotkeeper.refuse_change();

-- These change, but nobody deletes them by hand either.
create trigger account_kept before delete or truncate on slotkeeper.account
for each statement execute function slotkeeper.refuse_change();
create trigger slot_kept before delete or truncate on slotkeeper.slot
for each statement execute function slotkeeper.refuse_change();
create trigger appointment_kept before delete or truncate on slotkeeper.appointment
for each statement execute function slotkeeper.refuse_change();

commit;

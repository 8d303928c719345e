-- Holds: audit trail and log only grow; nobody deletes accounts, slots and appointments by hand. The
-- worker has no privilege to try, and if one were granted the triggers would still refuse; so they
-- do the owner. Only a function of the owner passes, and a worker cannot pretend to be one.

begin;
select plan(48);

select run(account('doc', 'doctor'));
select run(account('pat'));
select run(slot('s', 'doc'));
select run(book('a', 's', 'pat'));
select run(conclude('a', 'fulfilled'));
select run(slot_event('s', 1));
select run(log_row(1, 'first'));
insert into purged_slot values (id('gone'), 3, sha256('x'), id('event'));

-- The worker, as it is.
select denied(as_worker(format('%s %s', deed, name)), format('the worker: %s %s', deed, name))
from unnest(array['slot_event', 'account_event', 'command_log', 'purged_slot', 'slot', 'appointment', 'account'])
    as name,
    unnest(array['delete from', 'truncate']) as deed;

set client_min_messages = warning;

-- The owner, and a worker who was granted too much.
grant update, delete, truncate on slot_event, account_event, command_log, purged_slot to slotkeeper_worker;
grant delete on slot, appointment, account to slotkeeper_worker;
create function pg_temp.refused_to_everybody(statement text, guard text) returns setof text language sql as
$$
    values
        (refused_by(as_worker(statement), guard, 'the worker: ' || statement)),
        (refused_by(as_owner(statement), guard, 'the owner: ' || statement))
$$;
select pg_temp.refused_to_everybody('update slot_event set reason = ''other''', 'slot_event_append_only');
select pg_temp.refused_to_everybody('delete from slot_event', 'slot_event_append_only');
select pg_temp.refused_to_everybody('truncate slot_event', 'slot_event_append_only');
select pg_temp.refused_to_everybody('update account_event set reason = ''other''', 'account_event_append_only');
select pg_temp.refused_to_everybody('delete from account_event', 'account_event_append_only');
select pg_temp.refused_to_everybody('update command_log set code = ''x''', 'command_log_append_only');
select pg_temp.refused_to_everybody('delete from command_log', 'command_log_append_only');
select pg_temp.refused_to_everybody('update purged_slot set head_sequence = 1', 'purged_slot_append_only');
select pg_temp.refused_to_everybody('delete from purged_slot', 'purged_slot_append_only');
select pg_temp.refused_to_everybody('delete from slot', 'slot_kept');
select pg_temp.refused_to_everybody('delete from appointment', 'appointment_kept');
select pg_temp.refused_to_everybody('delete from account', 'account_kept');
select refused_by(as_owner('truncate slot cascade'), 'slot_kept', 'the owner: truncate slot cascade');

-- The switch that the owner's functions use.
set local slotkeeper.housekeeping = 'on';
select refused_by(
    as_worker('delete from slot_event'), 'slot_event_append_only', 'the switch in the worker''s hands');
select refused_by(as_worker('delete from slot'), 'slot_kept', 'the switch in the worker''s hands, by cascade');
select refused_by(
    as_owner('update slot_event set reason = ''other'''), 'slot_event_append_only', 'the switch opens no update');
select refused_by(as_owner('truncate slot_event'), 'slot_event_append_only', 'the switch opens no truncation');
set local slotkeeper.housekeeping = 'off';

-- A purge: the owner's function takes a slot with all that hangs on it.
create function slotkeeper.purge(of_slot uuid) returns void language plpgsql security definer as
$$
begin
    perform set_config('slotkeeper.housekeeping', 'on', true);
    delete from slotkeeper.slot where slot_id = of_slot;
    perform set_config('slotkeeper.housekeeping', 'off', true);
end
$$;
alter function slotkeeper.purge(uuid) owner to slotkeeper_owner;
grant execute on function slotkeeper.purge(uuid) to slotkeeper_worker;

select refused_by(
    as_worker(format('delete from slot where slot_id = %L', id('s'))), 'slot_kept', 'not by hand');
select allowed(as_worker(format('select purge(%L)', id('s'))), 'but by a function of the owner');
select is_empty(
    'select slot_id from slot union all select slot_id from appointment union all select slot_id from slot_event',
    'and the appointments and the chain are gone with the slot');
select refused_by(as_owner('delete from command_log'), 'command_log_append_only', 'afterwards the door is shut');
select is(current_setting('slotkeeper.housekeeping'), 'off', 'and the switch is off');

select * from finish();
rollback;

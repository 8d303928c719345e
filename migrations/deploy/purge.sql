-- Deploy slotkeeper:purge
-- requires: housekeeping
-- requires: slot_end
-- Whole slots go with their appointments and their chain, once an admin's event has taken note of
-- them. The worker finds and locks them, decides, writes the event, and then has them deleted by the
-- owner's function, which believes nothing: it deletes only slots that are over and hold nothing
-- booked, and only what an event of an admin names by count and digest. docs/audit.md has the form of
-- that event's detail.

begin;

-- The command that the chain's last event came from: until its record is published, the event may not
-- be on the audit topic yet. Null: purged by a release that did not say.
alter table slotkeeper.purged_slot add column head_command_id uuid;

-- What hangs on these slots, and a digest of their chains' heads. For the two functions below.
create function slotkeeper.weigh_purge(
    slot_ids uuid[], out appointments bigint, out events bigint, out heads bytea)
language plpgsql
set search_path = pg_catalog, slotkeeper, pg_temp
as $$
begin
    select count(*) into appointments
    from appointment
    where appointment.slot_id = any (slot_ids);

    select count(*) into events
    from slot_event
    where slot_event.slot_id = any (slot_ids);

    select sha256(coalesce(
        string_agg(uuid_send(given.slot_id) || int8send(head.sequence) || head.hash, ''::bytea order by given.slot_id), ''))
    into heads
    from unnest(slot_ids) as given (slot_id)
    cross join lateral (
        select sequence, hash
        from slot_event
        where slot_event.slot_id = given.slot_id
        order by sequence desc
        limit 1
    ) as head;
end
$$;

-- Locks at most `slots_max` slots, those that ended first, which ended before `before`, hold nothing
-- booked and have a chain; waits for nobody: what others have locked is left for another time, and
-- counts as more. A snapshot of its own for each statement: what hangs on a slot is read once it is
-- locked.
create function slotkeeper.find_purgeable(
    before timestamptz, slots_max integer,
    out slot_ids uuid[], out appointments bigint, out events bigint, out heads bytea, out more boolean)
language plpgsql
security definer
set search_path = pg_catalog, slotkeeper, pg_temp
as $$
declare
    found uuid[];
    there_max integer;
begin
    if slots_max is null or slots_max not between 1 and 10000 then
        raise invalid_parameter_value using message = 'slots_max is 1 to 10000';
    end if;
    -- One more than asked for, which then stays, says at once that there are more.
    select coalesce(array_agg(free.slot_id), '{}') into found
    from (
        select slot.slot_id
        from slot
        where upper(slot.during) < before
            and not exists (
                select from appointment
                where appointment.slot_id = slot.slot_id and appointment.active and appointment.state = 'booked'
                offset 0)
            and exists (select from slot_event where slot_event.slot_id = slot.slot_id offset 0)
        order by upper(slot.during)
        limit slots_max + 1
        for update of slot skip locked
    ) as free;
    more := cardinality(found) > slots_max;
    select coalesce(array_agg(taken.slot_id order by taken.slot_id), '{}') into slot_ids
    from unnest(found[:slots_max]) as taken (slot_id);

    if not more then
        there_max := cardinality(slot_ids) + 1;
        select count(*) = there_max into more
        from (
            select
            from slot
            where upper(slot.during) < before
                and not exists (
                    select from appointment
                    where appointment.slot_id = slot.slot_id and appointment.active and appointment.state = 'booked'
                    offset 0)
                and exists (select from slot_event where slot_event.slot_id = slot.slot_id offset 0)
            order by upper(slot.during)
            limit there_max
        ) as there;
    end if;

    select weight.appointments, weight.events, weight.heads
    into appointments, events, heads
    from weigh_purge(slot_ids) as weight;
end
$$;

-- Deletes these slots with all that hangs on them, and leaves their ids and the heads of their chains
-- in purged_slot. The event at this place of an admin's chain must say exactly what goes; if it does
-- not, something has changed since it was decided. At most 10000; returns how many went.
create function slotkeeper.purge_slots(
    slot_ids uuid[], before timestamptz, admin_id uuid, event_sequence bigint)
returns integer
language plpgsql
security definer
set search_path = pg_catalog, slotkeeper, pg_temp
as $$
declare
    weight record;
    noted_by uuid;
    gone integer;
begin
    if slot_ids is null or cardinality(slot_ids) > 10000 then
        raise invalid_parameter_value using message = 'at most 10000 slots';
    end if;
    if before is null or not isfinite(before) or before > clock_timestamp() then
        raise invalid_parameter_value using message = 'what has not ended is not purged';
    end if;

    -- Held already, by find_purgeable; whoever comes without waits for nobody.
    perform from slot where slot.slot_id = any (slot_ids) order by slot.slot_id for update nowait;
    select * into weight from weigh_purge(slot_ids);
    select event.event_id into noted_by
    from account_event as event
    where event.account_id = admin_id
        and event.sequence = event_sequence
        and event.reason = 'purged'
        and event.actor_id = admin_id
        and event.actor_role = 'admin'
        and event.detail = format('before=%s slots=%s appointments=%s events=%s heads=%s',
            (extract(epoch from before) * 1000000)::bigint, cardinality(slot_ids), weight.appointments,
            weight.events, encode(weight.heads, 'hex'));
    if noted_by is null then
        raise serialization_failure using message = 'no event of an admin says what is to be purged';
    end if;

    insert into purged_slot (slot_id, head_sequence, head_hash, event_id, head_command_id)
    select given.slot_id, head.sequence, head.hash, noted_by, head.command_id
    from unnest(slot_ids) as given (slot_id)
    cross join lateral (
        select sequence, hash, command_id
        from slot_event
        where slot_event.slot_id = given.slot_id
        order by sequence desc
        limit 1
    ) as head
    order by given.slot_id;

    perform set_config('slotkeeper.housekeeping', 'on', true);
    delete from slot
    where slot.slot_id = any (slot_ids)
        and upper(slot.during) < before
        and not exists (
            select from appointment
            where appointment.slot_id = slot.slot_id and appointment.active and appointment.state = 'booked'
            offset 0);
    get diagnostics gone = row_count;
    perform set_config('slotkeeper.housekeeping', 'off', true);
    if gone <> cardinality(slot_ids) then
        raise serialization_failure using message = 'not all of the slots are there, over, and free';
    end if;
    return gone;
end
$$;

grant execute on function slotkeeper.find_purgeable(timestamptz, integer) to slotkeeper_worker;
grant execute on function slotkeeper.purge_slots(uuid[], timestamptz, uuid, bigint) to slotkeeper_worker;

commit;

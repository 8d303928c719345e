-- What the tests beside this folder share. Loaded once by ../run, as superuser, into the database
-- under test; nothing of it is part of the schema.
--
-- Names stand for ids: id('ann') is the same uuid everywhere. Functions that are called like a deed
-- (account, slot, book ...) do nothing: they return the statement as text, with all values in it, so
-- that a test can hand it to allowed, to refused_by, to another role or to another session.

\set ON_ERROR_STOP on
\set QUIET on

create schema tap;
create extension pgtap with schema tap;
create extension dblink with schema tap;
create schema fixture;

select format('alter role %I in database %I set search_path = slotkeeper, fixture, tap',
    current_user, current_database()) \gexec
set search_path = fixture, tap;

create function id(name text) returns uuid language sql immutable as
$$ select md5(name)::uuid $$;

-- All tests live on one day of the future; '24:00' is the next midnight.
create function at(clock text) returns timestamptz language sql immutable as
$$ select '2030-03-04 00:00+00'::timestamptz + clock::interval $$;

create function between_times(starts text, ends text) returns tstzrange language sql immutable as
$$ select tstzrange(at(starts), at(ends)) $$;

create function account(name text, role text default 'patient') returns text language sql as
$$
    select format(
        'insert into account (account_id, role, login, password_hash, created_at)
            values (%L, %L, %L, %L, %L)',
        id(name), role, 'login-' || name, 'hash', at('00:00'))
$$;

create function deactivate(name text) returns text language sql as
$$
    select format('update account set state = %L, deactivated_at = %L where account_id = %L',
        'deactivated', at('00:01'), id(name))
$$;

create function slot(name text, doctor text, starts text default '10:00', ends text default '10:30')
returns text language sql as
$$
    select format('insert into slot (slot_id, doctor_id, during, published_at) values (%L, %L, %L, %L)',
        id(name), id(doctor), between_times(starts, ends), at('00:00'))
$$;

create function withdraw(name text) returns text language sql as
$$ select format('update slot set withdrawn_at = %L where slot_id = %L', at('00:02'), id(name)) $$;

create function book(name text, of_slot text, patient text, seat integer default null)
returns text language plpgsql as
$$
declare
    chosen record;
begin
    select doctor_id, during into strict chosen from slot where slot_id = id(of_slot);
    return format(
        'insert into appointment (appointment_id, slot_id, doctor_id, during, patient_id, seat, booked_at)
            values (%L, %L, %L, %L, %L, %L, %L)',
        id(name), id(of_slot), chosen.doctor_id, chosen.during, id(patient), seat, at('00:03'));
end
$$;

-- The same booking, ended as it is written.
create function at_once(booking text, state text default 'cancelled') returns text language sql as
$$
    select replace(replace(booking, 'booked_at', 'booked_at, state, ended_at'),
        quote_literal(at('00:03')), quote_literal(at('00:03')) || format(', %L, now()', state))
$$;

create function conclude(name text, final_state text, reason text default null) returns text language sql as
$$
    select format('update appointment
            set state = %L, ended_at = %L, seat = null, cancel_reason = %L where appointment_id = %L',
        final_state, at('00:04'), reason, id(name))
$$;

create function slot_event(of_slot text, sequence bigint) returns text language sql as
$$
    select format('insert into slot_event (slot_id, sequence, event_id, entity, entity_id, new_state,
            actor_id, actor_role, command_id, occurred_at, hash)
            values (%1$L, %2$s, gen_random_uuid(), ''slot'', %1$L, ''open'',
                %1$L, ''doctor'', gen_random_uuid(), %3$L, %4$L)',
        id(of_slot), sequence, at('00:00'), sha256('x'))
$$;

-- A row of the log at topic 't', partition 0; recallable under a command_id, else passing.
create function log_row(record_offset bigint, command text default null, decided_at timestamptz default now())
returns text language sql as
$$
    select format('insert into command_log (topic, partition, record_offset, append_time, caller, command_id,
            content_hash, recallable, decided_at, code, worker_version, outcome_schema, outcome, route)
            values (''t'', 0, %s, %L, %L, %L, %L, %L, %L, '''', 3, 1, ''\x00'', ''\x00'')',
        record_offset, decided_at, id('caller'), id(command), sha256('x'), command is not null, decided_at)
$$;

create function progress(of_partition integer, published_offset bigint, next_offset bigint)
returns text language sql as
$$
    select format('insert into partition_progress (topic, partition, cluster_id, published_offset, next_offset)
            values (''t'', %s, ''c'', %s, %s)',
        of_partition, published_offset, next_offset)
$$;

-- Log-ins. Keys are 32 bytes.
create function key(name text) returns bytea language sql immutable as
$$ select sha256(convert_to(name, 'UTF8')) $$;

create function throttle(name text, failures integer default 1, last_attempt_at timestamptz default now(),
    blocked_until timestamptz default null)
returns text language sql as
$$
    select format('insert into login_throttle (login_key, failures, blocked_until, last_attempt_at)
            values (%L, %s, %L, %L)',
        key(name), failures, blocked_until, last_attempt_at)
$$;

create function attempt(record_offset bigint, name text, reserved_at timestamptz default now())
returns text language sql as
$$
    select format('insert into login_attempt (topic, partition, record_offset, login_key, reserved_at)
            values (''t'', 0, %s, %L, %L)',
        record_offset, key(name), reserved_at)
$$;

create function device(name text, of_account text) returns text language sql as
$$
    select format('insert into login_device (account_id, device_key, last_used_at) values (%L, %L, %L)',
        id(of_account), key(name), at('00:00'))
$$;

-- An encoding of the form that a password hash has.
create function encoded(algorithm text default 'argon2id', parameters text default 'm=19456,t=2,p=1')
returns text language sql immutable as
$$ select format('$%s$v=19$%s$%s$%s', algorithm, parameters, repeat('c2Fs', 5) || 'dA', repeat('aGFz', 10) || 'aGE') $$;

-- Doing it. -----------------------------------------------------------------------------------

create function run(statement text) returns setof text language plpgsql as
$$
begin
    execute statement;
end
$$;

create function run_as(role_name text, statement text) returns void language plpgsql as
$$
begin
    perform set_config('role', role_name, true);
    execute statement;
    perform set_config('role', 'none', true);
end
$$;

create function as_worker(statement text) returns text language sql as
$$ select format('select fixture.run_as(%L, %L)', 'slotkeeper_worker', statement) $$;

create function as_owner(statement text) returns text language sql as
$$ select format('select fixture.run_as(%L, %L)', 'slotkeeper_owner', statement) $$;

create function allowed(statement text, description text) returns text language sql as
$$ select lives_ok(statement, description) $$;

-- Refused, and by that constraint, index or trigger.
create function refused_by(statement text, guard text, description text) returns text language plpgsql as
$$
declare
    found_guard text := '(not refused)';
begin
    begin
        execute statement;
    exception when others then
        get stacked diagnostics found_guard = constraint_name;
        if found_guard = '' then
            found_guard := sqlerrm;
        end if;
    end;
    return is(found_guard, guard, description);
end
$$;

create function denied(statement text, description text) returns text language sql as
$$ select throws_ok(statement, '42501', null, description) $$;

-- Two sessions at once. -------------------------------------------------------------------------
-- A session that has to wait is asked (ask), seen waiting (waits), and later heard (answer).

create table session (name text primary key, pid integer not null);

create function open_session(name text, role_name text default 'slotkeeper_worker')
returns setof text language plpgsql as
$$
begin
    perform dblink_connect(name, format('host=%s port=%s dbname=%s user=%s options=''-c statement_timeout=20s''',
        current_setting('unix_socket_directories'), current_setting('port'), current_database(), role_name));
    insert into session
        select open_session.name, pid
        from dblink(open_session.name, 'select pg_backend_pid()') as backend (pid integer);
end
$$;

create function close_session(of_session text) returns setof text language plpgsql as
$$
begin
    perform dblink_disconnect(of_session);
    delete from session where name = of_session;
end
$$;

create function say(of_session text, statement text) returns setof text language plpgsql as
$$
begin
    perform dblink_exec(of_session, statement);
end
$$;

create function ask(of_session text, statement text) returns setof text language plpgsql as
$$
begin
    perform dblink_send_query(of_session, statement);
end
$$;

create function waits(of_session text, description text) returns text language plpgsql as
$$
declare
    seen boolean := false;
begin
    for attempt in 1..500 loop
        select exists (
            select from pg_locks join session using (pid) where name = of_session and not granted
        ) into seen;
        exit when seen or dblink_is_busy(of_session) = 0;
        perform pg_sleep(0.01);
    end loop;
    return ok(seen, description);
end
$$;

-- What the session was asked came to: its command tag, or the message of its error.
create function answer(of_session text) returns text language plpgsql as
$$
declare
    came_to text;
begin
    begin
        select status into came_to from dblink_get_result(of_session) as result (status text);
    exception when others then
        came_to := sqlerrm;
    end;
    perform from dblink_get_result(of_session) as nothing_more (status text);
    return came_to;
end
$$;

"""PurgeHistory: what goes, what stays, and that `audit verify` knows a purge from tampering."""

import hashlib
import json
import re
import subprocess
import threading
import uuid
from datetime import datetime, timedelta, timezone

import pytest

from conftest import use_cell
from kit.client import SCHEMAS, soon
from kit.waiting import wait_for
from kit.worker import Worker
from trail import event_hash

EVERYTHING_MAY_GO = {"retention.minimum": "0s"}
DETAIL = re.compile(r"before=(\d+) slots=(\d+) appointments=(\d+) events=(\d+) heads=([0-9a-f]{64})")


def send_purge(cell, admin, before=None, **options):
    options.setdefault("key", str(admin.id).encode())
    return cell.client.send("PurgeHistory", admin, {"before": before or now(cell)},
                            topic=cell.topic("account-commands"), **options)


def purge(cell, admin, before=None, **options):
    return send_purge(cell, admin, before, **options).answer()


def now(cell):
    """The database's."""
    text = cell.sql("select to_char(clock_timestamp() at time zone 'utc', 'YYYY-MM-DD\"T\"HH24:MI:SS.US')")[0][0]
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


def tamper(cell, text):
    """As who owns everything, with the guards taken away."""
    cell.sql("set session_replication_role = replica; " + text)


def counts(slots, appointments, events, more=False):
    return {"slots": slots, "appointments": appointments, "events": events, "more": more}


def past_slots(cell, number, book=False):
    """So many slots, each of a doctor of its own, booked if asked for, and moved into the past. (No event has a slot's times.)"""
    client, slots = cell.client, []
    for _ in range(number):
        slots.append(client.publish(cell.account("doctor")))
        if book:
            client.book(cell.account("patient"), slots[-1])
    listed = ", ".join(f"'{slot}'" for slot in slots)
    move = "set during = tstzrange(lower(during) - interval '3 days', upper(during) - interval '3 days') where slot_id in"
    tamper(cell, f"update slot {move} ({listed}); update appointment {move} ({listed})")
    return slots


def close(cell, slots, command="CompleteAppointment"):
    admin = cell.account("admin")
    for slot in slots:
        appointment = cell.sql(f"select appointment_id from appointment where slot_id = '{slot}' and active")[0][0]
        assert cell.client.ask(command, admin, {"slot_id": slot, "appointment_id": uuid.UUID(appointment)}).code == "ACCEPTED"


def verify(cell):
    """(exit status, what it said)"""
    done = cell.slotkeeper("--json", "audit", "verify", check=False)
    return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr


def left(cell, slots):
    listed = ", ".join(f"'{slot}'" for slot in slots)
    return [int(cell.sql(f"select count(*) from {table} where slot_id in ({listed})")[0][0])
            for table in ("slot", "appointment", "slot_event", "purged_slot")]


@pytest.fixture
def purging(own_cell):
    """A cell where everything that is over may go."""
    own_cell.worker = Worker(own_cell, EVERYTHING_MAY_GO).wait_until_ready()
    return own_cell


def test_whole_slots_go_and_their_heads_stay(purging):
    cell, client = purging, purging.client
    admin = cell.account("admin")
    (bare,), (used,), (booked,) = past_slots(cell, 1), past_slots(cell, 1, True), past_slots(cell, 1, True)
    close(cell, [used])
    coming = client.publish(cell.account("doctor"))
    heads = {slot: client.chain(slot, length)[-1] for slot, length in ((bare, 1), (used, 3))}

    before = now(cell)
    answer = purge(cell, admin, before)
    assert (answer.code, answer.result) == ("ACCEPTED", counts(2, 1, 4))
    assert left(cell, [bare, used]) == [0, 0, 0, 2]
    assert left(cell, [booked]) == [1, 1, 2, 0] and left(cell, [coming]) == [1, 0, 1, 0]

    event = client.chain(admin.id, 1)[0]
    assert (event["entity"], event["reason"], event["actor_id"]) == ("ACCOUNT", "PURGED", admin.id)
    assert event["old_state"] == event["new_state"] == "ACTIVE"
    digest = hashlib.sha256(b"".join(
        slot.bytes + head["sequence"].to_bytes(8, "big") + head["hash"] for slot, head in sorted(heads.items(), key=lambda i: i[0].bytes)))
    micros = (before - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(microseconds=1)
    assert DETAIL.fullmatch(event["detail"]).groups() == (str(micros), "2", "1", "4", digest.hexdigest())

    for slot in (bare, used):
        publish = {"slot_id": slot, "starts_at": soon(86400), "ends_at": soon(90000)}
        assert client.ask("PublishSlot", cell.account("doctor"), publish).code == "SLOT_EXISTS"
        assert client.ask("BookSlot", cell.account("patient"), {"slot_id": slot}).code == "SLOT_NOT_FOUND"
    status, said = verify(cell)
    assert (status, said["clean"]) == (0, True), said

    assert purge(cell, admin, before).result == counts(0, 0, 0)
    close(cell, [booked], "MarkNoShow")
    assert purge(cell, admin).result == counts(1, 1, 3)
    assert len(client.chain(admin.id, 3)) == 3
    status, said = verify(cell)
    assert (status, said["clean"]) == (0, True), said


def forge(cell, event, **changes):
    """A record on the audit topic whose own hash is right."""
    forged = {**event, **changes}
    forged["hash"] = event_hash(forged)
    value = SCHEMAS.encode("slotkeeper.event.AuditEvent", forged)
    cell.client.producer.produce(cell.topic("audit"), value, str(forged["slot_id"]).encode())
    cell.client.flush()


@pytest.mark.parametrize("forgery", ["first", "middle", "last", "beyond", "link"])
def test_a_purged_chain_on_the_topic_is_whole(purging, forgery):
    """The head alone is known, and vouches for all that came before it."""
    cell, client = purging, purging.client
    slot, = past_slots(cell, 1, True)
    close(cell, [slot])
    first, middle, last = client.chain(slot, 3)
    assert purge(cell, cell.account("admin")).result == counts(1, 1, 3)
    assert verify(cell) == (0, {**verify(cell)[1], "clean": True, "purged": 1})
    if forgery == "beyond":
        forge(cell, last, sequence=4, previous_hash=last["hash"])
    elif forgery == "link":
        forge(cell, first, previous_hash=bytes(31) + b"\1")
    else:
        forge(cell, {"first": first, "middle": middle, "last": last}[forgery], actor_id=uuid.uuid4())
    status, said = verify(cell)
    assert (status, said["finding"]) == (1, "only_on_topic" if forgery == "beyond" else "differs"), said


def test_a_slot_ends_before_it_goes(purging):
    cell, admin = purging, purging.account("admin")
    slot, = past_slots(cell, 1)
    end = int(cell.sql(f"select (extract(epoch from upper(during)) * 1000000)::bigint from slot where slot_id = '{slot}'")[0][0])
    moment = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=end)
    assert purge(cell, admin, moment).result == counts(0, 0, 0)
    assert purge(cell, admin, moment + timedelta(microseconds=1)).result == counts(1, 0, 1)


def test_who_may_and_how_old(cell):
    """The shared cell has the default: a year."""
    for role in ("patient", "doctor"):
        assert purge(cell, cell.account(role)).code == "FORBIDDEN_ROLE"
    admin = cell.account("admin")
    year = timedelta(days=365)
    assert purge(cell, admin, now(cell) - year + timedelta(minutes=1)).code == "RETENTION_MINIMUM"
    assert purge(cell, admin, now(cell) + year).code == "RETENTION_MINIMUM"
    assert purge(cell, admin, now(cell) - year).result == counts(0, 0, 0)
    assert len(cell.client.chain(admin.id, 1)) == 1


def test_a_repeat_purges_nothing_again(purging):
    cell, admin, command_id = purging, purging.account("admin"), uuid.uuid4()
    past_slots(cell, 1)
    before = now(cell)
    first = purge(cell, admin, before, command_id=command_id)
    assert first.result == counts(1, 0, 1)
    past_slots(cell, 1)
    second = purge(cell, admin, before, command_id=command_id)
    assert (second.duplicate, second.value) == (True, first.value)
    assert purge(cell, admin, now(cell), command_id=command_id).code == "COMMAND_ID_REUSED"
    assert cell.sql("select count(*) from slot") == [["1"]]
    assert len(cell.client.chain(admin.id, 1)) == 1


def test_so_many_at_a_time(own_cell):
    cell, admin = own_cell, own_cell.account("admin")
    Worker(cell, {**EVERYTHING_MAY_GO, "purge.slots_max": "2"}).wait_until_ready()
    past_slots(cell, 5)
    assert [purge(cell, admin).result for _ in range(4)] == [
        counts(2, 0, 2, True), counts(2, 0, 2, True), counts(1, 0, 1), counts(0, 0, 0)]
    assert verify(cell)[0] == 0


def test_several_in_one_batch(own_cell):
    """Each is given its own slots, whatever comes before and after it."""
    cell = own_cell
    worker = Worker(cell, EVERYTHING_MAY_GO)
    past_slots(cell, 4)
    assert worker.stop() == 0
    admin, others = cell.account("admin"), cell.account("admin")
    requests = [send_purge(cell, admin, partition=0, flush=False) for _ in range(3)]
    requests.insert(1, cell.client.send("ReactivateAccount", admin, {"account_id": others.id}, partition=0, flush=False,
                                        topic=cell.topic("account-commands"), key=str(others.id).encode()))
    cell.client.flush()
    Worker(cell, {**EVERYTHING_MAY_GO, "purge.slots_max": "2"})
    answers = [request.answer() for request in requests]
    assert [answer.code for answer in answers] == ["ACCEPTED", "ACCOUNT_ACTIVE", "ACCEPTED", "ACCEPTED"]
    assert [answers[i].result for i in (0, 2, 3)] == [counts(2, 0, 2, True), counts(2, 0, 2), counts(0, 0, 0)]
    assert verify(cell)[0] == 0


def insert_past(cell, number):
    """Slots long over, each with an appointment that is fulfilled and a chain of three. The hashes are no chain's."""
    cell.sql(f"""
        with d as (select array_agg(account_id) ids from account where role = 'doctor'),
            p as (select array_agg(account_id) ids from account where role = 'patient'),
            made as (insert into slot (slot_id, doctor_id, during, published_at)
                select gen_random_uuid(), d.ids[1 + n % 300], tstzrange(t, t + interval '30 min'), t - interval '9 days'
                from d, generate_series(0, {number} - 1) n,
                    lateral (select timestamptz '2001-01-01 00:00Z' + n / 300 * interval '30 min' as t) s
                returning *),
            held as (insert into appointment (appointment_id, slot_id, doctor_id, during, patient_id, state, booked_at, ended_at)
                select gen_random_uuid(), slot_id, doctor_id, during, p.ids[1 + (row_number() over ())::int % 300], 'fulfilled',
                    published_at, upper(during) from made, p)
        insert into slot_event (slot_id, sequence, event_id, entity, entity_id, new_state, actor_id, actor_role, command_id,
            occurred_at, hash)
        select slot_id, n, gen_random_uuid(), 'slot', slot_id, 'open', doctor_id, 'doctor', gen_random_uuid(), published_at,
            sha256(slot_id::text::bytea) from made, generate_series(1, 3) n""")


@pytest.mark.long
def test_two_purges_at_once_and_bookings_beside(own_cell):
    """Two workers purge everything while others book: each slot goes once, every booking is answered, nobody waits."""
    cell, client = own_cell, own_cell.client
    for _ in range(2):
        Worker(cell, {**EVERYTHING_MAY_GO, "purge.slots_max": "50"}).wait_until_ready()
    insert_past(cell, 2000)
    old = [uuid.UUID(row[0]) for row in cell.sql("select slot_id from slot order by upper(during) limit 500")]
    slots = [client.publish(cell.account("doctor")) for _ in range(60)]
    bookings = []

    def book():
        """New ones, and ones of slots that are being purged."""
        for new, gone in zip(slots, old[::len(old) // len(slots)]):
            bookings.append((client.send("BookSlot", cell.account("patient"), {"slot_id": new}), "ACCEPTED"))
            bookings.append((client.send("BookSlot", cell.account("patient"), {"slot_id": gone}), None))

    thread = threading.Thread(target=book)
    thread.start()
    admins = [cell.account("admin") for _ in range(2)]
    purged = {"slots": 0, "appointments": 0, "events": 0}
    for _ in range(100):
        requests = [send_purge(cell, admins[i], partition=i) for i in range(2)]
        results = [request.answer(60).result for request in requests]
        for name in purged:
            purged[name] += sum(result[name] for result in results)
        if not any(result["more"] for result in results):
            break
    thread.join()
    assert purged == {"slots": 2000, "appointments": 2000, "events": 6000}
    assert cell.sql("select count(*), count(distinct event_id) > 20 from purged_slot") == [["2000", "t"]]
    for request, code in bookings:
        answer = request.answer()
        assert answer.code == code or code is None and answer.code in ("SLOT_TAKEN", "SLOT_IN_PAST", "SLOT_NOT_FOUND")


def test_a_worker_dies_while_it_purges(own_cell):
    """Its transaction is open and never committed: another one purges the same, once."""
    cell, admin = own_cell, own_cell.account("admin")
    worker = Worker(cell, EVERYTHING_MAY_GO).wait_until_ready()
    past_slots(cell, 2)
    cell.sql("""
        create function slotkeeper.stall() returns trigger language plpgsql security definer as $$
        begin
            perform pg_advisory_xact_lock(4711);
            return null;
        end $$;
        create trigger stall after insert on slotkeeper.purged_slot for each statement execute function slotkeeper.stall()""")
    locks = "select count(*) from pg_locks where locktype = 'advisory' and objid = 4711 and "
    held = subprocess.Popen(["psql", "-XqAt", cell.stack.url("STACK_SUPERUSER_URL", cell.name)], stdin=subprocess.PIPE,
                            stdout=subprocess.DEVNULL, env=cell.stack.clean_env, text=True)
    held.stdin.write("begin; select pg_advisory_xact_lock(4711);\n")
    held.stdin.flush()
    wait_for(lambda: cell.sql(locks + "granted") == [["1"]], "the lock to be held")
    request = send_purge(cell, admin)
    wait_for(lambda: cell.sql(locks + "not granted") == [["1"]], "the purge to wait")
    worker.kill()
    held.stdin.close()
    assert held.wait(10) == 0
    check_purged_once(cell, request)


def test_a_worker_dies_before_it_answers(own_cell):
    """Its transaction is committed, its answer not published: that answer is given, and nothing is purged again."""
    cell, admin = own_cell, own_cell.account("admin")
    worker = Worker(cell, EVERYTHING_MAY_GO).wait_until_ready()
    past_slots(cell, 2)
    request = send_purge(cell, admin)
    wait_for(lambda: cell.sql("select count(*) from purged_slot") == [["2"]], "the purge to be committed", step=0.001)
    worker.kill()
    check_purged_once(cell, request)


def check_purged_once(cell, request):
    Worker(cell, EVERYTHING_MAY_GO)
    assert request.answer(60).result == counts(2, 0, 2)
    assert cell.sql("select count(*) from account_event") == [["1"]]
    assert verify(cell)[0] == 0


TAMPERED = {
    "the chain of another slot is deleted": ("delete from slot_event where slot_id = '{kept}'; delete from slot where slot_id = '{kept}'", "only_on_topic"),
    "and noted as purged by the same event": (
        "insert into purged_slot select slot_id, sequence, hash, (select event_id from account_event where reason = 'purged')"
        " from slot_event where slot_id = '{kept}'; delete from slot_event where slot_id = '{kept}'", "purge_unaccounted"),
    "or by an event that is not there": (
        "insert into purged_slot select slot_id, sequence, hash, gen_random_uuid()"
        " from slot_event where slot_id = '{kept}'; delete from slot_event where slot_id = '{kept}'", "purge_unaccounted"),
    "or by one of another reason": (
        "insert into account_event select account_id, 2, gen_random_uuid(), entity, entity_id, old_state, new_state, actor_id,"
        " actor_role, command_id, 'password_changed', null, detail, occurred_at, hash from account_event", "changed_in_database"),
    "the note of a purged slot is deleted": ("delete from purged_slot where slot_id = '{gone}'", "purge_unaccounted"),
    "all notes are deleted": ("delete from purged_slot", "purge_unaccounted"),
    "a note's hash is changed": ("update purged_slot set head_hash = sha256('x') where slot_id = '{gone}'", "purge_unaccounted"),
    "a note's length is changed": ("update purged_slot set head_sequence = 7 where slot_id = '{gone}'", "purge_unaccounted"),
    "the admin's event is deleted": ("delete from account_event where reason = 'purged'", "purge_unaccounted"),
    "the admin's event says something else": (
        "update account_event set detail = replace(detail, 'slots=2', 'slots=3') where reason = 'purged'", "changed_in_database"),
    "a purged slot is back": (
        "insert into slot_event select slot_id, 1, gen_random_uuid(), 'slot', slot_id, null, 'open', slot_id, 'doctor', slot_id, null,"
        " null, null, now(), head_hash from purged_slot where slot_id = '{gone}'", "changed_in_database"),
}


@pytest.fixture(scope="module")
def purged_cell(stack):
    """A cell in which one purge took two slots and left one, and a copy of its database to start again from."""
    with use_cell(stack, "purge_tampered") as cell:
        worker = Worker(cell, EVERYTHING_MAY_GO).wait_until_ready()
        cell.gone = past_slots(cell, 2)
        assert purge(cell, cell.account("admin")).result == counts(2, 0, 2)
        cell.kept = cell.client.publish(cell.account("doctor"))
        assert worker.stop() == 0
        assert verify(cell)[0] == 0
        stack.sql(f"create database {cell.name}_whole template {cell.name} owner slotkeeper_owner")
        yield cell
        stack.sql(f"drop database {cell.name}_whole")


@pytest.mark.parametrize("deed", TAMPERED)
def test_tampering_is_no_purge(stack, purged_cell, deed):
    cell = purged_cell
    statement, finding = TAMPERED[deed]
    tamper(cell, statement.format(kept=cell.kept, gone=cell.gone[0]))
    status, said = verify(cell)
    stack.sql(f"drop database {cell.name} with (force)")
    stack.sql(f"create database {cell.name} template {cell.name}_whole owner slotkeeper_owner")
    assert (status, said.get("finding")) == (1, finding), said

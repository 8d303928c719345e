"""Records that PostgreSQL refuses, and commands that race: made to happen, and seen to be told apart."""

import os
import signal
import uuid

import pytest

from kit.client import soon
from kit.worker import Worker

POISON = "00000000-dead-4000-8000-00000000000{}"


def arm(cell, condition, sqlstate, table="appointment"):
    """A trigger that only these tests have: rows for which the condition holds raise the SQLSTATE."""
    cell.sql(f"""
        create sequence fuse;
        grant usage on sequence fuse to slotkeeper_worker;
        create function explode() returns trigger language plpgsql as $$
        begin
            if {condition} then
                raise exception 'armed' using errcode = '{sqlstate}';
            end if;
            return new;
        end $$;
        create trigger armed before insert on {table} for each row execute function explode()""")


def publish_all(client, doctor, count, poisoned=()):
    """Slots of days to come; those whose number is in `poisoned` have an id that the trigger knows."""
    slots = []
    for number in range(count):
        slot_id = uuid.UUID(POISON.format(len(slots))) if number in poisoned else uuid.uuid4()
        slots.append((slot_id, number))
    requests = [client.send("PublishSlot", doctor, {
        "slot_id": slot_id, "starts_at": soon(86400 * (number + 1)), "ends_at": soon(86400 * (number + 1) + 600)},
        flush=False) for slot_id, number in slots]
    client.flush()
    assert [request.answer().code for request in requests] == ["ACCEPTED"] * count
    return [slot_id for slot_id, _ in slots]


def book_in_one_batch(cell, slots, before_start=lambda: None):
    """All bookings stand on one partition before the worker comes."""
    client = cell.client
    requests = [client.send("BookSlot", cell.account("patient"), {"slot_id": slot_id}, partition=0, flush=False)
                for slot_id in slots]
    client.flush()
    before_start()
    return requests, Worker(cell)


def prepared(cell, count, poisoned=()):
    worker = Worker(cell)
    slots = publish_all(cell.client, cell.account("doctor"), count, poisoned)
    assert worker.stop() == 0
    return slots


def test_one_record_is_refused_by_postgresql(own_cell):
    slots = prepared(own_cell, 12, poisoned=(7,))
    arm(own_cell, "new.slot_id::text like '00000000-dead-%'", "22000")
    requests, worker = book_in_one_batch(own_cell, slots)
    codes = [request.answer(60).code for request in requests]
    assert codes == ["ACCEPTED"] * 7 + ["INTERNAL"] + ["ACCEPTED"] * 4
    answer = requests[7].answer()
    assert (answer.status, answer.result) == ("INVALID", None)
    letter = requests[7].dead_letter()
    assert letter.headers["kafka_dlt-exception-fqcn"] == b"slotkeeper.INTERNAL"
    assert worker.metric("slotkeeper_records_total", '{code="INTERNAL"}') == 1
    assert worker.logged("PostgreSQL refuses this record's data; it is answered INTERNAL", offset=requests[7].offset)
    # INTERNAL is not remembered: what was a defect may be mended.
    own_cell.sql("drop trigger armed on appointment")
    assert own_cell.client.ask("BookSlot", own_cell.account("patient"), {"slot_id": slots[7]}).code == "ACCEPTED"


def test_a_lone_record_gets_a_second_look(own_cell):
    slots = prepared(own_cell, 1)
    arm(own_cell, "nextval('fuse') = 1", "22000")
    requests, _ = book_in_one_batch(own_cell, slots)
    assert requests[0].answer(60).code == "ACCEPTED"


def test_a_large_batch_that_keeps_meeting_conflicts(own_cell):
    """What an attempt leaves in memory must not add up to the batch's limit."""
    slots = prepared(own_cell, 1)
    arm(own_cell, "new.recallable and nextval('fuse') <= 9", "40001", "command_log")
    client = own_cell.client
    large = [client.send_bytes(b"\xff" * 1_900_000, own_cell.account("patient"), partition=0, flush=False) for _ in range(3)]
    requests, worker = book_in_one_batch(own_cell, slots)
    assert requests[0].answer(60).code == "ACCEPTED"
    assert [request.answer().code for request in large] == ["MALFORMED"] * 3
    assert worker.process.poll() is None
    assert worker.metric("slotkeeper_conflicts_total") == 9


def test_the_environment_s_trouble_answers_nobody(own_cell):
    """A SQLSTATE that says nothing of the record: the worker waits until it is over."""
    slots = prepared(own_cell, 3)
    arm(own_cell, "true", "53100")
    requests, worker = book_in_one_batch(own_cell, slots)
    own_cell.client.wait(lambda: worker.metric("slotkeeper_pipeline_restarts_total", '{reason="retry"}') >= 2,
                         "the worker to try again", 60)
    assert not [answer for request in requests for answer in request.answers()]
    own_cell.sql("drop trigger armed on appointment")
    assert [request.answer(60).code for request in requests] == ["ACCEPTED"] * 3


@pytest.fixture
def two_workers(own_cell):
    """Each with two threads: four partitions, each in a session of its own."""
    for _ in range(2):
        Worker(own_cell)
    for worker in own_cell.workers:
        worker.wait_until_ready()
    own_cell.client.wait(lambda: [worker.metric("slotkeeper_partitions_owned", '{topic="slot-commands"}') for worker in own_cell.workers] == [2, 2],
                         "the partitions to be shared out", 60)
    return own_cell


def test_the_same_command_on_two_partitions(two_workers):
    cell, client = two_workers, two_workers.client
    slots = publish_all(client, cell.account("doctor"), 20)
    pairs = []
    for slot_id in slots:
        patient, command_id = cell.account("patient"), uuid.uuid4()
        pairs.append([client.send("BookSlot", patient, {"slot_id": slot_id}, command_id=command_id,
                                  partition=partition, flush=False) for partition in (0, 3)])
    client.flush()
    for slot_id, pair in zip(slots, pairs):
        answers = [request.answer(60) for request in pair]
        assert sorted(answer.duplicate for answer in answers) == [False, True]
        assert answers[0].value == answers[1].value and answers[0].code == "ACCEPTED"
        assert len(client.chain(slot_id, 2)) == 2


def test_overlapping_bookings_on_two_partitions(two_workers):
    cell, client = two_workers, two_workers.client
    mornings, evenings = (publish_all(client, cell.account("doctor"), 20) for _ in range(2))
    pairs = []
    for pair in zip(mornings, evenings):
        patient = cell.account("patient")
        pairs.append([client.send("BookSlot", patient, {"slot_id": slot_id}, partition=partition, flush=False)
                      for slot_id, partition in zip(pair, (1, 2))])
    client.flush()
    for pair in pairs:
        assert sorted(request.answer(60).code for request in pair) == ["ACCEPTED", "PATIENT_OVERLAP"]


def test_one_slot_from_all_partitions(two_workers):
    cell, client = two_workers, two_workers.client
    slot_id = publish_all(client, cell.account("doctor"), 1)[0]
    requests = [client.send("BookSlot", cell.account("patient"), {"slot_id": slot_id}, partition=n % 4, flush=False)
                for n in range(48)]
    client.flush()
    codes = sorted(request.answer(60).code for request in requests)
    assert codes == ["ACCEPTED"] + ["SLOT_TAKEN"] * 47


def test_a_backend_that_hangs_is_waited_for_once(own_cell):
    """What comes back late is not asked for again: a rollback on that connection would wait as long as the statement did."""
    lost = "the database link is lost or too slow"
    worker = Worker(own_cell, {"worker.threads": "1", "account.threads": "0", "query.threads": "0", "database.timeout": "1s"})
    slot_id = publish_all(own_cell.client, own_cell.account("doctor"), 1)[0]
    backend = int(own_cell.sql("select distinct backend_pid from partition_progress where owner is not null")[0][0])
    os.kill(backend, signal.SIGSTOP)
    try:
        request = own_cell.client.send("BookSlot", own_cell.account("patient"), {"slot_id": slot_id})
        worker.wait_for_log("a session ended")
    finally:
        os.kill(backend, signal.SIGCONT)
    assert request.answer(60).code == "ACCEPTED"
    assert len(worker.logged(lost)) == 1 and not worker.logged(lost, statement="rollback")

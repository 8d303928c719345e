"""The audit topic lost and made again: `audit republish` puts every event there once, with the bytes that it had."""

import json
import uuid

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition

from kit.client import SCHEMAS, soon
from kit.waiting import wait_for
from kit.worker import Worker

TRACE = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def read_all(cell, topic):
    """What the topic holds for a reader of committed records, in the order of each partition."""
    consumer = Consumer({"bootstrap.servers": cell.stack.servers, "group.id": "readers", "enable.auto.commit": False,
                         "isolation.level": "read_committed", "enable.partition.eof": True})
    numbers = list(consumer.list_topics(topic, timeout=10).topics[topic].partitions)
    consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in numbers])
    records, ended = [], set()
    while len(ended) < len(numbers):
        message = consumer.poll(10)
        assert message is not None
        if message.error() is not None:
            ended.add(message.partition())
        else:
            records.append(message)
    consumer.close()
    return records


def bytes_of(record):
    return record.key(), record.value(), tuple(record.headers())


def make_again(cell, topic):
    cell.client.delete_topic(topic)
    wait_for(lambda: f"created          {topic}," in cell.slotkeeper("topics", "create", check=False).stdout,
             "the topic to be made again")


def verify(cell, check=True):
    done = cell.slotkeeper("audit", "verify", "--json", check=check)
    return done.returncode, json.loads(done.stdout or "null")


def republish(cell, *options):
    return json.loads(cell.slotkeeper("audit", "republish", "--json", *options).stdout)


def live(cell):
    """Some life: two doctors' slots, bookings, a cancellation, a reschedule, an account of admin's."""
    client, doctor, patient = cell.client, cell.account("doctor"), cell.account("patient")
    slots = [client.publish(doctor, soon(86400 * day), headers=[("traceparent", TRACE)]) for day in range(1, 6)]
    booked = client.book(patient, slots[0])
    answer = client.ask("CancelAppointment", patient, {
        "slot_id": slots[0], "appointment_id": booked["appointment_id"], "reason": None})
    assert answer.code == "ACCEPTED"
    booked = client.book(patient, slots[1], headers=[("traceparent", TRACE)])
    answer = client.ask("RescheduleAppointment", patient, {
        "slot_id": slots[1], "appointment_id": booked["appointment_id"], "new_slot_id": slots[2]})
    assert answer.code == "ACCEPTED"
    cell.slotkeeper("admin", "create-account", "--role", "patient", "--login", "ann@example.org",
                    stdin="lantern-orbit-velvet-37\n")
    return 5 + 2 + 3


def settled(cell, events):
    """Every event is published, and the database has heard of it."""
    topic = cell.topic("audit")
    wait_for(lambda: len(read_all(cell, topic)) == events, f"{events} events", 60)
    wait_for(lambda: verify(cell)[1]["unpublished"] == 0, "the database to know", 60)


def test_a_topic_made_again_holds_every_event_once_with_the_same_bytes(own_cell):
    topic = own_cell.topic("audit")
    worker = Worker(own_cell).wait_until_ready()
    events = live(own_cell) + 1
    settled(own_cell, events)
    before = read_all(own_cell, topic)
    assert worker.stop() == 0

    own_cell.client.delete_topic(topic)
    failed = wait_for(lambda: (run := own_cell.slotkeeper("audit", "verify", check=False)).returncode == 1 and run,
                      "the topic to be gone")
    assert "there is no topic" in failed.stderr
    wait_for(lambda: own_cell.slotkeeper("audit", "republish", check=False).returncode == 1, "nowhere to publish")
    wait_for(lambda: "created" in own_cell.slotkeeper("topics", "create", check=False).stdout, "it to be made again")
    status, found = verify(own_cell, check=False)
    assert (status, found["finding"]) == (1, "only_in_database")

    assert republish(own_cell) == {"events": events, "published": events, "present": 0, "waiting": 0}
    after = read_all(own_cell, topic)
    assert sorted(map(bytes_of, after)) == sorted(map(bytes_of, before))
    assert any(("traceparent", TRACE) in record.headers() for record in after)
    for key in {record.key() for record in after}:
        chain = [record for record in after if record.key() == key]
        assert len({record.partition() for record in chain}) == 1
    assert verify(own_cell)[1]["clean"] is True

    # Again: nothing twice, unless it is asked for.
    assert republish(own_cell) == {"events": events, "published": 0, "present": events, "waiting": 0}
    assert len(read_all(own_cell, topic)) == events
    assert republish(own_cell, "--all")["published"] == events
    assert sorted(map(bytes_of, read_all(own_cell, topic))) == sorted(map(bytes_of, before + before))
    assert verify(own_cell)[1]["clean"] is True


def test_chains_are_in_order_and_followed_by_new_events(own_cell):
    topic = own_cell.topic("audit")
    client, doctor, patient = own_cell.client, own_cell.account("doctor"), own_cell.account("patient")
    worker = Worker(own_cell).wait_until_ready()
    slot = client.publish(doctor, soon(86400))
    for _ in range(4):
        booked = client.book(patient, slot)
        client.ask("CancelAppointment", patient, {
            "slot_id": slot, "appointment_id": booked["appointment_id"], "reason": None})
    settled(own_cell, 9)
    assert worker.stop() == 0
    make_again(own_cell, topic)
    assert republish(own_cell)["published"] == 9
    worker = Worker(own_cell).wait_until_ready()
    client.book(patient, slot)
    settled(own_cell, 10)
    records = read_all(own_cell, topic)
    assert [SCHEMAS.decode(record.value())[1]["sequence"] for record in records] == list(range(1, 11))
    assert len({record.partition() for record in records}) == 1
    assert verify(own_cell)[1]["clean"] is True


def test_what_a_run_that_broke_off_left_is_not_published_twice(own_cell):
    topic = own_cell.topic("audit")
    worker = Worker(own_cell).wait_until_ready()
    events = live(own_cell) + 1
    settled(own_cell, events)
    before = read_all(own_cell, topic)
    assert worker.stop() == 0
    make_again(own_cell, topic)
    producer = Producer({"bootstrap.servers": own_cell.stack.servers, "partitioner": "murmur2_random"})
    for record in before[:4]:
        producer.produce(topic, record.value(), record.key(), headers=record.headers())
    assert producer.flush(30) == 0
    assert republish(own_cell) == {"events": events, "published": events - 4, "present": 4, "waiting": 0}
    assert sorted(map(bytes_of, read_all(own_cell, topic))) == sorted(map(bytes_of, before))


def test_what_workers_have_still_to_publish_is_left_to_them(own_cell):
    topic = own_cell.topic("audit")
    worker = Worker(own_cell).wait_until_ready()
    events = live(own_cell) + 1
    settled(own_cell, events)
    assert worker.stop() == 0
    own_cell.slotkeeper("admin", "create-account", "--role", "patient", "--login", "bob@example.org",
                        stdin="lantern-orbit-velvet-37\n")
    assert republish(own_cell) == {"events": events + 1, "published": 0, "present": events, "waiting": 1}
    Worker(own_cell).wait_until_ready()
    settled(own_cell, events + 1)
    assert verify(own_cell)[1]["clean"] is True


@pytest.mark.long
def test_the_topic_goes_and_comes_back_beside_a_worker(own_cell):
    """What is decided meanwhile waits for the topic; what was lost is published again beside the worker."""
    topic = own_cell.topic("audit")
    client, doctor = own_cell.client, own_cell.account("doctor")
    worker = Worker(own_cell).wait_until_ready()
    before = [client.publish(doctor, soon(86400 * day)) for day in range(1, 4)]
    settled(own_cell, 3)
    client.delete_topic(topic)
    waiting = client.send("PublishSlot", doctor, {
        "slot_id": uuid.uuid4(), "starts_at": soon(86400 * 9), "ends_at": soon(86400 * 9 + 600)})
    worker.wait_for_log("the topics are not as the worker needs them", timeout=60)
    assert waiting.answers() == []
    wait_for(lambda: "created" in own_cell.slotkeeper("topics", "create", check=False).stdout, "it to be made again")
    assert republish(own_cell)["published"] == 3
    assert waiting.answer(90).code == "ACCEPTED"
    settled(own_cell, 4)
    assert {record.key().decode() for record in read_all(own_cell, topic)} == {
        str(slot) for slot in [*before, uuid.UUID(waiting.key.decode())]}
    assert verify(own_cell)[1]["clean"] is True


def test_a_broken_chain_is_not_published(own_cell):
    topic = own_cell.topic("audit")
    worker = Worker(own_cell).wait_until_ready()
    settled(own_cell, live(own_cell) + 1)
    assert worker.stop() == 0
    make_again(own_cell, topic)
    own_cell.sql("alter table slot_event disable trigger all;"
                 " update slot_event set actor_id = gen_random_uuid() where sequence = 1")
    done = own_cell.slotkeeper("audit", "republish", check=False)
    assert done.returncode == 1 and "is broken at event 1" in done.stderr
    assert read_all(own_cell, topic) == []


def test_wrong_use(own_cell):
    for arguments in (("republish", "--none"), ("republish", "twice"), ("verify", "--all"), ()):
        done = own_cell.slotkeeper("audit", *arguments, check=False)
        assert done.returncode == 2 and "slotkeeper audit republish [--all]" in done.stderr, arguments
    done = own_cell.slotkeeper("audit", "republish", env={"SLOTKEEPER_DATABASE_ADMIN_URL": ""}, check=False)
    assert done.returncode == 2 and "database.admin_url" in done.stderr

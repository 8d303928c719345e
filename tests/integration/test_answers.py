"""Where answers go, what they carry, and commands that come again."""

import re
import struct
import uuid

import pytest

from kit.client import COMMAND, SCHEMAS, soon
from kit.worker import Worker

TRACE = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def slot_fields():
    return {"slot_id": uuid.uuid4(), "starts_at": soon(3600), "ends_at": soon(7200)}


# Routes.


@pytest.mark.parametrize("wanted", ["shared.audit", "shared.outcomes", "shared.replies.", "elsewhere", "",
                                    "shared.replies.absent", "shared.replies.no/name", b"shared.replies.\xff",
                                    "shared.replies." + "x" * 250, "shared.slot-commands", '"shared.replies.tests'])
def test_reply_topic_that_cannot_be_used(client, cell, doctor, wanted):
    fields = slot_fields()
    answer = client.ask("PublishSlot", doctor, fields, reply_topic=wanted)
    assert (answer.topic, answer.refused_reply) == (cell.topic("outcomes"), True)
    assert (answer.code, answer.result) == ("ACCEPTED", None)
    assert len(client.chain(fields["slot_id"], 1)) == 1


def test_of_many_reply_topics_that_cannot_be_used_one_is_logged(own_cell):
    """Else any client could fill the disk."""
    worker = Worker(own_cell).wait_until_ready()
    doctor = own_cell.account("doctor")
    requests = [own_cell.client.send("WithdrawSlot", doctor, {"slot_id": uuid.uuid4()}, flush=False,
                                     reply_topic=f"nowhere.{number}") for number in range(50)]
    own_cell.client.flush()
    assert all(request.answer().refused_reply for request in requests)
    assert worker.metric("slotkeeper_reply_routes_refused_total") == len(requests)
    told = worker.logged("a reply topic cannot be used; the outcome goes to the default topic without its result")
    assert [line["untold"] for line in told] == [0]


def test_no_reply_topic(client, cell, doctor):
    answer = client.ask("PublishSlot", doctor, slot_fields(), reply_topic=None)
    assert (answer.topic, answer.refused_reply) == (cell.topic("outcomes"), False)
    assert answer.result["state"] == "OPEN"


def test_reply_topic_in_json_quotes(client, doctor):
    answer = client.ask("PublishSlot", doctor, slot_fields(), reply_topic=f'"{client.reply_topic}"')
    assert (answer.topic, answer.refused_reply) == (client.reply_topic, False)


def test_reply_topic_made_meanwhile(client, cell, doctor):
    name = cell.topic("replies.new")
    client.make_topic(name)
    answer = client.ask("PublishSlot", doctor, slot_fields())
    assert answer.topic == client.reply_topic  # the worker looked at the topics now or before the new one came
    wanted = lambda: client.ask("PublishSlot", cell.account("doctor"), slot_fields(), reply_topic=name).topic == name
    assert client.wait(wanted, "the worker to see the topic", 10)


def test_no_answer_waits_until_its_topic_is_known(own_cell):
    """Of a topic that a producer meets with a record, librdkafka asks for the partitions when it next looks round, once a
    second, and says how many records had none until then. Each thread has two producers, which take turns."""
    worker = Worker(own_cell, {"worker.threads": "1", "log.level": "debug", "kafka.debug": "topic"}).wait_until_ready()
    client, doctor = own_cell.client, own_cell.account("doctor")
    for hour, reply_topic in enumerate((None, None, client.reply_topic, client.reply_topic), 1):
        client.publish(doctor, soon(3600 * hour), reply_topic=reply_topic)
    for _ in range(2):
        client.send_bytes(b"no record").dead_letter()
    said = [line["text"] for line in worker.logged("kafka client")]
    for topic in [own_cell.topic(name) for name in ("outcomes", "audit", "slot-commands-dlt")] + [client.reply_topic]:
        assert any(f"New local topic: {topic}" in text for text in said)
        assert not [text for text in said if re.search(r" [1-9]\d*/\d+ messages were partitioned in topic " + topic, text)]


@pytest.mark.parametrize("partition", [0, 1, 2])
def test_reply_partition(client, doctor, partition):
    headers = [("kafka_replyPartition", struct.pack(">i", partition))]
    answer = client.ask("PublishSlot", doctor, slot_fields(), headers=headers)
    assert (answer.topic, answer.seen.partition) == (client.reply_topic, partition)


@pytest.mark.parametrize("value", [struct.pack(">i", 3), struct.pack(">i", -1), struct.pack(">i", 2**31 - 1), b"",
                                   b"\x00", struct.pack(">q", 1), None])
def test_reply_partition_that_is_not_there(client, doctor, value):
    """By the key then, as any producer would."""
    fields = slot_fields()
    plain = client.ask("PublishSlot", doctor, fields)
    answer = client.ask("PublishSlot", doctor, fields, headers=[("kafka_replyPartition", value)])
    assert (answer.topic, answer.refused_reply) == (client.reply_topic, False)
    assert answer.seen.partition == plain.seen.partition


def test_the_request_key_comes_back(client, doctor):
    fields = slot_fields()
    assert client.ask("PublishSlot", doctor, fields, key=b"\x00\xff any").seen.key == b"\x00\xff any"
    assert client.ask("PublishSlot", doctor, fields).seen.key == str(fields["slot_id"]).encode()


def test_a_reply_topic_that_refuses_records(own_cell):
    """A topic that takes no record of more than 100 bytes breaks the Kafka transaction: its answers go to the
    default topic, and nobody else's are lost."""
    client = own_cell.client
    name = own_cell.topic("replies.narrow")
    client.make_topic(name, max_message_bytes=100)
    worker = Worker(own_cell).wait_until_ready()
    doctor = own_cell.account("doctor")
    narrow = client.send("PublishSlot", doctor, slot_fields(), reply_topic=name, partition=0, flush=False)
    other = {**slot_fields(), "starts_at": soon(90000), "ends_at": soon(91000)}
    usual = client.send("PublishSlot", doctor, other, partition=0, flush=False)
    client.flush()
    answer = narrow.answer(60)
    assert (answer.topic, answer.refused_reply, answer.code) == (own_cell.topic("outcomes"), True, "ACCEPTED")
    assert usual.answer(60).code == "ACCEPTED"
    assert worker.metric("slotkeeper_reply_routes_refused_total") >= 1


# Traces.


def test_traces_are_copied(client, doctor):
    fields = slot_fields()
    headers = [("traceparent", TRACE), ("tracestate", b"vendor=1")]
    answer = client.ask("PublishSlot", doctor, fields, headers=headers)
    assert (answer.headers["traceparent"], answer.headers["tracestate"]) == (TRACE, b"vendor=1")
    client.chain(fields["slot_id"], 1)
    event = [seen for seen in client.seen(client.cell.topic("audit")) if seen.key == str(fields["slot_id"]).encode()][0]
    assert event.headers["traceparent"] == TRACE
    assert "tracestate" not in event.headers


def test_a_trace_that_does_not_parse_stays_off_the_trail(client, doctor):
    fields = slot_fields()
    answer = client.ask("PublishSlot", doctor, fields, headers=[("traceparent", b"00-personal-data")])
    assert answer.headers["traceparent"] == b"00-personal-data"
    client.chain(fields["slot_id"], 1)
    event = [seen for seen in client.seen(client.cell.topic("audit")) if seen.key == str(fields["slot_id"]).encode()][0]
    assert "traceparent" not in event.headers


# Commands that come again.


def test_a_repeat_gets_the_same_bytes(client, cell, doctor, patient):
    slot_id, command_id = client.publish(doctor), uuid.uuid4()
    first = client.ask("BookSlot", patient, {"slot_id": slot_id}, command_id=command_id)
    again = client.ask("BookSlot", patient, {"slot_id": slot_id}, command_id=command_id, reply_topic=None,
                       headers=[("traceparent", TRACE)])
    assert (first.duplicate, again.duplicate) == (False, True)
    assert again.value == first.value
    assert again.topic == cell.topic("outcomes") and again.headers["traceparent"] == TRACE
    assert "traceparent" not in first.headers
    client.ask("BookSlot", patient, {"slot_id": slot_id}, command_id=command_id)
    after = client.book(cell.account("patient"), client.publish(doctor, soon(200000)))
    assert after["state"] == "BOOKED"
    assert len(client.chain(slot_id, 2)) == 2


def test_a_refusal_is_remembered_too(client, doctor, patient):
    slot_id, command_id = uuid.uuid4(), uuid.uuid4()
    first = client.ask("BookSlot", patient, {"slot_id": slot_id}, command_id=command_id)
    client.publish(doctor, slot_id=slot_id)
    again = client.ask("BookSlot", patient, {"slot_id": slot_id}, command_id=command_id)
    assert (first.code, again.code, again.duplicate) == ("SLOT_NOT_FOUND", "SLOT_NOT_FOUND", True)
    assert again.value == first.value
    assert client.ask("BookSlot", patient, {"slot_id": slot_id}).code == "ACCEPTED"


def test_the_same_id_for_something_else(client, cell, doctor, patient):
    slot_id, other, command_id = client.publish(doctor), client.publish(doctor, soon(200000)), uuid.uuid4()
    first = client.ask("BookSlot", patient, {"slot_id": slot_id}, command_id=command_id)
    reused = client.ask("BookSlot", patient, {"slot_id": other}, command_id=command_id)
    assert (reused.code, reused.duplicate) == ("COMMAND_ID_REUSED", False)
    assert client.ask("BookSlot", patient, {"slot_id": slot_id}, command_id=command_id).value == first.value
    # Another caller's id is another command.
    assert client.ask("BookSlot", cell.account("patient"), {"slot_id": other}, command_id=command_id).code == "ACCEPTED"


def test_an_answer_before_the_rules_is_not_remembered(client, doctor, patient):
    slot_id, command_id = client.publish(doctor), uuid.uuid4()
    expired = client.ask("BookSlot", patient, {"slot_id": slot_id}, command_id=command_id,
                         headers=[("ce_expirytime", b"2020-01-01T00:00:00Z")])
    assert expired.code == "EXPIRED"
    forged = client.ask("BookSlot", None, {"slot_id": slot_id}, command_id=command_id, token="forged")
    assert forged.code == "UNAUTHENTICATED"
    assert client.ask("BookSlot", patient, {"slot_id": slot_id}, command_id=command_id).code == "ACCEPTED"


def test_repeats_in_one_batch(client, doctor, patient):
    slot_id, command_id = client.publish(doctor), uuid.uuid4()
    requests = [client.send("BookSlot", patient, {"slot_id": slot_id}, command_id=command_id, flush=False)
                for _ in range(20)]
    client.flush()
    answers = [request.answer() for request in requests]
    assert [answer.duplicate for answer in answers] == [False] + [True] * 19
    assert len({answer.value for answer in answers}) == 1
    assert len(client.chain(slot_id, 2)) == 2


def test_upper_case_is_the_same_content(client, doctor, patient):
    slot_id, command_id = client.publish(doctor), uuid.uuid4()
    first = client.ask("BookSlot", patient, {"slot_id": slot_id}, command_id=command_id)
    loud = client.ask("BookSlot", patient, {"slot_id": str(slot_id).upper()}, command_id=command_id)
    assert (loud.duplicate, loud.value) == (True, first.value)


# Framings: the two of a registry are answered UNKNOWN_SCHEMA, see test_bad_input.


def test_newer_writers_are_read_by_their_fingerprint_only(client, patient):
    """A writer's schema that the service does not have is unknown, however much it looks like one of ours."""
    value = SCHEMAS.encode(COMMAND + "BookSlot", {"command_id": uuid.uuid4(), "slot_id": uuid.uuid4()})
    changed = value[:2] + bytes([value[2] ^ 1]) + value[3:]
    assert client.send_bytes(changed, patient).answer().code == "UNKNOWN_SCHEMA"


# Expiry.


def test_expiry_time(client, doctor, patient):
    slot_id = client.publish(doctor)
    late = client.ask("BookSlot", patient, {"slot_id": slot_id}, headers=[("ce_expirytime", b"2020-01-01T00:00:00Z")])
    assert (late.status, late.code) == ("REFUSED", "EXPIRED")
    in_time = client.ask("BookSlot", patient, {"slot_id": slot_id}, headers=[("ce_expirytime", b"2099-01-01T00:00:00Z")])
    assert in_time.code == "ACCEPTED"


def test_age(own_cell):
    """Sent before the worker comes, and too old when it does; the repeat of a decided command is never too old."""
    client = own_cell.client
    patient = own_cell.account("patient")
    old = client.send("BookSlot", patient, {"slot_id": uuid.uuid4()})
    sent_at = soon(0)
    client.wait(lambda: soon(-1.2) > sent_at, "the request to age")
    Worker(own_cell, {"command.age_max": "1s"})
    assert old.answer(60).code == "EXPIRED"

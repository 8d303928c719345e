"""Writers of an earlier and a later release, and what an earlier release has left in the log."""

import copy
import json
import signal
import uuid
from io import BytesIO

import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from fastavro import parse_schema, schemaless_reader, schemaless_writer
from fastavro.schema import fingerprint, to_parsing_canonical_form

from kit.client import COMMAND, SCHEMAS
from kit.stack import ROOT
from kit.waiting import wait_for
from kit.worker import Worker

OUTCOME = "slotkeeper.event.Outcome"


class Changed:
    """One of our schemas as another release has it."""

    def __init__(self, name, change):
        space, short = name.split(".")[1:]
        self.source = json.loads((ROOT / "schemas" / space / f"{short}.avsc").read_text())
        change(self.source["fields"])
        self.parsed = parse_schema(copy.deepcopy(self.source), named_schemas={})
        self.marker = bytes.fromhex(fingerprint(to_parsing_canonical_form(self.source), "CRC-64-AVRO"))

    def body(self, record):
        out = BytesIO()
        schemaless_writer(out, self.parsed, record)
        return out.getvalue()

    def encode(self, record):
        return b"\xc3\x01" + self.marker + self.body(record)

    def write(self, folder, name):
        (folder / name).write_text(json.dumps(self.source))


def without(name):
    return lambda fields: fields.remove(next(field for field in fields if field["name"] == name))


def with_note(fields):
    fields.insert(1, {"name": "note", "type": ["null", "string"], "default": None})


def with_weather(fields):
    enum = next(field for field in fields if field["name"] == "reason")["type"][1]
    enum["symbols"].append("WEATHER")


NEWER_BOOKING = Changed(COMMAND + "BookSlot", with_note)
OLDER_CANCEL = Changed(COMMAND + "CancelAppointment", without("reason"))
NEWER_CANCEL = Changed(COMMAND + "CancelAppointment", with_weather)
OLDER_OUTCOME = Changed(OUTCOME, without("retry_after_ms"))


@pytest.fixture
def folder(own_cell):
    folder = own_cell.stack.folder / f"{own_cell.name}.schemas"
    folder.mkdir()
    return folder


def send(client, schema, account, **record):
    record = {"command_id": uuid.uuid4(), **record}
    return client.send_bytes(schema.encode(record), account, None, str(record["slot_id"]).encode(),
                             command_id=record["command_id"])


def as_an_older_reader_sees_it(value):
    """Resolved by fastavro from our schema to the older one."""
    assert value[2:10] == SCHEMAS.marker_of[OUTCOME]
    return schemaless_reader(BytesIO(value[10:]), SCHEMAS.by_name[OUTCOME], OLDER_OUTCOME.parsed)


def test_an_older_and_a_newer_writer(own_cell, folder):
    client = own_cell.client
    doctor, patient = own_cell.account("doctor"), own_cell.account("patient")
    for number, schema in enumerate((NEWER_BOOKING, OLDER_CANCEL, NEWER_CANCEL)):
        schema.write(folder, f"{number}.avsc")
    Worker(own_cell, {"schemas.dir": str(folder)}).wait_until_ready()
    slot_id, command_id = client.publish(doctor), uuid.uuid4()

    booked = send(client, NEWER_BOOKING, patient, command_id=command_id, slot_id=slot_id, note="by telephone").answer()
    assert booked.code == "ACCEPTED" and booked.result["state"] == "BOOKED"
    # The same command by the release before: a repeat, with the same bytes.
    again = client.ask("BookSlot", patient, {"slot_id": slot_id}, command_id=command_id)
    assert again.duplicate and again.value == booked.value

    older = as_an_older_reader_sees_it(booked.value)
    assert "retry_after_ms" not in older
    assert older["result"]["appointment_id"] == booked.result["appointment_id"]

    cancelled = send(client, OLDER_CANCEL, patient, slot_id=slot_id, appointment_id=booked.result["appointment_id"]).answer()
    assert cancelled.code == "ACCEPTED" and cancelled.result["state"] == "CANCELLED"
    other = client.book(patient, slot_id)
    cancelled = send(client, NEWER_CANCEL, doctor, slot_id=slot_id, appointment_id=other["appointment_id"],
                     reason="WEATHER").answer()
    assert cancelled.code == "ACCEPTED"
    assert [event["reason"] for event in client.chain(slot_id, 5)] == [None, None, None, None, "OTHER"]


def test_a_producer_that_moves_first(own_cell, folder):
    """Its schema arrives with a signal; a file that is wrong takes nothing away."""
    client, doctor, patient = own_cell.client, own_cell.account("doctor"), own_cell.account("patient")
    worker = Worker(own_cell, {"schemas.dir": str(folder)}).wait_until_ready()
    slot_id = client.publish(doctor)
    assert send(client, NEWER_BOOKING, patient, slot_id=slot_id, note=None).answer().code == "UNKNOWN_SCHEMA"

    NEWER_BOOKING.write(folder, "a.avsc")
    worker.signal(signal.SIGHUP)
    assert worker.wait_for_log("writer schemas reloaded")["added"] == 1
    assert send(client, NEWER_BOOKING, patient, slot_id=slot_id, note=None).answer().code == "ACCEPTED"

    Changed(COMMAND + "BookSlot", without("slot_id")).write(folder, "b.avsc")
    worker.signal(signal.SIGHUP)
    assert "slot_id" in worker.wait_for_log("writer schemas not all reloaded")["detail"]
    wait_for(lambda: worker.metric("slotkeeper_schema_reloads_failed_total") == 1, "the failure to be counted")
    assert send(client, NEWER_BOOKING, patient, slot_id=slot_id, note=None).answer().code == "SLOT_TAKEN"
    # A worker that starts with it says so instead.
    successor = Worker(own_cell, {"schemas.dir": str(folder)})
    assert successor.wait() == 1
    assert [line for line in successor.log() if "b.avsc" in json.dumps(line)]


def put_as_an_older_release_would(cell, request, outcome):
    """Past the triggers, which let nobody change a row of the log."""
    record = {name: value for name, value in outcome.items() if name != "retry_after_ms"}
    body = OLDER_OUTCOME.body(record)
    number = int.from_bytes(OLDER_OUTCOME.marker, "little", signed=True)
    cell.sql("set session_replication_role = replica;"
             f" update command_log set outcome = '\\x{body.hex()}', outcome_schema = {number}"
             f" where command_id = '{request.command_id}'")
    return b"\xc3\x01" + OLDER_OUTCOME.marker + body


def set_group_back(cell, request):
    place = TopicPartition(request.topic, request.partition, request.offset)
    group = f"{cell.name}.slot-commands"
    wanted = [ConsumerGroupTopicPartitions(group, [place])]
    cell.client.admin.alter_consumer_group_offsets(wanted)[group].result(20)


def test_outcomes_of_an_older_release_in_the_log(own_cell, folder):
    """Recalled for a repeat, and published again after a crash: the same bytes under the schema they were written with."""
    client, doctor, patient = own_cell.client, own_cell.account("doctor"), own_cell.account("patient")
    OLDER_OUTCOME.write(folder, "outcome.avsc")
    worker = Worker(own_cell, {"schemas.dir": str(folder)}).wait_until_ready()
    slot_id = client.publish(doctor)
    request = client.send("BookSlot", patient, {"slot_id": slot_id})
    first = request.answer()
    assert first.code == "ACCEPTED"
    assert worker.stop() == 0
    older_value = put_as_an_older_release_would(own_cell, request, first.outcome)
    set_group_back(own_cell, request)

    worker = Worker(own_cell, {"schemas.dir": str(folder)}).wait_until_ready()
    copies = client.wait(lambda: len(request.answers()) == 2 and request.answers(), "the outcome to be published again")
    assert copies[1].value == older_value
    assert copies[1].headers["ce_id"] == copies[0].headers["ce_id"]
    assert copies[1].headers["ce_time"] == copies[0].headers["ce_time"]
    repeat = client.send("BookSlot", patient, {"slot_id": slot_id}, command_id=request.command_id)
    seen = client.wait(repeat.answers, "the answer to the repeat")
    assert [answer.value for answer in seen] == [older_value]
    assert seen[0].headers["slotkeeper-duplicate"] == b"true"
    assert worker.metric("slotkeeper_republished_total") >= 1

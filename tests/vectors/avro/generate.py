#!/usr/bin/env python3
"""Writes schemas.json and records.json: what another Avro implementation (fastavro) makes of the
schemas and of one value or more of each, for the unit tests to compare with.

usage: generate.py (in the tests' Python environment; writes beside itself)
"""

import io
import json
import struct
import uuid
from datetime import datetime, timezone
from pathlib import Path

import fastavro
from fastavro.schema import fingerprint, parse_schema, to_parsing_canonical_form

HERE = Path(__file__).parent
SCHEMAS = HERE.parents[2] / "schemas"

# The cases of the Avro specification's test data, with the CRC-64-AVRO fingerprints published
# there (signed); None where it gives none.
SPECIFICATION = [
    ('"null"', 7195948357588979594),
    ('{"type":"null"}', None),
    ('"boolean"', -6970731678124411036),
    ('{"type":"boolean"}', None),
    ('"int"', 8247732601305521295),
    ('{"type":"int"}', None),
    ('"long"', -3434872931120570953),
    ('"float"', 5583340709985441680),
    ('"double"', -8181574048448539266),
    ('"bytes"', 5746618253357095269),
    ('"string"', -8142146995180207161),
    ("[  ]", -1241056759729112623),
    ('[ "int"  ]', -5232228896498058493),
    ('[ "int" , {"type":"boolean"} ]', 5392556393470105090),
    ('{"fields":[], "type":"record", "name":"foo"}', -4824392279771201922),
    ('{"fields":[], "type":"record", "name":"foo", "namespace":"x.y"}', 5916914534497305771),
    ('{"fields":[], "type":"record", "name":"a.b.foo", "namespace":"x.y"}', -4616218487480524110),
    (
        '{"fields":[], "type":"record", "name":"foo", "doc":"foo", "aliases":["foo","bar"]}',
        -4824392279771201922,
    ),
    (
        '{"fields":[{"type":{"type":"boolean"}, "name":"f1"}], "type":"record", "name":"foo"}',
        7843277075252814651,
    ),
    (
        '{ "fields":[{"type":"boolean", "aliases":[], "name":"f1", "default":true},'
        '{"order":"descending","name":"f2","doc":"Hello","type":"int"}],'
        '"type":"record", "name":"foo"}',
        -4860222112080293046,
    ),
    ('{"type":"enum", "name":"foo", "symbols":["A1"]}', -6342190197741309591),
    (
        '{"namespace":"x.y.z", "type":"enum", "name":"foo", "doc":"foo bar", '
        '"symbols":["A1", "A2"]}',
        -4448647247586288245,
    ),
    ('{"name":"foo","type":"fixed","size":15}', 1756455273707447556),
    (
        '{"namespace":"x.y.z", "type":"fixed", "name":"foo", "doc":"foo bar", "size":32}',
        -3064184465700546786,
    ),
    ('{ "items":{"type":"null"}, "type":"array"}', -589620603366471059),
    ('{ "values":"string", "type":"map"}', -8732877298790414990),
    (
        '{"name":"PigValue","type":"record","fields":[{"name":"value", '
        '"type":["null", "int", "long", "PigValue"]}]}',
        -1759257747318642341,
    ),
]

SLOT_ID = "0a000000-0000-4000-8000-00000000000a"
SLOT_ID_2 = "0b000000-0000-4000-8000-00000000000b"
APPOINTMENT_ID = "0c000000-0000-4000-8000-00000000000c"
DOCTOR_ID = "0d000000-0000-4000-8000-00000000000d"
PATIENT_ID = "0e000000-0000-4000-8000-00000000000e"
COMMAND_ID = "0f000000-0000-4000-8000-00000000000f"
OUTCOME_ID = "10000000-0000-8000-8000-000000000010"
STARTS_AT = "2030-01-15T09:00:00.000000Z"
ENDS_AT = "2030-01-15T09:30:00.000000Z"
NOW = "2026-11-22T17:47:14.123456Z"
OLDEST = "1970-01-01T00:00:00.000000Z"

SLOT = {
    "slot_id": SLOT_ID,
    "doctor_id": DOCTOR_ID,
    "starts_at": STARTS_AT,
    "ends_at": ENDS_AT,
    "state": "OPEN",
}
APPOINTMENT = {
    "appointment_id": APPOINTMENT_ID,
    "slot_id": SLOT_ID,
    "doctor_id": DOCTOR_ID,
    "patient_id": PATIENT_ID,
    "starts_at": STARTS_AT,
    "ends_at": ENDS_AT,
    "state": "BOOKED",
    "rescheduled_from": None,
    "rescheduled_to": SLOT_ID_2,
}
AUDIT_EVENT = {
    "event_id": OUTCOME_ID,
    "entity": "APPOINTMENT",
    "entity_id": APPOINTMENT_ID,
    "slot_id": SLOT_ID,
    "sequence": 300,
    "old_state": "BOOKED",
    "new_state": "CANCELLED",
    "actor_id": DOCTOR_ID,
    "actor_role": "DOCTOR",
    "command_id": COMMAND_ID,
    "reason": "PROVIDER",
    "related_id": None,
    "detail": None,
    "occurred_at": NOW,
    "previous_hash": "00" * 32,
    "hash": "5a" * 32,
}
OUTCOME = {
    "outcome_id": OUTCOME_ID,
    "caller": PATIENT_ID,
    "command_id": COMMAND_ID,
    "command": "slotkeeper.command.BookSlot",
    "status": "ACCEPTED",
    "code": "",
    "message": "",
    "decided_at": NOW,
    "retry_after_ms": None,
    "result": None,
}
ACCOUNT = {"account_id": PATIENT_ID, "role": "PATIENT", "state": "ACTIVE"}
PURGED = {"slots": 1, "appointments": 2, "events": 70000, "more": True}
KEYS = {
    "seal_keys": [{"key_id": "k1", "public_key": "01" * 32}],
    "jwks": '{"keys":[]}',
    "statement": "a.b.c",
}
SEALED = {"command_id": COMMAND_ID, "key_id": "k1", "sealed": "c3" * 70}
SEALED_FOR = {"command_id": COMMAND_ID, "account_id": PATIENT_ID, **SEALED}

# (schema, value); times as text and bytes as hexadecimal, as the service prints them.
VALUES = [
    (
        "command.PublishSlot",
        {"command_id": COMMAND_ID, "slot_id": SLOT_ID, "starts_at": STARTS_AT, "ends_at": ENDS_AT},
    ),
    ("command.WithdrawSlot", {"command_id": COMMAND_ID, "slot_id": SLOT_ID}),
    ("command.BookSlot", {"command_id": COMMAND_ID, "slot_id": SLOT_ID}),
    (
        "command.CancelAppointment",
        {
            "command_id": COMMAND_ID,
            "slot_id": SLOT_ID,
            "appointment_id": APPOINTMENT_ID,
            "reason": "FACILITY",
        },
    ),
    (
        "command.CancelAppointment",
        {
            "command_id": COMMAND_ID,
            "slot_id": SLOT_ID,
            "appointment_id": APPOINTMENT_ID,
            "reason": None,
        },
    ),
    (
        "command.RescheduleAppointment",
        {
            "command_id": COMMAND_ID,
            "slot_id": SLOT_ID,
            "appointment_id": APPOINTMENT_ID,
            "new_slot_id": SLOT_ID_2,
        },
    ),
    (
        "command.CompleteAppointment",
        {"command_id": COMMAND_ID, "slot_id": SLOT_ID, "appointment_id": APPOINTMENT_ID},
    ),
    (
        "command.MarkNoShow",
        {"command_id": COMMAND_ID, "slot_id": SLOT_ID, "appointment_id": APPOINTMENT_ID},
    ),
    ("command.RegisterPatient", SEALED),
    ("command.RegisterDoctor", SEALED),
    ("command.LogIn", SEALED),
    ("command.ChangePassword", SEALED),
    ("command.ResetPassword", SEALED_FOR),
    ("command.DeactivateAccount", {"command_id": COMMAND_ID, "account_id": PATIENT_ID}),
    ("command.ReactivateAccount", {"command_id": COMMAND_ID, "account_id": PATIENT_ID}),
    ("command.EraseAccount", SEALED_FOR),
    (
        "command.EraseAccount",
        {"command_id": COMMAND_ID, "account_id": PATIENT_ID, "key_id": None, "sealed": None},
    ),
    ("command.PurgeHistory", {"command_id": COMMAND_ID, "before": OLDEST}),
    (
        "command.Credentials",
        {
            "command_id": COMMAND_ID,
            "command": "slotkeeper.command.LogIn",
            "account_id": None,
            "issued_at": NOW,
            "reply_key": "09" * 32,
            "login": "zoë",
            "password": "twelve or so",
            "new_password": None,
        },
    ),
    (
        "command.Credentials",
        {
            "command_id": COMMAND_ID,
            "command": "slotkeeper.command.ChangePassword",
            "account_id": PATIENT_ID,
            "issued_at": NOW,
            "reply_key": "ff" * 32,
            "login": "a" * 254,
            "password": "\U00010437" * 128,
            "new_password": "\U0001f40e" * 128,
        },
    ),
    (
        "query.ListOpenSlots",
        {
            "command_id": COMMAND_ID,
            "doctor_id": DOCTOR_ID,
            "from": OLDEST,
            "until": ENDS_AT,
            "limit": -7,
            "cursor": None,
        },
    ),
    (
        "query.ListAppointments",
        {
            "command_id": COMMAND_ID,
            "account_id": None,
            "state": "NOSHOW",
            "from": OLDEST,
            "until": ENDS_AT,
            "limit": 2147483647,
            "cursor": "00ff10",
        },
    ),
    (
        "query.GetHistory",
        {
            "command_id": COMMAND_ID,
            "slot_id": None,
            "appointment_id": APPOINTMENT_ID,
            "limit": 1,
            "cursor": None,
        },
    ),
    ("query.GetAccount", {"command_id": COMMAND_ID, "account_id": PATIENT_ID}),
    ("query.GetServiceKeys", {"command_id": COMMAND_ID}),
    ("event.Slot", SLOT),
    ("event.Appointment", APPOINTMENT),
    ("event.Account", ACCOUNT),
    ("event.Session", {"sealed": "ab" * 100}),
    (
        "event.Token",
        {
            "command_id": COMMAND_ID,
            "account_id": PATIENT_ID,
            "role": "ADMIN",
            "token": "a.b.c",
            "expires_at": NOW,
        },
    ),
    ("event.Purged", PURGED),
    ("event.SlotPage", {"items": [SLOT, {**SLOT, "state": "WITHDRAWN"}], "next_cursor": "01"}),
    ("event.SlotPage", {"items": [], "next_cursor": None}),
    ("event.AppointmentPage", {"items": [APPOINTMENT] * 3, "next_cursor": None}),
    ("event.HistoryPage", {"items": [AUDIT_EVENT], "next_cursor": None}),
    ("event.ServiceKeys", KEYS),
    ("event.AuditEvent", AUDIT_EVENT),
    ("event.Outcome", {**OUTCOME, "result": ("Appointment", APPOINTMENT)}),
    ("event.Outcome", {**OUTCOME, "result": ("Slot", {**SLOT, "state": "BOOKED"})}),
    ("event.Outcome", {**OUTCOME, "result": ("Account", ACCOUNT)}),
    ("event.Outcome", {**OUTCOME, "result": ("Session", {"sealed": "ab"})}),
    ("event.Outcome", {**OUTCOME, "result": ("Purged", PURGED)}),
    ("event.Outcome", {**OUTCOME, "result": ("SlotPage", {"items": [SLOT], "next_cursor": None})}),
    (
        "event.Outcome",
        {**OUTCOME, "result": ("AppointmentPage", {"items": [APPOINTMENT], "next_cursor": "02"})},
    ),
    (
        "event.Outcome",
        {**OUTCOME, "result": ("HistoryPage", {"items": [AUDIT_EVENT] * 2, "next_cursor": None})},
    ),
    ("event.Outcome", {**OUTCOME, "result": ("ServiceKeys", KEYS)}),
    (
        "event.Outcome",
        {
            **OUTCOME,
            "caller": None,
            "command_id": None,
            "command": None,
            "status": "INVALID",
            "code": "MALFORMED",
            "message": "The record's bytes or headers cannot be read.",
        },
    ),
]


def load_all():
    """Full name to schema, parsed; files are read one by one, for each stands alone."""
    return {
        f"slotkeeper.{path.parent.name}.{path.stem}": json.loads(path.read_text())
        for path in sorted(SCHEMAS.glob("*/*.avsc"))
    }


def unsigned(number):
    return struct.unpack("<Q", struct.pack("<q", number))[0]


def crc64(schema):
    """fastavro gives the eight bytes as they stand on the wire."""
    return int.from_bytes(
        bytes.fromhex(fingerprint(to_parsing_canonical_form(schema), "CRC-64-AVRO")), "little"
    )


def schema_vectors(schemas):
    vectors = []
    for text, published in SPECIFICATION:
        schema = json.loads(text)
        assert published is None or crc64(schema) == unsigned(published), text
        vectors.append({"schema": text, **form(schema)})
    return vectors + [{"name": name, **form(schema)} for name, schema in schemas.items()]


def form(schema):
    canonical = to_parsing_canonical_form(schema)
    return {"canonical": canonical, "fingerprint": f"{crc64(schema):016x}"}


def branch_of(schema, value):
    """A union's branch for a value; ("Name", value) names a record."""
    if value is None:
        return "null", None
    if isinstance(value, tuple):
        for branch in schema:
            full = branch if isinstance(branch, str) else branch.get("name")
            if full is not None and full.split(".")[-1] == value[0]:
                return branch, value[1]
    return next(branch for branch in schema if branch != "null"), value


def to_avro(schema, value, names):
    """The value as fastavro wants it: times as datetime, bytes as bytes."""
    if isinstance(schema, list):
        branch, inner = branch_of(schema, value)
        encoded = to_avro(branch, inner, names)
        if isinstance(value, tuple):
            full = branch if isinstance(branch, str) else branch["name"]
            return (full, encoded)
        return encoded
    if isinstance(schema, str) and schema in names:
        schema = names[schema]
    if not isinstance(schema, dict):
        return bytes.fromhex(value) if schema == "bytes" else value
    if schema["type"] == "record":
        return {f["name"]: to_avro(f["type"], value[f["name"]], names) for f in schema["fields"]}
    if schema["type"] == "array":
        return [to_avro(schema["items"], item, names) for item in value]
    if schema["type"] == "fixed":
        return bytes.fromhex(value)
    if schema.get("logicalType") == "timestamp-micros":
        return datetime.strptime(value, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)
    if schema.get("logicalType") == "uuid":
        return uuid.UUID(value)
    return value


def printed(value):
    """The JSON that people see: a union is what it holds."""
    if isinstance(value, tuple):
        return printed(value[1])
    if isinstance(value, dict):
        return {name: printed(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [printed(inner) for inner in value]
    return value


def record_vectors(schemas):
    vectors = []
    for short, value in VALUES:
        full = "slotkeeper." + short
        names = {}
        parsed = parse_schema(schemas[full], named_schemas=names)
        body = io.BytesIO()
        fastavro.schemaless_writer(body, parsed, to_avro(parsed, value, names))
        framed = b"\xc3\x01" + struct.pack("<Q", crc64(schemas[full])) + body.getvalue()
        vectors.append({"schema": full, "framed": framed.hex(), "value": printed(value)})
    missing = set(schemas) - {"slotkeeper." + short for short, _ in VALUES}
    assert not missing, missing
    return vectors


def write(name, vectors):
    lines = ",\n".join(json.dumps(vector, ensure_ascii=False) for vector in vectors)
    (HERE / name).write_text(f"[\n{lines}\n]\n")


def main():
    schemas = load_all()
    write("schemas.json", schema_vectors(schemas))
    write("records.json", record_vectors(schemas))


if __name__ == "__main__":
    main()

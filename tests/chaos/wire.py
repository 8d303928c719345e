"""What the documentation says about bytes: the Avro framings, the ids, the audit hash. Nothing of the service's own code."""

import hashlib
import io
import json
import re
import uuid
from pathlib import Path

import fastavro
from fastavro.schema import fingerprint, to_parsing_canonical_form

ROOT = Path(__file__).resolve().parents[2]
SLOT_COMMANDS = (
    "PublishSlot",
    "WithdrawSlot",
    "BookSlot",
    "CancelAppointment",
    "RescheduleAppointment",
    "CompleteAppointment",
    "MarkNoShow",
)
UUID_TEXT = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
TIME_US_MAX = 253402300800000000  # the year 10000
HASHED_FIELDS = (
    "event_id",
    "entity",
    "entity_id",
    "slot_id",
    "sequence",
    "old_state",
    "new_state",
    "actor_id",
    "actor_role",
    "command_id",
    "reason",
    "related_id",
    "detail",
    "occurred_at",
)


def _plain(schema):
    """The schema without logical types, so that values stay what the bytes say."""
    if isinstance(schema, dict):
        return {name: _plain(value) for name, value in schema.items() if name != "logicalType"}
    if isinstance(schema, list):
        return [_plain(value) for value in schema]
    return schema


def _logical(schema):
    """Field name to uuid, time or None, for the flat records that commands are."""
    kinds = {}
    for field in schema["fields"]:
        options = field["type"] if isinstance(field["type"], list) else [field["type"]]
        names = [option.get("logicalType") for option in options if isinstance(option, dict)]
        kinds[field["name"]] = names[0] if names else None
    return kinds


class Schema:
    def __init__(self, path):
        source = json.loads(path.read_text())
        self.full_name = source["namespace"] + "." + source["name"]
        self.name = source["name"]
        self.logical = _logical(source)
        self.parsed = fastavro.parse_schema(_plain(source))
        digest = fingerprint(to_parsing_canonical_form(source), "CRC-64-AVRO")  # the bytes as they stand on the wire
        self.prefix = b"\xc3\x01" + bytes.fromhex(digest)

    def encode(self, record):
        body = io.BytesIO()
        fastavro.schemaless_writer(body, self.parsed, record)
        return self.prefix + body.getvalue()

    def decode(self, value):
        """Raises on anything but exactly one record."""
        body = io.BytesIO(value[len(self.prefix) :])
        record = fastavro.schemaless_reader(body, self.parsed)
        if body.read(1):
            raise ValueError("bytes left over")
        return record


def _load_schemas(folder):
    return {schema.name: schema for schema in map(Schema, sorted((ROOT / "schemas" / folder).glob("*.avsc")))}


COMMANDS = _load_schemas("command")
EVENTS = _load_schemas("event")
OUTCOME = EVENTS["Outcome"]
AUDIT_EVENT = EVENTS["AuditEvent"]
BY_PREFIX = {schema.prefix: schema for schema in COMMANDS.values()}


class Unreadable(Exception):
    """Carries the code that such a record is answered with."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


def _check_values(schema, record):
    for name, kind in schema.logical.items():
        value = record[name]
        if value is None:
            continue
        if kind == "uuid":
            if not UUID_TEXT.fullmatch(value):
                raise Unreadable("MALFORMED")
            record[name] = value.lower()
        elif kind == "timestamp-micros" and not 0 <= value < TIME_US_MAX:
            raise Unreadable("MALFORMED")


def read_command(value):
    """(schema, fields) of a request's value on the slot topic; Unreadable with MALFORMED or UNKNOWN_SCHEMA."""
    if not value:
        raise Unreadable("MALFORMED")
    if value[0] == 0 and len(value) >= 5:
        raise Unreadable("UNKNOWN_SCHEMA")
    if value[:2] != b"\xc3\x01" or len(value) < 10:
        raise Unreadable("MALFORMED")
    schema = BY_PREFIX.get(value[:10])
    if schema is None or schema.name not in SLOT_COMMANDS:
        raise Unreadable("UNKNOWN_SCHEMA")
    try:
        record = schema.decode(value)
    except Exception as error:  # fastavro raises whatever its readers meet
        raise Unreadable("MALFORMED") from error
    _check_values(schema, record)
    return schema, record


def _sized(data):
    return len(data).to_bytes(4, "big") + data


def _number(value):
    return value.to_bytes(8, "big", signed=True)


def _uuid_v8(form):
    octets = bytearray(hashlib.sha256(form).digest()[:16])
    octets[6] = octets[6] & 0x0F | 0x80
    octets[8] = octets[8] & 0x3F | 0x80
    return str(uuid.UUID(bytes=bytes(octets)))


def outcome_id_of(cluster, generation, topic, partition, offset):
    return _uuid_v8(
        _sized(b"slotkeeper.outcome")
        + _sized(cluster.encode())
        + _number(generation)
        + _number(partition)
        + _number(offset)
        + _sized(topic.encode())
    )


def event_id_of(outcome_id, index):
    return _uuid_v8(_sized(b"slotkeeper.event") + uuid.UUID(outcome_id).bytes + bytes([index]))


def appointment_id_of(outcome_id):
    return _uuid_v8(_sized(b"slotkeeper.appointment") + uuid.UUID(outcome_id).bytes)


def event_hash(event):
    digest = hashlib.sha256(event["previous_hash"])
    for field in HASHED_FIELDS:
        value = event[field]
        if value is None:
            digest.update(b"\xff\xff\xff\xff")
        else:
            digest.update(_sized(str(value).encode()))
    return digest.digest()

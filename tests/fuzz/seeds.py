#!/usr/bin/env python3
"""Writes corpus/: a few small inputs for each fuzz target, made of the encoded records in
tests/vectors/avro, of records that a later release would write, and by hand; and
wire.dict, the schemas' fingerprints.

usage: seeds.py (in the tests' Python environment; writes beside itself)
"""

import io
import json
import shutil
import struct
import uuid
from datetime import datetime, timezone
from pathlib import Path

import fastavro
from fastavro.schema import fingerprint, parse_schema, to_parsing_canonical_form

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
RECORDS = json.loads((ROOT / "tests/vectors/avro/records.json").read_text())
AT_S = 1_800_000_000

COMMAND_ID = "0f000000-0000-4000-8000-00000000000f"
SLOT_ID = "0a000000-0000-4000-8000-00000000000a"
PATIENT_ID = "0e000000-0000-4000-8000-00000000000e"
STARTS_AT = datetime(2030, 1, 15, 9, tzinfo=timezone.utc)
ENDS_AT = datetime(2030, 1, 15, 10, tzinfo=timezone.utc)


def write(target, name, content):
    folder = HERE / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


def prefix_of(schema):
    number = fingerprint(to_parsing_canonical_form(schema), "CRC-64-AVRO")
    return b"\xc3\x01" + bytes.fromhex(number)


def encode(schema, value):
    body = io.BytesIO()
    fastavro.schemaless_writer(body, parse_schema(schema), value)
    return prefix_of(schema) + body.getvalue()


LATER = {
    "BookSlot": {
        "slot_id": SLOT_ID,
        "tags": ["first", None],
        "command_id": COMMAND_ID,
        "weights": {"a": 0.5, "b": -1.0},
        "urgent": True,
    },
    "ListOpenSlots": {
        "until": ENDS_AT,
        "from": STARTS_AT,
        "command_id": COMMAND_ID,
        "order": "NEAREST",
        "places": [{"x": 1.5}, {}],
        "limit": 10,
    },
    "Outcome": {
        "code": "SLOT_TAKEN",
        "outcome_id": COMMAND_ID,
        "result": ["one", "two"],
        "decided_at": STARTS_AT,
        "warnings": ["none"],
    },
}


def later_schema(name):
    return json.loads((HERE / "later" / f"{name}.avsc").read_text())


def two_blocks():
    """An Outcome whose 64 warnings stand in two blocks, which take as many bytes as one would."""
    whole = encode(later_schema("Outcome"), {**LATER["Outcome"], "warnings": [""] * 64})
    one, two = b"\x80\x01" + bytes(64), b"\x7e" + bytes(63) + b"\x02" + bytes(1)
    return whole.removesuffix(one + b"\0") + two + b"\0"


def avro():
    for position, record in enumerate(RECORDS):
        space, name = record["schema"].split(".")[1:]
        framed = bytes.fromhex(record["framed"])
        known = f"{name}-{position}"
        if space == "event" and name in ("Outcome", "AuditEvent"):
            write("wire_stored", known, framed)
        if name in ("Credentials", "Token"):
            write("wire_box", known, framed)
        elif space in ("command", "query"):
            write("wire_command", known, framed)
        if name == "AuditEvent":
            write("cli_event", known, framed[10:])
    for name, value in LATER.items():
        target = "wire_stored" if name == "Outcome" else "wire_command"
        write(target, f"later-{name}", encode(later_schema(name), value))
    write("wire_stored", "two-blocks", two_blocks())
    write("wire_command", "empty", b"")
    write("wire_command", "confluent", b"\0\0\0\0\1" + b"x")


def dictionary():
    lines = []
    paths = [*(ROOT / "schemas").rglob("*.avsc"), *(HERE / "later").glob("*.avsc")]
    for prefix in sorted({prefix_of(json.loads(path.read_text())) for path in paths}):
        lines.append('"' + "".join(f"\\x{byte:02X}" for byte in prefix) + '"\n')
    (HERE / "wire.dict").write_text("".join(lines))


def schemas():
    every = {
        "type": "record",
        "name": "a.B",
        "fields": [
            {"name": "n", "type": "null"},
            {"name": "i", "type": "int", "default": 7},
            {"name": "f", "type": {"type": "map", "values": "float"}},
            {"name": "x", "type": {"type": "fixed", "name": "X", "size": 3}},
            {"name": "e", "type": {"type": "enum", "name": "E", "symbols": ["A", "B"]}},
            {"name": "u", "type": ["null", "string", {"type": "array", "items": "X"}]},
            {"name": "b", "type": "boolean"},
            {"name": "d", "type": "double"},
        ],
    }
    value = {
        "n": None,
        "i": -3,
        "f": {"k": 1.0},
        "x": b"abc",
        "e": "B",
        "u": [b"def"],
        "b": True,
        "d": 0.25,
    }
    text = json.dumps(every, separators=(",", ":")).encode()
    write("wire_schema", "every-kind", text + b"\0" + encode(every, value)[10:])
    circle = {"type": "record", "name": "C", "fields": [{"name": "c", "type": ["null", "C"]}]}
    write("wire_schema", "circle", json.dumps(circle).encode())
    for name in LATER:
        text = json.dumps(later_schema(name), separators=(",", ":")).encode()
        write("wire_schema", f"later-{name}", text + b"\0" + encode(later_schema(name), LATER[name])[10:])


def texts():
    write("base_text", "time", b"2026-11-22T17:47:14.123456Z")
    write("base_text", "offset", b"2026-11-22t17:47:14.1+01:30")
    write("base_text", "leap", b"2024-02-29T00:00:00-00:00")
    write("base_text", "uuid", COMMAND_ID.encode())
    write("kafka_trouble", "one", b"[thrd:main]: no route to host (after 3ms in state CONNECT)")
    write("kafka_trouble", "plain", b"brokers are down")


def headers():
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    lines = [
        "authorization=Bearer a.b.c",
        'kafka_replyTopic="scheduling.replies.me"',
        "kafka_correlationId=1",
        "ce_expirytime=2026-11-22T17:47:14Z",
        f"traceparent={trace}",
        "tracestate=a=b",
        "other",
    ]
    write("wire_headers", "all", "\n".join(lines).encode() + b"\n\n\xc3\1" + b"12345678body")
    write("wire_headers", "partition", b"kafka_replyTopic=t\nkafka_replyPartition=\0\0\0\3\n\n\0\0\0\0\1x")
    write("wire_headers", "id", b"__value_schema_id=\0\0\0\0\7\n\nbody")
    write("wire_headers", "guid", b"__value_schema_id=\1" + b"g" * 16 + b"\n\nbody")
    write("wire_headers", "null", b"ce_expirytime\n\n")


def token_claims(**changes):
    claims = {
        "iss": "https://issuer.example",
        "aud": "slotkeeper",
        "sub": PATIENT_ID,
        "role": "patient",
        "iat": AT_S - 60,
        "exp": AT_S + 3540,
        "jti": "1",
        "ver": 1,
        **changes,
    }
    return json.dumps(claims).encode()


def tokens():
    header = b'{"alg":"HS256","kid":"hs","typ":"JWT"}'
    write("security_token", "good", b"1" + header + b"\n" + token_claims())
    write("security_token", "list", b"1" + header + b"\n" + token_claims(aud=["a", "slotkeeper"], nbf=1))
    write("security_token", "longer", b'1{"alg":"HS512","kid":"longer"}\n' + token_claims())
    write("security_token", "curve", b'1{"alg":"ES256","kid":"ec"}\n' + token_claims())
    write("security_token", "none", b'1{"alg":"none","kid":"hs"}\n' + token_claims())
    write("security_token", "raw", b"\0Bearer eyJhbGciOiJIUzI1NiIsImtpZCI6ImhzIn0.e30.AAAA")
    keys = [{"key_id": "k1", "public_key": "AQ" + "A" * 41}]
    statement = {"iss": "i", "aud": "slotkeeper-clients", "iat": AT_S, "seal_keys": keys}
    write("security_statement", "good", b"1" + header + b"\n" + json.dumps(statement).encode())
    write("security_statement", "raw", b"\0eyJhbGciOiJIUzI1NiIsImtpZCI6ImhzIn0.e30.AAAA")


def key_sets():
    octets = {"kty": "oct", "kid": "o", "alg": "HS256", "k": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"}
    curve = {
        "kty": "EC",
        "kid": "e",
        "alg": "ES256",
        "crv": "P-256",
        "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
        "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
    }
    modulus = "u" + "_" * 340 + "9"  # 2,048 bits, odd
    rsa = {"kty": "RSA", "kid": "r", "alg": "RS256", "use": "sig", "n": modulus, "e": "AQAB", "d": "AQ"}
    # Of which random bases find a factor sometimes, and sometimes none.
    unclear = {**rsa, "n": ("u" + "_" * 91 + "R" * 49 + "q" * 59 + "y" + "q" * 52 + "R" * 74 + "_" * 128 + "9")}
    other = {"kty": "EC", "use": "enc", "key_ops": ["verify"]}
    deriving = {"kty": "EC", "key_ops": ["deriveKey"]}
    sets = {"octets": [octets], "curve": [curve, other], "deriving": [curve, deriving], "rsa": [rsa],
            "unclear": [unclear], "mixed": [octets, curve]}
    for name, keys in sets.items():
        write("security_jwks", name, json.dumps({"keys": keys}).encode())


def passwords():
    # Argon2id of salts and hashes that are not anybody's.
    write("security_password", "hash", b"\0$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$" + b"A" * 43)
    write("security_password", "today", b"\0$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$" + b"A" * 43)
    write("security_password", "words", b"\1lantern-orbit-velvet-37")
    write("security_password", "composed", "\1pa\u0301ssw\u00f6rter im Gru\u0308nen".encode())
    write("security_password", "common", b"\1password123456")
    write("security_password", "login", b"\2Some.Body+1@Example.org")


def boxes():
    write("security_seal", "short", b"1content")
    write("security_seal", "long", b"2" + b"c" * 1100)
    write("security_seal", "raw", b"\0seal\n" + bytes(range(256)) * 4 + bytes(48))
    write("security_seal", "unknown", b"\0nobody\n" + b"x" * 1072)


def field(tag, content):
    return struct.pack(">BI", tag, len(content)) + content


def rows():
    route = [
        field(1, b"key"),
        field(2, b"correlation"),
        field(3, b"trace"),
        field(4, b"state"),
        field(5, b"scheduling.replies.me"),
        field(6, struct.pack(">i", 3)),
        field(7, b"\1"),
        field(8, b"\5"),
        field(99, b"later"),
    ]
    write("engine_rows", "route", b"\0" + b"".join(route))
    letter = [field(19, b"k"), field(16, b"value"), field(17, b"name"), field(18, b"v"), field(17, b"null")]
    write("engine_rows", "letter", b"\1" + b"".join(letter))
    write("engine_rows", "bodies", b"\2" + struct.pack(">I", 3) + b"abc" + struct.pack(">I", 0))


def cursors():
    good = struct.pack(">Bqq", 1, (AT_S + 3600) * 1_000_000, AT_S * 1_000_000) + uuid.UUID(SLOT_ID).bytes
    write("engine_cursor", "good", b"\1" + good)
    write("engine_cursor", "old", b"\1" + struct.pack(">Bq", 1, 5) + good[9:])
    write("engine_cursor", "raw", b"\0" + good + bytes(32))


def person_id(number):
    return str(uuid.UUID(bytes=bytes(6) + b"\x40\0\x80" + bytes(5) + struct.pack(">H", number)))


def batch(lane, *records):
    return bytes([lane]) + b"".join(struct.pack(">BH", how, len(value)) + value for how, value in records)


def own(space, name, **fields):
    schema = json.loads((ROOT / "schemas" / space / f"{name}.avsc").read_text())
    return encode(schema, {"command_id": person_id(0x8001 + len(fields)), **fields})


def batches():
    slot, other, taken = (person_id(number) for number in (3, 6, 5))
    patient, doctor, admin, replies, sealed, again = 0, 1, 2, 4, 8, 16
    begin = datetime.fromtimestamp(AT_S + 90_000, timezone.utc)
    end = datetime.fromtimestamp(AT_S + 91_800, timezone.utc)
    publish = own("command", "PublishSlot", slot_id=person_id(9), starts_at=begin, ends_at=end)
    cancel = own("command", "CancelAppointment", slot_id=taken, appointment_id=person_id(0x100), reason="PROVIDER")
    move = own(
        "command", "RescheduleAppointment", slot_id=taken, appointment_id=person_id(0x100), new_slot_id=other
    )
    book = own("command", "BookSlot", slot_id=slot)
    slots = [(doctor, publish), (patient, book), (patient | again, b""), (patient, move), (doctor, cancel), (3, b"x")]
    write("engine_batch", "slots", batch(0, *slots))
    withdraw = own("command", "WithdrawSlot", slot_id=slot)
    done = own("command", "CompleteAppointment", slot_id=taken, appointment_id=person_id(0x100))
    write("engine_batch", "ends", batch(0, (doctor, withdraw), (admin, done), (doctor, done)))
    people = [own("command", "DeactivateAccount", account_id=person_id(number)) for number in (0x21, 0x31)]
    write("engine_batch", "accounts", batch(1, *((admin, value) for value in people)))
    password = b"lantern-orbit-velvet-37\n"
    for number in range(8):
        login = bytes([number, 0]) + b"patient\n" + password + b"-"
        renewal = bytes([number, 1]) + b"-\n" + password + b"quarry-mellow-thimble-58"
        write("engine_batch", f"sealed-{number}", batch(1, (3 | sealed, login), (doctor | sealed, renewal)))
    window = {"from": STARTS_AT, "until": ENDS_AT, "limit": 7, "cursor": None}
    queries = [
        own("query", "ListOpenSlots", doctor_id=None, **window),
        own("query", "ListAppointments", account_id=person_id(0x11), state=None, **window),
        own("query", "GetAccount", account_id=person_id(0x11)),
        own("query", "GetServiceKeys"),
    ]
    write("engine_batch", "queries", batch(2, *((patient | replies, value) for value in queries)))


def settings():
    file = "# a comment\n slot.duration_min = 5m\r\nkafka.bootstrap.servers=a:1,b:2\n\nhttp.listen = [::1]:8080"
    write("app_settings", "file", b"\0" + file.encode())
    write("app_settings", "sets", b"\1batch.memory_max=64MiB\ntoken.ttl=1h\nkafka.security.protocol=ssl\nlog.level=info")
    write("app_settings", "environment", b"\2SLOTKEEPER_TOKEN_TTL=90d\nSLOTKEEPER_KAFKA_CLIENT_ID=x\nSLOTKEEPER_NONE=1")
    write("app_settings", "wrong", b"\1slot.duration_mni=5")


def main():
    shutil.rmtree(HERE / "corpus", ignore_errors=True)
    for make in (
        avro, dictionary, schemas, texts, headers, tokens, key_sets, passwords, boxes, rows, cursors, batches, settings
    ):
        make()


main()

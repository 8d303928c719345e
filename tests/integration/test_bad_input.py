"""Whatever a client sends gets the one answer that the contract names; its neighbours are untouched, the partition
goes on."""

import hashlib
import struct
import time
import uuid

import pytest

from kit.client import COMMAND, SCHEMAS, soon
from kit.tokens import Signer, base64url

BOOK = COMMAND + "BookSlot"
MARKER = b"\xc3\x01" + SCHEMAS.marker_of[BOOK]
PARTITION = 1


def book_body(slot_id=None, command_id=None):
    return SCHEMAS.body(BOOK, {"command_id": command_id or uuid.uuid4(), "slot_id": slot_id or uuid.uuid4()})


def cancel_body(branch, reason=b""):
    """A CancelAppointment up to its reason, which the caller spoils."""
    text = b"".join(b"\x48" + str(uuid.uuid4()).encode() for _ in range(3))
    return text + branch + reason


@pytest.fixture
def between(client, cell, doctor, patient):
    """Sends a record between two good bookings on one partition: the answer in the middle. The bookings must be
    accepted, and the partition's next record, too."""
    def send(value, **options):
        slots = [client.publish(doctor, soon(86400 * (day + 1)), partition=PARTITION) for day in range(3)]
        before = client.send("BookSlot", patient, {"slot_id": slots[0]}, partition=PARTITION, flush=False)
        bad = client.send_bytes(value, partition=PARTITION, flush=False, **options)
        after = client.send("BookSlot", patient, {"slot_id": slots[1]}, partition=PARTITION, flush=False)
        client.flush()
        answer = bad.answer()
        assert before.answer().code == after.answer().code == "ACCEPTED"
        assert client.ask("BookSlot", patient, {"slot_id": slots[2]}, partition=PARTITION).code == "ACCEPTED"
        answer.request = bad
        return answer
    return send


UNREADABLE = {
    "a tombstone": None,
    "nothing": b"",
    "text": b"hello",
    "JSON": b'{"command_id": "x"}',
    "random bytes": bytes(range(7, 200)),
    "one byte of each framing": b"\xc3",
    "a marker cut short": b"\xc3\x01\xa7\x46",
    "a registry's framing cut short": b"\x00\x00\x00",
    "no body": MARKER,
    "a body cut short": MARKER + book_body()[:-1],
    "a body with one byte left over": MARKER + book_body() + b"\x00",
    "a body twice": MARKER + book_body() * 2,
    "a string longer than the record": MARKER + b"\xfe\xff\xff\xff\x0f" + b"x" * 40,
    "a string of negative length": MARKER + b"\x01" + b"x" * 40,
    "a number that does not end": MARKER + b"\xff" * 11,
    "no UUID": MARKER + b"\x48" + b"z" * 36 + b"\x48" + b"z" * 36,
    "a UUID of another length": MARKER + b"\x4a" + b"0" * 37 + b"\x48" + b"0" * 36,
    "a wrong enum index": b"\xc3\x01" + SCHEMAS.marker_of[COMMAND + "CancelAppointment"] + cancel_body(b"\x02", b"\x0a"),
    "a negative enum index": b"\xc3\x01" + SCHEMAS.marker_of[COMMAND + "CancelAppointment"] + cancel_body(b"\x02", b"\x01"),
    "a union branch that is not there": b"\xc3\x01" + SCHEMAS.marker_of[COMMAND + "CancelAppointment"] + cancel_body(b"\x04"),
}


@pytest.mark.parametrize("value", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_unreadable(between, patient, value):
    answer = between(value, account=patient)
    assert (answer.status, answer.code, answer.result) == ("INVALID", "MALFORMED", None)
    assert answer.request.dead_letter().value == value


UNKNOWN = {
    "a fingerprint that nobody has": b"\xc3\x01" + b"\x01" * 8 + book_body(),
    "a registry's schema without a registry": b"\x00\x00\x00\x00\x07" + book_body(),
    "a schema of another topic": SCHEMAS.encode(COMMAND + "DeactivateAccount", {
        "command_id": uuid.uuid4(), "account_id": uuid.uuid4()}),
    "a query": SCHEMAS.encode("slotkeeper.query.GetServiceKeys", {"command_id": uuid.uuid4()}),
    "an event": SCHEMAS.encode("slotkeeper.event.Purged", {"slots": 0, "appointments": 0, "events": 0, "more": False}),
}


@pytest.mark.parametrize("value", UNKNOWN.values(), ids=UNKNOWN.keys())
def test_unknown_schema(between, patient, value):
    answer = between(value, account=patient)
    assert (answer.status, answer.code) == ("INVALID", "UNKNOWN_SCHEMA")


@pytest.mark.parametrize("schema_id", [b"\x00\x00\x00\x00\x07", b"\x01" + bytes(16)], ids=["number", "GUID"])
def test_unknown_schema_in_a_header(between, patient, schema_id):
    answer = between(book_body(), account=patient, headers=[("__value_schema_id", schema_id)])
    assert answer.code == "UNKNOWN_SCHEMA"


@pytest.mark.parametrize("schema_id", [b"", b"\x00\x00\x00\x07", b"\x01" + bytes(15), b"\x02" + bytes(16)])
def test_malformed_schema_header(between, patient, schema_id):
    answer = between(book_body(), account=patient, headers=[("__value_schema_id", schema_id)])
    assert answer.code == "MALFORMED"


# Sizes.


def padded(size):
    """A good booking and bytes left over: MALFORMED either way, but only within the limit is the command read."""
    return MARKER + book_body().ljust(size - len(MARKER), b"\x00")


@pytest.mark.parametrize("size", [64 * 1024 - 1, 64 * 1024, 64 * 1024 + 1, 1024 * 1024, 2 * 1024 * 1024 - 40_000])
def test_large_records(between, patient, size):
    value = padded(size)
    answer = between(value, account=patient)
    assert answer.code == "MALFORMED"
    same = answer.request.dead_letter().value == value  # not in the assertion, which would print them
    assert same


def test_many_large_records_at_once(client, doctor, patient):
    """More than fits into one batch."""
    requests = [client.send_bytes(bytes([n]) * 1_900_000, patient, partition=PARTITION, flush=False) for n in range(8)]
    client.flush()
    assert [request.answer().code for request in requests] == ["MALFORMED"] * 8
    assert client.publish(doctor, partition=PARTITION)


def test_too_large_for_the_topic(client):
    """Kafka itself refuses it."""
    errors = []
    client.producer.produce(client.request_topic, b"x" * 2_200_000, on_delivery=lambda error, _: errors.append(error))
    client.flush()
    assert errors[0].name() == "MSG_SIZE_TOO_LARGE"


# Headers.


def test_headers_of_16_kib_are_read(client, doctor):
    fields = {"slot_id": uuid.uuid4(), "starts_at": soon(3600), "ends_at": soon(7200)}
    assert client.ask("PublishSlot", doctor, fields, headers=[("padding", b"x" * 14_000)]).code == "ACCEPTED"


def test_too_large_headers_echo_nothing(between, cell, patient):
    trace = ("traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    headers = [("kafka_correlationId", b"mine"), trace, ("padding", b"x" * 16_384)]
    answer = between(MARKER + book_body(), account=patient, correlation_id=None, headers=headers)
    assert (answer.code, answer.topic) == ("MALFORMED", cell.topic("outcomes"))
    assert "kafka_correlationId" not in answer.headers and "traceparent" not in answer.headers
    assert dict(answer.request.dead_letter().header_list)["padding"] == b"x" * 16_384


def test_too_many_headers_echo_nothing(between, cell, patient):
    headers = [(f"h{n}", b"") for n in range(5000)]
    answer = between(MARKER + book_body(), account=patient, correlation_id=None, headers=headers)
    assert (answer.code, answer.topic) == ("MALFORMED", cell.topic("outcomes"))


def test_correlation_ids(between, cell, client, doctor):
    whole = bytes(range(256)) * 4
    fields = {"slot_id": uuid.uuid4(), "starts_at": soon(3600), "ends_at": soon(7200)}
    assert client.ask("PublishSlot", doctor, fields, correlation_id=whole).code == "ACCEPTED"
    longer = between(MARKER + book_body(), account=doctor, correlation_id=None,
                     headers=[("kafka_correlationId", b"x" * 1025)])
    assert (longer.code, longer.topic) == ("MALFORMED", cell.topic("outcomes"))
    assert "kafka_correlationId" not in longer.headers


def test_unreadable_expiry(between, patient):
    answer = between(MARKER + book_body(), account=patient, headers=[("ce_expirytime", b"tomorrow")])
    assert answer.code == "MALFORMED"


def test_the_last_of_a_repeated_header_counts(client, cell, doctor):
    fields = {"slot_id": uuid.uuid4(), "starts_at": soon(3600), "ends_at": soon(7200)}
    token = cell.stack.signer.token(doctor.id, "doctor")
    request = client.send("PublishSlot", None, fields, token="forged", headers=[
        ("authorization", b"Bearer " + token.encode()), ("AUTHORIZATION", b"Bearer nothing")])
    assert request.answer().code == "ACCEPTED"


# Tokens.


def forged_tokens(signer, patient):
    now = int(time.time())
    good = signer.token(patient.id, "patient")
    head, payload, signature = good.split(".")
    return {
        "not a token": "nonsense",
        "another key": signer.token(patient.id, "patient", secret=b"k" * 64),
        "a changed payload": ".".join((head, signer.token(uuid.uuid4(), "patient").split(".")[1], signature)),
        "no signature": head + "." + payload + ".",
        "algorithm none": base64url(b'{"alg":"none","kid":"tests"}') + "." + payload + ".",
        "another algorithm for the key": signer.token(patient.id, "patient", header={"alg": "RS256"}),
        "a key that nobody has": Signer(signer.secret, signer.issuer, kid="other").token(patient.id, "patient"),
        "expired": signer.token(patient.id, "patient", iat=now - 7200, exp=now - 60),
        "from the future": signer.token(patient.id, "patient", iat=now + 600, exp=now + 1200),
        "not yet": signer.token(patient.id, "patient", nbf=now + 600),
        "too long a life": signer.token(patient.id, "patient", exp=now + 90_000),
        "without an end": signer.token(patient.id, "patient", exp=None),
        "another issuer": signer.token(patient.id, "patient", iss="somebody"),
        "another audience": signer.token(patient.id, "patient", aud="somebody"),
        "no account": signer.token(uuid.uuid4(), "patient"),
        "another role than the account's": signer.token(patient.id, "doctor"),
        "an older password": signer.token(patient.id, "patient", ver=0),
        "larger than a header may be": signer.token(patient.id, "patient", padding="x" * 9000),
    }


FORGED = list(forged_tokens(Signer(b"", ""), type("Nobody", (), {"id": "x"})))


@pytest.mark.parametrize("kind", FORGED)
def test_forged_token(between, client, cell, patient, kind):
    token = forged_tokens(cell.stack.signer, patient)[kind]
    name = "PublishSlot" if "role" in kind else "BookSlot"
    times = {"starts_at": soon(3600), "ends_at": soon(7200)} if name == "PublishSlot" else {}
    value = SCHEMAS.encode(COMMAND + name, {"command_id": uuid.uuid4(), "slot_id": uuid.uuid4(), **times})
    answer = between(value, token=token)
    assert (answer.status, answer.code) == ("REFUSED", "UNAUTHENTICATED")


@pytest.mark.parametrize("header", [None, b"", b"Bearer", b"Bearer ", b"Basic eDp5", b"bearer {}", b"Bearer  {}", b"Bearer {} "])
def test_no_bearer_token(between, patient, header):
    headers = [] if header is None else [("authorization", header.replace(b"{}", patient.token.encode()))]
    answer = between(MARKER + book_body(), headers=headers)
    assert answer.code == "UNAUTHENTICATED"
    assert answer.outcome["caller"] is None


def test_wrong_role(between, client, doctor, patient, admin):
    assert between(MARKER + book_body(), account=doctor).code == "FORBIDDEN_ROLE"
    fields = {"slot_id": uuid.uuid4(), "starts_at": soon(3600), "ends_at": soon(7200)}
    assert client.ask("PublishSlot", patient, fields).code == "FORBIDDEN_ROLE"
    names = {"slot_id": uuid.uuid4(), "appointment_id": uuid.uuid4()}
    assert client.ask("CompleteAppointment", patient, names).code == "FORBIDDEN_ROLE"
    assert client.ask("BookSlot", admin, {"slot_id": uuid.uuid4()}).code == "FORBIDDEN_ROLE"


def test_inactive_account(client, cell):
    patient = cell.account("patient")
    cell.sql("update account set state = 'deactivated', deactivated_at = now(), login = login"
             f" where account_id = '{patient.id}'")
    assert client.ask("BookSlot", patient, {"slot_id": uuid.uuid4()}).code == "ACCOUNT_INACTIVE"


# Dead letters.


def test_dead_letter(client, cell, patient):
    value, key = b"\xff is no command", b"any key \xff"
    headers = [("x-empty", b""), ("x-null", None), ("x-bytes", bytes(range(256))), ("x-empty", b"twice")]
    token = patient.token
    request = client.send_bytes(value, token=token, key=key, headers=headers, partition=2)
    assert request.answer().code == "MALFORMED"
    letter = request.dead_letter()
    assert (letter.value, letter.key, letter.partition) == (value, key, 2)
    names = [name for name, _ in letter.header_list]
    assert names[:7] == ["authorization", "kafka_correlationId", "kafka_replyTopic", "x-empty", "x-null", "x-bytes", "x-empty"]
    assert letter.header_list[3:7] == headers
    assert letter.headers["authorization"] == b"sha256:" + hashlib.sha256(b"Bearer " + token.encode()).hexdigest().encode()
    assert letter.headers["kafka_dlt-original-topic"] == client.request_topic.encode()
    assert letter.headers["kafka_dlt-original-partition"] == struct.pack(">i", 2)
    assert letter.headers["kafka_dlt-original-offset"] == struct.pack(">q", request.offset)
    stamp = struct.unpack(">q", letter.headers["kafka_dlt-original-timestamp"])[0]
    assert abs(stamp / 1000 - time.time()) < 60
    assert letter.headers["kafka_dlt-original-consumer-group"] == (cell.name + ".slot-commands").encode()
    assert letter.headers["kafka_dlt-exception-fqcn"] == b"slotkeeper.MALFORMED"
    assert letter.headers["kafka_dlt-exception-message"].endswith(b".")


def test_what_is_refused_is_no_dead_letter(client, cell, patient):
    request = client.send("BookSlot", patient, {"slot_id": uuid.uuid4()})
    assert request.answer().code == "SLOT_NOT_FOUND"
    after = client.send_bytes(b"", patient, partition=request.partition)
    after.dead_letter()
    places = [seen.headers["kafka_dlt-original-offset"] for seen in client.seen(cell.topic("slot-commands-dlt"))
              if seen.partition == request.partition]
    assert struct.pack(">q", request.offset) not in places

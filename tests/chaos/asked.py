"""What a request record asks, and the answer of the checks that come before any state matters."""

from dataclasses import dataclass
from datetime import datetime

from rules import ROLES
from wire import Unreadable, appointment_id_of, read_command

HEADER_BYTES_MAX = 16384
CORRELATION_BYTES_MAX = 1024
RECORD_BYTES_MAX = 65536


@dataclass(slots=True)
class Request:
    record: object
    outcome_id: str  # should it be the one that is answered first
    correlation: bytes = None  # as far as an answer echoes it
    early: str = None  # the code of steps 1 to 3 and 5
    name: str = None
    fields: dict = None
    command_id: str = None
    caller: str = None
    role: str = None
    version: int = None
    answer: object = None

    @property
    def place(self):
        return self.record.place()

    @property
    def appointment_id(self):
        return appointment_id_of(self.outcome_id)

    @property
    def content(self):
        return self.name, tuple(sorted((key, value) for key, value in self.fields.items() if key != "command_id"))


def expiry_us(request):
    text = request.record.text("ce_expirytime")
    if text is None:
        return None
    return int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1_000_000)


class RequestReader:
    """`accounts`: the database's rows by id."""

    def __init__(self, judge, accounts):
        self.judge = judge
        self.accounts = accounts

    def early_code(self, request):
        """Fills in what can be read; the code of the first check that fails before any state matters."""
        record = request.record
        headers = record.headers
        if sum(len(name.encode()) + len(value or b"") for name, value in headers.items()) > HEADER_BYTES_MAX:
            return "MALFORMED"
        correlation = headers.get("kafka_correlationId")
        if correlation is not None and len(correlation) > CORRELATION_BYTES_MAX:
            return "MALFORMED"
        request.correlation = correlation
        if record.value is not None and len(record.value) > RECORD_BYTES_MAX:
            return "MALFORMED"
        try:
            schema, request.fields = read_command(record.value)
        except Unreadable as unreadable:
            return unreadable.code
        request.name = schema.name
        request.command_id = request.fields["command_id"]
        try:
            expiry_us(request)
        except ValueError:
            return "MALFORMED"
        return self.authenticate(request)

    def authenticate(self, request):
        claims = self.judge.claims(request.record.headers.get("authorization"), request.record.timestamp_ms / 1000)
        if claims is None:
            return "UNAUTHENTICATED"
        request.caller, request.role, request.version = claims["sub"], claims["role"], claims.get("ver")
        if request.role not in ROLES[request.name]:
            return "FORBIDDEN_ROLE"
        account = self.accounts.get(request.caller)
        return None if account is not None and account["role"] == request.role else "UNAUTHENTICATED"

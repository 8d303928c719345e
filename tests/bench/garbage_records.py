"""What a hostile producer may send to a request topic: kinds of garbage, each with the code that must answer it."""

import json
import os
import random
import time
from dataclasses import dataclass
from pathlib import Path

from callers import SCHEMAS, withdrawal
from kit.client import COMMAND
from kit.tokens import base64url

MARKER = b"\xc3\x01"
HUGE = 60_000  # a record may have 64 KiB
HEADERS_TOO_LARGE = 17_000
EACH = 200  # records of a kind that are made beforehand, of which some are sent again and again
SIGNATURE = 64  # bytes, of ES256


@dataclass
class Kind:
    code: str
    weight: int  # how often among the others
    make: callable  # (value, headers)


def noise(size_max):
    """That is no framing by chance."""
    return b"\x07" + os.urandom(random.randint(0, size_max - 1))


def bearer(token):
    return ("authorization", b"Bearer " + token.encode())


class Kinds:
    """All of them for one cell, whose caller's tokens they abuse."""

    def __init__(self, cell):
        self.account = cell.account("doctor")
        self.good = self.account.token
        self.signing_kid = self._signing_kid(cell)
        self.absent = cell.topic("replies.nowhere").encode()
        self.all = {
            "random bytes": Kind("MALFORMED", 10, lambda: (noise(300), [])),
            "null": Kind("MALFORMED", 10, lambda: (None, [])),
            "cut Avro": Kind("MALFORMED", 10, lambda: (self.body()[:random.randint(10, 80)], [bearer(self.good)])),
            "bytes left over": Kind("MALFORMED", 10, lambda: (self.body() + os.urandom(40), [bearer(self.good)])),
            "a length that is a lie": Kind("MALFORMED", 10, lambda: (self.lie(), [bearer(self.good)])),
            "unknown fingerprint": Kind("UNKNOWN_SCHEMA", 10, lambda: (self.unknown(), [bearer(self.good)])),
            "huge string": Kind("MALFORMED", 1, lambda: (self.huge(), [bearer(self.good)])),
            "headers too large": Kind("MALFORMED", 1, lambda: (self.body(), [("padding", os.urandom(HEADERS_TOO_LARGE))])),
            "unreadable expiry": Kind("MALFORMED", 10, lambda: (
                self.body(), [bearer(self.good), ("ce_expirytime", os.urandom(30))])),
            "no reply topic": Kind("MALFORMED", 10, lambda: (noise(20), [("kafka_replyTopic", self.absent)])),
            "no token": Kind("UNAUTHENTICATED", 10, lambda: (self.body(), [])),
            "expired token": Kind("UNAUTHENTICATED", 10, lambda: (self.body(), [bearer(self.expired())])),
            "unknown key": Kind("UNAUTHENTICATED", 10, lambda: (self.body(), [bearer(self.signed(f"k{os.urandom(4).hex()}"))])),
            "forged token": Kind("UNAUTHENTICATED", 10, lambda: (self.body(), [bearer(self.signed(self.signing_kid))])),
        }

    @staticmethod
    def _signing_kid(cell):
        """Of the key whose signatures cost most to look at."""
        keys = json.loads(Path(cell.env["SLOTKEEPER_TOKEN_JWKS_FILE"]).read_text())["keys"]
        return next(key["kid"] for key in keys if key["kty"] == "EC")

    @staticmethod
    def body():
        return withdrawal()[0]

    @staticmethod
    def marker():
        return MARKER + SCHEMAS.marker_of[COMMAND + "WithdrawSlot"]

    def lie(self):
        return self.marker() + b"\xfe\xff\xff\xff\x0f" + os.urandom(40)

    def huge(self):
        length, text = HUGE << 1, b""
        while length > 0x7f:
            text += bytes([length & 0x7f | 0x80])
            length >>= 7
        return self.marker() + text + bytes([length]) + random.choice(b"xyz").to_bytes(1, "big") * HUGE

    def unknown(self):
        return MARKER + os.urandom(8) + self.body()[10:]

    def expired(self):
        now = int(time.time())
        return self.account.signer.token(self.account.id, "doctor", iat=now - 7200, exp=now - 3600)

    def signed(self, kid):
        """Well formed in all, but for the signature."""
        token = self.account.signer.token(self.account.id, "doctor", header={"alg": "ES256", "kid": kid})
        return token.rsplit(".", 1)[0] + "." + base64url(os.urandom(SIGNATURE))

    def pool(self, names):
        """Records in random order, each (name, value, headers)."""
        records = [(name, *self.all[name].make()) for name in names
                   for _ in range(EACH * self.all[name].weight // 10)]
        random.shuffle(records)
        return records

"""A flood of log-ins: sends COUNT sealed attempts, and comes back when the broker has them.

    log_ins.py many|one COUNT     many: each at a login of its own that nobody has; one: all at the same

Where to is in the environment (a stack's env file). Answers go to the reply topic of `slotkeeper send`, so that
nobody who reads outcomes sees them.
"""

import os
import sys
import time
import uuid
from datetime import datetime, timezone
from pathlib import Path

from confluent_kafka import Producer
from nacl.public import PrivateKey, PublicKey, SealedBox

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests/interop"))
from client import Schemas  # noqa: E402

BLOCK = 1024


def sealing_key():
    """(key_id, what seals to it), as the worker's own folder has it."""
    path = sorted(Path(os.environ["SLOTKEEPER_SEAL_KEY_DIR"]).glob("*.pub"))[0]
    return path.stem, SealedBox(PublicKey(path.read_bytes()))


def main():
    how, count = sys.argv[1], int(sys.argv[2])
    prefix = os.environ.get("SLOTKEEPER_TOPICS_PREFIX", "scheduling")
    schemas, (key_id, seal) = Schemas(ROOT / "schemas"), sealing_key()
    reply_key = bytes(PrivateKey.generate().public_key)
    producer = Producer({"bootstrap.servers": os.environ["SLOTKEEPER_KAFKA_BOOTSTRAP_SERVERS"], "linger.ms": 50,
                         "partitioner": "murmur2_random", "compression.type": "none"})
    run = uuid.uuid4().hex
    began = time.monotonic()
    for number in range(count):
        command_id = uuid.uuid4()
        content = schemas.encode("slotkeeper.command.Credentials", {
            "command_id": command_id, "command": "slotkeeper.command.LogIn", "account_id": None,
            "issued_at": datetime.now(timezone.utc), "reply_key": reply_key,
            "login": f"flood-{run}" if how == "one" else f"flood-{run}-{number}",
            "password": "saffron-glacier-wombat-11", "new_password": None})
        box = seal.encrypt(content + b"\x80" + bytes(-(len(content) + 1) % BLOCK))
        value = schemas.encode("slotkeeper.command.LogIn",
                               {"command_id": command_id, "key_id": key_id, "sealed": box})
        while True:
            try:
                producer.produce(f"{prefix}.account-commands", value, str(command_id).encode(),
                                 headers=[("kafka_replyTopic", f"{prefix}.replies.cli".encode())])
                break
            except BufferError:
                producer.poll(0.1)
    assert producer.flush(60) == 0
    print(f"{count} log-ins sent in {time.monotonic() - began:.1f} s", file=sys.stderr)


if __name__ == "__main__":
    main()

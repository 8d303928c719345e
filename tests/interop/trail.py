"""Follows the audit topic and checks the hash chains, as docs/audit.md describes them."""

import hashlib
import time

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from client import micros

FIELDS = ["event_id", "entity", "entity_id", "slot_id", "sequence", "old_state", "new_state", "actor_id",
          "actor_role", "command_id", "reason", "related_id", "detail", "occurred_at"]


def text_of(field, value):
    return str(micros(value)) if field == "occurred_at" else str(value)


def event_hash(event):
    digest = hashlib.sha256(event["previous_hash"])
    for field in FIELDS:
        if event[field] is None:
            digest.update(b"\xff\xff\xff\xff")
        else:
            text = text_of(field, event[field]).encode("utf-8")
            digest.update(len(text).to_bytes(4, "big") + text)
    return digest.digest()


def check_chain(events):
    """None, or what is wrong with a chain's events, given in the order of their sequence."""
    previous = bytes(32)
    for expected, event in enumerate(events, start=1):
        if event["sequence"] != expected:
            return f"event {expected} is missing"
        if event["previous_hash"] != previous:
            return f"event {expected} does not follow the one before"
        if event["hash"] != event_hash(event):
            return f"event {expected} was changed"
        previous = event["hash"]
    return None


class Trail:
    """Every event of the audit topic, once, by chain."""

    def __init__(self, servers, schemas, prefix="scheduling"):
        self.schemas = schemas
        self.seen = set()
        self.chains = {}
        self.consumer = Consumer(
            {
                "bootstrap.servers": servers,
                "group.id": "audit-trail",  # never used: see Client
                "enable.auto.commit": False,
                "isolation.level": "read_committed",
            }
        )
        topic = prefix + ".audit"
        partitions = self.consumer.list_topics(topic, timeout=10).topics[topic].partitions
        self.consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in partitions])

    def close(self):
        self.consumer.close()

    def wait_for(self, chain_id, count, timeout=30):
        """The first `count` events of a chain in order; as they are after `timeout` seconds at the latest."""
        deadline = time.monotonic() + timeout
        while len(self.chains.get(chain_id, [])) < count and time.monotonic() < deadline:
            message = self.consumer.poll(0.2)
            if message is not None and not message.error():
                self._take(message)
        return sorted(self.chains.get(chain_id, []), key=lambda event: event["sequence"])

    def _take(self, message):
        # An operator who sets the service back publishes the same events again: one ce_id is one event.
        identity = dict(message.headers())["ce_id"]
        if identity in self.seen:
            return
        self.seen.add(identity)
        name, event = self.schemas.decode(message.value())
        assert name == "slotkeeper.event.AuditEvent"
        self.chains.setdefault(event["slot_id"] or event["entity_id"], []).append(event)

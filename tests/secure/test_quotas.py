"""What docs/operations.md says of Kafka's quotas, on the real broker: who is above one is slowed down, and told so."""

import json
import time

import pytest
from confluent_kafka import Producer
from kit.stack import ROOT, run

BYTES_A_SECOND = 20_000
RECORD = bytes(2_000)
RECORDS = 200  # 20 s worth; the broker looks at the average of some ten seconds, so that half may come at once
SLOWLY = 8  # seconds


def set_quotas(stack, *quotas):
    """As the broker itself; what the cluster then has, after the lines that Kafka's client logs."""
    log = f"-Dlog4j2.configurationFile=file:{ROOT}/scripts/kafka/log4j2.properties"
    return run("java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", log, "-cp", f"{ROOT}/.cache/kafka/libs/*",
               ROOT / "scripts/kafka/Quota.java", stack.folder / "kafka/access.properties", "client", *quotas,
               env=stack.clean_env).stdout


@pytest.fixture
def quota(stack):
    yield set_quotas(stack, f"producer_byte_rate={BYTES_A_SECOND}", "request_percentage=50")
    set_quotas(stack, "producer_byte_rate=", "request_percentage=")


def flood(stack):
    """(seconds, the longest throttle_time_ms that the broker told)"""
    throttles = [0]

    def on_stats(text):
        throttles.extend(broker["throttle"]["max"] for broker in json.loads(text)["brokers"].values())

    producer = Producer({**stack.properties("client"), "statistics.interval.ms": 100, "stats_cb": on_stats,
                         "batch.num.messages": 10, "linger.ms": 5, "compression.type": "none"})
    producer.list_topics("scheduling.queries", timeout=20)
    began = time.monotonic()
    for _ in range(RECORDS):
        producer.produce("scheduling.queries", RECORD, partition=0)
        producer.poll(0)
    assert producer.flush(120) == 0
    seconds = time.monotonic() - began
    producer.poll(0.3)
    return seconds, max(throttles)


def test_a_flood_without_a_quota_is_as_fast_as_it_can_be(stack):
    seconds, throttle_ms = flood(stack)
    assert seconds < SLOWLY and throttle_ms == 0


def test_a_flood_above_its_quota_is_slowed_down(stack, quota):
    assert f"{{producer_byte_rate={float(BYTES_A_SECOND)}, request_percentage=50.0}}" in quota.splitlines()
    seconds, throttle_ms = flood(stack)
    assert seconds >= SLOWLY and throttle_ms > 100

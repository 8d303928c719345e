"""The measurement behind tests/bench/noisy, which says what it is."""

import argparse
import json
import multiprocessing
import random
import sys
import time
import uuid
from pathlib import Path

from confluent_kafka import OFFSET_END, Consumer, Producer, TopicPartition

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/integration"))
from kit.client import COMMAND, SCHEMAS, Client  # noqa: E402
from kit.stack import Cell, Stack  # noqa: E402
from kit.worker import Worker  # noqa: E402

QUIET_PER_SECOND = 20
QUIET_CALLERS = 20
WARM_UP = 40
NOISE_LEAD_SECONDS = 3


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--per-second", type=int, default=50)
    parser.add_argument("--partitions", choices=("one", "all"), default="all")
    return parser.parse_args()


def producer_of(servers, linger_ms):
    return Producer({"bootstrap.servers": servers, "partitioner": "murmur2_random", "linger.ms": linger_ms,
                     "compression.type": "none"})


def withdrawal():
    """(value, slot id) of a command that no row answers: as cheap as one that is decided can be."""
    slot_id = uuid.uuid4()
    return SCHEMAS.encode(COMMAND + "WithdrawSlot", {"command_id": uuid.uuid4(), "slot_id": slot_id}), slot_id


def make_noise(servers, topic, reply_topic, token, per_second, one_partition, stop, sent):
    """Evenly, and without falling behind for good: what was missed is not made up for."""
    producer = producer_of(servers, 5)
    headers = [("authorization", b"Bearer " + token.encode()), ("kafka_replyTopic", reply_topic.encode())]
    values = [withdrawal() for _ in range(20000)]
    where = {"partition": 0} if one_partition else {}
    began, number = time.monotonic(), 0
    while not stop.is_set():
        due = int((time.monotonic() - began) * per_second)
        while number < due:
            value, slot_id = values[number % len(values)]
            producer.produce(topic, value, str(slot_id).encode(), headers=headers, **where)
            number += 1
        producer.poll(0)
        time.sleep(0.01)
    producer.flush(60)
    sent.value = number


class Quiet:
    """Callers who each send now and then, and how long each answer takes."""

    def __init__(self, cell, reply_topic):
        self.cell = cell
        self.reply_topic = reply_topic
        self.tokens = [account.token for account in (cell.account("doctor") for _ in range(QUIET_CALLERS))]
        self.producer = producer_of(cell.stack.servers, 0)
        self.consumer = Consumer({
            "bootstrap.servers": cell.stack.servers, "group.id": "noisy", "enable.auto.commit": False,
            "isolation.level": "read_committed", "fetch.wait.max.ms": 100})
        self.consumer.assign([TopicPartition(reply_topic, 0, OFFSET_END)])
        self.consumer.poll(1)

    def ask(self):
        """Milliseconds."""
        value, slot_id = withdrawal()
        correlation = uuid.uuid4().bytes
        began = time.monotonic()
        self.producer.produce(self.cell.topic("slot-commands"), value, str(slot_id).encode(), headers=[
            ("authorization", b"Bearer " + random.choice(self.tokens).encode()),
            ("kafka_correlationId", correlation), ("kafka_replyTopic", self.reply_topic.encode())])
        while time.monotonic() - began < 60:
            self.producer.poll(0)
            message = self.consumer.poll(0.02)
            if message is not None and message.error() is None:
                headers = dict(message.headers())
                if headers["kafka_correlationId"] == correlation:
                    assert headers["slotkeeper-code"] == b"SLOT_NOT_FOUND", headers
                    return (time.monotonic() - began) * 1000
        raise AssertionError("no answer within a minute")

    def measure(self, seconds):
        latencies = []
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            due = time.monotonic() + 1 / QUIET_PER_SECOND
            latencies.append(self.ask())
            time.sleep(max(0.0, due - time.monotonic()))
        return latencies


def summary(latencies):
    ordered = sorted(latencies)
    return {"requests": len(ordered), "p50_ms": round(ordered[len(ordered) // 2], 1),
            "p99_ms": round(ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)], 1)}


def say(name, **fields):
    print(json.dumps({"name": name, **fields}), flush=True)


def codes_of(worker):
    return {code: worker.metric("slotkeeper_records_total", f'{{code="{code}"}}')
            for code in ("RATE_LIMITED", "SLOT_NOT_FOUND")}


def stages_of(worker):
    return {stage: worker.metric("slotkeeper_stage_seconds_sum", f'{{stage="{stage}"}}')
            for stage in ("decode", "load", "decide", "save", "commit", "publish")}


def machine_seconds():
    """(all, idle) of all processors since the machine was started."""
    with open("/proc/stat", encoding="ascii") as stat:
        ticks = [int(word) for word in stat.readline().split()[1:]]
    return sum(ticks), ticks[3] + ticks[4]


def measure_noisy(cell, worker, quiet, options, noisy, name="noisy"):
    stop, sent = multiprocessing.Event(), multiprocessing.Value("l", 0)
    before, stages_before = codes_of(worker), stages_of(worker)
    batches_before, machine_before = worker.metric("slotkeeper_batches_total"), machine_seconds()
    noise = multiprocessing.Process(target=make_noise, args=(
        cell.stack.servers, cell.topic("slot-commands"), cell.topic("replies.noisy"), noisy.token,
        options.times * options.per_second, options.partitions == "one", stop, sent))
    noise.start()
    time.sleep(NOISE_LEAD_SECONDS)
    began = time.monotonic()
    latencies = quiet.measure(options.seconds)
    say(name, **summary(latencies))
    stop.set()
    noise.join()
    after, stages = codes_of(worker), stages_of(worker)
    spent, idle = (now - then for now, then in zip(machine_seconds(), machine_before))
    say("noise", sent=sent.value, per_second=round(sent.value / (time.monotonic() - began + NOISE_LEAD_SECONDS)),
        **{code: after[code] - before[code] for code in after},
        batches=worker.metric("slotkeeper_batches_total") - batches_before, machine_idle=round(idle / spent, 2),
        stage_seconds={stage: round(stages[stage] - stages_before[stage], 2) for stage in stages})
    return latencies


def warm_up_servers(cell, worker, quiet, options, noisy):
    """A broker that was just started spends the first seconds of noise on compiling itself; each question afterwards
    waits for what the noise has left."""
    measure_noisy(cell, worker, quiet, options, noisy, "warm_up")
    for _ in range(WARM_UP):
        quiet.ask()


def run(cell, options):
    client = Client(cell)
    client.stopping = True  # it would read every outcome
    client.make_topic(cell.topic("replies.quiet"))
    client.make_topic(cell.topic("replies.noisy"))
    worker = Worker(cell, {"rate.per_second": str(options.per_second), "worker.threads": "3"}).wait_until_ready()
    quiet = Quiet(cell, cell.topic("replies.quiet"))
    noisy = cell.account("doctor")
    for _ in range(WARM_UP):
        quiet.ask()
    warm_up_servers(cell, worker, quiet, options, noisy)
    all_quiet, all_noisy = [], []
    for _ in range(options.rounds):
        latencies = quiet.measure(options.seconds)
        say("quiet", **summary(latencies))
        all_quiet += latencies
        all_noisy += measure_noisy(cell, worker, quiet, options, noisy)
    for name, found in (("quiet", all_quiet), ("noisy", all_noisy)):
        say(name + "_all", **summary(found))
    say("ratio", p99=round(summary(all_noisy)["p99_ms"] / summary(all_quiet)["p99_ms"], 2), wanted="<= 1.5")
    worker.stop()


def main():
    options = arguments()
    stack = Stack()
    try:
        run(Cell(stack, "noisy"), options)
    finally:
        stack.destroy()


if __name__ == "__main__":
    main()

"""The measurement behind tests/bench/garbage, which says what it is."""

import argparse
import json
import multiprocessing
import re
import sys
import threading
import time
from collections import Counter
from pathlib import Path

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition

from callers import ROOT, Callers, make_topics, producer_of, say, stages_of, summary
from garbage_records import Kinds
from kit.stack import Cell, Stack, run as run_command
from kit.waiting import wait_for
from kit.worker import Worker

CLIENT_ID = "garbage"
LEAD_SECONDS = 5
SAMPLE_SECONDS = 60
QUEUE_MAX = 20_000  # records that wait in the producer
LOG_BYTES_A_MINUTE = 10_000  # that would be modest
DRAIN_SECONDS = 600
POISON = "slotkeeper_dead_letters_total", "slotkeeper_records_total"


def recommended():
    text = (ROOT / "docs/operations.md").read_text()
    rule = r"--entity-name client --add-config 'producer_byte_rate=(\d+),request_percentage=(\d+)'"
    return [int(number) for number in re.search(rule, text).groups()]


def arguments():
    byte_rate, percentage = recommended()
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--quiet-seconds", type=int, default=60)
    parser.add_argument("--kinds", default="")
    parser.add_argument("--compression", default="none")
    parser.add_argument("--byte-rate", type=int, default=byte_rate)
    parser.add_argument("--request-percentage", type=int, default=percentage)
    return parser.parse_args()


def set_quota(stack, options):
    """By client id: the stack knows no users."""
    properties = stack.folder / "quota.properties"
    properties.write_text(f"bootstrap.servers={stack.servers}\n")
    log = f"-Dlog4j2.configurationFile=file:{ROOT}/scripts/kafka/log4j2.properties"
    run_command("java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", log, "-cp", f"{ROOT}/.cache/kafka/libs/*",
                ROOT / "scripts/kafka/Quota.java", properties, "client-id:" + CLIENT_ID,
                f"producer_byte_rate={options.byte_rate}", f"request_percentage={options.request_percentage}",
                env=stack.clean_env)


# The producer, a process of its own.


class Flood:
    """Sends records of the pool, each under a key of its own: its number. Idempotent: what is sent again after a quota's
    delay stands in the topic once, and a second answer would be the worker's."""

    def __init__(self, servers, topic, pool, compression):
        self.topic, self.pool = topic, pool
        self.wire_bytes, self.throttle_ms_max, self.throttled = 0, 0, 0
        self.taken, self.refused = Counter(), Counter()
        self.producer = producer_of(servers, 20, **{
            "client.id": CLIENT_ID, "compression.type": compression, "enable.idempotence": True,
            "queue.buffering.max.messages": QUEUE_MAX,
            "max.in.flight.requests.per.connection": 5, "message.timeout.ms": 300_000, "statistics.interval.ms": 1000,
            "stats_cb": self._on_stats, "on_delivery": self._on_delivery})

    def _on_stats(self, text):
        brokers = [broker for broker in json.loads(text)["brokers"].values() if broker["nodeid"] >= 0]
        self.wire_bytes = sum(broker["txbytes"] for broker in brokers)
        longest = max((broker["throttle"]["max"] for broker in brokers), default=0)
        self.throttle_ms_max = max(self.throttle_ms_max, longest)
        self.throttled += longest > 0

    def _on_delivery(self, error, message):
        number = int.from_bytes(message.key(), "big")
        name = self.pool[number % len(self.pool)][0]
        if error is None:
            self.taken[name] += 1
        elif error.code() != KafkaError._PURGE_QUEUE:
            self.refused[error.name()] += 1

    def run(self, stop):
        number = 0
        began = time.monotonic()
        while not stop.is_set():
            _, value, headers = self.pool[number % len(self.pool)]
            try:
                self.producer.produce(self.topic, value, number.to_bytes(5, "big"), headers=headers)
                number += 1
            except BufferError:
                self.producer.poll(0.05)
            if number % 100 == 0:
                self.producer.poll(0)
        seconds = time.monotonic() - began
        sent, wire_bytes = sum(self.taken.values()), self.wire_bytes
        self.producer.purge(in_flight=False)
        self.producer.flush(60)
        # What was under way still comes; the rates are of what had been taken.
        return {"records": sum(self.taken.values()), "numbers": number, "seconds": round(seconds, 1),
                "records_per_second": round(sent / seconds), "wire_bytes_per_second": round(wire_bytes / seconds),
                "throttle_ms_max": self.throttle_ms_max, "throttled_share": round(self.throttled / max(1, seconds), 2),
                "not_taken": dict(self.refused), "taken": dict(self.taken)}


def flood(servers, topic, pool, compression, stop, said):
    said.put(Flood(servers, topic, pool, compression).run(stop))


# What becomes of the worker.


class Watch:
    """Looks at what might grow: once a minute, and whenever asked."""

    def __init__(self, cell, worker):
        self.cell, self.worker = cell, worker
        self.began = time.monotonic()
        self.samples = []
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()

    def _run(self):
        while not self.over.wait(SAMPLE_SECONDS):
            self.look("garbage")

    def look(self, during):
        sample = {"during": during, "at_s": round(time.monotonic() - self.began), "log_bytes": self.log_bytes(),
                  "rss_mb": round(self.rss_kb() / 1024, 1), "command_log": self.table(), "topic_mb": self.topics(),
                  "lag": self.lag()}
        self.samples.append(sample)
        say("sample", **sample)
        return sample

    def log_bytes(self):
        return Path(self.worker.log_path).stat().st_size

    def rss_kb(self):
        status = Path(f"/proc/{self.worker.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status).group(1))

    def table(self):
        row = self.cell.sql("select count(*), pg_total_relation_size('command_log') from command_log")[-1]
        return {"rows": int(row[0]), "mb": round(int(row[1]) / 1e6, 1)}

    def topics(self):
        folder = self.cell.stack.folder / "kafka/data"
        return {suffix: round(sum(path.stat().st_size for number in range(4)
                                  for path in folder.glob(f"{self.cell.topic(suffix)}-{number}/*.log")) / 1e6, 1)
                for suffix in ("slot-commands", "slot-commands-dlt", "outcomes")}

    def lag(self):
        text = self.worker.get("/metrics")[1]
        found = re.findall(r'^slotkeeper_consumer_lag_records\{partition="\d+"\} (\d+)', text, re.MULTILINE)
        return sum(int(number) for number in found)


def codes_of(worker):
    text = worker.get("/metrics")[1]
    return Counter({code: int(float(count)) for code, count in re.findall(
        r'^slotkeeper_records_total\{code="(\w+)"\} (\S+)', text, re.MULTILINE)})


def log_a_minute(samples):
    """Bytes, between each two samples that are a minute apart."""
    return [round((b["log_bytes"] - a["log_bytes"]) * 60 / max(1, b["at_s"] - a["at_s"]))
            for a, b in zip(samples, samples[1:]) if b["at_s"] - a["at_s"] >= SAMPLE_SECONDS // 2]


# What the garbage was answered.


def outcomes_of(cell):
    """(number of the record, code) of all outcomes on the default topic."""
    consumer = Consumer({"bootstrap.servers": cell.stack.servers, "group.id": "count", "enable.auto.commit": False,
                         "isolation.level": "read_committed", "enable.partition.eof": True})
    topic = cell.topic("outcomes")
    left = set(consumer.list_topics(topic, timeout=20).topics[topic].partitions)
    consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in left])
    while left:
        for message in consumer.consume(5000, 1):
            if message.error() is None:
                yield int.from_bytes(message.key(), "big"), dict(message.headers())["slotkeeper-code"].decode()
            elif message.error().code() == KafkaError._PARTITION_EOF:
                left.discard(message.partition())
    consumer.close()


def check_answers(cell, kinds, pool, sent):
    """True: each record one outcome, under the code of its kind."""
    seen, codes, wrong, repeated = bytearray(sent["numbers"]), Counter(), Counter(), 0
    for number, code in outcomes_of(cell):
        name = pool[number % len(pool)][0]
        repeated += seen[number]
        seen[number] = 1
        codes[code] += 1
        if code != kinds.all[name].code:
            wrong[f"{name}: {code}"] += 1
    answered = sum(codes.values())
    say("answers", codes=dict(codes), outcomes=answered, records=sent["records"], repeated=repeated, wrong=dict(wrong))
    return answered == sent["records"] and repeated == 0 and not wrong


def alerts(codes, dead_letters):
    """Shares over the whole flood, as rate() over its window would have them, against the rules of docs/metrics.md."""
    text = (ROOT / "docs/metrics.md").read_text()
    bounds = {
        "poison": re.search(r"slotkeeper_dead_letters_total\[15m\]\)\) / .* > (\S+)`", text).group(1),
        "unauthenticated": re.search(r'code="UNAUTHENTICATED"\}\[15m\]\)\) / .* > (\S+)`', text).group(1)}
    shares = {"poison": dead_letters / sum(codes.values()),
              "unauthenticated": codes["UNAUTHENTICATED"] / sum(codes.values())}
    for name, share in shares.items():
        say("alert", rule=name, share=round(share, 4), bound=float(bounds[name]), fires=share > float(bounds[name]))


def measure_flood(cell, worker, callers, options, pool):
    """(latencies, what was sent, samples)"""
    stop, said = multiprocessing.Event(), multiprocessing.Queue()
    garbage = multiprocessing.Process(target=flood, args=(
        cell.stack.servers, cell.topic("slot-commands"), pool, options.compression, stop, said))
    before, stages, letters = codes_of(worker), stages_of(worker), worker.metric(POISON[0])
    cpu = worker.metric("process_cpu_seconds_total")
    with Watch(cell, worker) as watch:
        watch.look("quiet")
        garbage.start()
        try:
            time.sleep(LEAD_SECONDS)
            latencies = callers.measure(options.seconds)
        finally:
            stop.set()
            sent = said.get(timeout=120)
            garbage.join()
        watch.look("garbage")
    say("garbage", **{name: value for name, value in sent.items() if name != "numbers"})
    began = time.monotonic()
    expected = sum(before.values()) + sent["records"] + len(latencies)
    wait_for(lambda: sum(codes_of(worker).values()) >= expected, "the last answer", DRAIN_SECONDS)
    after = codes_of(worker)
    records = after - before
    say("worker", drain_s=round(time.monotonic() - began, 1), codes=dict(records),
        cpu_us_per_record=round((worker.metric("process_cpu_seconds_total") - cpu) * 1e6 / sum(records.values())),
        stage_seconds={name: round(value - stages[name], 2) for name, value in stages_of(worker).items()})
    alerts(records, worker.metric(POISON[0]) - letters)
    return latencies, sent, watch


def run(cell, options):
    make_topics(cell, "replies.quiet")
    worker = Worker(cell, {"worker.threads": "3"}).wait_until_ready()
    callers = Callers(cell, cell.topic("replies.quiet"))
    kinds = Kinds(cell)
    pool = kinds.pool(options.kinds.split(",") if options.kinds else list(kinds.all))
    callers.warm_up()
    quiet = callers.measure(options.quiet_seconds)
    say("quiet", **summary(quiet))
    noisy, sent, watch = measure_flood(cell, worker, callers, options, pool)
    say("during", **summary(noisy))
    after = callers.measure(options.quiet_seconds)
    say("quiet_after", **summary(after))
    say("ratio", p99=round(summary(noisy)["p99_ms"] / summary(quiet + after)["p99_ms"], 2), wanted="<= 3")
    last = watch.look("quiet after")
    say("log", bytes_a_minute=log_a_minute(watch.samples), wanted=f"<= {LOG_BYTES_A_MINUTE} and not growing",
        lines=dict(Counter(line["message"] for line in worker.log()).most_common(8)))
    say("memory", rss_mb_before=watch.samples[0]["rss_mb"], rss_mb_after=last["rss_mb"])
    right = check_answers(cell, kinds, pool, sent)
    worker.stop()
    return right


def main():
    options = arguments()
    say("quota", producer_byte_rate=options.byte_rate, request_percentage=options.request_percentage)
    stack = Stack()
    try:
        set_quota(stack, options)
        right = run(Cell(stack, "garbage"), options)
    finally:
        stack.destroy()
    sys.exit(0 if right else 1)


if __name__ == "__main__":
    main()

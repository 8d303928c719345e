"""The measurement behind tests/bench/noisy, which says what it is."""

import argparse
import multiprocessing
import os
import time

from callers import Callers, make_topics, producer_of, say, stages_of, summary, withdrawal
from kit.stack import Cell, Stack
from kit.worker import Worker

NOISE_LEAD_SECONDS = 3
WARM_UP_ROUNDS = 2


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--per-second", type=int, default=50)
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--partitions", choices=("one", "all"), default="all")
    return parser.parse_args()


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
        sent.value = number
        time.sleep(0.01)
    producer.flush(60)


def codes_of(worker):
    return {code: worker.metric("slotkeeper_records_total", f'{{code="{code}"}}')
            for code in ("RATE_LIMITED", "SLOT_NOT_FOUND")}


def machine_seconds():
    """(all, idle) of all processors since the machine was started."""
    with open("/proc/stat", encoding="ascii") as stat:
        ticks = [int(word) for word in stat.readline().split()[1:]]
    return sum(ticks), ticks[3] + ticks[4]


def processor_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Spent:
    """What has been done, and with how much of the machine, since it was made."""

    def __init__(self, cell, worker, **processes):
        self.worker = worker
        self.processes = {"worker": worker.process.pid, "broker": int((cell.stack.folder / "kafka/pid").read_text()),
                          "callers": os.getpid(), **processes}
        self.codes, self.stages, self.seconds = codes_of(worker), stages_of(worker), self.processor_seconds()
        self.batches, self.machine = worker.metric("slotkeeper_batches_total"), machine_seconds()

    def processor_seconds(self):
        return {name: processor_seconds(pid) for name, pid in self.processes.items()}

    def fields(self):
        whole, idle = (now - then for now, then in zip(machine_seconds(), self.machine))
        now = self.processor_seconds()
        codes, stages = codes_of(self.worker), stages_of(self.worker)
        return {
            **{code: codes[code] - self.codes[code] for code in codes},
            "batches": self.worker.metric("slotkeeper_batches_total") - self.batches,
            "machine_idle": round(idle / whole, 2),
            "processor_seconds": {name: round(now[name] - self.seconds[name], 1) for name in now},
            "stage_seconds": {stage: round(stages[stage] - self.stages[stage], 2) for stage in stages}}


def measure_noisy(cell, worker, quiet, options, noisy, name="noisy"):
    """Named `elsewhere`, the noise goes where no worker reads: what it costs the servers and this machine alone."""
    stop, sent = multiprocessing.Event(), multiprocessing.Value("l", 0)
    topic = "elsewhere" if name == "elsewhere" else "slot-commands"
    noise = multiprocessing.Process(target=make_noise, args=(
        cell.stack.servers, cell.topic(topic), cell.topic("replies.noisy"), noisy.token,
        options.times * options.per_second, options.partitions == "one", stop, sent))
    noise.start()
    time.sleep(NOISE_LEAD_SECONDS)
    spent, began, sent_before = Spent(cell, worker, noise=noise.pid), time.monotonic(), sent.value
    latencies = quiet.measure(options.seconds)
    say(name, **summary(latencies))
    per_second = (sent.value - sent_before) / (time.monotonic() - began)
    say("noise", per_second=round(per_second), **spent.fields())
    stop.set()
    noise.join()
    return latencies


def warm_up_servers(cell, worker, quiet, options, noisy):
    """A broker that was just started spends the first seconds of noise on compiling itself; each question afterwards
    waits for what the noise has left."""
    for _ in range(WARM_UP_ROUNDS):
        measure_noisy(cell, worker, quiet, options, noisy, "warm_up")
    quiet.warm_up()


def run(cell, options):
    make_topics(cell, "replies.quiet", "replies.noisy", elsewhere="slot-commands")
    settings = dict(pair.split("=", 1) for pair in options.set)
    worker = Worker(cell, {"rate.per_second": str(options.per_second), "worker.threads": "3", **settings}).wait_until_ready()
    quiet = Callers(cell, cell.topic("replies.quiet"))
    noisy = cell.account("doctor")
    quiet.warm_up()
    warm_up_servers(cell, worker, quiet, options, noisy)
    found = {"quiet": [], "elsewhere": [], "noisy": []}
    for _ in range(options.rounds):
        spent = Spent(cell, worker)
        latencies = quiet.measure(options.seconds)
        say("quiet", **summary(latencies), **spent.fields())
        found["quiet"] += latencies
        for name in ("elsewhere", "noisy"):
            found[name] += measure_noisy(cell, worker, quiet, options, noisy, name)
    p99 = {name: summary(latencies)["p99_ms"] for name, latencies in found.items()}
    for name, latencies in found.items():
        say(name + "_all", **summary(latencies))
    say("ratio", p99=round(p99["noisy"] / p99["quiet"], 2), p99_elsewhere=round(p99["elsewhere"] / p99["quiet"], 2),
        wanted="<= 1.5")
    worker.stop()


def main():
    options = arguments()
    stack = Stack(java=None)  # a broker as one runs it: the one of the tests compiles little, and stops to collect
    try:
        run(Cell(stack, "noisy"), options)
    finally:
        stack.destroy()


if __name__ == "__main__":
    main()

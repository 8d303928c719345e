"""The measurement behind tests/bench/noisy, which says what it is."""

import argparse
import multiprocessing
import time

from callers import Callers, make_topics, producer_of, say, stages_of, summary, withdrawal
from kit.stack import Cell, Stack
from kit.worker import Worker

NOISE_LEAD_SECONDS = 3


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--per-second", type=int, default=50)
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
        time.sleep(0.01)
    producer.flush(60)
    sent.value = number


def codes_of(worker):
    return {code: worker.metric("slotkeeper_records_total", f'{{code="{code}"}}')
            for code in ("RATE_LIMITED", "SLOT_NOT_FOUND")}


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
    quiet.warm_up()


def run(cell, options):
    make_topics(cell, "replies.quiet", "replies.noisy")
    worker = Worker(cell, {"rate.per_second": str(options.per_second), "worker.threads": "3"}).wait_until_ready()
    quiet = Callers(cell, cell.topic("replies.quiet"))
    noisy = cell.account("doctor")
    quiet.warm_up()
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

"""The primary goes in mid-load and its synchronous standby is promoted; the old primary comes back, where it can be reached.

    tests/chaos/promotion [--rounds N] [--seed N] [--rate R] [--gap S] [--cluster] [--asynchronous] [--keep]

Two workers whose database.url names both servers. In each round the primary is killed, or stopped without a word to anybody, in
the middle of a burst; then the standby is promoted. What counts is how long after the promotion was asked for each partition has
answered a request that was sent after it. Then the old primary is started again as it was left, and two workers come: one that
knows it alone must change nothing there and keep nobody waiting, one that reaches it first must find the other. The next round's
standby takes the old one's place.

One JSON line; exit status 0 only if the checker finds nothing, and outcomes resumed in time. --asynchronous is the check of the
check: a standby that is behind loses what was answered, and that must be found. STACK_BINARY chooses the program.
"""

import argparse
import contextlib
import json
import random
import signal
import time
from functools import partial

from confluent_kafka import KafkaError, KafkaException, TopicPartition

import history
import witness
from cluster import Cluster
from load import SETTINGS
from stack import Stack, fail_on_signals, say, wait_for
from standby import Pair
from trial import Trial, answered_after, conclude, logged, spread

RESUMED_MAX_S = 10
GIVE_UP_S = 60
HELD_UP_MAX_S = 12  # of a worker that joins: one that leaves its group without a word is missed after 6 s
LATE_S = 6
KINDS = ("kill", "immediate")
NO_STANDBY = "waits for a synchronous standby that is not there"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--rate", type=int, default=250, help="requests a second between bursts")
    parser.add_argument("--gap", type=float, help="seconds from the primary's end to the promotion (default: up to 2)")
    parser.add_argument("--asynchronous", action="store_true", help="nobody waits for the standby, and it is behind")
    parser.add_argument("--cluster", action="store_true", help="three brokers, of which one is killed in each round, too")
    parser.add_argument("--keep", action="store_true", help="keep the stack's folder")
    return parser.parse_args()


def taken_by(worker):
    """Partitions of slot commands that the group has given it, counted whenever it did."""
    return sum(line.get("taken", 0) for line in worker.log_lines() if str(line.get("topic")).endswith(".slot-commands"))


class Promotions:
    def __init__(self, options, stack, pair, trial, cluster=None):
        self.cluster = cluster
        self.options, self.stack, self.pair, self.trial = options, stack, pair, trial
        self.random = random.Random(options.seed)
        self.settings = {**SETTINGS, "SLOTKEEPER_DATABASE_URL": pair.worker_url()}
        self.workers = [stack.worker(name, self.settings) for name in "ab"]
        self.consumer = stack.consumer()
        self.rounds = []

    def start(self):
        for worker in self.workers:
            worker.start(SLOTKEEPER_WORKER_INSTANCE_ID=f"chaos-{worker.name}")
        if not wait_for(lambda: answered_after(self.trial.clients, 0), GIVE_UP_S):
            self.trial.find("the workers answer nothing")

    def bounds(self, number):
        """First and next offset of a request partition. None: its leader has just changed, which the client learns by this."""
        try:
            return self.consumer.get_watermark_offsets(TopicPartition(self.trial.clients.topic, number), timeout=15)
        except KafkaException as failure:
            if failure.args[0].code() != KafkaError.NOT_LEADER_FOR_PARTITION:
                raise
        return None

    def ends(self):
        """Of the request topic's partitions."""
        return {number: wait_for(partial(self.bounds, number), GIVE_UP_S)[1] for number in range(self.trial.clients.partitions)}

    def is_settled(self, ends):
        """False, too, while a transaction is open."""
        try:
            committed = history.committed_offsets(self.stack)
        except KafkaException as failure:
            if failure.args[0].code() != KafkaError._TIMED_OUT:
                raise
            return False
        return all(committed.get(number, -1) >= end for number, end in ends.items())

    def crash(self, kind):
        if self.options.asynchronous:
            self.pair.cut_off()
            time.sleep(1)
        self.trial.load.burst(self.random.randrange(200, 500))
        time.sleep(self.random.uniform(0.02, 0.2))
        if kind == "kill":
            self.pair.primary.kill()
        else:
            self.pair.primary.stop("immediate")

    def promote(self, kind):
        """The old primary, and what was seen."""
        self.crash(kind)
        gap = self.options.gap if self.options.gap is not None else self.random.uniform(0, 2)
        time.sleep(gap)
        ends = self.ends()
        began, old = self.pair.promote()
        seen = {"kind": kind, "gap_s": round(gap, 2), "promoted_s": round(time.monotonic() - began, 2)}
        latest = self.trial.clients.reader.latest
        waits = {
            "first_s": lambda: any(sent > began for sent in list(latest.values())),
            "resumed_s": lambda: answered_after(self.trial.clients, began),
            "settled_s": lambda: self.is_settled(ends),
        }
        for name, condition in waits.items():
            came = wait_for(condition, GIVE_UP_S, 0.01)
            seen[name] = round(time.monotonic() - began, 2)
            if not came or (name == "resumed_s" and seen[name] > RESUMED_MAX_S):
                self.trial.find(f"{name} is {seen[name]} after a promotion", kind)
            if not came:
                break
        return old, seen

    def late(self, name, url):
        """A worker that joins now. The group gives partitions by name, so that it gets three of four if it joins at all."""
        worker = self.stack.worker(f"{name}-{len(self.rounds)}", {**self.settings, "SLOTKEEPER_DATABASE_URL": url})
        return worker.start(SLOTKEEPER_WORKER_INSTANCE_ID=f"a-{worker.name}")

    def longest_wait(self, until):
        """How long some partition answered nothing."""
        longest = 0
        while time.monotonic() < until:
            moment = time.monotonic()
            wait_for(lambda: answered_after(self.trial.clients, moment), GIVE_UP_S, 0.01)
            longest = max(longest, time.monotonic() - moment)
        return round(longest, 2)

    def come_back(self, old, seen):
        """The old primary, as it was left; a worker that knows no other server, and one that reaches it first."""
        old.start()
        before = old.progress()
        lost = self.late("lost", old.url("SLOTKEEPER_DATABASE_URL"))
        late = self.late("late", self.pair.worker_url(old.port))
        seen["waited_for_late_s"] = self.longest_wait(time.monotonic() + LATE_S)
        if seen["waited_for_late_s"] > HELD_UP_MAX_S:
            self.trial.find("a worker that reaches the old primary holds others up", seen["waited_for_late_s"])
        if taken_by(lost) or not any(NO_STANDBY in line.get("detail", "") for line in lost.log_lines()):
            self.trial.find("a worker does not say that the old primary takes no write, or joins the group with it", lost.name)
        if not wait_for(lambda: taken_by(late), GIVE_UP_S):
            self.trial.find("a worker does not find the promoted server behind the old one", late.name)
        if old.progress() != before:
            self.trial.find("a partition was taken or moved on in the old primary", before, old.progress())
        for worker in (lost, late):
            if not worker.kill():
                self.trial.find(f"worker {worker.name} ended by itself with {worker.exits[-1]}")
        old.stop()
        moment = time.monotonic()
        if not wait_for(lambda: answered_after(self.trial.clients, moment), GIVE_UP_S):
            self.trial.find(f"no answers within {GIVE_UP_S} s of the old primary's end")

    def lose_broker(self, seen):
        """One of three, with what it leads; it comes back."""
        number = self.random.randrange(len(self.cluster.ports))
        self.trial.load.burst(self.random.randrange(200, 500))
        time.sleep(self.random.uniform(0.02, 0.2))
        killed = time.monotonic()
        self.cluster.kill(number)
        waits = {
            "broker_first_s": lambda: any(sent > killed for sent in list(self.trial.clients.reader.latest.values())),
            "broker_resumed_s": lambda: answered_after(self.trial.clients, killed),
        }
        for name, condition in waits.items():
            if not wait_for(condition, GIVE_UP_S, 0.01):
                self.trial.find(f"no answers within {GIVE_UP_S} s of a broker's end", name)
            seen[name] = round(time.monotonic() - killed, 2)
        self.cluster.start(number)

    def run(self):
        self.start()
        for number in range(self.options.rounds):
            self.pair.add_standby(not self.options.asynchronous)
            old, seen = self.promote(KINDS[(number + self.options.seed) % len(KINDS)])
            self.rounds.append(seen)
            if not self.options.asynchronous:
                self.come_back(old, seen)
            if self.cluster is not None:
                self.lose_broker(seen)
            self.trial.check_load()
            say(json.dumps(seen))
        for worker in self.workers:
            if not worker.is_alive():
                self.trial.find(f"worker {worker.name} ended by itself with {worker.process.returncode}")


def run(options, stack, pair, cluster):
    witness.swear_in(stack)
    trial = Trial(stack, options.seed, options.rate)
    trial.usage.ports.update(pair.ports)
    promotions = Promotions(options, stack, pair, trial, cluster)
    with trial:
        promotions.run()
    trial.settle()
    moves, writes = witness.read(stack)
    trial.findings += witness.check(moves, writes)
    aborted = history.count_aborted(stack, [f"{stack.prefix}.outcomes"])
    report = trial.report()
    trial.end(promotions.workers)
    promotions.consumer.close()
    return {
        "seed": options.seed,
        "rounds": promotions.rounds,
        "resumed_s": spread([seen["resumed_s"] for seen in promotions.rounds if "resumed_s" in seen]),
        "answers_aborted": aborted,
        "takeovers": len(witness.takes_of(moves)),
        "logged": logged(stack.workers),
        **report,
    }


def main():
    options = arguments()
    fail_on_signals()
    with contextlib.ExitStack() as inside:
        stack = inside.enter_context(Stack(keep=options.keep))
        pair = inside.enter_context(Pair(stack))
        cluster = inside.enter_context(Cluster(stack)) if options.cluster else None
        report = run(options, stack, pair, cluster)
        stack.keep = stack.keep or report["verdict"] != "PASS"
    conclude(report)


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    main()

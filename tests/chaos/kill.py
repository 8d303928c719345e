"""Two workers under load, killed with SIGKILL at random moments again and again.

    tests/chaos/kill [--kills N] [--seed S] [--rate R] [--stack DIR] [--strangers SHARE]

Most kills come shortly after a burst of requests, so that they fall inside batches; some without waiting for anything, so that
they fall into start-up and takeover. A killed worker comes right back: under its old name, as a static member of the group that
has its partitions again at once, or, with the probability --strangers, as a new dynamic one, whose predecessor must time out.

One JSON line; exit status 0 only without violations. STACK_BINARY chooses the program.
"""

import argparse
import json
import random
import signal
import statistics
import sys
import time
from collections import Counter

import checker
import history
from load import LIMITS, SETTINGS, Clients, Load, People, make_topics, reply_topics
from stack import Stack, fail_on_signals, say, wait_for

SETTLE_S = 60
RECOVERY_MAX_S = 30
BURST = (100, 700)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--rate", type=int, default=250, help="requests a second between bursts")
    parser.add_argument("--stack", help="a stack that is up already, with no workers; it stays up")
    parser.add_argument("--strangers", type=float, default=0.05)
    parser.add_argument("--keep", action="store_true", help="keep the stack's folder")
    return parser.parse_args()


def answered_after(clients, moment):
    """Has every partition answered a request that was sent after that moment?"""
    return all(clients.reader.latest.get(number, 0) > moment for number in range(clients.partitions))


class Killer:
    def __init__(self, options, stack, clients, load):
        self.options, self.clients, self.load = options, clients, load
        self.random = random.Random(options.seed)
        self.workers = [stack.worker(name, SETTINGS) for name in ("a", "b")]
        self.kills = []  # (moment, how)
        self.failures = []

    def start(self):
        for worker in self.workers:
            worker.start(SLOTKEEPER_WORKER_INSTANCE_ID=f"chaos-{worker.name}")

    def wait_between(self):
        """The moment comes by itself, or after the service has recovered from the kill before."""
        last = self.kills[-1][0] if self.kills else 0
        if self.random.random() < 0.3:
            time.sleep(self.random.uniform(0, 1.5))
        elif not wait_for(lambda: answered_after(self.clients, last), RECOVERY_MAX_S, 0.01):
            self.failures.append(f"no recovery within {RECOVERY_MAX_S} s of kill {len(self.kills)}")
        if self.random.random() < 0.75:
            self.load.burst(self.random.randrange(*BURST))
            time.sleep(self.random.uniform(0, 0.15))
        else:
            time.sleep(self.random.uniform(0, 0.3))

    def kill_one(self):
        self.wait_between()
        victims = self.workers if self.random.random() < 0.1 else [self.random.choice(self.workers)]
        stranger = self.random.random() < self.options.strangers
        for worker in victims:
            if not worker.kill():
                self.failures.append(f"worker {worker.name} ended by itself with {worker.exits[-1]}")
        self.kills.append((time.monotonic(), ("stranger" if stranger else "same name") + f" x{len(victims)}"))
        for worker in victims:
            worker.start(SLOTKEEPER_WORKER_INSTANCE_ID="" if stranger else f"chaos-{worker.name}")

    def run(self):
        while len(self.kills) < self.options.kills:
            self.kill_one()
            if self.load.failure is not None:
                raise self.load.failure
            if len(self.kills) % 20 == 0:
                say(f"{len(self.kills)} kills, {len(self.clients.journal)} requests")

    def recoveries(self):
        """For each kill: until the slowest, and until the quickest partition had answered a request that was sent after it."""
        by_partition = {}
        for sent in self.clients.journal.values():
            if sent.acknowledged and sent.received_at is not None:
                by_partition.setdefault(sent.partition, []).append((sent.sent_at, sent.received_at))
        slowest, quickest = {}, {}
        for moment, how in self.kills:
            times = [min((got for at, got in entries if at >= moment), default=None) for entries in by_partition.values()]
            if times and None not in times:
                slowest.setdefault(how.split(" x")[0], []).append(max(times) - moment)
                quickest.setdefault(how.split(" x")[0], []).append(min(times) - moment)
        return slowest, quickest


def spread(seconds):
    if not seconds:
        return None
    return {"n": len(seconds), "p50": round(statistics.median(seconds), 2), "max": round(max(seconds), 2)}


def settle(stack, findings):
    began = time.monotonic()
    left = [None]

    def at_rest():
        left[0] = history.lag(stack)
        return not left[0]

    if not wait_for(at_rest, SETTLE_S, 0.5):
        findings.extend({"rule": 0, "what": what, "shown_by": []} for what in left[0])
    return round(time.monotonic() - began, 2)


def logged(workers):
    counts = Counter()
    for worker in workers:
        for line in worker.log_lines():
            if line.get("level") in ("error", "warning", "warn"):
                detail = line.get("detail") or line.get("error") or line.get("sqlstate") or ""
                counts[f"{line['level']}: {line.get('message', line.get('msg', ''))}: {detail}"[:160]] += 1
    return dict(counts.most_common(40))


def run(options, stack):
    make_topics(stack, reply_topics(stack))
    people = People(stack)
    clients = Clients(stack, people)
    load = Load(clients, people, options.seed, options.rate)
    killer = Killer(options, stack, clients, load)
    killer.start()
    load.start()
    if not wait_for(lambda: answered_after(clients, 0), 60):
        say("the workers answer nothing")
    began = time.monotonic()
    killer.run()
    load.stop()
    clients.producer.flush(30)
    lasted = time.monotonic() - began
    findings = []
    settled = settle(stack, findings)
    clients.close()
    checked = checker.check(stack, LIMITS)
    findings += [{"rule": "kill", "what": what, "shown_by": []} for what in killer.failures]
    findings += [{"rule": "client", "what": f"not sent: {what}", "shown_by": []} for _, what in clients.unsent]
    for worker in killer.workers:
        if worker.end() != 0:
            findings.append({"rule": "exit", "what": f"worker {worker.name} ended with {worker.process.returncode}"})
    report = checked.report()
    report["violations"] += len(findings)
    report["found"] = findings + report["found"]
    slowest, quickest = killer.recoveries()
    return {
        "kills": sum(int(how[-1]) for _, how in killer.kills),
        "seed": options.seed,
        "seconds": round(lasted, 1),
        "recovery_s": spread([second for seconds in slowest.values() for second in seconds]),
        "recovery_by_return_s": {how: spread(seconds) for how, seconds in slowest.items()},
        "quickest_partition_s": {how: spread(seconds) for how, seconds in quickest.items()},
        "settled_s": settled,
        "answers_aborted": history.count_aborted(stack, [f"{stack.prefix}.outcomes"]),
        "logged": logged(killer.workers),
        **report,
    }


def main():
    options = arguments()
    fail_on_signals()
    with Stack(options.stack, options.keep) as stack:
        report = run(options, stack)
        stack.keep = stack.keep or report["violations"] > 0
    print(json.dumps(report), flush=True)
    sys.exit(1 if report["violations"] else 0)


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    main()

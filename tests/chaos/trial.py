"""What every run shares: a load on a stack, waiting for answers and for rest, and the report at the end."""

import json
import statistics
import sys
import time
from collections import Counter

import checker
import history
from clients import Clients, People, make_topics, reply_topics
from load import LIMITS, Load
from stack import say, wait_for
from usage import Usage

SETTLE_S = 60


def answered_after(clients, moment):
    """Has every partition answered a request that was sent after that moment?"""
    return all(clients.reader.latest.get(number, 0) > moment for number in range(clients.partitions))


def spread(seconds):
    if not seconds:
        return None
    return {"n": len(seconds), "p50": round(statistics.median(seconds), 2), "max": round(max(seconds), 2)}


def settle(stack, findings, seconds=SETTLE_S):
    began = time.monotonic()
    left = [None]

    def at_rest():
        left[0] = history.lag(stack)
        return not left[0]

    if not wait_for(at_rest, seconds, 0.2):
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


def conclude(report):
    """Says what was found, and ends with it."""
    print(json.dumps(report), flush=True)
    say(report["verdict"])
    sys.exit(0 if report["verdict"] == "PASS" else 1)


class Trial:
    """Use it with `with`; the load runs inside. Findings of the run itself go to `findings`, under a word instead of a number."""

    def __init__(self, stack, seed, rate, people=None, poison=0.06):
        self.stack = stack
        make_topics(stack, reply_topics(stack))
        self.people = people or People(stack)
        self.clients = Clients(stack, self.people, keep_bodies=False)
        self.load = Load(self.clients, self.people, seed, rate, poison)
        self.usage = Usage(stack)
        self.findings = []
        self.settled_s = None

    def __enter__(self):
        self.usage.start()
        self.load.start()
        return self

    def __exit__(self, kind, *_):
        self.load.stop()
        if kind is not None:
            self.clients.reader.stop()
            self.usage.stop()

    def find(self, what, *shown, rule="run"):
        self.findings.append({"rule": rule, "what": what, "shown_by": [str(item) for item in shown]})

    def check_load(self):
        if self.load.failure is not None:
            raise self.load.failure

    def settle(self, seconds=SETTLE_S):
        """No more requests; until everything is answered, published and committed."""
        self.load.stop()
        self.clients.producer.flush(30)
        self.settled_s = settle(self.stack, self.findings, seconds)
        self.usage.stop()
        self.clients.close()
        for _, what in self.clients.unsent:
            self.find(f"not sent: {what}")

    def end(self, workers):
        for worker in workers:
            if worker.end() != 0:
                self.find(f"worker {worker.name} ended with {worker.process.returncode}")

    def report(self, republished=False):
        checked = checker.check(self.stack, LIMITS, republished)
        report = checked.report()
        return {"settled_s": self.settled_s, **report, **checker.verdict(self.findings + checked.findings)}

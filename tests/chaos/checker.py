"""Compares what clients sent and received, what the topics hold, what the audit trail says and what the database holds.

    checker.py DIR      a stack of scripts/stack that is up and has come to rest

It shares no code with the service: ids, hashes and rules are computed again from the documentation. It says PASS, or FAIL and the
first rule that is violated with the record that shows it. Each rule has its file: see RULES.
"""

import json
import sys
from collections import Counter, defaultdict

import answers
import conservation
import durable
import effects
import history as histories
import leaks
import order
import tokens
from asked import Request, RequestReader
from rules import Limits
from trail import Trail
from wire import outcome_id_of

SHOWN_MAX = 20
RULES = {
    0: "nothing is behind, unpublished or left open",  # durable.py
    1: "each request has one outcome, where it belongs",  # answers.py
    2: "each command has one effect or one refusal, and its repeats get that",  # effects.py
    3: "nothing comes twice, and what is repeated is the same",  # answers.py, effects.py, trail.py
    4: "nothing overlaps",  # trail.py
    5: "the trail folds to the database, in chains that hold",  # trail.py, durable.py
    6: "each answer is what the rules give",  # effects.py
    7: "what came first comes first",  # order.py, trail.py
    8: "sums agree",  # conservation.py
    9: "progress passes nothing that is not durable",  # durable.py
    10: "who was obeyed had the authority",  # effects.py
    11: "secrets are nowhere",  # leaks.py
    12: "memory and connections stayed under their limits",  # leaks.py
}
# What is behind may only wait for what another rule tells.
FIRST_TO_LAST = [*range(1, 13), 0]


class Checker:
    """`republished`: the group's offsets were set back, so that copies may come, byte for byte the same."""

    def __init__(self, history, judge, limits=None, gone_topics=(), republished=False):
        self.history = history
        self.judge = judge
        self.limits = limits or Limits()
        self.republished = republished
        self.trail = Trail(self.limits, self.find, republished)
        self.world = self.trail.world
        self.events = self.trail.events
        self.gone_topics = set(gone_topics)  # answers on them cannot be read any more
        self.findings = []
        self.copies = 0
        self.requests = {}  # by (partition, offset)
        self.by_command = defaultdict(list)
        self.accounts = {row["account_id"]: row for row in history.tables["account"]}
        self.generations = {row["partition"]: row["generation"] for row in history.tables["progress"]}

    def find(self, rule, what, *records):
        self.findings.append({"rule": rule, "what": what, "shown_by": [str(record) for record in records]})

    def run(self):
        self.read_requests()
        answers.check(self)
        self.trail.read(self.history.events, self.requests.values())
        effects.check(self)
        self.trail.check_overlaps()
        self.trail.check_inactive(self.accounts)
        durable.check(self)
        order.check(self)
        conservation.check(self)
        leaks.check(self)
        return self

    def read_requests(self):
        reader = RequestReader(self.judge, self.accounts)
        for record in self.history.requests:
            outcome_id = outcome_id_of(
                self.history.cluster,
                self.generations.get(record.partition, 0),
                record.topic,
                record.partition,
                record.offset,
            )
            request = Request(record, outcome_id)
            request.early = reader.early_code(request)
            self.requests[record.partition, record.offset] = request
            if request.command_id is not None and request.early is None:
                self.by_command[request.caller, request.command_id].append(request)

    def report(self):
        codes, duplicates, refused = Counter(), 0, 0
        for request in self.requests.values():
            if request.answer is not None:
                duplicates += request.answer.duplicate
                refused += request.answer.refused_reply
                codes[request.answer.code or "ACCEPTED"] += 1
        return {
            "commands": len(self.requests),
            "outcomes": dict(codes.most_common()),
            "duplicates": duplicates,
            "copies": self.copies + self.trail.copies,
            "replies_refused": refused,
            "audit_events": len(self.events),
            **verdict(self.findings),
        }


def verdict(findings):
    """PASS or FAIL, and by which rule; findings of a run itself, whose rule is a word, come last."""
    places = {rule: place for place, rule in enumerate(FIRST_TO_LAST)}
    ranked = sorted(findings, key=lambda finding: places.get(finding["rule"], len(places)))
    first = None
    if ranked:
        first = {**ranked[0], "name": RULES.get(ranked[0]["rule"], "the run itself")}
    return {
        "verdict": "FAIL" if findings else "PASS",
        "violations": len(findings),
        "first": first,
        "by_rule": dict(Counter(str(finding["rule"]) for finding in ranked)),
        "found": ranked[:SHOWN_MAX],
    }


def judge_of(stack):
    return tokens.Judge(
        histories.jwks_of(stack),
        stack.environment["SLOTKEEPER_TOKEN_ISSUER"],
        stack.environment["SLOTKEEPER_TOKEN_AUDIENCE"],
    )


def check(stack, limits=None, republished=False):
    return Checker(histories.observe(stack), judge_of(stack), limits, stack.gone_topics, republished).run()


def main():
    from stack import Stack

    with Stack(sys.argv[1]) as running:
        report = check(running).report()
    print(json.dumps(report, indent=1))
    print(report["verdict"], file=sys.stderr)
    sys.exit(0 if report["verdict"] == "PASS" else 1)


if __name__ == "__main__":
    main()

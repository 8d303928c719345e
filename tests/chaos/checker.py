"""Compares what clients asked, what was answered, what the audit trail says and what the database holds.

    checker.py DIR      a stack of scripts/stack that is up and has come to rest

It shares no code with the service: ids, hashes and rules are computed again from the documentation. Each finding names the rule
and the record that shows it.
"""

import hashlib
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass

import history as histories
import tokens
from asked import Request, RequestReader, expiry_us
from rules import EVENTS_OF, UNTIED, Limits
from trail import Trail
from wire import OUTCOME, event_id_of, outcome_id_of

SHOWN_MAX = 20


@dataclass
class Answer:
    record: object
    body: dict
    duplicate: bool
    refused_reply: bool

    @property
    def code(self):
        return self.body["code"]


class Checker:
    def __init__(self, history, judge, limits=None, gone_topics=()):
        self.history = history
        self.judge = judge
        self.trail = Trail(limits or Limits(), self.find)
        self.world = self.trail.world
        self.events = self.trail.events
        self.gone_topics = set(gone_topics)  # answers on them cannot be read any more
        self.findings = []
        self.requests = {}
        self.by_command = defaultdict(list)
        self.accounts = {row["account_id"]: row for row in history.tables["account"]}
        self.generations = {row["partition"]: row["generation"] for row in history.tables["progress"]}

    def find(self, rule, what, *records):
        self.findings.append({"rule": rule, "what": what, "shown_by": [str(record) for record in records]})

    def run(self):
        self.read_requests()
        self.match_answers()
        self.trail.read(self.history.events, self.requests.values())
        self.check_effects()
        self.check_answers()
        self.trail.check_overlaps()
        self.check_database()
        self.check_dead_letters()
        self.check_progress()
        return self

    # ---- what was asked ----

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

    # ---- rules 1 and 3: one answer each ----

    def read_answer(self, record):
        if record.value is None or record.value[:10] != OUTCOME.prefix:
            self.find(1, "an answer in another framing", record.place())
            return None
        body = OUTCOME.decode(record.value)
        answer = Answer(
            record,
            body,
            record.text("slotkeeper-duplicate") == "true",
            record.text("slotkeeper-reply-refused") == "true",
        )
        if record.text("ce_id") != body["outcome_id"] or record.text("slotkeeper-status") != body["status"]:
            self.find(1, "headers and body differ", record.place())
        return answer

    def match_answers(self):
        by_correlation, by_id = {}, {}
        for request in self.requests.values():
            if request.correlation is not None:
                by_correlation[request.correlation] = request
            else:
                by_id[request.outcome_id] = request
        for record in self.history.answers:
            answer = self.read_answer(record)
            if answer is None:
                continue
            correlation = record.headers.get("kafka_correlationId")
            request = by_id.get(answer.body["outcome_id"]) if correlation is None else by_correlation.get(correlation)
            if request is None:
                self.find(1, "an answer without a request", record.place())
            elif request.answer is not None:
                self.find(3, "answered twice", request.place, request.answer.record.place(), record.place())
            else:
                request.answer = answer
        for request in self.requests.values():
            if request.answer is None and request.record.text("kafka_replyTopic") not in self.gone_topics:
                self.find(1, "no answer", request.place)

    # ---- rules 2, 8 and 10: answers and effects belong together ----

    def check_effects(self):
        unclaimed = {event_id for event_id, event in self.events.items() if event["slot_id"] is not None}
        for request in self.requests.values():
            answer = request.answer
            if answer is None or answer.code != "" or answer.duplicate:
                continue
            for index in range(EVENTS_OF.get(request.name, 1)):
                event_id = event_id_of(request.outcome_id, index)
                event = self.events.get(event_id)
                unclaimed.discard(event_id)
                if event is None:
                    self.find(2, "accepted, but an audit event is missing", request.place, event_id)
                elif (event["command_id"], event["actor_id"]) != (request.command_id, request.caller):
                    self.find(10, "an audit event names another command or actor", request.place, event_id)
                elif event["occurred_at"] != answer.body["decided_at"]:
                    self.find(2, "an audit event has another time than its outcome", request.place, event_id)
        lost = [r for r in self.requests.values() if r.answer is None]
        for request in lost:
            unclaimed -= {event_id_of(request.outcome_id, 0), event_id_of(request.outcome_id, 1)}
        for event_id in unclaimed:
            self.find(2, "an audit event without an accepted command", event_id)

    def check_answers(self):
        for request in self.requests.values():
            answer = request.answer
            if answer is None:
                continue
            self.check_route(request, answer)
            if answer.code == "INTERNAL":
                self.find("internal", "a defect of the service", request.place)
            elif request.early is not None:
                if answer.code != request.early or answer.duplicate:
                    self.find(10, f"{answer.code or 'ACCEPTED'} where {request.early} is due", request.place)
                elif answer.body["outcome_id"] != request.outcome_id:
                    self.find(1, "another outcome_id than documented", request.place)
        for group in self.by_command.values():
            self.check_command([request for request in group if request.answer is not None])

    def check_command(self, group):
        """All requests of one caller and command_id that passed steps 1 to 5."""
        firsts = [r for r in group if not r.answer.duplicate and r.answer.code not in UNTIED]
        if len(firsts) > 1:
            self.find(2, "one command_id decided more than once", *(request.place for request in firsts))
        first = firsts[0] if firsts else None
        for request in group:
            if request.answer.duplicate:
                self.check_duplicate(request, first)
            else:
                self.check_decision(request, first)

    def check_duplicate(self, request, first):
        answer = request.answer
        if first is None:
            if not self.gone_topics:
                self.find(2, "marked duplicate, but there is no first", request.place)
            return
        if request.content != first.content:
            self.find(2, "a command of other content was answered from the log", request.place, first.place)
        body, original = dict(answer.body), dict(first.answer.body)
        if answer.refused_reply or first.answer.refused_reply:
            body["result"] = original["result"] = None
            same = body == original
        else:
            same = answer.record.value == first.answer.record.value
        if not same:
            self.find(3, "a duplicate's body differs from the first", request.place, first.place)
        self.check_after(request, first)

    def check_after(self, request, first):
        if request.record.partition == first.record.partition and request.record.offset < first.record.offset:
            self.find(2, "answered from a later record of its own partition", request.place, first.place)

    def check_decision(self, request, first):
        answer, code = request.answer, request.answer.code
        decided_at = answer.body["decided_at"]
        if answer.body["outcome_id"] != request.outcome_id:
            self.find(1, "another outcome_id than documented", request.place)
        if code == "COMMAND_ID_REUSED":
            if first is None or request.content == first.content:
                self.find(2, "COMMAND_ID_REUSED without other content before", request.place)
            else:
                self.check_after(request, first)
            return
        possible = self.before_rules(request, decided_at) or self.world.possible(request, decided_at)
        if code not in possible:
            due = " or ".join(sorted(item or "ACCEPTED" for item in possible))
            self.find(6, f"{request.name}: {code or 'ACCEPTED'} where {due} is due", request.place)
        if code == "" and not answer.refused_reply:
            self.check_result(request, answer.body["result"])

    def before_rules(self, request, decided_at):
        """Steps 7 to 9."""
        account = self.accounts[request.caller]
        if request.version != account["token_version"]:
            return {"UNAUTHENTICATED"}
        expiry = expiry_us(request)
        age = decided_at - request.record.timestamp_ms * 1000
        if (expiry is not None and decided_at > expiry) or age > self.world.limits.command_age_max_us:
            return {"EXPIRED"}
        return {"ACCOUNT_INACTIVE"} if account["state"] != "active" else None

    def check_result(self, request, result):
        books = request.name in ("BookSlot", "RescheduleAppointment")
        slot_id = request.fields["new_slot_id"] if request.name == "RescheduleAppointment" else request.fields["slot_id"]
        if result is None or result["slot_id"] != slot_id:
            self.find(2, "the result is of another slot", request.place)
        elif books and result["appointment_id"] != request.appointment_id:
            self.find(2, "another appointment_id than documented", request.place)

    def check_route(self, request, answer):
        named = (request.record.text("kafka_replyTopic") or "").strip('"')
        default = self.history.request_topic.replace(".slot-commands", ".outcomes")
        topic = answer.record.topic
        if answer.refused_reply:
            fits = named != "" and topic == default and answer.body["result"] is None
        else:
            fits = topic == (named or default)
        if not fits and not (answer.code == "MALFORMED" and request.correlation is None):
            self.find(1, f"answered on {topic}", request.place)
        if answer.record.key != request.record.key:
            self.find(1, "another key than the request's", request.place)

    # ---- rule 5: the database's rows are what the trail folds to ----

    def check_database(self):
        tables = self.history.tables
        self.compare("slot", {row.pop("slot_id"): row for row in tables["slot"]}, self.trail.folded_slots())
        rows = {row.pop("appointment_id"): row for row in tables["appointment"]}
        self.compare("appointment", rows, self.trail.folded_appointments())
        in_database = {row["event_id"]: (row["slot_id"], row["sequence"], row["hash"]) for row in tables["event"]}
        on_topic = {
            event_id: (event["slot_id"], event["sequence"], event["hash"].hex())
            for event_id, event in self.events.items()
            if event["slot_id"] is not None
        }
        self.compare("slot_event", in_database, on_topic)
        self.check_log({(row["partition"], row["offset"]): row for row in tables["log"]})

    def compare(self, table, rows, folded):
        for key in rows.keys() | folded.keys():
            if rows.get(key) != folded.get(key):
                self.find(5, f"{table}: the database has {rows.get(key)}, the trail {folded.get(key)}", key)

    def check_log(self, log):
        for place, request in self.requests.items():
            answer, row = request.answer, log.pop(place, None)
            if answer is None:
                continue
            tied = not answer.duplicate and answer.code not in UNTIED
            if tied and row is None:
                self.find(9, "no row in the log", request.place)
            elif row is not None and row["code"] != answer.code:
                self.find(9, f"the log says {row['code']}, the topic {answer.code}", request.place)
            elif row is not None and not answer.refused_reply:
                if hashlib.sha256(answer.record.value[10:]).hexdigest() != row["outcome"]:
                    self.find(9, "the log's body is another than the topic's", request.place)
        for place in log:
            self.find(9, "a row in the log without a request", place)

    # ---- dead letters and progress ----

    def check_dead_letters(self):
        letters = Counter()
        for record in self.history.dead_letters:
            partition = int.from_bytes(record.headers.get("kafka_dlt-original-partition", b""), "big")
            offset = int.from_bytes(record.headers.get("kafka_dlt-original-offset", b""), "big")
            request = self.requests.get((partition, offset))
            letters[partition, offset] += 1
            if request is None or request.answer is None or request.answer.body["status"] != "INVALID":
                self.find("dlt", "a dead letter of no INVALID record", record.place())
                continue
            same = (record.key, record.value, record.partition) == (request.record.key, request.record.value, partition)
            reason = record.text("kafka_dlt-exception-fqcn") == f"slotkeeper.{request.answer.code}"
            if not same or not reason:
                self.find("dlt", "a dead letter differs from its record", record.place(), request.place)
            if (record.text("authorization") or "sha256:")[:7] != "sha256:":
                self.find("dlt", "a token in clear on a dead letter", record.place())
        for place, request in self.requests.items():
            due = 1 if request.answer is not None and request.answer.body["status"] == "INVALID" else 0
            if letters[place] != due and (request.answer is not None or letters[place] > 1):
                self.find("dlt", f"{letters[place]} dead letters where {due} is due", request.place)

    def check_progress(self):
        topic = self.history.request_topic
        rows = {row["partition"]: row for row in self.history.tables["progress"]}
        for (name, number), (stable, high) in self.history.ends.items():
            if stable != high:
                self.find(0, f"a transaction is left open: stable {stable}, end {high}", f"{name}/{number}")
            if name == topic and high > 0:
                row = rows.get(number, {"next_offset": None, "published_offset": None})
                places = (row["next_offset"], row["published_offset"], self.history.committed.get(number))
                if places != (high, high, high):
                    self.find(9, f"end {high}; next, published and committed offsets {places}", f"{name}/{number}")

    # ---- what is told ----

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
            "replies_refused": refused,
            "audit_events": len(self.events),
            "violations": len(self.findings),
            "found": self.findings[:SHOWN_MAX],
        }


def check(stack, limits=None):
    judge = tokens.Judge(
        histories.jwks_of(stack),
        stack.environment["SLOTKEEPER_TOKEN_ISSUER"],
        stack.environment["SLOTKEEPER_TOKEN_AUDIENCE"],
    )
    return Checker(histories.observe(stack), judge, limits, stack.gone_topics).run()


if __name__ == "__main__":
    import json

    from stack import Stack

    with Stack(sys.argv[1]) as running:
        report = check(running).report()
    print(json.dumps(report, indent=1))
    sys.exit(1 if report["violations"] else 0)

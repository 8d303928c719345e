"""The checker is checked: a history that was clean is spoiled in some way, and the rule that is meant for it must tell."""

import copy
import random
from dataclasses import replace

import checker
import history as histories
from wire import AUDIT_EVENT, COMMANDS, OUTCOME, event_hash

FAULTS = {}


def fault(rule):
    def put(function):
        FAULTS[function] = rule
        return function

    return put


def is_of(name, body):
    return body["command"] == f"slotkeeper.command.{name}"


class Plot:
    """A copy of the history to spoil, and what to look for in it."""

    def __init__(self, history, seed):
        self.history = copy.copy(history)
        self.random = random.Random(seed)
        for name in ("requests", "answers", "events", "dead_letters", "journal", "leaks", "usage"):
            setattr(self.history, name, list(getattr(history, name)))
        self.history.tables = {name: [dict(row) for row in rows] for name, rows in history.tables.items()}
        self.history.ends, self.history.committed = dict(history.ends), dict(history.committed)

    def answer(self, accept):
        """The place and body of an answer that fits."""
        found = []
        for index, record in enumerate(self.history.answers):
            body = OUTCOME.decode(record.value)
            duplicate = "slotkeeper-duplicate" in record.headers
            if "slotkeeper-reply-refused" not in record.headers and accept(body, duplicate):
                found.append((index, body))
        return self.random.choice(found)

    def rewrite(self, index, body, **headers):
        record = self.history.answers[index]
        named = {**record.headers, "slotkeeper-status": body["status"].encode(), "ce_id": body["outcome_id"].encode()}
        self.history.answers[index] = replace(record, value=OUTCOME.encode(body), headers={**named, **headers})

    def chains(self):
        """Slot chains as lists of (place in events, event) by sequence."""
        chains = {}
        for index, record in enumerate(self.history.events):
            event = AUDIT_EVENT.decode(record.value)
            if event["slot_id"] is not None:
                chains.setdefault(event["slot_id"], []).append((index, event))
        return [sorted(chain, key=lambda entry: entry[1]["sequence"]) for chain in chains.values()]

    def put_chain(self, chain):
        """Hashes and numbers made whole again, on the topic and in the database."""
        head, rows = bytes(32), {row["event_id"]: row for row in self.history.tables["event"]}
        for sequence, (index, event) in enumerate(chain, 1):
            event["sequence"], event["previous_hash"] = sequence, head
            head = event["hash"] = event_hash(event)
            self.history.events[index] = replace(self.history.events[index], value=AUDIT_EVENT.encode(event))
            rows[event["event_id"]].update(sequence=sequence, hash=head.hex())


@fault(1)
def an_outcome_is_missing(plot):
    plot.history.answers.pop(plot.answer(lambda body, _: body["status"] == "REFUSED")[0])


@fault(3)
def an_outcome_comes_twice(plot):
    plot.history.answers.append(plot.history.answers[plot.answer(lambda *_: True)[0]])


@fault(1)
def two_answers_are_swapped(plot):
    first = plot.answer(lambda body, _: body["code"] == "")[0]
    second = plot.answer(lambda body, _: body["code"] == "SLOT_TAKEN")[0]
    answers = plot.history.answers
    headers = answers[first].headers, answers[second].headers
    name = "kafka_correlationId"
    answers[first] = replace(answers[first], headers={**headers[0], name: headers[1][name]})
    answers[second] = replace(answers[second], headers={**headers[1], name: headers[0][name]})


@fault(1)
def an_outcome_on_a_topic_that_nobody_named(plot):
    index, _ = plot.answer(lambda *_: True)
    record = plot.history.answers[index]
    plot.history.answers[index] = replace(record, topic=record.topic + ".other")


@fault(1)
def an_outcome_under_another_id(plot):
    index, body = plot.answer(lambda body, duplicate: not duplicate)
    body["outcome_id"] = "00000000-0000-8000-8000-000000000000"
    plot.rewrite(index, body)


@fault(2)
def a_repeat_decided_again(plot):
    index, body = plot.answer(lambda body, duplicate: duplicate)
    headers = dict(plot.history.answers[index].headers)
    del headers["slotkeeper-duplicate"]
    plot.history.answers[index] = replace(plot.history.answers[index], headers=headers)


@fault(3)
def a_repeat_with_another_body(plot):
    index, body = plot.answer(lambda body, duplicate: duplicate)
    body["decided_at"] += 1
    plot.rewrite(index, body)


@fault(6)
def a_free_slot_refused(plot):
    index, body = plot.answer(
        lambda body, duplicate: body["code"] == "SLOT_NOT_FOUND" and is_of("BookSlot", body) and not duplicate
    )
    body["code"] = "SLOT_TAKEN"
    plot.rewrite(index, body)


@fault(2)
def an_effect_that_was_refused(plot):
    index, body = plot.answer(lambda body, duplicate: body["status"] == "ACCEPTED" and not duplicate)
    body.update(status="REFUSED", code="SLOT_TAKEN", result=None)
    plot.rewrite(index, body)


@fault(7)
def a_stale_clock(plot):
    index, body = plot.answer(lambda body, duplicate: body["code"] == "SLOT_TAKEN" and not duplicate)
    body["decided_at"] -= 3600 * 1_000_000
    plot.rewrite(index, body)


@fault(10)
def a_forged_token_let_in(plot):
    index, body = plot.answer(lambda body, duplicate: body["code"] == "SLOT_TAKEN" and not duplicate)
    correlation = plot.history.answers[index].headers["kafka_correlationId"]
    for place, record in enumerate(plot.history.requests):
        if record.headers.get("kafka_correlationId") == correlation:
            forged = record.headers["authorization"][:-4] + b"AAAA"
            plot.history.requests[place] = replace(record, headers={**record.headers, "authorization": forged})


@fault(5)
def an_audit_event_is_missing(plot):
    chain = plot.random.choice([chain for chain in plot.chains() if len(chain) > 1])
    plot.history.events.pop(chain[0][0])


@fault(5)
def the_last_audit_event_is_missing(plot):
    plot.history.events.pop(plot.random.choice(plot.chains())[-1][0])


@fault(3)
def an_audit_event_comes_twice(plot):
    plot.history.events.append(plot.random.choice(plot.history.events))


@fault(5)
def an_audit_event_says_something_else(plot):
    index, event = plot.random.choice(plot.chains())[0]
    event["actor_id"] = "00000000-0000-4000-8000-000000000000"
    plot.history.events[index] = replace(plot.history.events[index], value=AUDIT_EVENT.encode(event))


@fault(4)
def a_slot_booked_twice_behind_whole_hashes(plot):
    chains = [chain for chain in plot.chains() if [e["new_state"] for _, e in chain].count("BOOKED") > 1]
    chain = plot.random.choice(chains)
    gone = next(entry for entry in chain if entry[1]["new_state"] == "CANCELLED")
    chain.remove(gone)
    plot.history.tables["event"] = [r for r in plot.history.tables["event"] if r["event_id"] != gone[1]["event_id"]]
    plot.put_chain(chain)
    plot.history.events.pop(gone[0])


@fault(10)
def an_effect_without_a_command(plot):
    chain = plot.random.choice(plot.chains())
    chain[-1][1]["command_id"] = "00000000-0000-4000-8000-000000000000"
    plot.put_chain(chain)


@fault(4)
def a_patient_in_two_places(plot):
    """One slot moved onto another of the same patient, in the request and in all rows."""
    held = {}
    for row in plot.history.tables["appointment"]:
        if row["state"] == "BOOKED":
            held.setdefault(row["patient_id"], []).append(row)
    first, second = next(rows for rows in held.values() if len(rows) > 1)[:2]
    times = {name: first[name] for name in ("starts_at", "ends_at")}
    for row in plot.history.tables["slot"] + plot.history.tables["appointment"]:
        if row["slot_id"] == second["slot_id"]:
            row.update(times)
    publish = COMMANDS["PublishSlot"]
    for place, record in enumerate(plot.history.requests):
        if (record.value or b"").startswith(publish.prefix):
            fields = publish.decode(record.value)
            if fields["slot_id"] == second["slot_id"]:
                plot.history.requests[place] = replace(record, value=publish.encode({**fields, **times}))


@fault(5)
def a_row_of_the_trail_is_missing(plot):
    plot.history.tables["event"].pop()


@fault(5)
def an_appointment_in_another_state(plot):
    row = plot.random.choice([row for row in plot.history.tables["appointment"] if row["state"] == "CANCELLED"])
    row["state"] = "BOOKED"


@fault(5)
def a_slot_that_nobody_published(plot):
    plot.history.tables["slot"].append({**plot.history.tables["slot"][0], "slot_id": "x"})


@fault(9)
def a_row_of_the_log_is_missing(plot):
    plot.history.tables["log"] = [row for row in plot.history.tables["log"] if row["code"] != "SLOT_TAKEN"]


@fault(9)
def a_body_in_the_log_that_was_not_published(plot):
    for row in plot.history.tables["log"]:
        if row["code"] == "SLOT_TAKEN":
            row["outcome"] = "00"


@fault(8)
def a_dead_letter_is_missing(plot):
    plot.history.dead_letters.pop()


@fault(8)
def a_dead_letter_comes_twice(plot):
    plot.history.dead_letters.append(plot.history.dead_letters[0])


@fault(11)
def a_dead_letter_with_a_token(plot):
    letters = plot.history.dead_letters
    letters[0] = replace(letters[0], headers={**letters[0].headers, "authorization": b"Bearer x"})


@fault(9)
def a_committed_offset_ahead(plot):
    number = max(plot.history.committed, key=plot.history.committed.get)
    plot.history.committed[number] += 1


@fault(0)
def something_left_unpublished(plot):
    row = plot.random.choice(plot.history.tables["progress"])
    row["published_offset"] -= 1


@fault(0)
def a_transaction_left_open(plot):
    place = plot.random.choice([place for place, (_, high) in plot.history.ends.items() if high > 0])
    plot.history.ends[place] = (plot.history.ends[place][1] - 1, plot.history.ends[place][1])


@fault(7)
def a_command_decided_before_what_was_answered_before(plot):
    """The client had two answers about a slot one after the other, the second from before."""
    index, body = plot.answer(lambda body, duplicate: body["code"] == "SLOT_TAKEN" and not duplicate)
    correlation = plot.history.answers[index].headers["kafka_correlationId"]
    places = [(r.partition, r.offset) for r in plot.history.requests if r.headers.get("kafka_correlationId") == correlation]
    for number, entry in enumerate(plot.history.journal):
        if (entry["partition"], entry["offset"]) in places:
            plot.history.journal[number] = {**entry, "sent_us": body["decided_at"] + 5000, "received_us": body["decided_at"] + 9000}


@fault(8)
def an_acknowledged_request_is_gone(plot):
    last = max(plot.history.requests, key=lambda record: (record.partition, record.offset))
    plot.history.requests.remove(last)


@fault(8)
def a_slot_too_many(plot):
    """Published as the trail and the database say, and nobody was told so."""
    index, body = plot.answer(
        lambda body, duplicate: body["code"] == "" and is_of("PublishSlot", body) and not duplicate
    )
    body.update(status="REFUSED", code="SLOT_OVERLAP", result=None)
    plot.rewrite(index, body)


@fault(11)
def a_token_in_a_log(plot):
    plot.history.leaks.append(("a token", "worker-a.log"))


@fault(12)
def a_worker_that_grows(plot):
    plot.history.usage.append({"worker": "a", "rss": 1 << 30, "connections": 5})


@fault(12)
def a_worker_with_too_many_connections(plot):
    plot.history.usage.append({"worker": "a", "rss": 1 << 20, "connections": 50})


def missed(stack, limits):
    """The ways to spoil a history that the checker did not find by the rule that is meant for them."""
    history, judge = histories.observe(stack), checker.judge_of(stack)
    found = []
    for seed, (plant, rule) in enumerate(FAULTS.items()):
        plot = Plot(history, seed)
        try:
            plant(plot)
        except (IndexError, StopIteration, ValueError) as error:
            found.append({"rule": "spoiled", "what": f"{plant.__name__}: nothing to spoil: {error}", "shown_by": []})
            continue
        findings = checker.Checker(plot.history, judge, limits, stack.gone_topics).run().findings
        by_rule = {finding["rule"] for finding in findings}
        if rule not in by_rule:
            told = f"{plant.__name__} was not found by rule {rule} but by {sorted(by_rule) or 'none'}"
            found.append({"rule": "spoiled", "what": told, "shown_by": []})
    return found

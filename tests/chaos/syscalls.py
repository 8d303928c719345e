"""Every system call of one batch in turn: it fails, or the process is killed on its way into it; then the checker's verdict.

    tests/chaos/syscalls --all [--part I/N]      each call of each thread, by each of its errors and by SIGKILL; or a part of that
    tests/chaos/syscalls [--seconds S] [--seed N]    as many of them, at random, as fit

A worker is ready; which calls its threads make from a batch to its answers is seen once (tracer.py). Then, each time, strace is
attached to one thread, a batch is sent, and the thread's nth call of a kind is hit. The worker must answer the batch and another
request, or end with an error in its log; then a successor answers them. --calls and --threads choose some. One JSON line; exit
status 0 only without violations. STACK_BINARY chooses the program.
"""

import argparse
import functools
import operator
import random
import signal
import time
import uuid
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace

import checker
import witness
from clients import Clients, People, make_topics, reply_topics
from load import HOUR_US, LIMITS, SETTINGS
from stack import Stack, fail_on_signals, say
from tracer import ERRORS, KILL, Injection, Profile, threads_of
from trial import conclude, logged, settle
from wire import COMMANDS

ANSWER_MAX_S = 60  # without one it hangs
ONE_THREAD = {
    "SLOTKEEPER_WORKER_THREADS": "1",
    "SLOTKEEPER_ACCOUNT_THREADS": "0",
    "SLOTKEEPER_QUERY_THREADS": "0",
    "SLOTKEEPER_DATABASE_TIMEOUT": "3s",  # libpq does not tell of every failure
    "SLOTKEEPER_WORKER_INSTANCE_ID": "syscalls",  # its successor has the partitions at once
    "SLOTKEEPER_BOOKING_LIMIT": "0",  # a booking a batch, and of batches there may be thousands
}
NO_LIMIT = replace(LIMITS, booking_limit=0)
SLOW_S = 5
PROFILES = 3
SHOWN_MAX = 20


def part(text):
    number, parts = map(int, text.split("/"))
    if not 1 <= number <= parts:
        raise ValueError
    return number, parts


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true", help="each of them, not as many as fit")
    parser.add_argument("--part", type=part, default=(1, 1), metavar="I/N", help="with --all: every Nth of them, from the Ith on")
    parser.add_argument("--seconds", type=float, default=30, help="of injections, without --all (default %(default)s)")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--calls", default=",".join(ERRORS), help="these only, of %(default)s")
    parser.add_argument("--threads", default="", help="those only whose name has this in it")
    parser.add_argument("--kinds", default="", help="these errors, or KILL, only")
    parser.add_argument("--keep", action="store_true", help="keep the stack's folder")
    options = parser.parse_args()
    if set(options.calls.split(",")) - ERRORS.keys():
        parser.error(f"calls are {', '.join(ERRORS)}")
    return options


@dataclass
class Point:
    thread: str
    call: str
    number: int
    what: str  # an errno's name, or KILL

    def __str__(self):
        return f"{self.call}:{self.what} {self.number} of {self.thread}"


@dataclass
class Round:
    """A batch, and what must be answered to each of its records."""

    sent: list = field(default_factory=list)
    codes: list = field(default_factory=list)

    def add(self, correlation, code):
        self.sent.append(correlation)
        self.codes.append(code)
        return correlation


class Batches:
    """Every batch has all that can be in one: effects, a refusal, a repeat, garbage, a reply topic."""

    def __init__(self, clients, people, seed):
        self.clients, self.people = clients, people
        self.random = random.Random(seed)
        self.hour = time.time_ns() // 1000 // HOUR_US + 24
        self.held = None  # (slot, appointment, patient) of the batch before

    def command(self, name, key, caller, role, fields, command_id=None, **headers):
        record = {"command_id": command_id or str(uuid.uuid4()), **fields}
        return self.clients.send(COMMANDS[name].encode(record), key, self.people.token(caller, role), **headers)

    def send(self):
        """One key, so that all come from one partition at once."""
        batch, key = Round(), str(uuid.uuid4())
        doctor, (patient, other) = self.people.doctors[0], self.random.sample(self.people.patients, 2)
        slots, command_id = [str(uuid.uuid4()) for _ in range(3)], str(uuid.uuid4())
        for number, slot_id in enumerate(slots):
            self.hour += 1
            times = {"starts_at": self.hour * HOUR_US, "ends_at": self.hour * HOUR_US + HOUR_US // 2}
            id_of_first = command_id if number == 0 else None
            published = {"slot_id": slot_id, **times}
            batch.add(self.command("PublishSlot", key, doctor, "doctor", published, id_of_first), "")
            if number == 0:
                batch.add(self.command("PublishSlot", key, doctor, "doctor", published, command_id), "")
        booked = batch.add(self.command("BookSlot", key, patient, "patient", {"slot_id": slots[0]}), "")
        batch.add(self.command("BookSlot", key, other, "patient", {"slot_id": slots[0]}), "SLOT_TAKEN")
        reply_to = {"kafka_replyTopic": reply_topics_of(self.clients)[0].encode()}
        batch.add(self.command("WithdrawSlot", key, doctor, "doctor", {"slot_id": slots[1]}, **reply_to), "")
        batch.add(self.clients.send(b"none", key, self.people.token(patient, "patient")), "MALFORMED")
        if self.held is not None:
            self.move_on(batch, key, slots[2])
        self.clients.producer.flush(10)
        self.held = (slots[0], booked, patient)
        return batch

    def move_on(self, batch, key, new_slot_id):
        """The appointment of the batch before goes to another slot."""
        slot_id, booked, patient = self.held
        appointment_id = self.clients.reader.bodies[booked]["result"]["appointment_id"]
        fields = {"slot_id": slot_id, "appointment_id": appointment_id, "new_slot_id": new_slot_id}
        batch.add(self.command("RescheduleAppointment", key, patient, "patient", fields), "")

    def one_more(self):
        batch = Round()
        fields = {"slot_id": str(uuid.uuid4())}
        patient = self.people.patients[0]
        batch.add(self.command("BookSlot", fields["slot_id"], patient, "patient", fields), "SLOT_NOT_FOUND")
        self.clients.producer.flush(10)
        return batch


def reply_topics_of(clients):
    return [topic for topic in clients.reader.topics if ".replies." in topic]


class Runner:
    def __init__(self, options, cell):
        self.options, self.cell = options, cell
        self.people = People(cell)
        self.clients = Clients(cell, self.people)
        self.batches = Batches(self.clients, self.people, options.seed)
        self.worker = cell.worker("traced", {**SETTINGS, **ONE_THREAD})
        self.findings = []
        self.owner = {}  # correlation: the point during which it was sent
        self.log_seen = 0
        self.counts = Counter()
        self.by_call = defaultdict(Counter)
        self.slowest = (0, "")

    def find(self, what, *shown):
        self.findings.append({"rule": "syscalls", "what": what, "shown_by": [str(item) for item in shown]})

    # ---- the worker ----

    def new_log(self):
        lines = self.worker.log_lines()
        new, self.log_seen = lines[self.log_seen :], len(lines)
        return new

    def answered(self, batch, seconds=ANSWER_MAX_S):
        """True, or False when the worker ended first; None: neither in time."""
        deadline = time.monotonic() + seconds
        while any(one not in self.clients.reader.bodies for one in batch.sent):
            if not self.worker.is_alive():
                return False
            if time.monotonic() > deadline:
                return None
            time.sleep(0.002)
        return True

    def check_codes(self, batch, point):
        codes = [self.clients.reader.bodies[one]["code"] for one in batch.sent]
        if codes != batch.codes:
            self.find(f"answered {codes}, not {batch.codes}", point)

    def restart(self):
        """A successor that has answered something."""
        self.worker.kill()
        self.worker.start()
        batch = self.batches.one_more()
        if self.answered(batch) is not True:
            raise RuntimeError("a worker that nothing is done to answers nothing:\n" + self.worker.log.read_text()[-3000:])
        self.new_log()

    def profile(self):
        tracer = Profile(self.cell.folder / "strace.log", self.worker.process.pid)
        try:
            for batch in (self.batches.send(), self.batches.one_more()):
                if not self.answered(batch):
                    raise RuntimeError("no answer to a batch that nothing is done to")
        finally:
            tracer.end()
        return tracer.counts()

    # ---- the injections ----

    def hit(self, point):
        tid = threads_of(self.worker.process.pid).get(point.thread)
        if tid is None:
            self.counts["no such thread"] += 1
            return
        began = time.monotonic()
        tracer = Injection(self.cell.folder / "strace.log", tid, point.call, point.number, point.what)
        try:
            batches = [self.batches.send()]
            outcome = self.answered(batches[0])
            if outcome:
                batches.append(self.batches.one_more())
                outcome = self.answered(batches[1])
        finally:
            tracer.end()
        if outcome and point.what == KILL:  # it may be dying since; one that answers once more is not
            batches.append(self.batches.one_more())
            outcome = self.answered(batches[-1])
        self.owner.update({one: point for batch in batches for one in batch.sent})
        self.judge(point, outcome, tracer.shown(), batches)
        took = round(time.monotonic() - began, 2)
        self.slowest = max(self.slowest, (took, str(point)))
        if took > SLOW_S:
            say(f"{took} s: {point}")

    def judge(self, point, outcome, shown, batches):
        if outcome is None:
            self.find(f"no answer within {ANSWER_MAX_S} s", point, shown)
            self.worker.kill()
        ended = self.worker.process.poll()
        word = self.word(point, ended, shown) if outcome is not None else "hung"
        self.counts[word] += 1
        self.by_call[f"{point.call}:{point.what}"][word] += 1
        if not outcome:
            self.restart()
        for batch in batches:
            if self.answered(batch):
                self.check_codes(batch, point)
            else:
                self.find("its successor does not answer it", point, shown)
        self.new_log()

    def word(self, point, ended, shown):
        if point.what == KILL and ended == -signal.SIGKILL:
            return "killed"
        if shown is None and ended is not None:
            self.find(f"ended with {ended}, and nothing was done to it", point)
        if ended is None:
            return "not reached" if shown is None else "went on"
        errors = [line for line in self.new_log() if line.get("level") == "error"]
        if not errors or (ended <= 0 and ended != -signal.SIGABRT):  # base/memory.c aborts
            self.find(f"ended with {ended} and says {errors[-1:]}", point, shown)
        return "ended with an error"

    def plan(self, counts):
        points = []
        for (thread, call), count in sorted(counts.items()):
            if call not in self.options.calls.split(",") or self.options.threads not in thread:
                continue
            for what in (KILL, *ERRORS[call]):
                if self.options.kinds and what not in self.options.kinds.split(","):
                    continue
                points += [Point(thread, call, number + 1, what) for number in range(count)]
        random.Random(self.options.seed).shuffle(points)
        number, parts = self.options.part
        return points[number - 1 :: parts] if self.options.all else points

    def run(self):
        self.restart()
        profiles = [self.profile() for _ in range(PROFILES)]
        counts = functools.reduce(operator.or_ if self.options.all else operator.and_, profiles)  # the most, or the least, of each
        points = self.plan(counts)
        began, done = time.monotonic(), 0
        for point in points:
            if not self.options.all and time.monotonic() - began > self.options.seconds:
                break
            self.hit(point)
            done += 1
            if done % 100 == 0:
                say(f"{done} of {len(points)}: {dict(self.counts)}")
        return {
            "calls_of_a_batch": dict(sum_by_call(counts).most_common()),
            "threads": len({thread for thread, _ in counts}),
            "points": len(points),
            "injections": done,
            "injection_s": round((time.monotonic() - began) / max(1, done), 2),
            "slowest": self.slowest,
        }


def sum_by_call(counts):
    total = Counter()
    for (_, call), count in counts.items():
        total[call] += count
    return total


def blame(runner, findings):
    """Adds during which injection a record was sent that a finding shows."""
    places = {}
    for correlation, point in runner.owner.items():
        sent = runner.clients.journal[correlation]
        places[f"{sent.partition}/{sent.offset}"] = str(point)
    for finding in findings[:SHOWN_MAX]:
        found = [point for place, point in places.items() if any(text.endswith(place) for text in finding["shown_by"])]
        finding["during"] = found[:3]


def run(options, stack):
    cell = stack.cell("syscalls")
    witness.swear_in(cell)
    make_topics(cell, reply_topics(cell))
    runner = Runner(options, cell)
    figures = runner.run()
    findings = runner.findings
    settled_s = settle(cell, findings)
    runner.clients.close()
    findings += [{"rule": "run", "what": f"not sent: {what}", "shown_by": []} for _, what in runner.clients.unsent]
    if runner.worker.end() != 0:
        runner.find(f"the worker ended with {runner.worker.process.returncode}")
    findings += witness.check(*witness.read(cell))
    checked = checker.check(cell, NO_LIMIT)
    blame(runner, checked.findings)
    return {
        "seed": options.seed,
        **figures,
        "came_of_it": dict(runner.counts.most_common()),
        "by_call": {name: dict(words) for name, words in sorted(runner.by_call.items())},
        "settled_s": settled_s,
        "logged": logged(cell.workers),
        **checked.report(),
        **checker.verdict(findings + checked.findings),
    }


def main():
    options = arguments()
    fail_on_signals()
    with Stack(None, options.keep) as stack:
        report = run(options, stack)
        stack.keep = stack.keep or report["verdict"] != "PASS"
    conclude(report)


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    main()

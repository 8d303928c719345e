"""Takes a stack of the release before to this one under load, as docs/operations.md says, and looks at what became of every request.

    roll.py --stack DIR --before PROGRAM [--seed S] [--rate R]

The stack's database has the schema of the release before, and no workers. One JSON line; exit status 0 only without violations.
STACK_BINARY is this release's program.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/chaos"))

import checker  # noqa: E402
from clients import Clients, People, make_topics, reply_topics  # noqa: E402
from load import LIMITS, SETTINGS, Load  # noqa: E402
from stack import Stack, fail_on_signals, say, wait_for  # noqa: E402
from trial import answered_after, logged, settle  # noqa: E402

EXPANDED = "@v3"
VERSION = 3
ROWS_OF_EACH = 100  # answered by either release while both run
# A batch waits for a step that needs the table alone, and that waits at most its lock_timeout for the batches under way.
LOCK_WAIT_MAX_MS = 1500
ANSWER_MAX_S = 3.0
QUIET_S = 2
BURST = 400
LOCK_WAIT = re.compile(r"acquired (\w+) on relation .* after ([0-9.]+) ms")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stack", required=True)
    parser.add_argument("--before", required=True)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--rate", type=int, default=120, help="requests a second")
    return parser.parse_args()


class Roll:
    def __init__(self, options, stack, clients, load):
        self.options, self.stack, self.clients, self.load = options, stack, clients, load
        self.findings = []
        self.phases = {}  # name: (from, until)
        self.old = [self.worker(name, options.before) for name in ("old-a", "old-b")]
        self.new = [self.worker(name, stack.binary) for name in ("new-a", "new-b")]

    def worker(self, name, program):
        """One thread for slots each, so that with four partitions all four have something to do."""
        return self.stack.worker(name, {**SETTINGS, "SLOTKEEPER_WORKER_THREADS": "1"}, program)

    def find(self, rule, what):
        self.findings.append({"rule": rule, "what": what, "shown_by": []})

    def expect(self, rule, what, true):
        if not true:
            self.find(rule, what)

    def timed(self, name, action, *more):
        began = time.monotonic()
        result = action(*more)
        self.phases[name] = (began, time.monotonic())
        return result

    def answered(self, what):
        """Every partition answers what is sent from now on."""
        moment = time.monotonic()
        self.expect("answers", f"no answers {what}", wait_for(lambda: answered_after(self.clients, moment), 60, 0.02))
        if self.load.failure is not None:
            raise self.load.failure

    # ---- the steps ----

    def sqitch(self, *arguments):
        url = urlsplit(self.stack.environment["SLOTKEEPER_DATABASE_ADMIN_URL"])
        target = f"db:pg://{url.username}@{url.hostname}:{url.port}{url.path}"
        return subprocess.run(
            ["sqitch", *arguments, "--target", target],
            cwd=ROOT / "migrations",
            env={"PATH": os.environ["PATH"], "PGPASSWORD": url.password, "SQITCH_USER_CONFIG": "/dev/null",
                 "SQITCH_SYSTEM_CONFIG": "/dev/null", "HOME": os.environ.get("HOME", "/")},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )

    def refused(self, worker, words):
        """A worker that must not start beside this schema."""
        worker.start()
        ended = wait_for(lambda: not worker.is_alive(), 30)
        told = [line for line in worker.log_lines() if words in json.dumps(line)]
        self.expect("versions", f"worker {worker.name} was not refused with the words {words!r}",
                    ended and worker.process.returncode == 1 and told)
        worker.kill()

    def expand(self):
        done = self.sqitch("deploy", "--to", EXPANDED)
        if done.returncode != 0:
            raise RuntimeError("the expand steps failed: " + done.stdout + done.stderr)

    def both_answer(self):
        """Neither release has only looked on."""
        since = self.stack.sql("select to_json(clock_timestamp());")[0]

        def counts():
            rows = self.stack.sql(
                "select json_build_object('version', coalesce(worker_version, 0), 'rows', count(*)) from"
                f" slotkeeper.command_log where decided_at > '{since}' group by worker_version;")
            found = {row["version"]: row["rows"] for row in rows}
            enough = all(found.get(version, 0) >= ROWS_OF_EACH for version in (0, VERSION))
            return found if enough else None

        found = wait_for(counts, 60)
        self.expect("side by side", "one of the releases answered nothing while both ran", found)
        return found

    def contract_too_early(self):
        done = self.sqitch("deploy")
        said = done.stdout + done.stderr
        self.expect("contract", f"the contract step was not refused beside older workers: {said[-400:]}",
                    done.returncode != 0 and "are connected" in said)
        versions = self.stack.sql("select json_build_array(version, oldest_worker) from slotkeeper.schema_version;")
        self.expect("contract", f"the refused step has left {versions}", versions == [[VERSION, 1]])

    def stop(self, worker):
        status = worker.end()
        self.expect("exit", f"worker {worker.name} ended with {status}", status == 0)

    def crash(self, worker):
        """In the middle of batches, so that the other release may have to publish what it has decided."""
        self.load.burst(BURST)
        time.sleep(0.1)
        self.expect("exit", f"worker {worker.name} ended by itself", worker.kill())
        self.answered(f"after the crash of {worker.name}")

    def contract(self):
        gone = wait_for(lambda: self.stack.sql(
            f"select to_json(count(*)) from slotkeeper.worker_sessions_before({VERSION}) as pid;") == [0], 30)
        self.expect("contract", "sessions of older workers are left", gone)
        began = time.monotonic()
        done = self.sqitch("deploy")
        self.phases["contract"] = (began, time.monotonic())
        if done.returncode != 0:
            raise RuntimeError("the contract step failed: " + done.stdout + done.stderr)

    def run(self):
        early = self.worker("early", self.stack.binary)
        self.refused(early, "deploy the migrations first")
        for worker in self.old:
            worker.start()
        self.load.start()
        self.answered("by the release before")
        self.timed("before", time.sleep, QUIET_S)
        self.timed("expand", self.expand)
        self.answered("by the release before on the new schema")
        for worker in self.new:
            worker.start()
        side_by_side = self.timed("side by side", self.both_answer)
        self.timed("contract refused", self.contract_too_early)
        self.answered("once the step was refused")  # nothing of that phase is left for the crash to hold up
        self.timed("new one killed", self.crash, self.new[1])
        self.new[1].start()
        self.timed("old one stopped", self.stop, self.old[0])
        self.answered("with one worker of the release before")
        self.timed("old one killed", self.crash, self.old[1])
        self.contract()
        self.answered("after the contract step")
        late = self.worker("late", self.options.before)
        self.refused(late, "takes workers built for version")
        self.timed("after", time.sleep, QUIET_S)
        return side_by_side

    # ---- what it meant for clients ----

    def waits(self, name):
        """Of what was sent in that phase: seconds until the answer."""
        began, ended = self.phases[name]
        return sorted(sent.received_at - sent.sent_at for sent in self.clients.journal.values()
                      if sent.acknowledged and sent.received_at is not None and began <= sent.sent_at <= ended)

    def spread(self, name):
        waits = self.waits(name)
        began, ended = self.phases[name]
        spread = {"s": round(ended - began, 2), "n": len(waits)}
        if waits:
            spread.update(p50=round(statistics.median(waits), 3), p99=round(waits[int(len(waits) * 0.99)], 3),
                          max=round(waits[-1], 3))
        return spread

    def check_waits(self):
        quiet = max(self.waits("before"), default=0)
        for name in ("expand", "contract refused", "contract"):
            slowest = max(self.waits(name), default=0)
            self.expect("stall", f"an answer took {slowest:.2f} s in phase {name}, {quiet:.2f} s before",
                        slowest <= max(ANSWER_MAX_S, 3 * quiet))

    def check_locks(self):
        """Waits for a whole table, longer than the workers' deadlock_timeout of 100 ms, as PostgreSQL logged them."""
        text = (self.stack.folder / "postgres.log").read_text(errors="replace")
        waited = [float(match[2]) for match in LOCK_WAIT.finditer(text)]
        longest = max(waited, default=0)
        self.expect("locks", f"a wait for a table of {longest:.0f} ms", longest <= LOCK_WAIT_MAX_MS)
        return {"n": len(waited), "max_ms": round(longest)}


def run(options, stack):
    make_topics(stack, reply_topics(stack))
    people = People(stack)
    clients = Clients(stack, people)
    load = Load(clients, people, options.seed, options.rate)
    roll = Roll(options, stack, clients, load)
    side_by_side = roll.run()
    load.stop()
    clients.producer.flush(30)
    settled = settle(stack, roll.findings)
    clients.close()
    checked = checker.check(stack, LIMITS)
    roll.check_waits()
    locks = roll.check_locks()
    for _, what in clients.unsent:
        roll.find("client", f"not sent: {what}")
    for worker in roll.new:
        roll.stop(worker)
    verified = roll.sqitch("verify")
    roll.expect("schema", "sqitch verify: " + verified.stdout[-400:], verified.returncode == 0)
    report = checked.report()
    return {
        "seed": options.seed,
        "answers_s": {name: roll.spread(name) for name in roll.phases},
        "table_lock_waits": locks,
        "side_by_side_rows": side_by_side,
        "settled_s": settled,
        "logged": logged(roll.old + roll.new),
        **report,
        **checker.verdict(roll.findings + checked.findings),
    }


def main():
    options = arguments()
    fail_on_signals()
    began = time.monotonic()
    with Stack(options.stack) as stack:
        report = run(options, stack)
    say(f"took {time.monotonic() - began:.0f} s")
    print(json.dumps(report), flush=True)
    sys.exit(1 if report["violations"] else 0)


if __name__ == "__main__":
    main()

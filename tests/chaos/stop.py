"""A worker is stopped (SIGSTOP) past its session timeout in mid-stream, and goes on (SIGCONT) when others have its partitions.

    tests/chaos/stop [--rounds N] [--seed S] [--stack DIR]

Two workers under load; each round stops one that owns partitions: at a moment when it holds row locks in an open transaction,
anywhere, or while it waits for a lock to claim a batch, which it then tries to claim although it is not its own any more. Triggers of our own write down, under the lock of the partition's row, which backend moved it on: so the order
of takeovers and writes is known for certain, and no write of a backend may come after its successor's takeover.

One JSON line; exit status 0 only without violations. STACK_BINARY chooses the program.
"""

import argparse
import json
import random
import signal
import sys
import time

import checker
from kill import answered_after, logged, settle, spread
from load import LIMITS, SETTINGS, Clients, Load, People, make_topics, reply_topics
from stack import Stack, backends, fail_on_signals, row_locks, say, wait_for

SESSION_TIMEOUT_S = 6
TAKEOVER_MAX_S = 40
MOMENTS = ("at its claim", "in transaction", "anywhere")
LOCK_TIMEOUT_S = 2
WITNESS = """
create schema witness;
create table witness.moved (seq bigserial primary key, partition integer, owner_before uuid, owner uuid,
    next_before bigint, next_offset bigint, pid integer, backend_start timestamptz, xid xid8, at timestamptz);
create table witness.wrote (partition integer, record_offset bigint, pid integer, xid xid8);
create function witness.note_move() returns trigger language plpgsql security definer as $$
begin
    insert into witness.moved (partition, owner_before, owner, next_before, next_offset, pid, backend_start, xid, at)
    select new.partition, old.owner, new.owner, old.next_offset, new.next_offset, pg_backend_pid(), a.backend_start,
        pg_current_xact_id(), clock_timestamp() from pg_stat_get_activity(pg_backend_pid()) a;
    return null;
end $$;
create function witness.note_write() returns trigger language plpgsql security definer as $$
begin
    insert into witness.wrote select partition, record_offset, pg_backend_pid(), pg_current_xact_id() from written;
    return null;
end $$;
create trigger witness after insert or update on slotkeeper.partition_progress
    for each row when (new.topic like '%.slot-commands') execute function witness.note_move();
create trigger witness after insert on slotkeeper.command_log
    referencing new table as written for each statement execute function witness.note_write();
"""


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--rate", type=int, default=250)
    parser.add_argument("--stack", help="a stack that is up already, with no workers; it stays up")
    parser.add_argument("--keep", action="store_true", help="keep the stack's folder")
    return parser.parse_args()


class Stopper:
    def __init__(self, options, stack, clients, load):
        self.options, self.stack, self.clients, self.load = options, stack, clients, load
        self.random = random.Random(options.seed)
        self.workers = [stack.worker(name, SETTINGS) for name in ("a", "b")]
        self.takeovers = {how: [] for how in MOMENTS}
        self.findings = []
        self.stopped_at = 0

    def owns(self, worker):
        return any(row["owns"] for row in self.backends(worker))

    def in_transaction(self, worker):
        return any(row["owns"] and (row["state"] or "").startswith("idle in transaction") for row in self.backends(worker))

    def backends(self, worker):
        return backends(self.stack, worker)

    def stop(self, worker, how):
        """Stopped at such a moment; whether it came about."""
        if how == "at its claim":
            return self.stop_at_claim(worker)
        for _ in range(200):
            self.load.burst(self.random.randrange(200, 500))
            time.sleep(self.random.uniform(0.01, 0.12))
            self.stopped_at = time.monotonic()
            worker.signal(signal.SIGSTOP)
            if how == "anywhere" or self.in_transaction(worker):
                return True
            worker.signal(signal.SIGCONT)
            time.sleep(self.random.uniform(0, 0.05))
        return False

    def stop_at_claim(self, worker):
        """Its partitions' rows are kept locked until its claim waits for one, and a little longer than it would have waited."""
        numbers = [number for row in self.backends(worker) for number in row["owns"]]
        with row_locks(self.stack, numbers):
            waits = wait_for(lambda: any(row["waits"] == "Lock" for row in self.backends(worker)), 10, 0.02)
            self.stopped_at = time.monotonic()
            worker.signal(signal.SIGSTOP)
            time.sleep(LOCK_TIMEOUT_S + 0.5)
        return bool(waits)

    def round(self, number):
        how = MOMENTS[number % len(MOMENTS)]
        owners = wait_for(lambda: [worker for worker in self.workers if self.owns(worker)], 30)
        if not owners:
            self.findings.append({"rule": "stop", "what": "nobody owns a partition", "shown_by": [number]})
            return
        worker = self.random.choice(owners)
        if not self.stop(worker, how):
            say(f"round {number}: never met {how}")
        stopped = self.stopped_at
        if wait_for(lambda: answered_after(self.clients, stopped), TAKEOVER_MAX_S, 0.02):
            self.takeovers[how].append(time.monotonic() - stopped)
        else:
            what = f"{how}: partitions not taken over within {TAKEOVER_MAX_S} s"
            self.findings.append({"rule": "stop", "what": what, "shown_by": [number]})
        time.sleep(max(0, SESSION_TIMEOUT_S + 1 - (time.monotonic() - stopped)))
        worker.signal(signal.SIGCONT)
        continued = time.monotonic()
        time.sleep(self.random.uniform(0, 2))
        if not wait_for(lambda: answered_after(self.clients, continued), TAKEOVER_MAX_S, 0.02):
            self.findings.append({"rule": "stop", "what": "no answers after SIGCONT", "shown_by": [number]})
        say(f"round {number}, {how}: taken over after {self.takeovers[how][-1:]} s")

    def run(self):
        for number in range(self.options.rounds):
            self.round(number)
            if self.load.failure is not None:
                raise self.load.failure


def read_witness(stack):
    moves = stack.sql("select row_to_json(m) from witness.moved m order by seq;")
    writes = stack.sql("select json_build_object('partition', partition, 'xid', xid, 'pid', pid) from witness.wrote;")
    return moves, writes


def check_order(moves, writes):
    """Under the row's lock, so in commit order: who moves a partition on is who took it last."""
    findings, holder, movers, displaced = [], {}, {}, set()
    for move in moves:
        number, who = move["partition"], (move["pid"], move["backend_start"])
        taken = move["owner_before"] != move["owner"] and move["owner"] is not None
        if taken and move["owner"] in displaced:
            findings.append({"rule": "stop", "what": "a displaced session goes on", "shown_by": [move["seq"]]})
        if taken and move["owner_before"] is not None:
            displaced.add(move["owner_before"])
        if taken:
            holder[number] = who
        elif holder.get(number) != who:
            findings.append({"rule": "stop", "what": "a write after the successor's takeover", "shown_by": [move["seq"]]})
        if move["next_before"] != move["next_offset"]:
            movers.setdefault((number, move["xid"]), move["pid"])
    for write in writes:
        if movers.get((write["partition"], write["xid"])) != write["pid"]:
            findings.append({"rule": "stop", "what": "a row in the log without the fence", "shown_by": [write["xid"]]})
    return findings


def takes_of(moves):
    return [move for move in moves if move["owner_before"] != move["owner"] and move["owner"] is not None]


def planted(moves):
    """The check is checked: one who held a partition before writes once more."""
    holder = {move["partition"]: move for move in takes_of(moves)}
    for move in takes_of(moves):
        now = holder[move["partition"]]
        if move["pid"] != now["pid"]:
            late = {**move, "owner_before": now["owner"], "owner": now["owner"]}
            missed = not check_order([*moves, late], [])
            return [{"rule": "planted", "what": "a late write was not found", "shown_by": []}] if missed else []
    return [{"rule": "planted", "what": "no partition ever changed hands", "shown_by": []}]


def run(options, stack):
    stack.sql(WITNESS)
    make_topics(stack, reply_topics(stack))
    people = People(stack)
    clients = Clients(stack, people)
    load = Load(clients, people, options.seed, options.rate)
    stopper = Stopper(options, stack, clients, load)
    for worker in stopper.workers:
        worker.start()
    load.start()
    if not wait_for(lambda: answered_after(clients, 0), 60):
        say("the workers answer nothing")
    stopper.run()
    load.stop()
    clients.producer.flush(30)
    findings = stopper.findings
    settled = settle(stack, findings)
    clients.close()
    moves, writes = read_witness(stack)
    findings += check_order(moves, writes) + planted(moves)
    report = checker.check(stack, LIMITS).report()
    for worker in stopper.workers:
        if worker.end() != 0:
            findings.append({"rule": "exit", "what": f"worker {worker.name} ended with {worker.process.returncode}"})
    report["violations"] += len(findings)
    report["found"] = findings[: checker.SHOWN_MAX] + report["found"]
    return {
        "stops": options.rounds,
        "seed": options.seed,
        "takeover_s": {how: spread(seconds) for how, seconds in stopper.takeovers.items()},
        "takes": len(takes_of(moves)),
        "rows_written": len(writes),
        "fenced_claims": sum(
            line.get("message") == "a partition has been taken over" for worker in stopper.workers for line in worker.log_lines()
        ),
        "settled_s": settled,
        "logged": logged(stopper.workers),
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
    main()

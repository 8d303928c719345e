"""The checker is checked: a worker with one fault planted in it, and the rule that is meant for it must tell.

    tests/chaos/planted [--seed S] [--seconds S] [FAULT...]

Takes the program of the preset faulty (STACK_BINARY; default build/faulty/slotkeeper). All faults share one stack, each in a
cell of its own, two at a time. A load that did not bring a fault to light goes on, up to ROUNDS times. First a run without
any fault, in which nothing may be found, and in whose history spoiled.py plants its own. One JSON line; exit status 0 only if
all were caught.
"""

import argparse
import functools
import json
import os
import sys
import time
from dataclasses import dataclass

import spoiled
from clients import People
from lanes import side_by_side
from load import LIMITS, SETTINGS
from stack import ROOT, Stack, fail_on_signals, say, wait_for
from trial import SETTLE_S, Trial, answered_after

RATE, POISON = 350, 0.20
PATIENTS, DOCTORS = 12, 4  # few, so that they get into each other's way
LANES = 2
ROUNDS = 4
SETTLE_UNNOTED_S, SETTLE_FAULTY_S = 8, 3  # some faults never let it come to rest
CLEAN_S = 5
START_MAX_S = 40


@dataclass
class Fault:
    rule: int
    prepare: str = ""  # the database would not let it happen
    crashes: bool = False  # afterwards a sound worker goes on


FAULTS = {
    "": Fault(-1),
    "published_unnoted": Fault(0),
    "poison_skipped": Fault(1),
    "routes_swapped": Fault(1),
    "recall_off": Fault(
        2,
        "drop index slotkeeper.command_log_recall;"
        " create index command_log_recall on slotkeeper.command_log (caller, command_id) where recallable;",
    ),
    "content_ignored": Fault(2),
    "effect_refused": Fault(2),
    "outcome_twice": Fault(3),
    "event_twice": Fault(3),
    "another_body": Fault(3),
    "slot_overlap": Fault(4, "alter table slotkeeper.slot drop constraint slot_doctor_overlap;"),
    "patient_overlap": Fault(4, "alter table slotkeeper.appointment drop constraint appointment_patient_overlap;"),
    "double_booking": Fault(
        4,
        "alter table slotkeeper.appointment drop constraint appointment_one_active;"
        " create index appointment_one_active on slotkeeper.appointment (slot_id, active);",
    ),
    "inactive_accepted": Fault(4, "alter table slotkeeper.appointment drop constraint appointment_patient;"),
    "event_dropped": Fault(5),
    "sequence_gap": Fault(5),
    "chain_broken": Fault(5),
    "free_slot_refused": Fault(6),
    "stale_clock": Fault(7),
    "published_backwards": Fault(7),
    "dead_letter_dropped": Fault(8),
    "offset_early": Fault(9),
    "row_skipped": Fault(9),
    "publish_before_commit": Fault(9, crashes=True),
    "role_unchecked": Fault(10, "alter table slotkeeper.appointment drop constraint appointment_patient;"),
    "token_unverified": Fault(10),
    "ownership_unchecked": Fault(10),
    "token_logged": Fault(11),
    "token_on_dlt": Fault(11),
    "leak": Fault(12),
}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("faults", nargs="*", metavar="FAULT", help="these only: " + " ".join(filter(None, FAULTS)))
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--seconds", type=float, default=1.5, help="of load for each, and again until it is found")
    parser.add_argument("--keep", action="store_true", help="keep the stack's folder")
    options = parser.parse_args()
    unknown = set(options.faults) - FAULTS.keys()
    if unknown:
        parser.error(f"no such fault: {', '.join(sorted(unknown))}")
    return options


def play_round(options, cell, people, worker, fault, number):
    """The checker's report after some load."""
    with Trial(cell, options.seed + number, RATE, people, POISON) as trial:
        if not wait_for(lambda: answered_after(trial.clients, 0) or not worker.is_alive(), START_MAX_S, 0.02):
            trial.find("the worker answers nothing")
        if fault.crashes and number == 0:
            wait_for(lambda: not worker.is_alive(), START_MAX_S, 0.02)
            worker.start()
        time.sleep(options.seconds if fault.rule >= 0 else CLEAN_S)
    trial.settle(SETTLE_S if fault.rule < 0 else SETTLE_UNNOTED_S if fault.rule == 0 else SETTLE_FAULTY_S)
    return trial.report()


def play(options, cell, name, fault):
    """The checker's report, as it should be or after the last round."""
    if fault.prepare:
        cell.sql(fault.prepare)
    people = People(cell, PATIENTS, DOCTORS)
    worker = cell.worker("faulty", {**SETTINGS, "SLOTKEEPER_ACCOUNT_THREADS": "0", "SLOTKEEPER_QUERY_THREADS": "0"})
    worker.start(SLOTKEEPER_PLANTED=name)
    try:
        for number in range(ROUNDS):
            report = play_round(options, cell, people, worker, fault, number)
            if fault.rule < 0 or judge(report, fault):
                break
        return {**report, "rounds": number + 1}
    finally:
        worker.kill()


def judge(report, fault):
    """Whether it is as it should be: nothing found, or found by the rule that is meant for it."""
    if fault.rule < 0:
        return report["verdict"] == "PASS"
    return str(fault.rule) in report["by_rule"]


def examine(options, stack, name):
    """What was found by which rule, and what should have been."""
    fault, told, began = FAULTS[name], name or "without a fault", time.monotonic()
    cell = stack.cell(f"planted_{name or 'nothing'}")
    report = play(options, cell, name, fault)
    missed = []
    if not judge(report, fault):
        missed.append({"fault": told, "rule": fault.rule, "first": report["first"], "by_rule": report["by_rule"]})
    result = "MISSED" if missed else "caught" if name else "as it should be"
    say(
        f"{result}: {told} (rule {fault.rule}); found by rule: {report['by_rule']}; {report['commands']} commands in"
        f" {report['rounds']} rounds, {time.monotonic() - began:.1f} s"
    )
    if fault.rule < 0:
        spoilt = spoiled.missed(cell, LIMITS)
        say(f"{len(spoiled.FAULTS)} faults in its history, not found by their rule: {[one['what'] for one in spoilt]}")
        missed += spoilt
    return report["by_rule"], missed


def run(options, stack):
    names = [name for name in FAULTS if not options.faults or name in options.faults]
    examined = side_by_side(LANES, functools.partial(examine, options, stack), names)
    return {
        "seed": options.seed,
        "faults": len(examined) - ("" in examined),
        "missed": [one for _, missed in examined.values() for one in missed],
        "caught_by": {name or "without a fault": by_rule for name, (by_rule, _) in examined.items()},
    }


def main():
    options = arguments()
    os.environ.setdefault("STACK_BINARY", str(ROOT / "build/faulty/slotkeeper"))
    fail_on_signals()
    with Stack(None, options.keep) as stack:
        report = run(options, stack)
    print(json.dumps(report), flush=True)
    sys.exit(1 if report["missed"] else 0)


if __name__ == "__main__":
    main()

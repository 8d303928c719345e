"""Everything that happens to machines, at random moments, to workers under load; then the checker's verdict.

    scripts/chaos [--seconds S] [--seed N] [--faults LIST] [--rate R] [--stack DIR] [--keep]

Each kind of fault comes once, in random order, and then at random until the time is over; kinds: see --help. One JSON line; exit
status 0 only for PASS. STACK_BINARY chooses the program.
"""

import argparse
import queue
import random
import resource
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import history
import witness
from faults import KINDS
from load import SETTINGS
from stack import Stack, die_with_parent, fail_on_signals, say, wait_for
from trial import Trial, answered_after, conclude, logged, spread

RECOVERY_MAX_S = 60
POISON = 0.10


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--faults", default=",".join(KINDS), help="these kinds only, of %(default)s")
    parser.add_argument("--rate", type=int, default=250, help="requests a second between bursts")
    parser.add_argument("--stack", help="a stack that is up already, with no workers; it stays up")
    parser.add_argument("--keep", action="store_true", help="keep the stack's folder")
    options = parser.parse_args()
    options.kinds = [name for name in options.faults.split(",") if name]
    unknown = set(options.kinds) - KINDS.keys()
    if unknown or not options.kinds:
        parser.error(f"no such fault: {', '.join(sorted(unknown))}; there are {', '.join(KINDS)}")
    return options


class Proxy:
    """proxy.py in a process of its own."""

    def __init__(self, url):
        parts = urlsplit(url)
        program = [sys.executable, str(Path(__file__).with_name("proxy.py")), str(parts.port)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "bufsize": 1}
        self.process = subprocess.Popen(program, preexec_fn=die_with_parent, **pipes)
        port = int(self.process.stdout.readline())
        self.url = urlunsplit(parts._replace(netloc=parts.netloc.replace(f":{parts.port}", f":{port}")))
        self.cuts = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        for line in self.process.stdout:
            self.cuts.put(line)

    def arm(self, when):
        while not self.cuts.empty():
            self.cuts.get_nowait()
        self.process.stdin.write(when + "\n")

    def has_cut(self, seconds):
        try:
            return bool(self.cuts.get(timeout=seconds))
        except queue.Empty:
            return False

    def end(self):
        self.process.stdin.close()
        self.process.wait(10)


class Chaos:
    """Worker a speaks to PostgreSQL itself, b by the proxy."""

    def __init__(self, options, stack, trial, proxy):
        self.options, self.stack, self.trial, self.proxy = options, stack, trial, proxy
        self.random = random.Random(options.seed)
        behind = {**SETTINGS, "SLOTKEEPER_DATABASE_URL": proxy.url}
        self.workers = [stack.worker("a", SETTINGS), stack.worker("b", behind)]
        self.visitors = 0
        self.kills = 0
        self.replayed = False
        self.injected = Counter()
        self.missed = Counter()  # faults that did not come about
        self.recoveries = {}

    def start(self, worker, stranger=False):
        worker.start(SLOTKEEPER_WORKER_INSTANCE_ID="" if stranger else f"chaos-{worker.name}")

    def visitor(self):
        self.visitors += 1
        return self.stack.worker(f"visitor-{self.visitors}", SETTINGS).start()

    def plan(self):
        """Names of kinds: each once, then by weight."""
        first = list(self.options.kinds)
        self.random.shuffle(first)
        yield from first
        often = [name for name in self.options.kinds if KINDS[name].weight > 0] or self.options.kinds
        while True:
            yield self.random.choices(often, [max(1, KINDS[name].weight) for name in often])[0]

    def inject(self, name):
        came_about = KINDS[name].inject(self) is not False
        (self.injected if came_about else self.missed)[name] += 1
        self.trial.check_load()
        for worker in self.workers:
            if not worker.is_alive():
                self.trial.find(f"worker {worker.name} ended by itself with {worker.process.returncode}", name)
                worker.kill()
                self.start(worker)

    def recover(self, name):
        """From the fault's end until everything before it and something after it is answered on each partition. A third of the
        time nobody waits for that, so that one fault falls into the recovery from another."""
        ended = time.monotonic()
        if self.random.random() < 0.3:
            time.sleep(self.random.uniform(0, 1.5))
        elif wait_for(lambda: answered_after(self.trial.clients, ended), RECOVERY_MAX_S, 0.01):
            self.recoveries.setdefault(name, []).append(time.monotonic() - ended)
        else:
            self.trial.find(f"no recovery within {RECOVERY_MAX_S} s", name)

    def run(self):
        for worker in self.workers:
            self.start(worker)
        if not wait_for(lambda: answered_after(self.trial.clients, 0), 60):
            self.trial.find("the workers answer nothing")
        until = time.monotonic() + self.options.seconds
        for number, name in enumerate(self.plan()):
            if time.monotonic() > until:
                break
            self.inject(name)
            self.recover(name)
            if number % 20 == 19:
                say(f"{sum(self.injected.values())} faults, {self.kills} kills, {len(self.trial.clients.journal)} requests")


def run(options, stack):
    witness.swear_in(stack)
    proxy = Proxy(stack.environment["SLOTKEEPER_DATABASE_URL"])
    began = time.monotonic()
    trial = Trial(stack, options.seed, options.rate, poison=POISON)
    trial.usage.ports.add(urlsplit(proxy.url).port)
    chaos = Chaos(options, stack, trial, proxy)
    with trial:
        chaos.run()
    trial.settle()
    lasted = time.monotonic() - began
    moves, writes = witness.read(stack)
    trial.findings += witness.check(moves, writes) + witness.spoiled(moves)
    aborted = history.count_aborted(stack, [f"{stack.prefix}.outcomes"])
    began = time.monotonic()
    report = trial.report(republished=chaos.replayed)
    checked = time.monotonic() - began
    trial.end(chaos.workers)
    proxy.end()
    return {
        "seconds": round(lasted, 1),
        "seed": options.seed,
        "commands": report.pop("commands"),
        "kills": chaos.kills,
        "faults": dict(chaos.injected.most_common()),
        "faults_missed": dict(chaos.missed),
        "recovery_s": spread([second for seconds in chaos.recoveries.values() for second in seconds]),
        "recovery_by_fault_s": {name: spread(seconds) for name, seconds in chaos.recoveries.items()},
        "takeovers": len(witness.takes_of(moves)),
        "answers_aborted": aborted,
        "memory_mb": trial.usage.memory_mb(),
        "checked_s": round(checked, 1),
        "checker_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "logged": logged(stack.workers),
        **report,
    }


def main():
    options = arguments()
    fail_on_signals()
    with Stack(options.stack, options.keep) as stack:
        report = run(options, stack)
        stack.keep = stack.keep or report["verdict"] != "PASS"
    conclude(report)


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    main()

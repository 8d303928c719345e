"""Bookings a second in a cell of tests/integration's kit, by the load generator of scripts/bench, and what there may be
in the cell's database before."""

import json
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/integration"))
from kit.stack import BINARY, Cell, run  # noqa: E402

LOAD = ROOT / "build/release/tests/bench/bench_load"
DOCTORS = 1000
PARTITIONS = 12  # as topics have by default, so that no thread has more than another
MANY = 100000  # in one run
WARM_UP = 20  # bookings that load.c sends before it measures latency
DEFAULTS = {"patients": 20000, "doctors": DOCTORS, "workers": 1, "rounds": 3, "seen": 20000, "unseen": 0, "latency": 0,
            "slots_from_ms": 0, "pace_seconds": 5}
# Nothing of what fills a database need outlive a crash.
CARELESS = {"fsync": "off", "full_page_writes": "off", "autovacuum": "off", "max_wal_size": "16GB",
            "checkpoint_timeout": "1h"}


def make_cell(stack, name, partitions=PARTITIONS):
    stack.env["SLOTKEEPER_TOPICS_PARTITIONS"] = str(partitions)
    return Cell(stack, name)


def forget(cell):
    cell.stack.sql(f"drop database {cell.name}")


def measure(cell, settings=None, paces=(), **numbers):
    """The lines of bench_load, whose numbers these are."""
    numbers = {**DEFAULTS, **numbers}
    name = f"{cell.name}.{time.time_ns()}"
    expected = bookings_of(numbers, paces)
    seed(cell, name, numbers, expected)
    log = cell.stack.folder / f"{name}.log"
    worker = [BINARY, "worker"]
    for setting, value in {"worker.threads": 3, **(settings or {})}.items():
        worker += ["--set", f"{setting}={value}"]
    command = [LOAD, f"run={name}", f"worker_log={log}", *processes_of(cell.stack),
               *(f"{key}={value}" for key, value in numbers.items()), *(f"pace={pace}" for pace in paces), "--", *worker]
    done = subprocess.run(command, env=cell.env, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        said = log.read_text()[-4000:] if log.exists() else "and no worker was started"
        raise SystemExit(f"the bookings could not be measured\n{said}")
    booked = int(cell.sql("select count(*) from appointment a join account p on p.account_id = a.patient_id"
                          f" where p.login like '{name}.patient.%' and a.state = 'booked'")[0][0])
    if booked != expected:
        raise SystemExit(f"{booked} bookings in the database, {expected} were ACCEPTED")
    return [json.loads(line) for line in done.stdout.splitlines()]


def rate_of(lines):
    """The median round of bookings whose tokens were seen before, and all of them."""
    rounds = [line for line in lines if line["name"] == "booking_end_to_end"]
    median = sorted(rounds, key=lambda line: line["per_second"])[len(rounds) // 2]
    return {"per_second": median["per_second"], "rounds": [line["per_second"] for line in rounds],
            "cpu_us_per_booking": median["cpu_us_per_booking"]}


def bookings_of(numbers, paces):
    alone = numbers["latency"] + WARM_UP if numbers["latency"] else 0
    return numbers["rounds"] * (numbers["seen"] + sum(paces) * numbers["pace_seconds"]) + numbers["unseen"] + alone


def seed(cell, name, numbers, slots):
    """Vacuumed at once, or autovacuum does it while we measure."""
    run("psql", "-Xq", "-v", f"run={name}", "-v", f"doctors={numbers['doctors']}", "-v", f"patients={numbers['patients']}",
        "-v", f"slots={slots}", "-v", f"slots_from_ms={numbers['slots_from_ms']}", "-f", ROOT / "tests/bench/seed.sql",
        cell.env["SLOTKEEPER_DATABASE_ADMIN_URL"], env=cell.stack.clean_env)
    cell.stack.sql("vacuum analyze slotkeeper.slot, slotkeeper.slot_event, slotkeeper.account", cell.name)


def processes_of(stack):
    postgres = (stack.folder / "postgres/data/postmaster.pid").read_text().split()[0]
    return f"postgres={postgres}", f"broker={(stack.folder / 'kafka/pid').read_text().strip()}"


def fill(cell, slots, busy):
    """As pages.sql says."""
    set_all(cell.stack, CARELESS)
    for parts in (("made",), ("slot", "appointment", "slot_event"), ("end",)):
        for process in [fill_part(cell, part, slots, busy) for part in parts]:
            if process.wait() != 0:
                raise SystemExit("the database was not filled")
    set_all(cell.stack, {})


def set_all(stack, settings):
    stack.sql("alter system reset all")
    for name, value in settings.items():
        stack.sql(f"alter system set {name} = '{value}'")
    stack.sql("select pg_reload_conf()")


def fill_part(cell, part, slots, busy):
    return subprocess.Popen(
        ["psql", "-Xq", "-v", f"slots={slots}", "-v", f"busy={busy}", "-v", f"part={part}",
         "-f", ROOT / "tests/bench/pages.sql", cell.stack.url("STACK_SUPERUSER_URL", cell.name)],
        env=cell.stack.clean_env)

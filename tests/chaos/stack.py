"""A private stack and its workers. Everything that is started here is ended here, by its process id, whatever happens."""

import contextlib
import copy
import ctypes
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from confluent_kafka import Consumer

from tokens import Issuer
from wire import ROOT

PDEATHSIG = 1  # prctl: a worker does not outlive this program
KEY_ID = "chaos"


def say(text):
    print(text, file=sys.stderr, flush=True)


def fail_on_signals():
    """An interrupt runs the clean-up, too."""

    def stop(number, _frame):
        sys.exit(128 + number)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGHUP, stop)


def die_with_parent():
    ctypes.CDLL(None, use_errno=True).prctl(PDEATHSIG, signal.SIGKILL)


class Worker:
    """One place for a worker: after a kill the next process takes it."""

    def __init__(self, stack, name, settings=None, binary=None):
        self.stack = stack
        self.binary = binary or stack.binary
        self.name = name
        self.settings = settings or {}
        self.log = stack.folder / f"worker-{name}.log"
        self.process = None
        self.exits = []

    def start(self, **settings):
        environment = {**self.stack.environment, **self.settings, **settings}
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [self.binary, "worker"],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent,
            )
        return self

    def is_alive(self):
        return self.process is not None and self.process.poll() is None

    def signal(self, number):
        if self.is_alive():
            self.process.send_signal(number)

    def kill(self):
        """False: it had ended by itself, which no worker may."""
        alive = self.is_alive()
        if alive:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        elif self.process is not None:
            self.exits.append(self.process.returncode)
        return alive

    def end(self, seconds=40):
        """In an orderly way; its exit status."""
        if not self.is_alive():
            return None if self.process is None else self.process.returncode
        self.process.send_signal(signal.SIGCONT)
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return None

    def log_lines(self):
        """What it logged, as far as it is JSON."""
        lines = []
        if self.log.exists():
            for line in self.log.read_text(errors="replace").splitlines():
                try:
                    lines.append(json.loads(line))
                except ValueError:
                    lines.append({"level": "error", "message": "not JSON: " + line[:200]})
        return lines


class Stack:
    """Use it with `with`. folder None: a new one, removed afterwards unless something was found."""

    def __init__(self, folder=None, keep=False):
        self.own = folder is None
        self.folder = Path(folder or tempfile.mkdtemp(prefix="slotkeeper-chaos-"))
        self.root = self.folder  # where the two servers are
        self.keep = keep
        self.binary = os.environ.get("STACK_BINARY", str(ROOT / "build/release/slotkeeper"))
        self.workers = []
        self.environment = {}
        self.key_id = KEY_ID

    def __enter__(self):
        try:
            self._up()
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def _script(self, command, *service):
        done = subprocess.run(
            [ROOT / "scripts/stack", command, self.root, *service],
            env={**os.environ, "STACK_BINARY": self.binary},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        if done.returncode != 0:
            raise RuntimeError(f"scripts/stack {command}: " + done.stderr.decode(errors="replace"))

    def _up(self):
        if self.own:
            self._script("up")
        text = subprocess.run(
            ["bash", "-c", '. "$1" && env -0', "env", self.folder / "env"], capture_output=True, check=True
        ).stdout.decode()
        variables = dict(pair.split("=", 1) for pair in text.split("\0") if pair)
        self.environment = {
            name: value
            for name, value in variables.items()
            if name.startswith(("SLOTKEEPER_", "STACK_")) or name in ("PATH", "HOME", "LANG")
        }
        self._make_key()

    def _make_key(self):
        self.key_file = self.root / "keys" / f"{self.key_id}.key"
        if not self.key_file.exists():
            self.run("keys", "generate", "--alg", "HS256", "--kid", self.key_id, "--out", str(self.key_file))

    def cell(self, name):
        """Another deployment on the same two servers: a database, topics, groups, keys and files of its own. Workers are the caller's to
        end."""
        cell = copy.copy(self)
        cell.own, cell.workers, cell.key_id = False, [], f"{KEY_ID}-{name}"
        cell.folder = self.root / name
        cell.folder.mkdir()
        urls = ("SLOTKEEPER_DATABASE_URL", "SLOTKEEPER_DATABASE_ADMIN_URL", "STACK_SUPERUSER_URL")
        there = {url: in_database(self.environment[url], name) for url in urls}
        prefixes = {"SLOTKEEPER_TOPICS_PREFIX": name, "SLOTKEEPER_GROUP_PREFIX": name}
        cell.environment = {**self.environment, **there, **prefixes}
        with open(self.root / "cells.lock", "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # nobody may be in the template, and all have one JWK Set
            self.sql(f"create database {name} template slotkeeper owner slotkeeper_owner;", "postgres")
            cell._make_key()
        cell.sql(f"\\set database {name}\n\\i '{ROOT}/migrations/bootstrap.sql'\n")
        cell.run("topics", "create")
        return cell

    def service(self, command, name):
        """stop, kill or start postgres or kafka."""
        self._script(command, name)

    def pid_of(self, name):
        place = {"postgres": "postgres/data/postmaster.pid", "kafka": "kafka/pid"}[name]
        return int((self.root / place).read_text().split()[0])

    def __exit__(self, kind, *_):
        for worker in self.workers:
            if worker.is_alive():
                worker.process.kill()
                worker.process.wait()
        if self.own:
            try:
                self._script("down")
            except RuntimeError as error:
                say(str(error))
            if self.keep:
                say(f"what was found is in {self.folder}")
            else:
                shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, *arguments, **more):
        return subprocess.run(
            [self.binary, *arguments],
            env={**self.environment, **more},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
        ).stdout.decode()

    def worker(self, name, settings=None, binary=None):
        worker = Worker(self, name, settings, binary)
        self.workers.append(worker)
        return worker

    @property
    def gone_topics(self):
        """Reply topics that a test deleted: what was answered there can no longer be seen."""
        file = self.folder / "gone-topics"
        return file.read_text().split() if file.exists() else []

    def note_gone(self, topic):
        with open(self.folder / "gone-topics", "a", encoding="utf-8") as file:
            file.write(topic + "\n")

    @property
    def bootstrap(self):
        return self.environment["SLOTKEEPER_KAFKA_BOOTSTRAP_SERVERS"]

    @property
    def prefix(self):
        return self.environment.get("SLOTKEEPER_TOPICS_PREFIX", "scheduling")

    @property
    def group(self):
        return self.environment.get("SLOTKEEPER_GROUP_PREFIX", "slotkeeper") + ".slot-commands"

    def issuer(self):
        return Issuer(
            self.key_file.read_bytes(),
            self.key_id,
            self.environment["SLOTKEEPER_TOKEN_ISSUER"],
            self.environment["SLOTKEEPER_TOKEN_AUDIENCE"],
        )

    def sql(self, text, database=None, url=None):
        """Rows as JSON lines; each statement selects one JSON column, or nothing. In another database than ours, if that is named;
        `url`: of another server."""
        url = url or self.environment["STACK_SUPERUSER_URL"]
        result = subprocess.run(
            ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", in_database(url, database) if database else url],
            input=text.encode(),
            capture_output=True,
        )
        if result.returncode != 0:
            raise RuntimeError(result.stderr.decode(errors="replace"))
        return [json.loads(line) for line in result.stdout.decode().splitlines() if line]

    def consumer(self, group=None, isolation="read_committed", **more):
        return Consumer(
            {
                "bootstrap.servers": self.bootstrap,
                "group.id": group or "chaos-reader",
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "auto.offset.reset": "earliest",
                "isolation.level": isolation,
                "enable.partition.eof": True,
                "fetch.wait.max.ms": 10,
                **more,
            }
        )


def in_database(url, name):
    return url.rsplit("/", 1)[0] + "/" + name


def wait_for(condition, seconds, step_s=0.1):
    """The condition's first true value; None when the time is over."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            return None
        time.sleep(step_s)


def sockets_of(pid):
    """The inodes of a process's sockets."""
    inodes = set()
    for entry in os.scandir(f"/proc/{pid}/fd"):
        try:
            target = os.readlink(entry.path)
        except OSError:
            continue
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    return inodes


def ports_of(pid):
    """The local TCP ports of a process."""
    inodes = sockets_of(pid)
    with open(f"/proc/{pid}/net/tcp", encoding="ascii") as table:
        rows = [line.split() for line in table][1:]
    return {int(row[1].split(":")[1], 16) for row in rows if row[9] in inodes}


def backends(stack, worker):
    """Of the worker's backends: pid, state, what it waits for, and which partitions it owns."""
    ports = ports_of(worker.process.pid) or {0}
    return stack.sql(
        "select json_build_object('pid', a.pid, 'state', a.state, 'waits', a.wait_event_type, 'owns', array(select partition from"
        " slotkeeper.partition_progress p where p.backend_pid = a.pid and p.backend_start = a.backend_start"
        f" and p.owner is not null and p.topic = '{stack.prefix}.slot-commands')) from pg_stat_activity a"
        f" where client_port in ({', '.join(map(str, ports))});"
    )


@contextlib.contextmanager
def row_locks(stack, numbers):
    """Keeps the rows of these partitions locked, in a session of the workers' role."""
    url = stack.environment["SLOTKEEPER_DATABASE_URL"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    holder = subprocess.Popen(["psql", "-X", "-q", url], stdin=subprocess.PIPE, preexec_fn=die_with_parent, **quiet)
    try:
        rows = f"topic = '{stack.prefix}.slot-commands' and partition in ({', '.join(map(str, numbers or [-1]))})"
        text = f"begin; select from slotkeeper.partition_progress where {rows} for update;\n"
        holder.stdin.write(text.encode())
        holder.stdin.flush()
        yield
    finally:
        holder.kill()
        holder.wait()

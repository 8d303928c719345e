"""The service from its operator's side: the command line program, the worker processes, the database."""

import json
import os
import re
import secrets
import signal
import subprocess
import time
import urllib.request
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from show import Failed

PROGRAM = Path(__file__).resolve().parents[2] / "build/release/slotkeeper"
# Two threads in each of two workers: one for each of the four partitions. Slots of a second, and no-shows
# that can be marked at once, so that nobody has to wait for them.
WORKER_SETTINGS = {"worker.threads": "2", "slot.duration_min": "1s", "noshow.grace": "0s"}


@dataclass
class Account:
    login: str
    role: str
    id: uuid.UUID
    token: str


def run_anyway(*arguments, stdin="", **environment):
    """The program with these arguments; also one that fails, as long as it prints something."""
    done = subprocess.run(
        [PROGRAM, *arguments],
        input=stdin,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if done.returncode != 0 and not done.stdout:
        raise Failed(f"slotkeeper {' '.join(arguments[:2])} failed: {done.stderr.strip()}")
    return done


def run(*arguments, stdin="", **environment):
    """The same; its standard output."""
    done = run_anyway(*arguments, stdin=stdin, **environment)
    if done.returncode != 0:
        raise Failed(f"slotkeeper {' '.join(arguments[:2])} failed: {done.stderr.strip() or done.stdout}")
    return done.stdout


def run_json(*arguments, **environment):
    return [json.loads(line) for line in run(*arguments, "--json", **environment).splitlines()]


def create_account(role, login):
    password = secrets.token_urlsafe(16)
    made = run("admin", "create-account", "--role", role, "--login", login, stdin=password + "\n")
    account_id = made.strip()
    token = run("keys", "token", "--sub", account_id, "--role", role).strip()
    return Account(login, role, uuid.UUID(account_id), token)


def create_accounts(role, logins):
    with ThreadPoolExecutor(max_workers=4) as pool:
        return list(pool.map(lambda login: create_account(role, login), logins))


def forged_token(folder, account):
    """Like the account's own, with the same key id, but signed with somebody else's key."""
    stranger = {
        "SLOTKEEPER_TOKEN_JWKS_FILE": f"{folder}/stranger.json",
        "SLOTKEEPER_TOKEN_SIGNING_KEY_FILE": f"{folder}/stranger.pem",
    }
    kid = os.environ["SLOTKEEPER_TOKEN_SIGNING_KID"]
    run("keys", "generate", "--alg", "ES256", "--kid", kid, **stranger)
    return run("keys", "token", "--sub", str(account.id), "--role", account.role, **stranger).strip()


class Worker:
    def __init__(self, name, folder):
        self.name = name
        self.log = Path(folder) / f"{name}.log"
        settings = [f"--set={setting}={value}" for setting, value in WORKER_SETTINGS.items()]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [PROGRAM, "worker", *settings], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    @property
    def pid(self):
        return self.process.pid

    def check(self):
        status = self.process.poll()
        if status is not None:
            how = f"by signal {-status}" if status < 0 else f"with exit status {status}"
            raise Failed(f"{self.name} has ended {how}, and nobody had asked it to")

    def metric(self, name):
        """The metric's value, all labels together; None while it cannot be asked."""
        self.check()
        port = re.search(r'"ready".*"http_port":(\d+)', self.log.read_text())
        if port is None:
            return None
        with urllib.request.urlopen(f"http://127.0.0.1:{port[1]}/metrics", timeout=5) as page:
            lines = page.read().decode().splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if re.match(rf"{name}[ {{]", line))

    def partitions(self):
        return int(self.metric(r'slotkeeper_partitions_owned\{topic="slot-commands"\}') or 0)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        """An orderly end by SIGTERM, and another one if that takes too long."""
        self.process.terminate()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.kill()


def wait_for_partitions(workers, wanted, timeout=25):
    """Until the workers together own that many partitions, and each of them some."""
    deadline = time.monotonic() + timeout
    while True:
        owned = [worker.partitions() for worker in workers]
        if all(owned) and sum(owned) >= wanted:
            return
        if time.monotonic() > deadline:
            raise Failed(f"the workers own {owned} partitions after {timeout} s")
        time.sleep(0.05)


def query(sql):
    """One value out of the database, past the service."""
    command = ["psql", "-X", "-q", "-A", "-t", "-c", sql, os.environ["STACK_SUPERUSER_URL"]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    if done.returncode != 0:
        raise Failed(f"psql: {done.stderr.strip()}")
    return done.stdout.strip()

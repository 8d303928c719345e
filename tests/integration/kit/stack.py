"""A private PostgreSQL and Kafka for one run of the tests, and cells in it.

A cell is what one deployment of the service has: a database, topics and groups of its own. Cells share the two
servers and nothing else, so a test that breaks its cell disturbs no other.
"""

import os
import shutil
import subprocess
import tempfile
import uuid
from pathlib import Path

from kit.tokens import Signer

ROOT = Path(__file__).resolve().parents[3]
BINARY = Path(os.environ.get("STACK_BINARY", ROOT / "build/release/slotkeeper"))
SHORT_LIVED = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"  # a broker of minutes, which else compiles half of its time
ACCOUNTS_READY = 300  # of each role, made with the cell


def run(*command, env=None, stdin=None, check=True):
    done = subprocess.run([str(part) for part in command], env=env, input=stdin, capture_output=True, text=True)
    if check and done.returncode != 0:
        raise AssertionError(f"{command} ended with {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done


class Stack:
    def __init__(self, java=SHORT_LIVED):
        self.folder = Path(tempfile.mkdtemp(prefix="slotkeeper-integration."))
        self.suspect = False  # something went wrong that no test's failure tells: the logs are wanted
        self.clean_env = {k: v for k, v in os.environ.items() if not k.startswith(("SLOTKEEPER_", "PG"))}
        self.clean_env["STACK_BINARY"] = str(BINARY)
        if java is not None:
            self.clean_env["STACK_KAFKA_JAVA"] = java
        self.script("up")
        self.env = self._read_env()
        self.signer = Signer(self._make_shared_secret(), self.env["SLOTKEEPER_TOKEN_ISSUER"])

    def script(self, command, *service):
        return run(ROOT / "scripts/stack", command, self.folder, *service, env=self.clean_env)

    def destroy(self, keep_logs=False):
        """Nothing of the data is needed again, so nobody waits for it to be put in order."""
        self.script("kill", "kafka")
        self.script("kill", "postgres")
        self.script("down")
        for name in ("postgres", "kafka", "keys", "env", "lock") if keep_logs else ():
            path = self.folder / name
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        if not keep_logs:
            shutil.rmtree(self.folder)

    def _read_env(self):
        everything = run("bash", "-c", f'. "{self.folder}/env" && env -0', env=self.clean_env).stdout
        pairs = dict(item.split("=", 1) for item in everything.split("\0") if "=" in item)
        return {name: value for name, value in pairs.items() if name.startswith(("SLOTKEEPER_", "STACK_"))}

    def _make_shared_secret(self):
        """An HS256 key beside the stack's own, so that the tests can sign whatever they like."""
        out = self.folder / "keys/tests.secret"
        run(BINARY, "keys", "generate", "--alg", "HS256", "--kid", "tests", "--out", out, env=self.env_with())
        return out.read_bytes()

    def env_with(self, **more):
        return {**self.clean_env, **self.env, **more}

    @property
    def servers(self):
        return self.env["SLOTKEEPER_KAFKA_BOOTSTRAP_SERVERS"]

    def url(self, name, database):
        return self.env[name].rsplit("/", 1)[0] + "/" + database

    def sql(self, text, database="postgres"):
        """As the superuser: rows of text fields."""
        done = run("psql", "-XqAt", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-c", text,
                   self.url("STACK_SUPERUSER_URL", database), env=self.clean_env)
        return [line.split("\t") for line in done.stdout.splitlines()]


class Account:
    def __init__(self, account_id, role, signer):
        self.id = account_id
        self.role = role
        self.signer = signer

    @property
    def token(self):
        return self.signer.token(self.id, self.role)


class Cell:
    def __init__(self, stack, name):
        self.stack = stack
        self.name = name
        self.workers = []
        self.pools = {}
        self._make_database()
        self.env = stack.env_with(
            SLOTKEEPER_DATABASE_URL=stack.url("SLOTKEEPER_DATABASE_URL", name),
            SLOTKEEPER_DATABASE_ADMIN_URL=stack.url("SLOTKEEPER_DATABASE_ADMIN_URL", name),
            SLOTKEEPER_TOPICS_PREFIX=name,
            SLOTKEEPER_GROUP_PREFIX=name,
            SLOTKEEPER_WORKER_THREADS="2",
        )
        self.env.pop("STACK_SUPERUSER_URL")
        self.slotkeeper("topics", "create")

    def _make_database(self):
        self.stack.sql(f"create database {self.name} template slotkeeper owner slotkeeper_owner")
        run("psql", "-Xq", "-v", f"database={self.name}", "-f", ROOT / "migrations/bootstrap.sql",
            self.stack.url("STACK_SUPERUSER_URL", self.name), env=self.stack.clean_env)
        for role in ("patient", "doctor", "admin"):
            self.pools[role] = self._make_accounts(role)

    def _make_accounts(self, role):
        rows = self.sql(
            "insert into account (account_id, role, login, password_hash, created_at)"
            f" select gen_random_uuid(), '{role}', '{role}-' || n, 'none', now()"
            f" from generate_series(1, {ACCOUNTS_READY}) n returning account_id")
        return [Account(uuid.UUID(row[0]), role, self.stack.signer) for row in rows]

    def account(self, role):
        """One that no test has used before."""
        return self.pools[role].pop()

    def slotkeeper(self, *arguments, env=None, stdin=None, check=True):
        return run(BINARY, *arguments, env={**self.env, **(env or {})}, stdin=stdin, check=check)

    def sql(self, text):
        return self.stack.sql("set search_path = slotkeeper, public; " + text, self.name)

    def topic(self, suffix):
        return self.name + "." + suffix

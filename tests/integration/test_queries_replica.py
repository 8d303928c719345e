"""database.read_url: a replica is used while it is fit, and left for the primary without anybody noticing."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

from kit.client import soon
from kit.queries import Queries
from kit.stack import run
from kit.waiting import wait_for
from kit.worker import Worker

LEFT = "the read replica is not used, the primary answers queries"
USED = "the read replica answers queries"
PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))[-1]
WAIT_MAX = 60


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def as_postgres(*command):
    """PostgreSQL does not run as root."""
    if os.getuid() == 0:
        command = ("setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", *command)
    return run("env", "-C", "/", *command)


class Replica:
    """A hot standby of the stack's PostgreSQL."""

    def __init__(self, stack):
        self.stack = stack
        self.folder = Path(tempfile.mkdtemp(prefix="slotkeeper-replica."))
        self.port = free_port()
        if os.getuid() == 0:
            os.chown(self.folder, pwd.getpwnam("postgres").pw_uid, -1)
        as_postgres(PROGRAMS / "pg_basebackup", "-D", self.folder / "data", "-R", "-X", "stream", "--checkpoint=fast",
                    "-d", stack.env["STACK_SUPERUSER_URL"])
        with open(self.folder / "data/postgresql.auto.conf", "a") as settings:
            settings.write(f"port = {self.port}\nunix_socket_directories = ''\n")
        as_postgres(PROGRAMS / "pg_ctl", "start", "--silent", "--wait", "-D", self.folder / "data",
                    "-l", self.folder / "log")

    def url(self, name, database):
        before, place = self.stack.url(name, database).rsplit("@", 1)
        return f"{before}@127.0.0.1:{self.port}/{place.split('/', 1)[1]}"

    def sql(self, text):
        return run("psql", "-XqAt", "-c", text, self.url("STACK_SUPERUSER_URL", "postgres"),
                   env=self.stack.clean_env).stdout.strip()

    def stop(self):
        subprocess.run(("setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups")
                       * (os.getuid() == 0) + (PROGRAMS / "pg_ctl", "stop", "--silent", "-m", "immediate",
                                               "-D", self.folder / "data"), cwd="/", check=False)

    def destroy(self):
        self.stop()
        shutil.rmtree(self.folder)


@pytest.fixture
def replica(stack, own_cell):
    replica = Replica(stack)
    yield replica
    replica.destroy()


def start(cell, **settings):
    worker = Worker(cell, settings)
    worker.wait_until_ready()
    return worker, cell.client, Queries(cell.client), cell.account("doctor")


def slots_of(queries, doctor):
    items, _ = queries.page("ListOpenSlots", doctor, doctor_id=doctor.id)
    return [item["slot_id"] for item in items]


@pytest.mark.parametrize("url", ["postgresql://slotkeeper_worker@127.0.0.1:1/slotkeeper", "host=/nonexistent", "what is this"])
def test_one_that_is_not_there(own_cell, url):
    worker, client, queries, doctor = start(own_cell, **{"database.read_url": url})
    slot_id = client.publish(doctor)
    for _ in range(3):
        assert slots_of(queries, doctor) == [slot_id]
    assert len(worker.logged(LEFT)) == 1 and not worker.logged(USED)
    assert not worker.logged("a session ended")


def test_the_primary_itself(own_cell):
    """Another name of the same server is as good as no name."""
    url = own_cell.env["SLOTKEEPER_DATABASE_URL"].replace("127.0.0.1", "localhost")
    worker, client, queries, doctor = start(own_cell, **{"database.read_url": url})
    assert slots_of(queries, doctor) == []
    slot_id = client.publish(doctor)
    assert slots_of(queries, doctor) == [slot_id]
    assert len(worker.logged(USED)) == 1 and not worker.logged(LEFT)


def test_one_that_falls_behind(own_cell, replica):
    url = replica.url("SLOTKEEPER_DATABASE_URL", own_cell.name)
    worker, client, queries, doctor = start(own_cell, **{"database.read_url": url, "query.lag_max": "1s"})
    first = client.publish(doctor)
    wait_for(lambda: slots_of(queries, doctor) == [first] and worker.logged(USED), "the replica to be used", WAIT_MAX)

    replica.sql("select pg_wal_replay_pause()")
    wait_for(lambda: replica.sql("select pg_get_wal_replay_pause_state()") == "paused", "replay to rest", WAIT_MAX)
    second = client.publish(doctor, soon(2 * 86400))
    # Within query.lag_max the replica may answer without the second slot; from then on nobody does.
    wait_for(lambda: slots_of(queries, doctor) == [first, second], "the primary's answer", WAIT_MAX)
    for _ in range(3):
        assert slots_of(queries, doctor) == [first, second]
    assert "query.lag_max" in worker.logged(LEFT)[-1]["detail"]
    # Only reads come from the replica: who asks is looked up where it is written.
    own_cell.sql(f"update account set token_version = 2 where account_id = '{doctor.id}'")
    assert queries.ask("GetAccount", doctor, account_id=doctor.id).code == "UNAUTHENTICATED"

    replica.sql("select pg_wal_replay_resume()")
    times = len(worker.logged(USED))
    patient = own_cell.account("patient")
    wait_for(lambda: slots_of(queries, patient) == [] and len(worker.logged(USED)) > times, "the replica to be used again",
             WAIT_MAX)
    assert len(worker.logged(LEFT)) <= 2


def test_one_that_dies(own_cell, replica):
    url = replica.url("SLOTKEEPER_DATABASE_URL", own_cell.name)
    worker, client, queries, doctor = start(own_cell, **{"database.read_url": url})
    wait_for(lambda: slots_of(queries, doctor) == [] and worker.logged(USED), "the replica to be used", WAIT_MAX)
    replica.stop()
    slot_id = client.publish(doctor)
    for _ in range(3):
        assert slots_of(queries, doctor) == [slot_id]
    assert worker.logged(LEFT) and not worker.logged("a session ended")


def test_one_that_was_promoted(own_cell, replica):
    """It goes its own way from then on, and never lags behind anybody."""
    url = replica.url("SLOTKEEPER_DATABASE_URL", own_cell.name)
    replica.sql("select pg_promote()")
    worker, client, queries, doctor = start(own_cell, **{"database.read_url": url})
    slot_id = client.publish(doctor)
    assert slots_of(queries, doctor) == [slot_id]
    assert "no replica" in worker.logged(LEFT)[0]["detail"] and not worker.logged(USED)

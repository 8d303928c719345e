"""A primary and its synchronous standby, beside the broker of a stack. Both are ended here, by their process ids."""

import contextlib
import os
import pwd
import random
import signal
import socket
import subprocess
import time
from pathlib import Path
from urllib.parse import urlsplit

from stack import wait_for

ACCOUNT = "postgres"  # PostgreSQL does not run as root
NAME = "standby"  # in synchronous_standby_names
READY_S = 60
PROGRESS = (
    "select json_build_object('partition', partition, 'next_offset', next_offset, 'published_offset', published_offset, 'owner',"
    " owner) from slotkeeper.partition_progress where topic like '%.slot-commands' order by partition;"
)


def programs():
    return sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))[-1]


def free_port():
    """Below those of outgoing connections: it must stay free while its server is down."""
    while True:
        port = random.randrange(20000, 32000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def as_postgres(program, *arguments, **variables):
    command = [str(programs() / program), *map(str, arguments)]
    if os.getuid() == 0:
        command = ["setpriv", f"--reuid={ACCOUNT}", f"--regid={ACCOUNT}", "--init-groups", *command]
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
    done = subprocess.run(command, cwd="/", env={**os.environ, **variables}, stderr=subprocess.PIPE, **quiet)
    if done.returncode != 0:
        raise RuntimeError(f"{program}: " + done.stderr.decode(errors="replace"))


def children_of(pid):
    """Processes that this one started."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(entry.read_text().rsplit(") ", 1)[1].split()[1]) == pid:
                found.append(int(entry.parent.name))
    return found


class Server:
    """One PostgreSQL: its data, and the port that it listens on."""

    def __init__(self, stack, folder, port):
        self.stack, self.folder, self.port = stack, folder, port
        self.data = folder / "data"

    def url(self, name):
        before, after = self.stack.urls[name].split("@127.0.0.1:")
        return f"{before}@127.0.0.1:{self.port}/{after.split('/', 1)[1]}"

    def sql(self, text):
        return self.stack.sql(text, url=self.url("STACK_SUPERUSER_URL"))

    def pid(self):
        """Of the first process; None: it does not run."""
        file = self.data / "postmaster.pid"
        return int(file.read_text().split()[0]) if file.exists() else None

    def start(self):
        as_postgres("pg_ctl", "start", "--silent", "--wait", "-t", READY_S, "-D", self.data, "-l", self.folder / "log")

    def stop(self, mode="immediate"):
        if self.pid() is not None:
            as_postgres("pg_ctl", "stop", "--silent", "--wait", "-m", mode, "-D", self.data)

    def kill(self):
        """As if the machine had lost its power: the first process, and all others at once."""
        first = self.pid()
        others = children_of(first)
        for pid in (first, *others):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if not wait_for(lambda: not any(is_there(pid) for pid in (first, *others)), 10, 0.01):
            raise TimeoutError("a killed server is still there")
        # The key and the number of its shared memory, which would outlive it.
        segment = (self.data / "postmaster.pid").read_text().splitlines()[6].split()[1]
        subprocess.run(["ipcrm", "-m", segment], check=False, capture_output=True)
        (self.data / "postmaster.pid").unlink()

    def promote(self):
        as_postgres("pg_ctl", "promote", "--silent", "--wait", "-t", READY_S, "-D", self.data)

    def set(self, name, value):
        """None: as it is by default. Takes effect without a COMMIT, which might wait."""
        self.sql(f"alter system reset {name};" if value is None else f"alter system set {name} = '{value}';")
        self.sql("select to_json(pg_reload_conf());")

    def progress(self):
        return self.sql(PROGRESS)


def is_there(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0] != "Z"
    except OSError:
        return False


class Pair:
    """Use it with `with`, inside of the stack's own. The two ports stay; who is the primary on which of them changes."""

    def __init__(self, stack):
        self.stack = stack
        stack.urls = dict(stack.environment)
        self.primary = Server(stack, stack.root / "postgres", urlsplit(stack.urls["STACK_SUPERUSER_URL"]).port)
        self.ports = [self.primary.port, free_port()]
        self.standby = None
        self.servers = [self.primary]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for server in self.servers:
            server.stop()

    def worker_url(self, *first):
        """Of both servers, as operations.md tells; those in `first` come first."""
        before, after = self.stack.urls["SLOTKEEPER_DATABASE_URL"].split("@127.0.0.1:")
        hosts = ",".join(f"127.0.0.1:{port}" for port in sorted(self.ports, key=lambda port: port not in first))
        return f"{before}@{hosts}/{after.split('/', 1)[1]}?target_session_attrs=read-write"

    def add_standby(self, synchronous=True):
        """On the port that no primary uses. Back when the primary waits for it."""
        folder = self.stack.root / f"server-{len(self.servers)}"
        folder.mkdir()
        if os.getuid() == 0:
            os.chown(folder, pwd.getpwnam(ACCOUNT).pw_uid, -1)
        port = next(port for port in self.ports if port != self.primary.port)
        server = Server(self.stack, folder, port)
        owner = urlsplit(self.stack.urls["STACK_SUPERUSER_URL"])
        place = f"postgresql://{owner.username}@127.0.0.1:{self.primary.port}/?application_name={NAME}"
        how = ("-R", "-X", "stream", "--checkpoint=fast", "-d", place)
        as_postgres("pg_basebackup", "-D", server.data, *how, PGPASSWORD=owner.password)
        names = NAME if synchronous else ""
        with open(server.data / "postgresql.auto.conf", "a", encoding="utf-8") as settings:
            settings.write(f"port = {port}\nunix_socket_directories = ''\nsynchronous_standby_names = '{names}'\n")
        self.servers.append(server)
        server.start()
        self.primary.set("synchronous_standby_names", names)
        state = "sync" if synchronous else "async"
        there = f"select to_json(1) from pg_stat_replication where state = 'streaming' and sync_state = '{state}';"
        if not wait_for(lambda: self.primary.sql(there), READY_S):
            raise TimeoutError("the standby does not stream")
        self.standby = server

    def cut_off(self):
        """The standby hears no more of its primary."""
        self.standby.set("primary_conninfo", "")

    def promote(self):
        """The standby, which is nobody's primary until it waits for no standby of its own. When it was told to, and the one that was
        the primary."""
        began, before = time.monotonic(), self.primary
        self.standby.promote()
        self.standby.set("synchronous_standby_names", None)
        self.primary, self.standby = self.standby, None
        self.stack.environment["STACK_SUPERUSER_URL"] = self.primary.url("STACK_SUPERUSER_URL")
        return began, before

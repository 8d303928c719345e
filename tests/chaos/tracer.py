"""strace on single threads of a worker: which system calls a batch makes, and one of them that fails or is the process's last."""

import re
import subprocess
from collections import Counter
from pathlib import Path

# What there is to fail. Left out: futex, whose callers take no error that the kernel does not give; restart_syscall and
# rt_sigtimedwait, where nothing is under way; what does not come between a batch and its answer (sockets are opened anew by
# sessions that one of these has ended).
#   EAGAIN is a socket or pipe that was ready and is not any more, EINTR a signal, ENOMEM a kernel without memory.
ERRORS = {
    "sendto": ("ECONNRESET", "EPIPE", "ENOMEM", "EAGAIN"),  # libpq
    "recvfrom": ("ECONNRESET", "EIO", "ENOMEM", "EAGAIN"),
    "sendmsg": ("ECONNRESET", "ENOMEM", "EAGAIN"),  # librdkafka
    "recvmsg": ("ECONNRESET", "EIO", "EAGAIN"),
    "poll": ("EINTR", "ENOMEM"),
    "write": ("EIO", "EAGAIN"),  # log lines, and what wakes threads of librdkafka
    "read": ("EIO", "EAGAIN"),
    "mmap": ("ENOMEM",),
    "brk": ("ENOMEM",),
    "mprotect": ("ENOMEM",),
    "madvise": ("ENOMEM",),
    "openat": ("EIO", "EMFILE"),
    "socket": ("EMFILE",),
    "connect": ("ENETUNREACH",),
    "fsync": ("EIO",),
    "getrandom": ("EAGAIN",),
}
KILL = "KILL"
CALL = re.compile(r"^(\d+) +([a-z_0-9]+)\(")
ATTACH_S = 10


def threads_of(pid):
    """Thread ids by a name that another process has, too. librdkafka's threads are numbered within their client, clients in the
    order in which they were made."""
    names, client, seen = {}, 0, Counter()
    for tid in sorted(int(entry.name) for entry in Path(f"/proc/{pid}/task").iterdir()):
        try:
            name = Path(f"/proc/{pid}/task/{tid}/comm").read_text(encoding="ascii").strip()
        except OSError:
            continue
        client += name == "rdk:main"
        name = f"client{client}/{name[4:]}" if name.startswith("rdk:") else name
        names[f"{name}#{seen[name]}"] = tid
        seen[name] += 1
    return names


class Strace:
    """Attached when it was made; let go of by `end`."""

    def __init__(self, file, *arguments):
        self.file = file
        file.unlink(missing_ok=True)
        command = ["strace", "-o", str(file), "-e", "signal=none", *arguments]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        line = self.process.stderr.readline()
        if "attached" not in line:
            self.process.wait(ATTACH_S)
            raise RuntimeError(f"strace: {line.strip()}")

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(ATTACH_S)
        self.process.stderr.close()

    def lines(self):
        return self.file.read_text(errors="replace").splitlines() if self.file.exists() else []


class Profile(Strace):
    def __init__(self, file, pid):
        self.names = {tid: name for name, tid in threads_of(pid).items()}
        super().__init__(file, "-f", "-p", str(pid), "-e", "trace=" + ",".join(ERRORS))

    def counts(self):
        """How often each thread made each call."""
        counts = Counter()
        for line in self.lines():
            call = CALL.match(line)
            if call and int(call[1]) in self.names and call[2] in ERRORS:
                counts[self.names[int(call[1])], call[2]] += 1
        return counts


class Injection(Strace):
    """The nth such call of the thread fails, or the process is killed on its way into it."""

    def __init__(self, file, tid, call, number, what):
        deed = f"signal={KILL}" if what == KILL else f"error={what}"
        super().__init__(file, "-p", str(tid), "-e", f"trace={call}", "-e", f"inject={call}:{deed}:when={number}")

    def shown(self):
        """The line of the call that failed, None: the thread made fewer, or was killed."""
        return next((line[:160] for line in self.lines() if "(INJECTED)" in line), None)

"""Looking for a mark in files and in a process's memory, in the forms in which a copy of it may lie there.

A mark is text of 16 small letters and digits that nothing else holds. What must not be found carries it; a search that finds
nothing is worth something only beside a control, which the same search finds.
"""

import base64
import os
import re
import secrets
import signal
import string
from collections import Counter

MARK_SIZE = 16
ZEROS = bytes(65536)
WORD_SIZES = (4, 8)  # a hash function turns the bytes of its input's words around


def new_mark(prefix):
    return prefix + "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(MARK_SIZE - len(prefix)))


def base64_forms(data, encode):
    """Whatever stands before it: three ways, of which the middle is always the same."""
    for before in range(3):
        text = encode(bytes(before) + data)
        yield text[-(-before * 8 // 6):(before + len(data)) * 8 // 6]


def turned_words(data):
    for size in WORD_SIZES:
        for start in range(size):
            words = [data[at:at + size] for at in range(start, len(data) - size + 1, size)]
            yield b"".join(word[::-1] for word in words)


def forms_of(mark):
    """The bytes to look for."""
    data = mark.encode()
    forms = {data, data.upper(), data.hex().encode(), data.hex().upper().encode()}
    forms.update(mark.encode(encoding) for encoding in ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"))
    forms.update(base64_forms(data, base64.b64encode))
    forms.update(base64_forms(data, base64.urlsafe_b64encode))
    forms.update(turned_words(data))
    return sorted(forms)


def forms_of_bytes(data):
    """Of what is binary, such as a token's signature."""
    return [data, data.hex().encode(), data.hex().upper().encode()]


def hits(data, forms):
    return sum(data.count(form) for form in forms)


def extents(path):
    """What a file holds, without its holes: index files are made with room for much more."""
    with open(path, "rb") as file:
        end, position = os.fstat(file.fileno()).st_size, 0
        while position < end:
            try:
                begin = os.lseek(file.fileno(), position, os.SEEK_DATA)
            except OSError:  # nothing but a hole is left
                return
            position = os.lseek(file.fileno(), begin, os.SEEK_HOLE)
            yield os.pread(file.fileno(), position - begin, begin)


def files_below(folder):
    return [os.path.join(where, name) for where, _, names in os.walk(folder) for name in names]


class Files:
    """The content of all files below some folders, read once, before any of them may change."""

    def __init__(self, *folders):
        self.content = {}
        for folder in folders:
            for path in files_below(folder) if os.path.isdir(folder) else [folder]:
                self.content[str(path)] = list(extents(path))

    def size(self):
        return sum(len(extent) for extents in self.content.values() for extent in extents)

    def hits(self, forms):
        """How many, by path."""
        found = Counter({path: sum(hits(extent, forms) for extent in extents) for path, extents in self.content.items()})
        return {path: count for path, count in found.items() if count > 0}


class Memory:
    """All that lies in a process, read while it stands still. Takes root's rights: a worker lets nobody else."""

    def __init__(self, pid):
        os.kill(pid, signal.SIGSTOP)
        for task in os.listdir(f"/proc/{pid}/task"):
            while not is_still(pid, task):
                os.sched_yield()
        self.regions = dict(regions(pid))
        os.kill(pid, signal.SIGCONT)

    def hits(self, forms):
        """How many, by region."""
        found = {name: hits(data, forms) for name, data in self.regions.items()}
        return {name: count for name, count in found.items() if count > 0}

    def around(self, forms, width=48):
        """(region, bytes around) of each hit, for whoever looks for where a copy comes from."""
        for name, data in self.regions.items():
            for match in re.finditer(b"|".join(map(re.escape, forms)), data):
                yield name, data[max(0, match.start() - width):match.end() + width]


def is_still(pid, task):
    try:
        with open(f"/proc/{pid}/task/{task}/stat", encoding="ascii", errors="replace") as stat:
            return stat.read().rpartition(")")[2].split()[0] in "tTZX"
    except FileNotFoundError:
        return True


def regions(pid):
    """(name, bytes) of what can be read and is not all zero."""
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for place, rights, *_, name in ([*line.split(maxsplit=5), ""][:6] for line in maps):
            begin, end = (int(number, 16) for number in place.split("-"))
            if rights[0] == "r" and not name.startswith("[v"):
                data = without_zeros_before(read_region(memory, begin, end))
                if data:
                    yield f"{place} {name.strip()}", data


def without_zeros_before(data):
    """Most of a stack is never used, and it grows downwards."""
    at = 0
    while at < len(data) and data.startswith(ZEROS[:len(data) - at], at):
        at += len(ZEROS)
    return data[at:]


def read_region(memory, begin, end):
    try:
        return os.pread(memory.fileno(), end - begin, begin)
    except OSError:  # a mapped file that is shorter than its mapping
        return b""

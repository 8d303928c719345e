"""Several processes of pytest side by side, and now and then a test that needs the machine for itself."""

import fcntl
from contextlib import contextmanager
from pathlib import Path

# Two files that are there anyway: whoever dies lets go of its locks, and leaves nothing behind.
GATE = Path(__file__)
QUIET = Path(__file__).with_name("__init__.py")


@contextmanager
def turn(alone=False):
    """Shared with all others, or with nobody. The gate keeps newcomers from overtaking one that waits to be alone."""
    with open(QUIET, "rb") as quiet:
        with open(GATE, "rb") as gate:
            fcntl.flock(gate, fcntl.LOCK_EX)
            fcntl.flock(quiet, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield

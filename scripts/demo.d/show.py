"""What the demo prints: headings with the time that has passed, aligned tables, claims that were checked."""

import time

WIDTH = 110


class Failed(Exception):
    """A claim of the demo that does not hold."""


class Clock:
    began = time.time()


def heading(title):
    passed = f"[{time.time() - Clock.began:5.1f} s]"
    print(f"\n{title} {'-' * (WIDTH - len(title) - len(passed) - 2)} {passed}")


def say(text):
    print(f"  {text}")


def table(head, rows):
    """With a line of heads unless there are none; every column as wide as its widest cell."""
    cells = [[str(cell) for cell in row] for row in ([head] if head else []) + rows]
    widths = [max(len(cell) for cell in column) for column in zip(*cells)]
    for row in cells:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths))
        print(f"      {line.rstrip()}")


def claim(holds, text):
    if not holds:
        raise Failed(f"this does not hold: {text}")
    print(f"  ok  {text}")


def expect(what, found, wanted):
    """A check too small to be shown."""
    if found != wanted:
        raise Failed(f"{what}: {found}, not {wanted}")


def short(uuid):
    return str(uuid)[:8]

"""Waiting for a condition, never for a time."""

import time


def wait_for(condition, what, timeout=30, step=0.05):
    """Whatever true thing the condition returns."""
    deadline = time.monotonic() + timeout
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout} s for {what}")
        time.sleep(step)

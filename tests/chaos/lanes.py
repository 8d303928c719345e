"""The same work on many things, in several processes side by side; none of them outlives this one."""

import multiprocessing
import queue

from stack import die_with_parent, fail_on_signals


def lane(work, todo, results):
    die_with_parent()
    fail_on_signals()
    for item in iter(todo.get, None):
        results.put((item, work(item)))


def next_result(lanes, results):
    while True:
        try:
            return results.get(timeout=0.5)
        except queue.Empty:
            ended = [one.exitcode for one in lanes if one.exitcode]
            if ended:
                raise RuntimeError(f"a lane ended with {ended[0]}") from None


def side_by_side(count, work, items):
    """What `work` makes of each item, by item. The calling process must have no threads yet."""
    context = multiprocessing.get_context("fork")
    todo, results = context.Queue(), context.Queue()
    for item in [*items, *[None] * count]:
        todo.put(item)
    lanes = [context.Process(target=lane, args=(work, todo, results), daemon=True) for _ in range(count)]
    try:
        for one in lanes:
            one.start()
        return dict(next_result(lanes, results) for _ in items)
    finally:
        for one in lanes:
            one.terminate()
        for one in lanes:
            one.join()

"""One stack for each process of pytest; in it one cell with one worker that most tests share, and cells of their own
for the rest."""

import itertools
import signal
from contextlib import contextmanager

import pytest

from kit.accounts import Accounts
from kit.client import Client
from kit.stack import BINARY, Cell, Stack
from kit.turns import turn
from kit.worker import Worker

numbers = itertools.count(1)
# So that a slot can be published, booked and completed within seconds.
SHARED_SETTINGS = {"slot.duration_min": "1s", "noshow.grace": "0s"}


def pytest_configure():
    """Whoever ends us early gets the stacks stopped, too."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """A test with a cell of its own goes to whichever process is free; those of a module that share one stay together.
    The long ones wait more than they work, so they begin while there is work beside them. Outages concern everybody: last."""
    for item in items:
        if "own_cell" not in item.fixturenames:
            item.add_marker(pytest.mark.xdist_group(item.module.__name__))
    items.sort(key=lambda item: (item.get_closest_marker("outage") is not None, item.get_closest_marker("long") is None))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item):
    with turn(alone=item.get_closest_marker("alone") is not None):
        yield


@pytest.fixture(scope="session")
def stack(request):
    assert BINARY.exists(), f"no program at {BINARY}: scripts/build release"
    stack = Stack()
    yield stack
    stack.destroy(keep_logs=stack.suspect or request.session.testsfailed > 0)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """With a failure comes what the workers of its cell said last."""
    report = (yield).get_result()
    if not report.failed:
        return
    cell = item.funcargs.get("own_cell") or item.funcargs.get("cell")
    for worker in cell.workers if cell else ():
        report.sections.append((f"the end of {worker.log_path}", worker.log_tail()))
    stack = cell.stack if cell else item.funcargs.get("stack")
    if stack:
        report.sections.append(("the logs of all workers and both servers", str(stack.folder)))


@contextmanager
def use_cell(stack, name):
    cell = Cell(stack, name)
    cell.client = Client(cell)
    try:
        yield cell
    finally:
        for worker in cell.workers:
            worker.kill()
        cell.client.close()


@pytest.fixture(scope="session")
def cell(stack, request):
    """The shared one, with its worker running; in the end it must have come through everything."""
    with use_cell(stack, "shared") as cell:
        Worker(cell, SHARED_SETTINGS).wait_until_ready()
        yield cell
        if request.session.exitstatus != pytest.ExitCode.INTERRUPTED:
            stack.suspect = True
            assert_came_through(cell)
            stack.suspect = False


def assert_came_through(cell):
    """Every request had exactly one outcome, whatever else happened to the servers, and the chains hold."""
    client = cell.client
    cell.workers[0].wait_until_ready()
    client.publish(cell.account("doctor"))
    assert [request.key for request in client.sent if len(request.answers()) != 1] == []
    assert len(client.outcomes()) == len(client.sent)
    verified = cell.slotkeeper("audit", "verify", check=False)
    assert verified.returncode == 0, verified.stdout + verified.stderr


@pytest.fixture(scope="session")
def client(cell):
    return cell.client


@pytest.fixture
def own_cell(stack, request):
    """A fresh one, without a worker."""
    name = f"cell_{next(numbers)}_" + request.node.originalname.removeprefix("test_")[:40]
    with use_cell(stack, name) as cell:
        yield cell


@pytest.fixture
def doctor(cell):
    return cell.account("doctor")


@pytest.fixture
def patient(cell):
    return cell.account("patient")


@pytest.fixture
def admin(cell):
    return cell.account("admin")


@pytest.fixture(scope="session")
def accounts(client):
    return Accounts(client)

"""One stack for the session; one cell with one worker that most tests share; cells of their own for the rest."""

import itertools

import pytest

from kit.accounts import Accounts
from kit.client import Client
from kit.stack import BINARY, Cell, Stack
from kit.worker import Worker

numbers = itertools.count(1)
# So that a slot can be published, booked and completed within seconds.
SHARED_SETTINGS = {"slot.duration_min": "1s", "noshow.grace": "0s"}


def pytest_collection_modifyitems(items):
    """Outages concern everybody: last."""
    items.sort(key=lambda item: item.get_closest_marker("outage") is not None)


@pytest.fixture(scope="session")
def stack(request):
    assert BINARY.exists(), f"no program at {BINARY}: scripts/build release"
    stack = Stack()
    yield stack
    failed = request.session.testsfailed > 0
    stack.destroy(keep_logs=failed)
    if failed:
        print(f"\nthe logs of all workers and both servers: {stack.folder}")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """With a failure comes what the workers of its cell said last."""
    report = (yield).get_result()
    cell = item.funcargs.get("own_cell") or item.funcargs.get("cell")
    if report.failed and cell is not None:
        for worker in cell.workers:
            report.sections.append((f"the end of {worker.log_path}", worker.log_tail()))


def use_cell(stack, name):
    cell = Cell(stack, name)
    cell.client = Client(cell)
    yield cell
    for worker in cell.workers:
        worker.kill()
    cell.client.close()


@pytest.fixture(scope="session")
def cell(stack):
    """The shared one, with its worker running."""
    for cell in use_cell(stack, "shared"):
        Worker(cell, SHARED_SETTINGS).wait_until_ready()
        yield cell


@pytest.fixture(scope="session")
def client(cell):
    return cell.client


@pytest.fixture
def own_cell(stack, request):
    """A fresh one, without a worker."""
    name = f"cell_{next(numbers)}_" + request.node.originalname.removeprefix("test_")[:40]
    yield from use_cell(stack, name)


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

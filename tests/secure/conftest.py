"""One secure stack for each process of pytest; two accounts; a worker that runs for the tests that want one."""

import itertools
import signal
from datetime import datetime, timedelta, timezone

import pytest
from stack import SecureStack

slot_numbers = itertools.count()


def pytest_configure():
    """Whoever ends us early gets the stacks stopped, too."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    stack = item.funcargs.get("stack")
    if report.failed and stack:
        report.sections.append(("the logs", f"{stack.folder}/*.log"))


@pytest.fixture(scope="session")
def stack(request):
    stack = SecureStack()
    yield stack
    stack.destroy(keep_logs=request.session.testsfailed > 0)


@pytest.fixture
def start_worker(stack):
    """Workers of one test, which are gone afterwards. One without a hope of Kafka is not asked to end: it would
    first wait out its call."""
    started = []

    def start(hopeless=False, **env):
        worker = stack.start_worker(**env)
        started.append(worker.kill if hopeless else worker.stop)
        return worker

    yield start
    for end in started:
        end()


@pytest.fixture(scope="session")
def doctor(stack):
    return stack.account("doctor", "dr-secure")


@pytest.fixture(scope="session")
def patient(stack):
    return stack.account("patient", "secure-patient")


@pytest.fixture
def slot_times():
    """Fields of a slot that overlaps no other test's."""
    begin = datetime.now(timezone.utc) + timedelta(days=2, hours=next(slot_numbers))
    end = begin + timedelta(minutes=30)
    return [f"{name}={time.strftime('%Y-%m-%dT%H:%M:%SZ')}" for name, time in (("starts_at", begin), ("ends_at", end))]

"""Nobody learns from an answer, or from how long it takes, whether a login exists.

    TIMING_LOG_INS          log-ins of each kind (default 150; 10,000 for a thorough look, at night)
    TIMING_PASSWORD_MEMORY  memory of a hash (default 1MiB: the less a hash takes, the more shows what else differs)
"""

import math
import os
import random
import statistics
import time

import pytest

from kit.accounts import WRONG, Accounts, Person, new_login
from kit.worker import Worker

LOG_INS = int(os.environ.get("TIMING_LOG_INS", 150))
MEMORY = os.environ.get("TIMING_PASSWORD_MEMORY", "1MiB")
WARM_UP = 20


def known_logins(cell, accounts, count):
    """Accounts with hashes of the parameters in force."""
    model = accounts.register()
    rows = cell.sql("insert into account (account_id, role, login, password_hash, created_at)"
                    " select gen_random_uuid(), 'patient', 'known-' || replace(gen_random_uuid()::text, '-', '')"
                    " || '@example.org', password_hash, now()"
                    f" from account, generate_series(1, {count}) where account_id = '{model.id}' returning login")
    cell.sql("analyze account")
    return [login for (login,) in rows]


def welch(first, second):
    spread = statistics.variance(first) / len(first) + statistics.variance(second) / len(second)
    return (statistics.fmean(first) - statistics.fmean(second)) / math.sqrt(spread)


@pytest.mark.alone
def test_a_known_login_takes_as_long_as_an_unknown_one(own_cell):
    worker = Worker(own_cell, {"password.memory": MEMORY, "password.passes": "1"}).wait_until_ready()
    own_cell.client.read_max = 1
    accounts = Accounts(own_cell.client)
    count = LOG_INS + WARM_UP
    logins = {"known": known_logins(own_cell, accounts, count), "unknown": [new_login("known") for _ in range(count)]}
    order = ["known", "unknown"] * count
    random.shuffle(order)
    times, sizes = {"known": [], "unknown": []}, set()
    for kind in order:
        person = Person(logins[kind].pop(), WRONG)
        accounts.seal_key()
        began = time.perf_counter()
        answer = accounts.ask("LogIn", person)
        times[kind].append(time.perf_counter() - began)
        assert answer.code == "LOGIN_FAILED"
        sizes.add((len(answer.value), len(answer.seen.header_list)))
        own_cell.client.forget()
    t = welch(times["known"][WARM_UP:], times["unknown"][WARM_UP:])
    figures = {kind: f"{statistics.fmean(of[WARM_UP:]) * 1000:.3f} ms" for kind, of in times.items()}
    print(f"{LOG_INS} log-ins each, a hash of {MEMORY}: {figures}, Welch's t {t:.2f}")
    assert len(sizes) == 1, sizes
    assert abs(t) < 4.5, figures
    assert worker.stop() == 0

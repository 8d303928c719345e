"""Every statement of the worker stays on its indexes, under the settings of the worker's own session: where nothing has
been counted yet, as after a first deployment, and where the tables have grown and were analysed."""

import re
import uuid

import pytest

from kit.client import soon
from kit.stack import ROOT, Cell, run
from kit.waiting import wait_for
from kit.worker import Worker

SOURCE = ROOT / "src/postgres"
# No table of any size stands behind these.
WITHOUT_TABLES = {"plan_again", "begin", "commit", "rollback", "clock", "ping", "lock_ends", "primary_place", "replica_place"}
# In the plan are only the rows that are put in, or functions; the tables that a function reads have plans of their own.
WITHOUT_INDEXES = {"insert_slots", "insert_appointments", "insert_slot_events", "insert_account_events",
                   "insert_answers", "insert_accounts", "add_throttles", "insert_attempts", "remember_devices",
                   "take_partition", "forget_answers", "expire_log", "forget_log_ins", "find_purgeable", "purge_slots",
                   "terminate_stalled"}
# (size, name) that read an index from end to end. The first rows of a small table by its key; the few active admins, and
# accounts that are about to end; and updates of a table that is small still, which are planned again as it grows.
END_TO_END = {("new", "measure"), ("grown", "measure"),  # partition_progress has a row a partition
              ("new", "load_pending_events"), ("grown", "load_pending_events"), ("new", "update_appointments"),
              ("new", "withdraw_slots"), ("new", "count_admins"), ("grown", "count_admins"),
              ("new", "let_ends_pass"), ("grown", "let_ends_pass")}


def c_strings(text):
    return "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', text))


def read_statements(name):
    """name: SQL, out of a file, as the preprocessor leaves it."""
    source = re.sub(r"^#include.*$", "", (SOURCE / name).read_text(), flags=re.M)
    source = run("cc", "-E", "-P", "-x", "c", "-", stdin=source).stdout
    body = source[source.index(" statements[STATEMENT_"):]
    rows = re.findall(r'\[STATEMENT_[^\]]*\]\s*=\s*\{\s*"(\w+)",(.*?)\}\s*,(?=\s*(?:\[|\}))', body, re.S)
    return {name: c_strings(sql) for name, sql in rows}


def settings(name):
    source = (SOURCE / "pipeline.c").read_text()
    return c_strings(re.search(name + r"\[\] =(.*?);\n", source, re.S).group(1)) + ";\n"


WRITES = read_statements("statements.c")
READS = read_statements("read_statements.c")
STATEMENTS = {**WRITES, **READS}


def explain_all(cell):
    """{statement: plan}, as the worker's role."""
    script = settings("session_settings")
    for name, sql in STATEMENTS.items():
        if name in WITHOUT_TABLES:
            continue
        if name in READS:
            script += settings("reader_settings")
        nulls = ", ".join(["null"] * len(set(re.findall(r"\$(\d+)", sql))))
        script += f"prepare {name} as {sql};\n\\echo == {name}\n"
        script += f"explain execute {name}{f'({nulls})' if nulls else ''};\n"
    done = run("psql", "-XqAt", "-v", "ON_ERROR_STOP=1", cell.env["SLOTKEEPER_DATABASE_URL"], env=cell.stack.clean_env,
               stdin=script)
    return dict(re.findall(r"== (\w+)\n(.*?)(?=\n== |\Z)", done.stdout, re.S))


GROW = """
    insert into slot (slot_id, doctor_id, during, published_at)
    select gen_random_uuid(), account_id, tstzrange(now() + n * interval '1 hour', now() + (n + 1) * interval '1 hour'), now()
    from account, generate_series(1, 80) n where role = 'doctor';
    insert into appointment (appointment_id, slot_id, doctor_id, during, patient_id, state, seat, booked_at)
    select gen_random_uuid(), slot_id, doctor_id, during, patients[row], 'booked', 1, now()
    from (select slot.*, row_number() over () as row from slot) s,
        (select array_agg(account_id) as patients from account where role = 'patient') p
    where row <= cardinality(patients);
    insert into slot_event (slot_id, sequence, event_id, entity, entity_id, new_state, actor_id, actor_role, command_id,
        occurred_at, hash)
    select slot_id, n, gen_random_uuid(), 'slot', slot_id, 'open', doctor_id, 'doctor', gen_random_uuid(), now(),
        sha256('none') from slot, generate_series(1, 2) n;
    insert into command_log (topic, partition, record_offset, append_time, caller, command_id, content_hash, recallable,
        decided_at, code, worker_version, outcome_schema, outcome, route)
    select 'topic', n % 4, n, now(), gen_random_uuid(), gen_random_uuid(), sha256('none'), true, now(), '', 3, 0, '', ''
    from generate_series(1, 20000) n;
    insert into login_throttle (login_key, failures, last_attempt_at)
    select sha256(n::text::bytea), n % 7, now() from generate_series(1, 5000) n;
    insert into login_attempt (topic, partition, record_offset, login_key, reserved_at)
    select 'topic', n % 4, n, sha256(n::text::bytea), now() from generate_series(1, 5000) n;
    insert into login_device (account_id, device_key, last_used_at)
    select account_id, sha256(account_id::text::bytea || n::text::bytea), now() from account, generate_series(1, 5) n;
    insert into purged_slot select gen_random_uuid(), 1, sha256('none'), gen_random_uuid() from generate_series(1, 2000);
    analyze"""


@pytest.fixture(scope="module")
def plans(stack):
    """Of a new database, and of a grown one."""
    new, grown = Cell(stack, "plans_new"), Cell(stack, "plans_grown")
    grown.sql(GROW)
    return {"new": explain_all(new), "grown": explain_all(grown)}


def test_all_statements_were_found():
    for name, found in (("statements.c", WRITES), ("read_statements.c", READS)):
        rows = (SOURCE / name).read_text().count("[STATEMENT_") - 1  # less the array's own size
        assert len(found) == rows
        assert all(found.values())


@pytest.mark.parametrize("name", [name for name in STATEMENTS if name not in WITHOUT_TABLES])
@pytest.mark.parametrize("size", ["new", "grown"])
def test_plan(plans, size, name):
    plan = plans[size][name]
    assert "Seq Scan" not in plan, plan
    assert "Hash" not in plan and "Merge Join" not in plan, plan
    if name not in WITHOUT_INDEXES:
        assert "Index" in plan, plan
    if (size, name) not in END_TO_END:
        scans = len(re.findall(r"Index (Only )?Scan", plan))
        assert plan.count("Index Cond:") == scans, "an index is read from end to end: " + plan


def test_what_the_functions_of_a_purge_read(stack):
    """By index, and no further than is asked for: at most 300 slots in the way are booked."""
    cell = Cell(stack, "plans_purge")
    cell.sql(GROW)
    script = settings("session_settings") + """;
        create temporary view tuples as select coalesce(sum(seq_tup_read), 0)::bigint as by_scan, count(*) from
            pg_stat_xact_user_tables where schemaname = 'slotkeeper';
        create temporary view looked_up as select coalesce(sum(idx_tup_fetch), 0)::bigint as rows from
            pg_stat_xact_user_tables where schemaname = 'slotkeeper';
        begin;
        select cardinality(slot_ids), more from find_purgeable(now() + interval '10 hours', 10);
        select by_scan from tuples;
        select rows < 3000 from looked_up;
        rollback"""
    done = run("psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-c", "set search_path = slotkeeper", "-f", "-",
               stack.url("STACK_SUPERUSER_URL", cell.name), env=stack.clean_env, stdin=script)
    assert done.stdout.split() == ["10|t", "0", "t"]


@pytest.mark.parametrize("name, index", [
    ("load_patients_appointments", "appointment_seat"),  # the exclusion's GiST index is ten times slower for it
    ("load_recalls", "command_log_recall"),
    ("load_chains", "slot_event_pkey"),
    ("load_active_appointments", "appointment_one_active"),
    ("load_named_appointments", "appointment_pkey"),
    ("load_calendars", "slot_doctor_overlap"),
    ("count_slots_to_come", "slot_calendar"),
    ("load_unpublished", "command_log_pkey"),
    ("claim", "partition_progress_pkey"),
    ("read_open_slots", "slot_times"),
    ("read_doctors_open_slots", "slot_calendar"),
    ("read_doctors_appointments", "appointment_of_doctor"),
    ("read_patients_appointments", "appointment_past_of_patient"),
    ("read_patients_appointments", "appointment_seat"),
    ("read_slot_history", "slot_event_pkey"),
    ("read_appointment_history", "slot_event_pkey"),
])
def test_index(plans, name, index):
    assert index in plans["grown"][name], plans["grown"][name]


@pytest.mark.parametrize("size", ["new", "grown"])
def test_ends_are_looked_for_where_there_are_hardly_any(plans, size):
    assert "account_closing" in plans[size]["let_ends_pass"], plans[size]["let_ends_pass"]


@pytest.mark.parametrize("name", [name for name in READS if name not in WITHOUT_TABLES])
@pytest.mark.parametrize("size", ["new", "grown"])
def test_a_page_reads_no_more_than_it_needs(plans, size, name):
    """Rows come in the order of an index up to a limit: what stands in an index's way is filtered behind that limit."""
    plan = plans[size][name]
    assert "Bitmap" not in plan, plan
    assert "Limit" in plan, plan
    if name.endswith("_open_slots") or name.endswith("_history"):
        # Nothing but the few rows of a page is sorted.
        assert plan.count("Sort") == plan.count("Sort Key: numbered.sequence") * 2, plan


# 60 patients with 60 appointments each.
OTHERS_BOOK = """
    insert into account (account_id, role, login, password_hash, created_at)
    select md5(role || n)::uuid, role::account_role, 'other.' || role || n, 'none', now()
    from unnest(array['doctor', 'patient']) role, generate_series(1, 60) n;
    insert into slot (slot_id, doctor_id, during, published_at)
    select md5(n || 'at' || hour)::uuid, md5('doctor' || n)::uuid,
        tstzrange(now() + hour * interval '1 hour', now() + (hour + 1) * interval '1 hour'), now()
    from generate_series(1, 60) n, generate_series(1, 60) hour;
    insert into appointment (appointment_id, slot_id, doctor_id, during, patient_id, state, seat, booked_at)
    select gen_random_uuid(), slot_id, doctor_id, during, md5('patient' || n)::uuid, 'booked', hour, now()
    from generate_series(1, 60) n, generate_series(1, 60) hour, slot where slot_id = md5(n || 'at' || hour)::uuid"""


class Empty:
    """A cell whose table of appointments was analysed while it was empty, and a worker of one thread."""

    def __init__(self, cell):
        self.cell = cell
        self.doctor, self.patient = cell.account("doctor"), cell.account("patient")
        cell.sql("alter table appointment set (autovacuum_enabled = off); analyze appointment")
        Worker(cell, {"worker.threads": "1"}).wait_until_ready()

    def book(self, first, count):
        for number in range(first, first + count):
            if number % 10 == 0:
                self.patient = self.cell.account("patient")
            self.cell.client.book(self.patient, self.cell.client.publish(self.doctor, soon(86400 * (2 + number))))

    def entries_read(self, bookings):
        """Of the table's indexes; counted when sessions have told what they did."""
        def told():
            return int(self.cell.sql("select n_tup_ins from pg_stat_user_tables where relname = 'appointment'")[0][0]) >= bookings

        wait_for(told, f"{bookings} appointments in the statistics")
        return int(self.cell.sql("select sum(idx_tup_read) from pg_stat_user_indexes where relname = 'appointment'")[0][0])


@pytest.mark.long
def test_plans_for_an_empty_table_are_given_up(own_cell):
    """Analysed while it was empty, a table's indexes all cost nothing, and a plan may read any of them from end to end. It does
    not stay when the table has grown, though nobody has analysed it since."""
    empty = Empty(own_cell)
    empty.book(0, 2)
    own_cell.sql(OTHERS_BOOK)
    empty.book(2, 40)
    before = empty.entries_read(3642)
    empty.book(42, 10)
    assert empty.entries_read(3652) - before < 3600


@pytest.mark.long
def test_plans_are_given_up_by_what_was_written(own_cell):
    """However many batches there were before that wrote nothing, and made plans for an empty table."""
    empty = Empty(own_cell)
    for _ in range(140):
        assert own_cell.client.ask("BookSlot", empty.patient, {"slot_id": uuid.uuid4()}).code == "SLOT_NOT_FOUND"
    own_cell.sql(OTHERS_BOOK)
    before = empty.entries_read(3600)
    empty.book(0, 10)
    assert empty.entries_read(3610) - before < 3600

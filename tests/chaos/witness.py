"""Who moved a partition on, written down by triggers under the lock of the partition's row: so the order of takeovers and writes is
known for certain, and no write of a backend may come after its successor's takeover."""

SQL = """
create schema witness;
create table witness.moved (seq bigserial primary key, partition integer, owner_before uuid, owner uuid,
    next_before bigint, next_offset bigint, pid integer, backend_start timestamptz, xid xid8, at timestamptz);
create table witness.wrote (partition integer, record_offset bigint, pid integer, xid xid8);
create function witness.note_move() returns trigger language plpgsql security definer as $$
begin
    insert into witness.moved (partition, owner_before, owner, next_before, next_offset, pid, backend_start, xid, at)
    select new.partition, old.owner, new.owner, old.next_offset, new.next_offset, pg_backend_pid(), a.backend_start,
        pg_current_xact_id(), clock_timestamp() from pg_stat_get_activity(pg_backend_pid()) a;
    return null;
end $$;
create function witness.note_write() returns trigger language plpgsql security definer as $$
begin
    insert into witness.wrote select partition, record_offset, pg_backend_pid(), pg_current_xact_id() from written;
    return null;
end $$;
create trigger witness after insert or update on slotkeeper.partition_progress
    for each row when (new.topic like '%.slot-commands') execute function witness.note_move();
create trigger witness after insert on slotkeeper.command_log
    referencing new table as written for each statement execute function witness.note_write();
"""


def swear_in(stack):
    stack.sql(SQL)


def read(stack):
    moves = stack.sql("select row_to_json(m) from witness.moved m order by seq;")
    writes = stack.sql(
        "select json_build_object('partition', partition, 'xid', xid, 'pid', pid)"
        " from (select distinct partition, xid, pid from witness.wrote) w;"
    )
    return moves, writes


def check(moves, writes):
    """Under the row's lock, so in commit order: who moves a partition on is who took it last. Rule 9: it is the fence."""
    findings, holder, movers, displaced = [], {}, {}, set()
    for move in moves:
        number, who = move["partition"], (move["pid"], move["backend_start"])
        taken = is_take(move)
        if taken and move["owner"] in displaced:
            findings.append({"rule": 9, "what": "a displaced session goes on", "shown_by": [move["seq"]]})
        if taken and move["owner_before"] is not None:
            displaced.add(move["owner_before"])
        if taken:
            holder[number] = who
        elif holder.get(number) != who:
            findings.append({"rule": 9, "what": "a write after the successor's takeover", "shown_by": [move["seq"]]})
        if move["next_before"] != move["next_offset"]:
            movers.setdefault((number, move["xid"]), move["pid"])
    for write in writes:
        if movers.get((write["partition"], write["xid"])) != write["pid"]:
            findings.append({"rule": 9, "what": "a row in the log without the fence", "shown_by": [write["xid"]]})
    return findings


def is_take(move):
    return move["owner_before"] != move["owner"] and move["owner"] is not None


def takes_of(moves):
    return [move for move in moves if is_take(move)]


def spoiled(moves):
    """The check is checked: one who held a partition before writes once more."""
    holder = {move["partition"]: move for move in takes_of(moves)}
    for move in takes_of(moves):
        now = holder[move["partition"]]
        if move["pid"] != now["pid"]:
            late = {**move, "owner_before": now["owner"], "owner": now["owner"]}
            missed = not check([*moves, late], [])
            return [{"rule": "spoiled", "what": "a late write was not found", "shown_by": []}] if missed else []
    return [{"rule": "spoiled", "what": "no partition ever changed hands", "shown_by": []}]

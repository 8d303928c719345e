-- Deploy slotkeeper:command_log
-- requires: foundation
-- Inbox and outbox in one: one row a request record. Beside it, how far each partition has come.

begin;

create table slotkeeper.command_log (
    topic text collate "C" not null,
    partition integer not null,
    record_offset bigint not null,
    append_time timestamptz not null,
    caller uuid,
    command_id uuid,
    content_hash bytea,
    -- Decided by the command's own rules: a repeat is answered from this row.
    recallable boolean not null,
    decided_at timestamptz not null,
    -- Empty: accepted.
    code text collate "C" not null,
    -- CRC-64-AVRO fingerprints of the writer schemas, as signed numbers.
    outcome_schema bigint not null,
    outcome bytea not null,
    event_schema bigint,
    -- Each body after its length as int32 big-endian.
    events bytea,
    -- How the answer travels. Bytes, since clients wrote them.
    route bytea not null,
    -- The value and the headers of an INVALID record.
    dead_letter bytea,

    primary key (topic, partition, record_offset),
    constraint command_log_place check (partition >= 0 and record_offset >= 0),
    constraint command_log_recallable check (
        not recallable
        or (caller is not null and command_id is not null and content_hash is not null
            and dead_letter is null)
    ),
    constraint command_log_content_hash check (octet_length(content_hash) = 32),
    constraint command_log_event_schema check (events is null or event_schema is not null)
)
with (
    -- Inserts only, then deletes from the old end: vacuum by what came in, not by a share of a week.
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_insert_scale_factor = 0.05,
    autovacuum_analyze_scale_factor = 0.05
);

create unique index command_log_recall on slotkeeper.command_log (caller, command_id) where recallable;
-- The answers that go once they are published. Bookings never enter it.
create index command_log_passing on slotkeeper.command_log (topic, partition, record_offset)
    where not recallable;

create table slotkeeper.partition_progress (
    topic text collate "C" not null,
    partition integer not null,
    cluster_id text not null,
    generation bigint not null default 0,
    next_offset bigint not null,
    published_offset bigint not null,
    -- One incarnation of one worker thread, and what it is known by elsewhere.
    owner uuid,
    transactional_id text,
    backend_pid integer,
    backend_start timestamptz,
    -- Transactional ids of predecessors that are still to be fenced.
    to_fence text[] not null default '{}',
    -- The last record consumed.
    last_offset bigint,
    last_append_time timestamptz,
    last_hash bytea,
    taken_at timestamptz,

    primary key (topic, partition),
    constraint partition_progress_offsets check (
        published_offset >= 0 and published_offset <= next_offset
    ),
    constraint partition_progress_place check (partition >= 0 and generation >= 0),
    constraint partition_progress_last_record check (
        num_nulls(last_offset, last_append_time, last_hash) in (0, 3)
    ),
    constraint partition_progress_last_hash check (octet_length(last_hash) = 32)
)
with (
    -- A few rows, each updated with every batch: room on the page keeps those updates out of the index.
    fillfactor = 10,
    autovacuum_vacuum_threshold = 500,
    autovacuum_vacuum_scale_factor = 0
);

comment on table slotkeeper.command_log is 'One row a request record: inbox and outbox in one.';
comment on table slotkeeper.partition_progress is 'How far each partition was consumed and published.';

commit;

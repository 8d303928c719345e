-- Deploy slotkeeper:login_throttling
-- requires: accounts
-- What guessing passwords runs into. No login stands here: a key is an HMAC under the workers' secret
-- file, so it names a login, or a device of an account, only to who holds that file.

begin;

-- One row a login that somebody tried, whether there is an account of that login or not.
create table slotkeeper.login_throttle (
    login_key bytea primary key,
    failures integer not null,
    blocked_until timestamptz,
    last_attempt_at timestamptz not null,
    -- The same, coarser: what is forgotten first is found by an index on these two, and while they
    -- stand still an update stays out of all indexes. magnitude: 0 for no failure, 1 for 1, 2 for 2
    -- and 3, 3 for 4 to 7, and so on to 31.
    magnitude smallint not null generated always as (
        case failures when 0 then 0 else 33 - position(B'1' in failures::bit(32)) end
    ) stored,
    attempt_minute timestamptz not null generated always as (
        date_bin('1 minute', last_attempt_at, '2000-01-01 00:00+00')
    ) stored,

    constraint login_throttle_login_key check (octet_length(login_key) = 32),
    constraint login_throttle_failures check (failures >= 0)
)
with (
    -- An attacked row is updated again and again: room on its page keeps that out of the indexes.
    fillfactor = 70,
    autovacuum_vacuum_threshold = 500,
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_analyze_scale_factor = 0.05
);

create index login_throttle_forgettable on slotkeeper.login_throttle (magnitude, attempt_minute);

-- An attempt, named by its record, that is counted and whose password is being looked at. It goes in
-- the transaction that answers it. Only what is under way is here, so it needs no other index.
create table slotkeeper.login_attempt (
    topic text collate "C" not null,
    partition integer not null,
    record_offset bigint not null,
    login_key bytea not null,
    reserved_at timestamptz not null,

    primary key (topic, partition, record_offset),
    constraint login_attempt_place check (partition >= 0 and record_offset >= 0),
    constraint login_attempt_login_key check (octet_length(login_key) = 32)
)
with (
    -- A few rows that come and go: the table stays as small as they are.
    autovacuum_vacuum_threshold = 500,
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_insert_threshold = -1
);

-- Keys for answers that an account has logged in with. Failures of such a device are counted apart, so
-- that an attack on a login from elsewhere does not lock its owner out.
create table slotkeeper.login_device (
    account_id uuid not null,
    device_key bytea not null,
    last_used_at timestamptz not null,

    primary key (account_id, device_key),
    constraint login_device_account foreign key (account_id)
        references slotkeeper.account (account_id) on delete cascade,
    constraint login_device_device_key check (octet_length(device_key) = 32)
)
with (fillfactor = 90);

comment on table slotkeeper.login_throttle is 'Failed log-ins, by a keyed hash of the login.';
comment on table slotkeeper.login_attempt is 'Log-ins that are counted and not yet answered.';
comment on table slotkeeper.login_device is 'Keyed hashes of what an account logged in with.';

-- Deleting a row of login_throttle is no more than setting its failures to 0.
grant select,
    delete,
    insert (login_key, failures, blocked_until, last_attempt_at),
    update (failures, blocked_until, last_attempt_at)
    on slotkeeper.login_throttle to slotkeeper_worker;
grant select, insert, delete on slotkeeper.login_attempt to slotkeeper_worker;
grant select, insert, update (last_used_at), delete on slotkeeper.login_device to slotkeeper_worker;

commit;

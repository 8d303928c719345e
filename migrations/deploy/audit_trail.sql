-- Deploy slotkeeper:audit_trail
-- requires: appointments
-- One hash chain a slot (with its appointments) and one an account. Ids, codes and times only.

begin;

create table slotkeeper.slot_event (
    slot_id uuid not null,
    sequence bigint not null,
    event_id uuid not null,
    entity slotkeeper.entity not null,
    entity_id uuid not null,
    old_state slotkeeper.entity_state,
    new_state slotkeeper.entity_state not null,
    actor_id uuid not null,
    actor_role slotkeeper.account_role not null,
    command_id uuid not null,
    reason slotkeeper.event_reason,
    related_id uuid,
    detail text,
    occurred_at timestamptz not null,
    hash bytea not null,

    primary key (slot_id, sequence),
    constraint slot_event_slot foreign key (slot_id)
        references slotkeeper.slot (slot_id) on delete cascade,
    constraint slot_event_sequence check (sequence > 0),
    constraint slot_event_entity check (
        case entity
            when 'slot' then
                entity_id = slot_id
                and new_state in ('open', 'withdrawn')
                and (old_state is null or old_state in ('open', 'withdrawn'))
            when 'appointment' then
                new_state in ('booked', 'cancelled', 'fulfilled', 'noshow')
                and (old_state is null or old_state in ('booked', 'cancelled', 'fulfilled', 'noshow'))
            else false
        end
    ),
    constraint slot_event_detail check (octet_length(detail) <= 1024),
    constraint slot_event_hash check (octet_length(hash) = 32)
);

create table slotkeeper.account_event (
    account_id uuid not null,
    sequence bigint not null,
    event_id uuid not null,
    entity slotkeeper.entity not null,
    entity_id uuid not null,
    old_state slotkeeper.entity_state,
    new_state slotkeeper.entity_state not null,
    actor_id uuid not null,
    actor_role slotkeeper.account_role not null,
    command_id uuid not null,
    reason slotkeeper.event_reason,
    related_id uuid,
    detail text,
    occurred_at timestamptz not null,
    hash bytea not null,

    primary key (account_id, sequence),
    constraint account_event_account foreign key (account_id)
        references slotkeeper.account (account_id),
    constraint account_event_sequence check (sequence > 0),
    constraint account_event_entity check (
        entity = 'account'
        and entity_id = account_id
        and new_state in ('active', 'deactivated', 'erased')
        and (old_state is null or old_state in ('active', 'deactivated', 'erased'))
    ),
    constraint account_event_detail check (octet_length(detail) <= 1024),
    constraint account_event_hash check (octet_length(hash) = 32)
);

-- The event of an account that was made in the database waits here for a worker to publish it.
create table slotkeeper.pending_event (
    position bigint generated always as identity primary key,
    account_id uuid not null,
    event_id uuid not null,
    event_schema bigint not null,
    event bytea not null,

    constraint pending_event_account foreign key (account_id)
        references slotkeeper.account (account_id)
);

-- What a purge leaves of a slot: its id, never used again, and where its chain ended.
create table slotkeeper.purged_slot (
    slot_id uuid primary key,
    head_sequence bigint not null,
    head_hash bytea not null,
    event_id uuid not null,

    constraint purged_slot_head_sequence check (head_sequence > 0),
    constraint purged_slot_head_hash check (octet_length(head_hash) = 32)
);

comment on table slotkeeper.slot_event is 'The audit trail of slots and their appointments.';
comment on table slotkeeper.account_event is 'The audit trail of accounts.';
comment on table slotkeeper.pending_event is 'Account events still to be published.';
comment on table slotkeeper.purged_slot is 'What purges leave of a slot.';

commit;

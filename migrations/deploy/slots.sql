-- Deploy slotkeeper:slots
-- requires: accounts
-- Times that doctors offer. Open, or withdrawn for good; "booked" is derived from the appointments.

begin;

create table slotkeeper.slot (
    slot_id uuid primary key,
    doctor_id uuid not null,
    doctor_role slotkeeper.account_role not null default 'doctor',
    during tstzrange not null,
    published_at timestamptz not null,
    withdrawn_at timestamptz,
    withdrawal_reason slotkeeper.event_reason,
    -- True or null, never false: what appointments refer to as long as they are not cancelled.
    open boolean generated always as (case when withdrawn_at is null then true end) stored,

    constraint slot_doctor foreign key (doctor_id, doctor_role)
        references slotkeeper.account (account_id, role),
    constraint slot_doctor_role check (doctor_role = 'doctor'),
    constraint slot_during check (
        not isempty(during)
        and not lower_inf(during) and not upper_inf(during)
        and isfinite(lower(during)) and isfinite(upper(during))
        and lower_inc(during) and not upper_inc(during)
    ),
    constraint slot_withdrawal_reason check (withdrawn_at is not null or withdrawal_reason is null),

    -- What an appointment repeats of its slot, so that its own constraints can use it.
    constraint slot_with_time unique (slot_id, doctor_id, during),
    constraint slot_with_open unique (slot_id, open),
    constraint slot_doctor_overlap
        exclude using gist (doctor_id with =, during with &&) where (withdrawn_at is null)
);

-- A doctor's slots to come.
create index slot_calendar on slotkeeper.slot (doctor_id, lower(during)) where withdrawn_at is null;

comment on table slotkeeper.slot is 'Times that doctors offer.';

commit;

-- Deploy slotkeeper:appointments
-- requires: slots
-- Who holds which slot. Every booking pays for each index and key here: add none without measuring.

begin;

create table slotkeeper.appointment (
    appointment_id uuid primary key,
    slot_id uuid not null,
    doctor_id uuid not null,
    during tstzrange not null,
    patient_id uuid not null,
    patient_role slotkeeper.account_role not null default 'patient',
    state slotkeeper.appointment_state not null default 'booked',
    -- The booking limit: a patient's booked appointments to come sit on different seats.
    seat smallint,
    -- Without a foreign key: the appointment given up may be purged earlier.
    rescheduled_from uuid,
    cancel_reason slotkeeper.event_reason,
    booked_at timestamptz not null,
    ended_at timestamptz,
    -- True or null, never false, so that the keys below bind only while it holds.
    guard boolean generated always as (case when state = 'booked' then true end) stored,
    active boolean generated always as (case when state <> 'cancelled' then true end) stored,

    -- The two keys to slot cascade, so that a purge takes a slot with all that hangs on it.
    constraint appointment_slot foreign key (slot_id, doctor_id, during)
        references slotkeeper.slot (slot_id, doctor_id, during) on delete cascade,
    constraint appointment_slot_open foreign key (slot_id, active)
        references slotkeeper.slot (slot_id, open) on delete cascade,
    constraint appointment_patient foreign key (patient_id, patient_role)
        references slotkeeper.account (account_id, role),
    constraint appointment_patient_active foreign key (patient_id, guard)
        references slotkeeper.account (account_id, active),
    constraint appointment_doctor_active foreign key (doctor_id, guard)
        references slotkeeper.account (account_id, active),

    constraint appointment_patient_role check (patient_role = 'patient'),
    constraint appointment_seat_value check (seat is null or (seat > 0 and state = 'booked')),
    constraint appointment_ended_at check ((state = 'booked') = (ended_at is null)),
    constraint appointment_cancel_reason check (
        cancel_reason is null
        or (state = 'cancelled' and cancel_reason in
            ('patient', 'provider', 'facility', 'error', 'other', 'rescheduled'))
    ),
    constraint appointment_rescheduled_from check (rescheduled_from <> appointment_id),

    -- Not a partial index: a withdrawal looks through it for the slot's appointments, too.
    constraint appointment_one_active unique (slot_id, active),
    constraint appointment_patient_overlap
        exclude using gist (patient_id with =, during with &&) where (guard)
);

-- Its predicate differs from the exclusion's on purpose: "my appointments" says state = 'booked' and
-- stays off the GiST index, which is ten times slower for it.
create unique index appointment_seat on slotkeeper.appointment (patient_id, seat) where state = 'booked';
-- A doctor's deactivation looks for what is still booked.
create index appointment_doctor on slotkeeper.appointment (doctor_id) where guard;
create unique index appointment_replaced_once on slotkeeper.appointment (rescheduled_from)
    where rescheduled_from is not null;

comment on table slotkeeper.appointment is 'Who holds which slot.';

commit;

-- Revert slotkeeper:appointment_references_checked
-- Builds two indexes and reads all appointments while nobody else can use them: with the workers stopped.

begin;

lock table slotkeeper.account, slotkeeper.slot, slotkeeper.appointment in access exclusive mode;

alter table slotkeeper.slot
    add constraint slot_with_time unique (slot_id, doctor_id, during),
    add constraint slot_with_open unique (slot_id, open);
alter table slotkeeper.appointment rename constraint appointment_slot to appointment_slot_as_offered;
alter table slotkeeper.appointment rename constraint appointment_patient to appointment_patient_as_active;
alter table slotkeeper.appointment
    add constraint appointment_slot foreign key (slot_id, doctor_id, during)
        references slotkeeper.slot (slot_id, doctor_id, during) on delete cascade,
    add constraint appointment_slot_open foreign key (slot_id, active)
        references slotkeeper.slot (slot_id, open) on delete cascade,
    add constraint appointment_patient foreign key (patient_id, patient_role)
        references slotkeeper.account (account_id, role),
    add constraint appointment_patient_active foreign key (patient_id, guard)
        references slotkeeper.account (account_id, active);

commit;

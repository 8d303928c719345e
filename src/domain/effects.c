/* What an accepted command does to the world: rows changed, marked for save, and the audit event
 * appended to the slot's chain. Nothing here refuses. */
#include "base/planted.h"
#include "domain/decision.h"

#include <assert.h>

void decision_append_event(
    struct decision *decision, struct chain *chain, const struct audit_event *more) {
    struct audit_event *event = world_new_event(decision->world);
    *event = *more;
    event->event_id = event_id_of(decision->outcome_id, (unsigned)decision->event_count);
    event->command_id = decision->command->command_id;
    event->occurred_at_us = decision->now_us;
    audit_chain_append(chain, event);
    decision->event_count++;
}

/* The next event of this decision, on the slot's chain, which says `new_state` of `entity_id`; what
 * is left to say of it is in `more`. */
static void append_event(
    struct decision *decision, struct slot *slot, const struct audit_event *more) {
    struct audit_event event = *more;
    event.has_slot_id = true;
    event.slot_id = slot->slot_id;
    event.actor_id = decision->caller_id;
    event.actor_role = decision->caller_role;
    decision_append_event(decision, &slot->chain, &event);
}

struct slot *decision_publish_slot(
    struct decision *decision, struct uuid slot_id, int64_t starts_at_us, int64_t ends_at_us) {
    struct slot *slot = world_new_slot(decision->world, slot_id);
    slot->doctor_id = decision->caller_id;
    slot->starts_at_us = starts_at_us;
    slot->ends_at_us = ends_at_us;
    world_link_doctor(decision->world, slot);
    if (starts_at_us > decision->now_us) {
        decision->caller->slots_to_come++;
    }
    append_event(
        decision,
        slot,
        &(struct audit_event){
            .entity = ENTITY_SLOT, .entity_id = slot_id, .new_state = STATE_OPEN});
    return slot;
}

void decision_withdraw_slot(struct decision *decision, struct slot *slot, enum reason reason) {
    assert(!slot->withdrawn && slot->active == NULL);
    slot->withdrawn = true;
    slot->withdrawal_reason = reason;
    world_mark_slot(decision->world, slot);
    struct account *doctor = world_account(decision->world, slot->doctor_id);
    if (doctor != NULL && slot->starts_at_us > decision->now_us) {
        doctor->slots_to_come--;
    }
    append_event(
        decision,
        slot,
        &(struct audit_event){
            .entity = ENTITY_SLOT,
            .entity_id = slot->slot_id,
            .has_old_state = true,
            .old_state = STATE_OPEN,
            .new_state = STATE_WITHDRAWN,
            .reason = reason});
}

/* A seat of 1 .. limit, the first from seat_hint on, that no booked appointment of the patient
 * holds; 0: all are held. Higher ones are left from days with a higher limit. */
static int free_seat(const struct account *patient, int limit, uint32_t hint) {
    bool held[LIMITS_BOOKING_MAX + 1] = {false};
    for (const struct appointment *appointment = patient->appointments; appointment != NULL;
         appointment = appointment->next_of_patient) {
        if (appointment->seat <= limit) {
            held[appointment->seat] = true;
        }
    }
    int first = (int)(((uint64_t)hint * (uint64_t)limit) >> 32);
    for (int i = 0; i < limit; i++) {
        int seat = 1 + (first + i) % limit;
        if (!held[seat]) {
            return seat;
        }
    }
    return 0;
}

/* Takes the seat of an appointment that is still booked although its time has come: such a one does
 * not count towards the limit any more. */
static int claim_past_seat(struct decision *decision, int limit) {
    struct appointment *appointment = decision->caller->appointments;
    while (appointment->seat == 0 || appointment->seat > limit
           || appointment->starts_at_us > decision->now_us) {
        appointment = appointment->next_of_patient;
        assert(appointment != NULL); /* rule_may_book counted fewer than `limit` to come */
    }
    int seat = appointment->seat;
    appointment->seat = 0;
    world_mark_appointment(decision->world, appointment);
    return seat;
}

/* A patient's booked appointments to come are limited by seats, because a unique seat is something
 * that the database can hold up alone. Without a limit there are none. */
static int16_t take_seat(struct decision *decision) {
    assert(decision->limits->booking_limit >= 0);
    assert(decision->limits->booking_limit <= LIMITS_BOOKING_MAX);
    int limit = (int)decision->limits->booking_limit;
    int seat = free_seat(decision->caller, limit, decision->seat_hint);
    if (seat == 0 && limit > 0) {
        seat = claim_past_seat(decision, limit);
    }
    return (int16_t)seat;
}

struct appointment *decision_book(
    struct decision *decision, struct slot *slot, const struct appointment *given_up) {
    assert((slot->active == NULL && !slot->withdrawn) || PLANTED("double_booking"));
    assert(given_up == NULL || given_up->state == STATE_CANCELLED); /* its seat is free by now */
    struct appointment *appointment =
        world_new_appointment(decision->world, appointment_id_of(decision->outcome_id));
    appointment->slot_id = slot->slot_id;
    appointment->doctor_id = slot->doctor_id;
    appointment->patient_id = decision->caller_id;
    appointment->starts_at_us = slot->starts_at_us;
    appointment->ends_at_us = slot->ends_at_us;
    appointment->state = STATE_BOOKED;
    appointment->seat = take_seat(decision);
    struct audit_event event = {
        .entity = ENTITY_APPOINTMENT,
        .entity_id = appointment->appointment_id,
        .new_state = STATE_BOOKED};
    if (given_up != NULL) {
        appointment->has_rescheduled_from = true;
        appointment->rescheduled_from = given_up->appointment_id;
        event.reason = REASON_RESCHEDULED;
        event.has_related_id = true;
        event.related_id = given_up->appointment_id;
    }
    world_link_patient(decision->world, appointment);
    slot->active = appointment;
    append_event(decision, slot, &event);
    return appointment;
}

void decision_end_appointment(
    struct decision *decision,
    struct appointment *appointment,
    enum state state,
    enum reason reason,
    const struct uuid *related_id) {
    struct slot *slot = world_slot(decision->world, appointment->slot_id);
    assert(slot != NULL && appointment->state == STATE_BOOKED);
    assert(slot->active == appointment || PLANTED("double_booking"));
    appointment->state = state;
    appointment->seat = 0;
    if (state == STATE_CANCELLED) {
        appointment->cancel_reason = reason;
        slot->active = NULL;
    }
    world_mark_appointment(decision->world, appointment);
    struct audit_event event = {
        .entity = ENTITY_APPOINTMENT,
        .entity_id = appointment->appointment_id,
        .has_old_state = true,
        .old_state = STATE_BOOKED,
        .new_state = state,
        .reason = reason};
    if (related_id != NULL) {
        event.has_related_id = true;
        event.related_id = *related_id;
    }
    append_event(decision, slot, &event);
}

/* PublishSlot: a doctor offers a slot of time.
 *
 * A slot_id is used once and for ever: those of withdrawn and of purged slots count. The horizon
 * bounds the slot's start, and booking.lead_time does not apply here: a slot may be published so
 * late that nobody can book it. */
#include "base/planted.h"
#include "domain/decision.h"

static bool range_is_valid(const struct limits *limits, int64_t starts_at_us, int64_t ends_at_us) {
    int64_t duration_us = ends_at_us - starts_at_us;
    return duration_us > 0 && duration_us >= limits->slot_duration_min_us
           && duration_us <= limits->slot_duration_max_us;
}

/* Whether one of the doctor's slots shares a moment with [starts_at, ends_at). */
static bool calendar_overlaps(
    const struct account *doctor, int64_t starts_at_us, int64_t ends_at_us) {
    for (const struct slot *slot = doctor->calendar; slot != NULL; slot = slot->next_of_doctor) {
        if (!slot->withdrawn && slot->starts_at_us < ends_at_us
            && starts_at_us < slot->ends_at_us) {
            return true;
        }
    }
    return false;
}

static enum code check(
    const struct decision *decision,
    struct uuid slot_id,
    int64_t starts_at_us,
    int64_t ends_at_us) {
    const struct limits *limits = decision->limits;
    if (world_slot_id_used(decision->world, slot_id)) {
        return CODE_SLOT_EXISTS;
    }
    if (!range_is_valid(limits, starts_at_us, ends_at_us)) {
        return CODE_SLOT_INVALID_RANGE;
    }
    if (starts_at_us <= decision->now_us) {
        return CODE_SLOT_IN_PAST;
    }
    if (starts_at_us > decision->now_us + limits->slot_horizon_us) {
        return CODE_SLOT_TOO_FAR;
    }
    if (decision->caller->slots_to_come >= limits->slot_open_max) {
        return CODE_SLOT_LIMIT_REACHED;
    }
    if (calendar_overlaps(decision->caller, starts_at_us, ends_at_us) && !PLANTED("slot_overlap")) {
        return CODE_SLOT_OVERLAP;
    }
    return CODE_ACCEPTED;
}

static enum code decide(struct decision *decision) {
    struct uuid slot_id = decision_value(decision, "slot_id")->as.uuid;
    int64_t starts_at_us = decision_value(decision, "starts_at")->as.time_us;
    int64_t ends_at_us = decision_value(decision, "ends_at")->as.time_us;
    enum code code = check(decision, slot_id, starts_at_us, ends_at_us);
    if (code == CODE_ACCEPTED) {
        result_of_slot(
            &decision->result, decision_publish_slot(decision, slot_id, starts_at_us, ends_at_us));
    }
    return code;
}

const struct command_definition command_publish_slot = {
    .name = "PublishSlot",
    .roles = ROLE_BIT(ROLE_DOCTOR),
    .loads = LOAD_CALLERS_CALENDAR,
    .fields =
        {
            {.name = "slot_id", .type = FIELD_UUID, .row = ROW_SLOT},
            {.name = "starts_at", .type = FIELD_TIME},
            {.name = "ends_at", .type = FIELD_TIME},
        },
    .decide = decide,
};

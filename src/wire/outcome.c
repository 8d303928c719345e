/* slotkeeper.event.Outcome, written and read. */
#include "wire/codec_parts.h"

enum {
    OUTCOME_ID,
    CALLER,
    COMMAND_ID,
    COMMAND,
    STATUS,
    CODE,
    MESSAGE,
    DECIDED_AT,
    RETRY_AFTER_MS,
    RESULT,
    OUTCOME_FIELDS
};

static const char *const outcome_fields[OUTCOME_FIELDS] = {
    [OUTCOME_ID] = "outcome_id",
    [CALLER] = "caller",
    [COMMAND_ID] = "command_id",
    [COMMAND] = "command",
    [STATUS] = "status",
    [CODE] = "code",
    [MESSAGE] = "message",
    [DECIDED_AT] = "decided_at",
    [RETRY_AFTER_MS] = "retry_after_ms",
    [RESULT] = "result",
};

enum { SLOT_ID, SLOT_DOCTOR_ID, SLOT_STARTS_AT, SLOT_ENDS_AT, SLOT_STATE, SLOT_FIELDS };

static const char *const slot_fields[SLOT_FIELDS] = {
    [SLOT_ID] = "slot_id",
    [SLOT_DOCTOR_ID] = "doctor_id",
    [SLOT_STARTS_AT] = "starts_at",
    [SLOT_ENDS_AT] = "ends_at",
    [SLOT_STATE] = "state",
};

enum {
    APPOINTMENT_ID,
    APPOINTMENT_SLOT_ID,
    APPOINTMENT_DOCTOR_ID,
    APPOINTMENT_PATIENT_ID,
    APPOINTMENT_STARTS_AT,
    APPOINTMENT_ENDS_AT,
    APPOINTMENT_STATE,
    APPOINTMENT_RESCHEDULED_FROM,
    APPOINTMENT_RESCHEDULED_TO,
    APPOINTMENT_FIELDS
};

static const char *const appointment_fields[APPOINTMENT_FIELDS] = {
    [APPOINTMENT_ID] = "appointment_id",
    [APPOINTMENT_SLOT_ID] = "slot_id",
    [APPOINTMENT_DOCTOR_ID] = "doctor_id",
    [APPOINTMENT_PATIENT_ID] = "patient_id",
    [APPOINTMENT_STARTS_AT] = "starts_at",
    [APPOINTMENT_ENDS_AT] = "ends_at",
    [APPOINTMENT_STATE] = "state",
    [APPOINTMENT_RESCHEDULED_FROM] = "rescheduled_from",
    [APPOINTMENT_RESCHEDULED_TO] = "rescheduled_to",
};

/* A record among the results, and its branch. */
static const struct type *find_result(const struct type *results, const char *name, int *branch) {
    for (size_t i = 0; i < results->member_count; i++) {
        const struct type *type = results->members[i].type;
        if (type->kind == TYPE_RECORD && strcmp(type->full_name, name) == 0) {
            *branch = (int)i;
            return type;
        }
    }
    return NULL;
}

static void bind_states(const struct type *record, int indexes[STATE_COUNT]) {
    const char *words[STATE_COUNT];
    for (unsigned i = 0; i < STATE_COUNT; i++) {
        words[i] = state_symbol((enum state)i);
    }
    bind_symbols(record->members[type_field(record, "state")].type, words, STATE_COUNT, indexes);
}

static enum status bind_results(struct outcome_writer *writer, struct error *error) {
    const struct type *results =
        writer->schema->type->members[writer->outcome[RESULT].position].type;
    const struct type *slot = find_result(results, "slotkeeper.event.Slot", &writer->slot_branch);
    const struct type *appointment =
        find_result(results, "slotkeeper.event.Appointment", &writer->appointment_branch);
    if (slot == NULL || appointment == NULL || results->members[0].type->kind != TYPE_NULL
        || writer->outcome[RESULT].position + 1 != writer->schema->type->member_count) {
        return error_set(error, STATUS_FATAL, "schema Outcome: a result is missing, or not last");
    }
    writer->outcome[RESULT].null_branch = 0;
    enum status status = bind_fields(slot, slot_fields, SLOT_FIELDS, writer->slot, error);
    if (status == STATUS_OK) {
        status = bind_fields(
            appointment, appointment_fields, APPOINTMENT_FIELDS, writer->appointment, error);
    }
    if (status == STATUS_OK) {
        bind_states(slot, writer->slot_states);
        bind_states(appointment, writer->appointment_states);
    }
    return status;
}

static enum status check_symbols(const struct outcome_writer *writer, struct error *error) {
    const int *slot = writer->slot_states;
    const int *appointment = writer->appointment_states;
    const int needed[] = {
        writer->statuses[OUTCOME_ACCEPTED],
        writer->statuses[OUTCOME_REFUSED],
        writer->statuses[OUTCOME_INVALID],
        slot[STATE_OPEN],
        slot[STATE_BOOKED],
        slot[STATE_WITHDRAWN],
        appointment[STATE_BOOKED],
        appointment[STATE_CANCELLED],
        appointment[STATE_FULFILLED],
        appointment[STATE_NOSHOW],
    };
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        if (needed[i] < 0) {
            return error_set(error, STATUS_FATAL, "schema Outcome: an enum lacks a symbol");
        }
    }
    return STATUS_OK;
}

enum status outcome_writer_init(
    struct outcome_writer *writer, const struct schemas *schemas, struct error *error) {
    writer->schema = schemas_by_name(schemas, "slotkeeper.event.Outcome");
    if (writer->schema == NULL || !generic_init(&writer->generic, writer->schema)) {
        return error_set(error, STATUS_FATAL, "no schema Outcome");
    }
    const struct type *type = writer->schema->type;
    enum status status = bind_fields(type, outcome_fields, OUTCOME_FIELDS, writer->outcome, error);
    if (status == STATUS_OK) {
        status = bind_results(writer, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    const char *words[OUTCOME_INVALID + 1];
    for (unsigned i = 0; i <= OUTCOME_INVALID; i++) {
        words[i] = outcome_status_symbol((enum outcome_status)i);
    }
    const struct type *statuses = type->members[writer->outcome[STATUS].position].type;
    bind_symbols(statuses, words, OUTCOME_INVALID + 1, writer->statuses);
    return check_symbols(writer, error);
}

static void put_slot(
    struct outcome_writer *writer, avro_value_t *record, const struct slot_result *slot) {
    const struct bound_field *fields = writer->slot;
    put_uuid(record, &fields[SLOT_ID], slot->slot_id);
    put_uuid(record, &fields[SLOT_DOCTOR_ID], slot->doctor_id);
    put_long(record, &fields[SLOT_STARTS_AT], slot->starts_at_us);
    put_long(record, &fields[SLOT_ENDS_AT], slot->ends_at_us);
    put_symbol(record, &fields[SLOT_STATE], writer->slot_states[slot->state]);
}

static void put_appointment(
    struct outcome_writer *writer,
    avro_value_t *record,
    const struct appointment_result *appointment) {
    const struct bound_field *fields = writer->appointment;
    put_uuid(record, &fields[APPOINTMENT_ID], appointment->appointment_id);
    put_uuid(record, &fields[APPOINTMENT_SLOT_ID], appointment->slot_id);
    put_uuid(record, &fields[APPOINTMENT_DOCTOR_ID], appointment->doctor_id);
    put_uuid(record, &fields[APPOINTMENT_PATIENT_ID], appointment->patient_id);
    put_long(record, &fields[APPOINTMENT_STARTS_AT], appointment->starts_at_us);
    put_long(record, &fields[APPOINTMENT_ENDS_AT], appointment->ends_at_us);
    put_symbol(record, &fields[APPOINTMENT_STATE], writer->appointment_states[appointment->state]);
    put_uuid_if(
        record,
        &fields[APPOINTMENT_RESCHEDULED_FROM],
        appointment->has_rescheduled_from,
        appointment->rescheduled_from);
    put_uuid_if(
        record,
        &fields[APPOINTMENT_RESCHEDULED_TO],
        appointment->has_rescheduled_to,
        appointment->rescheduled_to);
}

static avro_value_t result_branch(
    const struct outcome_writer *writer, avro_value_t *record, int branch) {
    avro_value_t value;
    avro_must(avro_value_get_by_index(record, writer->outcome[RESULT].position, &value, NULL));
    avro_must(avro_value_set_branch(&value, branch, &value));
    return value;
}

static void put_result(
    struct outcome_writer *writer, avro_value_t *record, const struct result *result) {
    avro_value_t branch;
    switch (result->type) {
    case RESULT_NONE:
        put_null(record, &writer->outcome[RESULT]);
        return;
    case RESULT_SLOT:
        branch = result_branch(writer, record, writer->slot_branch);
        put_slot(writer, &branch, &result->as.slot);
        return;
    case RESULT_APPOINTMENT:
        branch = result_branch(writer, record, writer->appointment_branch);
        put_appointment(writer, &branch, &result->as.appointment);
        return;
    }
}

struct view codec_encode_outcome(
    struct codec *codec, struct arena *arena, const struct outcome *outcome) {
    struct outcome_writer *writer = &codec->outcome;
    const struct bound_field *fields = writer->outcome;
    avro_value_t *record = &writer->generic.value;
    put_uuid(record, &fields[OUTCOME_ID], outcome->outcome_id);
    put_uuid_if(record, &fields[CALLER], outcome->has_caller, outcome->caller);
    put_uuid_if(record, &fields[COMMAND_ID], outcome->has_command_id, outcome->command_id);
    put_text(record, &fields[COMMAND], outcome->command);
    put_symbol(record, &fields[STATUS], writer->statuses[code_status(outcome->code)]);
    put_text(record, &fields[CODE], code_text(outcome->code));
    put_text(record, &fields[MESSAGE], code_sentence(outcome->code));
    put_long(record, &fields[DECIDED_AT], outcome->decided_at_us);
    if (outcome->retry_after_ms < 0) {
        put_null(record, &fields[RETRY_AFTER_MS]);
    } else {
        put_long(record, &fields[RETRY_AFTER_MS], outcome->retry_after_ms);
    }
    put_result(writer, record, &outcome->result);
    return codec_write(codec, arena, record);
}

bool codec_read_outcome(struct codec *codec, struct view body, struct outcome_summary *summary) {
    const struct outcome_writer *writer = &codec->outcome;
    const struct type *type = writer->schema->type;
    struct view fields[OUTCOME_FIELDS];
    struct view code;
    if (!program_walk_fields(writer->schema->program, body, fields)) {
        return false;
    }
    size_t id = writer->outcome[OUTCOME_ID].position;
    size_t code_at = writer->outcome[CODE].position;
    size_t decided_at = writer->outcome[DECIDED_AT].position;
    return field_uuid(type->members[id].type, fields[id], &summary->outcome_id)
           && field_text(type->members[code_at].type, fields[code_at], &code)
           && code_parse(code, &summary->code)
           && field_long(
               type->members[decided_at].type, fields[decided_at], &summary->decided_at_us);
}

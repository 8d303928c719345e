/* slotkeeper.event.Outcome, written and read. */
#include "wire/codec_parts.h"
#include "wire/writer.h"

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

static enum status bind_results(struct outcome_writer *writer, struct error *error) {
    size_t position = writer->outcome[RESULT].position;
    const struct type *results = writer->schema->type->members[position].type;
    size_t null_branch = 0;
    if (!writer_null_branch(results, &null_branch)) {
        return error_set(error, STATUS_FATAL, "schema Outcome: the result is never null");
    }
    return result_writer_init(&writer->results, results, error);
}

static enum status bind_statuses(struct outcome_writer *writer, struct error *error) {
    const char *words[OUTCOME_INVALID + 1];
    for (unsigned i = 0; i <= OUTCOME_INVALID; i++) {
        words[i] = outcome_status_symbol((enum outcome_status)i);
    }
    const struct type *record = writer->schema->type;
    const struct type *statuses = record->members[writer->outcome[STATUS].position].type;
    bind_symbols(statuses, words, OUTCOME_INVALID + 1, writer->statuses);
    for (unsigned i = 0; i <= OUTCOME_INVALID; i++) {
        if (writer->statuses[i] < 0) {
            return error_set(error, STATUS_FATAL, "schema Outcome lacks %s", words[i]);
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
    return status == STATUS_OK ? bind_statuses(writer, error) : status;
}

struct view codec_encode_outcome(
    struct codec *codec, struct arena *arena, const struct outcome *outcome) {
    struct outcome_writer *writer = &codec->outcome;
    const struct bound_field *fields = writer->outcome;
    avro_value_t *record = &writer->generic.value;
    avro_value_t result;
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
    avro_must(avro_value_get_by_index(record, fields[RESULT].position, &result, NULL));
    put_result(&writer->results, &result, &outcome->result);
    return codec_write(codec, arena, record);
}

bool codec_read_outcome(
    struct codec *codec, uint64_t fingerprint, struct view body, struct outcome_summary *summary) {
    const struct schema *writer = writer_of(codec->schemas, codec->outcome.schema, fingerprint);
    const struct view *fields = codec->fields;
    struct view code;
    return writer != NULL && program_walk_fields(writer->program, body, codec->fields)
           && record_uuid(writer->type, fields, "outcome_id", &summary->outcome_id)
           && record_text(writer->type, fields, "code", &code) && code_parse(code, &summary->code)
           && record_long(writer->type, fields, "decided_at", &summary->decided_at_us);
}

/* One codec: a reader, a writer, and a reused value for each schema that is read or written often.
 */
#include "wire/codec_parts.h"

bool generic_init(struct generic *generic, const struct schema *schema) {
    generic->iface = avro_generic_class_from_schema(schema->avro);
    if (generic->iface == NULL) {
        return false;
    }
    if (avro_generic_value_new(generic->iface, &generic->value) != 0) {
        avro_value_iface_decref(generic->iface);
        generic->iface = NULL;
    }
    return generic->iface != NULL;
}

void generic_clean_up(struct generic *generic) {
    if (generic->iface != NULL) {
        avro_value_decref(&generic->value);
        avro_value_iface_decref(generic->iface);
        generic->iface = NULL;
    }
}

static enum status command_init(
    struct codec *codec, const struct schema *schema, struct error *error) {
    const struct command_definition *definition = command_definition_find(view_text(schema->name));
    const char *space = codec->lane == LANE_QUERIES ? "query" : "command";
    if (definition == NULL || definition->lane != codec->lane || !schema_is_in(schema, space)) {
        return STATUS_OK;
    }
    const struct schema *own = schemas_by_name(codec->schemas, schema->full_name);
    return mapping_init(&codec->commands[schema->index], schema, own, definition, error);
}

static enum status credentials_init(struct codec *codec, struct error *error) {
    const struct schema *schema = schemas_by_name(codec->schemas, "slotkeeper.command.Credentials");
    if (schema == NULL) {
        return error_set(error, STATUS_FATAL, "no schema Credentials");
    }
    codec->credentials_schema = schema;
    return mapping_init(&codec->credentials, schema, schema, &credentials_definition, error);
}

static size_t most_fields(const struct schemas *schemas) {
    size_t most = 1; /* calloc is asked for something in any case */
    for (size_t i = 0; i < schemas_count(schemas); i++) {
        size_t count = schemas_at(schemas, i)->program->field_count;
        most = count > most ? count : most;
    }
    return most;
}

static enum status readers_init(struct codec *codec, struct error *error) {
    size_t count = schemas_count(codec->schemas);
    codec->commands = calloc(count, sizeof *codec->commands);
    codec->fields = calloc(most_fields(codec->schemas), sizeof *codec->fields);
    if (codec->commands == NULL || codec->fields == NULL) {
        return error_set(error, STATUS_FATAL, "no memory for a codec");
    }
    enum status status = credentials_init(codec, error);
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        status = command_init(codec, schemas_at(codec->schemas, i), error);
    }
    return status;
}

static enum status init(struct codec *codec, struct error *error) {
    codec->reader = avro_reader_memory("", 0);
    codec->writer = avro_writer_memory("", 0);
    if (codec->reader == NULL || codec->writer == NULL) {
        return error_set(error, STATUS_FATAL, "no memory for a codec");
    }
    enum status status = readers_init(codec, error);
    if (status == STATUS_OK) {
        status = outcome_writer_init(&codec->outcome, codec->schemas, error);
    }
    if (status == STATUS_OK) {
        status = event_writer_init(&codec->event, codec->schemas, error);
    }
    if (status == STATUS_OK) {
        status = token_writer_init(&codec->token, codec->schemas, error);
    }
    return status;
}

struct codec *codec_new(
    const struct schemas *schemas, enum lane lane, size_t record_size_max, struct error *error) {
    struct codec *codec = calloc(1, sizeof *codec);
    if (codec == NULL) {
        (void)error_set(error, STATUS_FATAL, "no memory for a codec");
        return NULL;
    }
    codec->schemas = schemas;
    codec->lane = lane;
    codec->record_size_max = record_size_max;
    if (init(codec, error) != STATUS_OK) {
        codec_destroy(codec);
        return NULL;
    }
    return codec;
}

void codec_destroy(struct codec *codec) {
    if (codec == NULL) {
        return;
    }
    free(codec->commands);
    free(codec->fields);
    generic_clean_up(&codec->outcome.generic);
    generic_clean_up(&codec->event.generic);
    if (codec->reader != NULL) {
        avro_reader_free(codec->reader);
    }
    if (codec->writer != NULL) {
        avro_writer_free(codec->writer);
    }
    free(codec);
}

bool codec_read(struct codec *codec, struct view body, avro_value_t *value) {
    avro_reader_memory_set_source(codec->reader, (const char *)body.data, (int64_t)body.size);
    return avro_value_read(codec->reader, value) == 0;
}

struct view codec_write(struct codec *codec, struct arena *arena, avro_value_t *value) {
    size_t size = 0;
    avro_must(avro_value_sizeof(value, &size));
    uint8_t *bytes = arena_take(arena, size);
    avro_writer_memory_set_dest(codec->writer, (const char *)bytes, (int64_t)size);
    avro_must(avro_value_write(codec->writer, value));
    return view_of(bytes, size);
}

uint64_t codec_outcome_fingerprint(const struct codec *codec) {
    return codec->outcome.schema->fingerprint;
}

uint64_t codec_event_fingerprint(const struct codec *codec) {
    return codec->event.schema->fingerprint;
}

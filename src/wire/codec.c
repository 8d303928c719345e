/* One codec: a reader, a writer, and a reused value for each schema that is read or written often.
 */
#include "wire/codec_parts.h"
#include "wire/writer.h"

#include <assert.h>

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

static enum status map_next(struct codec *codec, struct error *error) {
    size_t index = codec->command_count++;
    const struct schema *writer = schemas_any_at(codec->schemas, index);
    const struct command_definition *definition = writer_definition(writer);
    if (definition == NULL
        || (definition != &credentials_definition && definition->lane != codec->lane)) {
        return STATUS_OK;
    }
    const struct schema *own = schemas_by_name(codec->schemas, writer->full_name);
    return mapping_init(&codec->commands[index], writer, own, definition, error);
}

const struct mapping *codec_mapping(struct codec *codec, const struct schema *writer) {
    struct error error;
    while (codec->command_count <= writer->index) {
        enum status status = map_next(codec, &error);
        assert(status == STATUS_OK); /* writer_judge has held the two against each other */
        (void)status;
    }
    return &codec->commands[writer->index];
}

static enum status readers_init(struct codec *codec, struct error *error) {
    codec->credentials_schema = schemas_by_name(codec->schemas, "slotkeeper.command.Credentials");
    codec->commands = calloc(schemas_capacity(codec->schemas), sizeof *codec->commands);
    if (codec->commands == NULL) {
        return error_set(error, STATUS_FATAL, "no memory for a codec");
    }
    if (codec->credentials_schema == NULL) {
        return error_set(error, STATUS_FATAL, "no schema Credentials");
    }
    enum status status = STATUS_OK;
    while (status == STATUS_OK && schemas_any_at(codec->schemas, codec->command_count) != NULL) {
        status = map_next(codec, error);
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

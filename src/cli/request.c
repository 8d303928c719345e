/* Building the record that `send` produces. */
#include "cli/request.h"

#include "base/nearest.h"
#include "base/uuid.h"
#include "cli/options.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { REQUEST_MEMORY_MAX = 64 * 1024 * 1024, HEADER_NAME_MAX = 256, HEADER_VALUE_MAX = 64 * 1024 };

enum status request_init(struct request *request, struct error *error) {
    *request = (struct request){0};
    request->headers = rd_kafka_headers_new(8);
    request->arena = arena_new(REQUEST_MEMORY_MAX);
    if (request->headers == NULL || request->arena == NULL) {
        return error_set(error, STATUS_FATAL, "no memory for a record");
    }
    return STATUS_OK;
}

void request_clean_up(struct request *request) {
    if (request->headers != NULL) {
        rd_kafka_headers_destroy(request->headers);
    }
    arena_destroy(request->arena);
}

/* The schema of a request by its name, with or without namespace. */
static const struct schema *request_schema(
    const struct schemas *schemas, const char *name, enum topic *topic) {
    for (size_t i = 0; i < schemas_count(schemas); i++) {
        const struct schema *schema = schemas_at(schemas, i);
        bool named = strcasecmp(schema_name(schema), name) == 0
                     || strcasecmp(schema_full_name(schema), name) == 0;
        if (named && topic_of_schema(schema_full_name(schema), topic)) {
            return schema;
        }
    }
    return NULL;
}

static enum status refuse_name(
    const struct schemas *schemas, const char *name, struct error *error) {
    struct nearest nearest;
    enum topic topic;
    nearest_begin(&nearest, name);
    for (size_t i = 0; i < schemas_count(schemas); i++) {
        const struct schema *schema = schemas_at(schemas, i);
        if (topic_of_schema(schema_full_name(schema), &topic)) {
            nearest_offer(&nearest, schema_name(schema));
        }
    }
    bool near = nearest.name != NULL;
    return error_set(
        error,
        STATUS_INVALID,
        "there is no command or query %.64s%s%s%s",
        name,
        near ? "; did you mean " : "",
        near ? nearest.name : "",
        near ? "?" : "; `slotkeeper schemas` lists them");
}

static enum status read_field(
    struct request *request, const char *word, struct field_text *field, struct error *error) {
    const char *equals = strchr(word, '=');
    if (equals == NULL || equals == word) {
        return error_set(error, STATUS_INVALID, "%.64s is not FIELD=VALUE", word);
    }
    field->name = arena_text(request->arena, view_of(word, (size_t)(equals - word)));
    field->text = equals + 1;
    return STATUS_OK;
}

static const char *find_field(const struct field_text *fields, size_t count, const char *name) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(fields[i].name, name) == 0) {
            return fields[i].text;
        }
    }
    return NULL;
}

static const char *lower_case(struct request *request, const char *text) {
    struct uuid uuid;
    if (!uuid_parse(view_text(text), &uuid)) {
        return text;
    }
    char *lower = arena_take(request->arena, UUID_TEXT_SIZE + 1);
    uuid_format(uuid, lower);
    return lower;
}

/* Slots by slot_id, accounts by account_id where the command has one, all others by command_id. */
static void choose_key(
    struct request *request, const struct field_text *fields, size_t count, enum topic topic) {
    const char *name = topic == TOPIC_SLOT_COMMANDS      ? "slot_id"
                       : topic == TOPIC_ACCOUNT_COMMANDS ? "account_id"
                                                         : "command_id";
    const char *value = find_field(fields, count, name);
    bool absent = value == NULL || strcmp(value, "null") == 0;
    request->key = view_text(absent ? request->command_id : lower_case(request, value));
}

enum status request_from_words(
    struct request *request,
    const struct schemas *schemas,
    struct codec *codec,
    const struct request_words *words,
    struct error *error) {
    enum topic topic;
    const struct schema *schema = request_schema(schemas, words->words[0], &topic);
    if (schema == NULL) {
        return refuse_name(schemas, words->words[0], error);
    }
    size_t count = 0;
    struct field_text *fields = ARENA_ARRAY(request->arena, struct field_text, words->count);
    enum status status = STATUS_OK;
    for (size_t i = 1; status == STATUS_OK && i < words->count; i++) {
        status = read_field(request, words->words[i], &fields[count++], error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    const char *command_id = find_field(fields, count, "command_id");
    if (command_id == NULL) {
        char *minted = arena_take(request->arena, UUID_TEXT_SIZE + 1);
        uuid_format(uuid_random(), minted);
        fields[count++] = (struct field_text){"command_id", minted};
        command_id = minted;
    }
    struct view body;
    status = codec_from_text(codec, request->arena, schema, fields, count, &body, error);
    if (status != STATUS_OK) {
        return status;
    }
    request->command = schema_name(schema);
    request->command_id = lower_case(request, command_id);
    request->value = frame_single_object(request->arena, schema_fingerprint(schema), body);
    request->topic = topic_name(words->prefix, topic);
    choose_key(request, fields, count, topic);
    return STATUS_OK;
}

static enum status read_stream(
    struct request *request, FILE *stream, const char *path, struct error *error) {
    uint8_t *bytes = arena_take(request->arena, REQUEST_VALUE_MAX + 1);
    size_t size = fread(bytes, 1, REQUEST_VALUE_MAX + 1, stream);
    if (ferror(stream) != 0) {
        return error_set(error, STATUS_INVALID, "%.256s cannot be read", path);
    }
    if (size > REQUEST_VALUE_MAX) {
        return error_set(
            error, STATUS_INVALID, "%.256s is larger than %d bytes", path, REQUEST_VALUE_MAX);
    }
    request->value = view_of(bytes, size);
    return STATUS_OK;
}

enum status request_value_from_file(
    struct request *request, const char *path, struct error *error) {
    if (strcmp(path, "-") == 0) {
        return read_stream(request, stdin, "standard input", error);
    }
    FILE *stream = fopen(path, "rbe");
    if (stream == NULL) {
        return error_set(error, STATUS_INVALID, "%.256s cannot be opened", path);
    }
    enum status status = read_stream(request, stream, path, error);
    (void)fclose(stream);
    return status;
}

void request_add_header(struct request *request, const char *name, struct view value) {
    (void)rd_kafka_header_add(request->headers, name, -1, value.data, (ssize_t)value.size);
}

enum status request_add_header_text(
    struct request *request, const char *text, struct error *error) {
    const char *equals = strchr(text, '=');
    if (equals == NULL || equals == text || equals - text > HEADER_NAME_MAX) {
        return error_set(error, STATUS_INVALID, "--header takes NAME=VALUE");
    }
    const char *name = arena_text(request->arena, view_of(text, (size_t)(equals - text)));
    struct view value = view_text(equals + 1);
    if (strncmp(equals + 1, "hex:", 4) == 0) {
        size_t size;
        uint8_t *bytes = arena_take(request->arena, HEADER_VALUE_MAX);
        if (!hex_parse(equals + 5, bytes, HEADER_VALUE_MAX, &size)) {
            return error_set(
                error, STATUS_INVALID, "--header %.64s: pairs of hexadecimal digits", name);
        }
        value = view_of(bytes, size);
    }
    request_add_header(request, name, value);
    return STATUS_OK;
}

/* Kafka messages to JSON. What a header's bytes are is a row in a table. */
#include "cli/render.h"

#include "base/time.h"

#include <stdlib.h>
#include <string.h>

enum {
    RENDER_MEMORY_MAX = 256 * 1024 * 1024,
    RENDER_VALUE_MAX = 4 * 1024 * 1024, /* a larger value is not decoded */
};

enum header_kind { HEADER_TEXT, HEADER_TRUTH, HEADER_INT32, HEADER_INT64 };

struct header_row {
    const char *header;
    const char *member;
    enum header_kind kind;
};

static const struct header_row header_rows[] = {
    {"slotkeeper-status", "status", HEADER_TEXT},
    {"slotkeeper-code", "code", HEADER_TEXT},
    {"slotkeeper-duplicate", "duplicate", HEADER_TRUTH},
    {"slotkeeper-reply-refused", "reply_refused", HEADER_TRUTH},
    {"kafka_correlationId", "correlation", HEADER_TEXT},
    {"kafka_replyTopic", "reply_topic", HEADER_TEXT},
    {"kafka_replyPartition", "reply_partition", HEADER_INT32},
    {"ce_id", "ce_id", HEADER_TEXT},
    {"ce_expirytime", "expires", HEADER_TEXT},
    {"traceparent", "traceparent", HEADER_TEXT},
    {"kafka_dlt-exception-fqcn", "dlt_code", HEADER_TEXT},
    {"kafka_dlt-original-topic", "dlt_topic", HEADER_TEXT},
    {"kafka_dlt-original-partition", "dlt_partition", HEADER_INT32},
    {"kafka_dlt-original-offset", "dlt_offset", HEADER_INT64},
};

enum status renderer_init(struct renderer *renderer, struct error *error) {
    *renderer = (struct renderer){0};
    renderer->schemas = schemas_new(error);
    if (renderer->schemas == NULL) {
        return STATUS_FATAL;
    }
    renderer->codec = codec_new(renderer->schemas, LANE_SLOTS, RENDER_VALUE_MAX, error);
    if (renderer->codec == NULL) {
        return STATUS_FATAL;
    }
    renderer->arena = arena_new(RENDER_MEMORY_MAX);
    return renderer->arena != NULL ? STATUS_OK : error_set(error, STATUS_FATAL, "no memory");
}

void renderer_clean_up(struct renderer *renderer) {
    arena_destroy(renderer->arena);
    if (renderer->codec != NULL) {
        codec_destroy(renderer->codec);
    }
    if (renderer->schemas != NULL) {
        schemas_destroy(renderer->schemas);
    }
}

static void put(json_t *object, const char *name, json_t *value) {
    (void)json_object_set_new(object, name, value);
}

static void put_hex(json_t *object, const char *name, struct view bytes) {
    static const char digits[] = "0123456789abcdef";
    char member[64];
    char *text = malloc(bytes.size * 2 + 1);
    if (text == NULL) {
        return;
    }
    for (size_t i = 0; i < bytes.size; i++) {
        text[2 * i] = digits[bytes.data[i] >> 4];
        text[2 * i + 1] = digits[bytes.data[i] & 15];
    }
    (void)snprintf(member, sizeof member, "%s_hex", name);
    put(object, member, json_stringn(text, bytes.size * 2));
    free(text);
}

/* Text, or under another name hexadecimal digits where the bytes are not UTF-8. */
static void put_bytes(json_t *object, const char *name, struct view bytes) {
    if (bytes.data == NULL) {
        put(object, name, json_null());
        return;
    }
    json_t *text = json_stringn((const char *)bytes.data, bytes.size);
    if (text != NULL) {
        put(object, name, text);
    } else {
        put_hex(object, name, bytes);
    }
}

static json_int_t big_endian(struct view bytes) {
    uint64_t number = 0;
    for (size_t i = 0; i < bytes.size; i++) {
        number = number << 8 | bytes.data[i];
    }
    return bytes.size == 4 ? (int32_t)(uint32_t)number : (json_int_t)number;
}

static void put_header(json_t *object, const struct header_row *row, struct view value) {
    size_t size = row->kind == HEADER_INT32 ? 4 : 8;
    switch (row->kind) {
    case HEADER_TEXT:
        put_bytes(object, row->member, value);
        return;
    case HEADER_TRUTH:
        put(object, row->member, json_boolean(view_is(value, "true")));
        return;
    case HEADER_INT32:
    case HEADER_INT64:
        if (value.size == size) {
            put(object, row->member, json_integer(big_endian(value)));
        } else {
            put_hex(object, row->member, value);
        }
        return;
    }
}

static void put_headers(json_t *object, const rd_kafka_message_t *message) {
    rd_kafka_headers_t *headers = NULL;
    if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return;
    }
    for (size_t i = 0; i < sizeof header_rows / sizeof header_rows[0]; i++) {
        const void *value = NULL;
        size_t size = 0;
        rd_kafka_resp_err_t absent =
            rd_kafka_header_get_last(headers, header_rows[i].header, &value, &size);
        if (absent == RD_KAFKA_RESP_ERR_NO_ERROR) {
            put_header(object, &header_rows[i], view_of(value, value == NULL ? 0 : size));
        }
    }
}

/* True: the value was of a schema that is built in, and is in the object. */
static bool put_decoded(struct renderer *renderer, json_t *object, struct view value) {
    uint64_t fingerprint;
    struct view body;
    if (value.size > RENDER_VALUE_MAX || !unframe_single_object(value, &fingerprint, &body)) {
        return false;
    }
    const struct schema *schema = schemas_by_fingerprint(renderer->schemas, fingerprint);
    if (schema == NULL) {
        return false;
    }
    const char *text = codec_to_json(renderer->codec, renderer->arena, schema, body);
    json_t *decoded = text == NULL ? NULL : json_loads(text, 0, NULL);
    if (decoded == NULL) {
        return false;
    }
    put(object, "schema", json_string(schema_full_name(schema)));
    put(object, "value", decoded);
    return true;
}

json_t *render_message(struct renderer *renderer, const rd_kafka_message_t *message) {
    json_t *object = json_object();
    rd_kafka_timestamp_type_t type;
    int64_t timestamp_ms = rd_kafka_message_timestamp(message, &type);
    struct view value = view_of(message->payload, message->len);
    put(object, "topic", json_string(rd_kafka_topic_name(message->rkt)));
    put(object, "partition", json_integer(message->partition));
    put(object, "offset", json_integer(message->offset));
    if (type != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE) {
        char text[TIME_TEXT_SIZE + 1];
        time_format(timestamp_ms < TIME_MAX_US / 1000 ? timestamp_ms * 1000 : TIME_MAX_US, text);
        put(object, "timestamp", json_string(text));
    }
    put_bytes(object, "key", view_of(message->key, message->key == NULL ? 0 : message->key_len));
    put_headers(object, message);
    if (value.data == NULL) {
        put(object, "value", json_null());
    } else if (!put_decoded(renderer, object, value)) {
        put_hex(object, "value", value);
    }
    arena_reset(renderer->arena);
    return object;
}

const char *rendered_text(const json_t *record, const char *name) {
    return json_string_value(json_object_get(record, name));
}

const char *rendered_value_text(const json_t *record, const char *name) {
    return json_string_value(json_object_get(json_object_get(record, "value"), name));
}

void print_json_line(json_t *object) {
    char *line = json_dumps(object, JSON_COMPACT);
    if (line != NULL) {
        (void)puts(line);
        (void)fflush(stdout);
    }
    free(line);
    json_decref(object);
}

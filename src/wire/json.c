/* Any record as JSON, for people. The values that are open stand on a stack of frames. */
#include "base/time.h"
#include "wire/codec_parts.h"

#include <assert.h>
#include <math.h>

/* A record, an array or a map of which `next` members are written. */
struct frame {
    avro_value_t value;
    const struct type *type;
    size_t next;
    size_t count;
    json_t *json; /* owned by the frame below, the first one by the printer */
};

struct printer {
    struct frame frames[TYPE_DEPTH_MAX];
    size_t depth;
    json_t *root;
    struct arena *arena;
};

static json_t *hexadecimal(const struct printer *printer, const void *bytes, size_t size) {
    static const char digits[] = "0123456789abcdef";
    const uint8_t *from = bytes;
    char *text = arena_take(printer->arena, 2 * size + 1);
    for (size_t i = 0; i < size; i++) {
        text[2 * i] = digits[from[i] >> 4U];
        text[2 * i + 1] = digits[from[i] & 15U];
    }
    return json_stringn(text, 2 * size);
}

static json_t *number(const struct type *type, int64_t value) {
    char text[TIME_TEXT_SIZE + 1];
    if (type->logical != LOGICAL_TIMESTAMP_MICROS || value < TIME_MIN_US || value > TIME_MAX_US) {
        return json_integer(value);
    }
    time_format(value, text);
    return json_string(text);
}

static json_t *real(double value) {
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *bytes_or_text(
    const struct printer *printer, const struct type *type, const avro_value_t *value) {
    const void *bytes = NULL;
    const char *text = NULL;
    size_t size = 0;
    if (type->kind == TYPE_STRING) {
        avro_must(avro_value_get_string(value, &text, &size));
        return json_stringn(text, size - 1);
    }
    avro_must(
        type->kind == TYPE_BYTES ? avro_value_get_bytes(value, &bytes, &size)
                                 : avro_value_get_fixed(value, &bytes, &size));
    return hexadecimal(printer, bytes, size);
}

static json_t *integer(const struct type *type, const avro_value_t *value) {
    int32_t small = 0;
    int64_t large = 0;
    if (type->kind == TYPE_LONG) {
        avro_must(avro_value_get_long(value, &large));
        return number(type, large);
    }
    avro_must(avro_value_get_int(value, &small));
    return json_integer(small);
}

static json_t *truth_or_symbol(const struct type *type, const avro_value_t *value) {
    int index = 0;
    if (type->kind == TYPE_BOOLEAN) {
        avro_must(avro_value_get_boolean(value, &index));
        return json_boolean(index);
    }
    avro_must(avro_value_get_enum(value, &index));
    return json_string(type->symbols[index]);
}

static json_t *floating(const struct type *type, const avro_value_t *value) {
    float single = 0;
    double wide = 0;
    if (type->kind == TYPE_DOUBLE) {
        avro_must(avro_value_get_double(value, &wide));
        return real(wide);
    }
    avro_must(avro_value_get_float(value, &single));
    return real((double)single);
}

/* A value without members; of one with members an empty list or object, which is opened. */
static json_t *begin(struct printer *printer, const struct type *type, avro_value_t value) {
    size_t count = 0;
    switch (type->kind) {
    case TYPE_NULL:
        return json_null();
    case TYPE_BOOLEAN:
    case TYPE_ENUM:
        return truth_or_symbol(type, &value);
    case TYPE_INT:
    case TYPE_LONG:
        return integer(type, &value);
    case TYPE_FLOAT:
    case TYPE_DOUBLE:
        return floating(type, &value);
    case TYPE_BYTES:
    case TYPE_STRING:
    case TYPE_FIXED:
        return bytes_or_text(printer, type, &value);
    case TYPE_RECORD:
    case TYPE_ARRAY:
    case TYPE_MAP:
    case TYPE_UNION: /* never here: see member */
        break;
    }
    avro_must(avro_value_get_size(&value, &count));
    json_t *json = type->kind == TYPE_ARRAY ? json_array() : json_object();
    assert(printer->depth < TYPE_DEPTH_MAX); /* the compiled schema is no deeper */
    printer->frames[printer->depth++] =
        (struct frame){.value = value, .type = type, .count = count, .json = json};
    return json;
}

/* A union is written as what it holds. */
static json_t *begin_any(struct printer *printer, const struct type *type, avro_value_t value) {
    int branch = 0;
    if (type->kind == TYPE_UNION) {
        avro_must(avro_value_get_discriminant(&value, &branch));
        avro_must(avro_value_get_current_branch(&value, &value));
        type = type->members[branch].type;
    }
    return begin(printer, type, value);
}

static void go_on(struct printer *printer) {
    struct frame *frame = &printer->frames[printer->depth - 1];
    if (frame->next == frame->count) {
        printer->depth--;
        return;
    }
    avro_value_t value = {0};
    const char *name = NULL;
    json_t *parent = frame->json;
    bool list = frame->type->kind == TYPE_ARRAY;
    size_t member = frame->type->kind == TYPE_RECORD ? frame->next : 0;
    avro_must(avro_value_get_by_index(&frame->value, frame->next++, &value, &name));
    json_t *json = begin_any(printer, frame->type->members[member].type, value);
    avro_must(list ? json_array_append_new(parent, json) : json_object_set_new(parent, name, json));
}

char *codec_to_json(
    struct codec *codec, struct arena *arena, const struct schema *schema, struct view body) {
    struct generic generic = {0};
    struct printer printer = {.arena = arena};
    char *copy = NULL;
    if (!program_walk(schema->program, body) || !generic_init(&generic, schema)) {
        return NULL;
    }
    if (codec_read(codec, body, &generic.value)) {
        printer.root = begin_any(&printer, schema->type, generic.value);
        while (printer.depth > 0) {
            go_on(&printer);
        }
        char *text = json_dumps(printer.root, JSON_COMPACT);
        avro_must(text == NULL);
        copy = arena_text(arena, view_text(text));
        free(text);
        json_decref(printer.root);
    }
    generic_clean_up(&generic);
    return copy;
}

/* jansson recurses as deep as its input is nested (up to 2,048 levels), so the nesting is measured
 * before it sees the text. */
#include "security/strict_json.h"

#include <sodium.h>

struct nesting {
    size_t depth;
    size_t depth_seen_max;
    bool in_string;
    bool escaped;
};

static void step_in_string(struct nesting *nesting, uint8_t character) {
    if (nesting->escaped) {
        nesting->escaped = false;
    } else if (character == '\\') {
        nesting->escaped = true;
    } else if (character == '"') {
        nesting->in_string = false;
    }
}

static void step_outside(struct nesting *nesting, uint8_t character) {
    if (character == '"') {
        nesting->in_string = true;
    } else if (character == '{' || character == '[') {
        nesting->depth++;
    } else if ((character == '}' || character == ']') && nesting->depth > 0) {
        nesting->depth--;
    }
    if (nesting->depth > nesting->depth_seen_max) {
        nesting->depth_seen_max = nesting->depth;
    }
}

/* An upper bound for any text, right for JSON. */
static size_t nesting_of(struct view text) {
    struct nesting nesting = {0};
    for (size_t i = 0; i < text.size; i++) {
        if (nesting.in_string) {
            step_in_string(&nesting, text.data[i]);
        } else {
            step_outside(&nesting, text.data[i]);
        }
    }
    return nesting.depth_seen_max;
}

json_t *strict_json_object(struct view text, size_t depth_max, int *line) {
    json_error_t where = {0};
    json_t *value = NULL;
    if (nesting_of(text) <= depth_max) {
        value = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, &where);
    }
    if (line != NULL) {
        *line = where.line;
    }
    if (!json_is_object(value)) {
        json_decref(value);
        return NULL;
    }
    return value;
}

struct view strict_json_text(const json_t *object, const char *name) {
    const json_t *value = json_object_get(object, name);
    if (!json_is_string(value)) {
        return view_of(NULL, 0);
    }
    return view_of(json_string_value(value), json_string_length(value));
}

void strict_json_wipe_text(const json_t *object, const char *name) {
    union {
        const char *read;
        char *write;
    } text = {.read = json_string_value(json_object_get(object, name))};

    if (text.read != NULL) {
        sodium_memzero(text.write, strlen(text.read));
    }
}

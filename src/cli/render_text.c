/* Rendered records as lines for people: fields of inner records and lists get a line each, named by
 * their path. Control characters never reach the terminal. */
#include "cli/render.h"

#include <stdlib.h>
#include <string.h>

enum { PATH_SIZE = 256, DEPTH_MAX = 8, HEX_SHOWN_MAX = 512, NAME_WIDTH_MAX = 40 };

static void put_children(json_t *lines, const char *name, json_t *value) {
    char path[PATH_SIZE];
    const char *child_name;
    json_t *child;
    size_t index;
    json_object_foreach(value, child_name, child) {
        (void)snprintf(path, sizeof path, "%s.%s", name, child_name);
        (void)json_object_set(lines, path, child);
    }
    json_array_foreach(value, index, child) {
        (void)snprintf(path, sizeof path, "%s[%zu]", name, index);
        (void)json_object_set(lines, path, child);
    }
}

static bool has_children(const json_t *value) {
    return json_object_size(value) > 0 || json_array_size(value) > 0;
}

/* One level of inner records and lists resolved; releases `lines`. */
static json_t *flatten_once(json_t *lines, bool *changed) {
    json_t *flatter = json_object();
    const char *name;
    json_t *value;
    *changed = false;
    json_object_foreach(lines, name, value) {
        if (has_children(value)) {
            *changed = true;
            put_children(flatter, name, value);
        } else {
            (void)json_object_set(flatter, name, value);
        }
    }
    json_decref(lines);
    return flatter;
}

/* Releases `lines`. */
static json_t *flatten(json_t *lines) {
    bool changed = true;
    for (int depth = 0; changed && depth < DEPTH_MAX; depth++) {
        lines = flatten_once(lines, &changed);
    }
    return lines;
}

static bool is_plain(const char *text) {
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < ' ' || (unsigned char)*text >= 0x7f) {
            return false;
        }
    }
    return true;
}

/* Bytes that could not be decoded may be many. */
static bool print_cut(const char *name, const json_t *value, FILE *out) {
    size_t size = json_string_length(value);
    if (strstr(name, "_hex") == NULL || size <= HEX_SHOWN_MAX) {
        return false;
    }
    (void)fprintf(out, "%.*s... (%zu bytes)\n", HEX_SHOWN_MAX, json_string_value(value), size / 2);
    return true;
}

/* Boxes are for whoever holds the key: how large one is, is all that can be said here. */
static bool print_sealed(const char *name, const json_t *value, FILE *out) {
    const char *last = strrchr(name, '.');
    if (strcmp(last == NULL ? name : last + 1, "sealed") != 0 || !json_is_string(value)) {
        return false;
    }
    (void)fprintf(out, "sealed, %zu bytes\n", json_string_length(value) / 2);
    return true;
}

static void print_value(const json_t *value, FILE *out) {
    const char *text = json_string_value(value);
    if (text != NULL && json_string_length(value) == strlen(text) && is_plain(text)) {
        (void)fprintf(out, "%s\n", text);
        return;
    }
    char *quoted =
        json_is_null(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
    (void)fprintf(out, "%s\n", quoted == NULL ? "-" : quoted);
    free(quoted);
}

static int width_of(json_t *lines) {
    const char *name;
    json_t *value;
    size_t width = 0;
    json_object_foreach(lines, name, value) {
        size_t size = strlen(name);
        width = size > width && size <= NAME_WIDTH_MAX ? size : width;
    }
    return (int)width;
}

static void print_lines(json_t *lines, FILE *out) {
    const char *name;
    json_t *value;
    int width = width_of(lines);
    json_object_foreach(lines, name, value) {
        (void)fprintf(out, "  %-*s  ", width, name);
        if (!print_cut(name, value, out) && !print_sealed(name, value, out)) {
            print_value(value, out);
        }
    }
}

/* What is said of the record beside its value, and then the value's own fields. */
static json_t *lines_of(json_t *record) {
    static const char *const in_head[] = {"topic", "partition", "offset", "timestamp", "value"};
    json_t *lines = json_copy(record);
    json_t *value = json_object_get(record, "value");
    for (size_t i = 0; i < sizeof in_head / sizeof in_head[0]; i++) {
        (void)json_object_del(lines, in_head[i]);
    }
    if (json_is_object(value)) {
        (void)json_object_update(lines, value);
    } else if (value != NULL) {
        (void)json_object_set(lines, "value", value);
    }
    return lines;
}

void print_record(json_t *record, FILE *out) {
    const char *timestamp = rendered_text(record, "timestamp");
    json_t *lines = flatten(lines_of(record));
    (void)fprintf(
        out,
        "%s [%lld] offset %lld  %s\n",
        rendered_text(record, "topic"),
        (long long)json_integer_value(json_object_get(record, "partition")),
        (long long)json_integer_value(json_object_get(record, "offset")),
        timestamp == NULL ? "" : timestamp);
    print_lines(lines, out);
    (void)fputs("\n", out);
    (void)fflush(out);
    json_decref(lines);
}

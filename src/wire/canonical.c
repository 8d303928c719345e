/* The Parsing Canonical Form: full names, no attribute that does not change how bytes are read, a
 * fixed order, no white space. Names need no escapes, for type_parse takes only letters, digits and
 * underscores. */
#include "wire/type.h"

#include <stdio.h>
#include <stdlib.h>

/* A type of which `next` members are written. */
struct frame {
    const struct type *type;
    size_t next;
};

struct canonical {
    FILE *out;
    struct frame frames[TYPE_DEPTH_MAX];
    size_t depth;
    const struct type *defined[TYPE_NAMED_MAX];
    size_t defined_count;
};

static bool is_defined(const struct canonical *canonical, const struct type *type) {
    for (size_t i = 0; i < canonical->defined_count; i++) {
        if (canonical->defined[i] == type) {
            return true;
        }
    }
    return false;
}

static void write_symbols(FILE *out, const struct type *type) {
    (void)fprintf(out, "{\"name\":\"%s\",\"type\":\"enum\",\"symbols\":[", type->full_name);
    for (size_t i = 0; i < type->symbol_count; i++) {
        (void)fprintf(out, "%s\"%s\"", i == 0 ? "" : ",", type->symbols[i]);
    }
    (void)fputs("]}", out);
}

static bool open_members(struct canonical *canonical, const struct type *type) {
    if (canonical->depth == TYPE_DEPTH_MAX) {
        return false;
    }
    canonical->frames[canonical->depth++] = (struct frame){.type = type};
    return true;
}

/* Writes the type, up to its first member if it has any. */
static bool open_type(struct canonical *canonical, const struct type *type) {
    FILE *out = canonical->out;
    if (type->full_name != NULL && is_defined(canonical, type)) {
        (void)fprintf(out, "\"%s\"", type->full_name);
        return true;
    }
    if (type->full_name != NULL) {
        canonical->defined[canonical->defined_count++] = type;
    }
    switch (type->kind) {
    case TYPE_FIXED:
        (void)fprintf(
            out,
            "{\"name\":\"%s\",\"type\":\"fixed\",\"size\":%zu}",
            type->full_name,
            type->fixed_size);
        return true;
    case TYPE_ENUM:
        write_symbols(out, type);
        return true;
    case TYPE_RECORD:
        (void)fprintf(out, "{\"name\":\"%s\",\"type\":\"record\",\"fields\":[", type->full_name);
        return open_members(canonical, type);
    case TYPE_ARRAY:
        (void)fputs("{\"type\":\"array\",\"items\":", out);
        return open_members(canonical, type);
    case TYPE_MAP:
        (void)fputs("{\"type\":\"map\",\"values\":", out);
        return open_members(canonical, type);
    case TYPE_UNION:
        (void)fputc('[', out);
        return open_members(canonical, type);
    case TYPE_NULL:
    case TYPE_BOOLEAN:
    case TYPE_INT:
    case TYPE_LONG:
    case TYPE_FLOAT:
    case TYPE_DOUBLE:
    case TYPE_BYTES:
    case TYPE_STRING:
        (void)fprintf(out, "\"%s\"", type_kind_name(type->kind));
        return true;
    }
    return false;
}

/* The next member of the innermost open type, or its end. */
static bool go_on(struct canonical *canonical) {
    FILE *out = canonical->out;
    struct frame *frame = &canonical->frames[canonical->depth - 1];
    const struct type *type = frame->type;
    bool record = type->kind == TYPE_RECORD;
    if (record && frame->next > 0) {
        (void)fputc('}', out);
    }
    if (frame->next == type->member_count) {
        (void)fputs(record ? "]}" : type->kind == TYPE_UNION ? "]" : "}", out);
        canonical->depth--;
        return true;
    }
    if (frame->next > 0) {
        (void)fputc(',', out);
    }
    const struct type_member *member = &type->members[frame->next++];
    if (record) {
        (void)fprintf(out, "{\"name\":\"%s\",\"type\":", member->name);
    }
    return open_type(canonical, member->type);
}

char *type_canonical_form(const struct type *type, struct arena *arena) {
    char *text = NULL;
    size_t size = 0;
    struct canonical canonical = {.out = open_memstream(&text, &size)};
    if (canonical.out == NULL) {
        return NULL;
    }
    bool good = open_type(&canonical, type);
    while (good && canonical.depth > 0) {
        good = go_on(&canonical);
    }
    good = fclose(canonical.out) == 0 && good;
    char *copy = good ? arena_text(arena, view_of(text, size)) : NULL;
    free(text);
    return copy;
}

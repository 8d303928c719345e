/* One JSON object a line. A line longer than LINE_MAX_SIZE loses its last fields and says so. */
#include "base/log.h"

#include "base/time.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

enum { LINE_MAX_SIZE = 4096, LINE_RESERVE = 32 };

static const char *const level_names[] = {"debug", "info", "warning", "error"};
static atomic_int level_now = LOG_INFO;

struct line {
    char text[LINE_MAX_SIZE];
    size_t size;
    bool cut;
};

static void append(struct line *line, const char *text, size_t size) {
    if (line->cut || line->size + size > LINE_MAX_SIZE - LINE_RESERVE) {
        line->cut = true;
        return;
    }
    memcpy(line->text + line->size, text, size);
    line->size += size;
}

static void append_text(struct line *line, const char *text) {
    append(line, text, strlen(text));
}

static void append_quoted(struct line *line, const char *text) {
    append(line, "\"", 1);
    for (const char *character = text; *character != '\0' && !line->cut; character++) {
        uint8_t byte = (uint8_t)*character;
        if (byte == '"' || byte == '\\') {
            append(line, (const char[]){'\\', *character}, 2);
        } else if (byte >= 0x20 && byte < 0x7f) {
            append(line, character, 1);
        } else {
            char escape[8];
            (void)snprintf(escape, sizeof escape, "\\u%04x", (unsigned)byte);
            append(line, escape, 6);
        }
    }
    append(line, "\"", 1);
}

static void append_value(struct line *line, const struct log_field *field) {
    char number[352]; /* the largest double has 309 digits */
    switch (field->type) {
    case LOG_TYPE_INT:
        (void)snprintf(number, sizeof number, "%lld", (long long)field->as.integer);
        append_text(line, number);
        return;
    case LOG_TYPE_REAL:
        (void)snprintf(number, sizeof number, "%.3f", field->as.real);
        append_text(line, isfinite(field->as.real) ? number : "null");
        return;
    case LOG_TYPE_BOOL:
        append_text(line, field->as.boolean ? "true" : "false");
        return;
    case LOG_TYPE_TEXT:
        append_quoted(line, field->as.text == NULL ? "" : field->as.text);
        return;
    case LOG_END:
        return;
    }
}

static void append_field(struct line *line, const struct log_field *field) {
    size_t whole = line->size;
    append(line, ",", 1);
    append_quoted(line, field->name);
    append(line, ":", 1);
    append_value(line, field);
    if (line->cut) {
        line->size = whole;
    }
}

void log_write(enum log_level level, const char *message, const struct log_field *fields) {
    if ((int)level < atomic_load_explicit(&level_now, memory_order_relaxed)) {
        return;
    }
    struct line line = {.size = 0};
    char time[TIME_TEXT_SIZE + 1];
    time_format(time_wall_us(), time);
    append_text(&line, "{\"time\":");
    append_quoted(&line, time);
    append_text(&line, ",\"level\":");
    append_quoted(&line, level_names[level]);
    append_text(&line, ",\"message\":");
    append_quoted(&line, message);
    for (const struct log_field *field = fields; field->type != LOG_END && !line.cut; field++) {
        append_field(&line, field);
    }
    const char *end = line.cut ? ",\"cut\":true}\n" : "}\n";
    memcpy(line.text + line.size, end, strlen(end));
    line.size += strlen(end);
    ssize_t written = write(STDERR_FILENO, line.text, line.size);
    (void)written; /* nowhere left to report it */
}

void log_set_level(enum log_level level) {
    atomic_store_explicit(&level_now, (int)level, memory_order_relaxed);
}

bool log_level_parse(const char *name, enum log_level *level) {
    for (size_t i = 0; i < sizeof level_names / sizeof level_names[0]; i++) {
        if (strcmp(name, level_names[i]) == 0) {
            *level = (enum log_level)i;
            return true;
        }
    }
    return false;
}

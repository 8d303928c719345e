/* The table of outcome codes, made from the list in code.h. */
#include "domain/code.h"

#include <assert.h>

struct code_row {
    const char *text;
    enum outcome_status status;
    const char *sentence;
};

#define CODE_ROW(name, outcome, sentence) [CODE_##name] = {#name, OUTCOME_##outcome, sentence},

static const struct code_row rows[CODE_COUNT] = {
    [CODE_ACCEPTED] = {"", OUTCOME_ACCEPTED, ""}, CODES(CODE_ROW)};

const char *code_text(enum code code) {
    assert(code < CODE_COUNT);
    return rows[code].text;
}

enum outcome_status code_status(enum code code) {
    assert(code < CODE_COUNT);
    return rows[code].status;
}

const char *code_sentence(enum code code) {
    assert(code < CODE_COUNT);
    return rows[code].sentence;
}

bool code_parse(struct view text, enum code *code) {
    for (unsigned i = 0; i < CODE_COUNT; i++) {
        if (view_is(text, rows[i].text)) {
            *code = (enum code)i;
            return true;
        }
    }
    return false;
}

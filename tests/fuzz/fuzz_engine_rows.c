/* What an unpublished answer's row holds, as this release or another one stored it. The first byte
 * says which of three columns the rest is. */
#include "engine/answer.h"
#include "fuzz.h"

static struct arena *arena;

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    arena = arena_new(FUZZ_ARENA_MAX);
    assert(arena != NULL);
    return 0;
}

/* Absent is not empty. */
static bool same(struct view a, struct view b) {
    return view_equal(a, b) && (a.data == NULL) == (b.data == NULL);
}

static void try_route(struct view bytes) {
    struct route route;
    struct route again;
    if (!route_decode(bytes, &route)) {
        return;
    }
    assert(route_decode(route_encode(arena, &route), &again));
    assert(same(route.key, again.key) && same(route.correlation_id, again.correlation_id));
    assert(same(route.traceparent, again.traceparent));
    assert(same(route.tracestate, again.tracestate));
    assert(same(route.reply_topic, again.reply_topic));
    assert(route.reply_partition == again.reply_partition && route.framing == again.framing);
    assert(route.duplicate == again.duplicate);
    assert(route.traceparent_valid == again.traceparent_valid);
    assert(route.reply_topic_refused == again.reply_topic_refused);
}

static void try_dead_letter(struct view bytes) {
    struct dead_letter letter;
    struct dead_letter again;
    if (!dead_letter_decode(arena, bytes, &letter)) {
        return;
    }
    assert(letter.header_count <= RECORD_HEADERS_MAX);
    assert(dead_letter_decode(arena, dead_letter_encode(arena, &letter), &again));
    assert(same(letter.key, again.key) && same(letter.value, again.value));
    assert(letter.header_count == again.header_count);
    for (size_t i = 0; i < letter.header_count; i++) {
        assert(same(letter.headers[i].name, again.headers[i].name));
        assert(same(letter.headers[i].value, again.headers[i].value));
    }
}

static void try_bodies(struct view bytes) {
    struct answer answer = {.event_count = 0};
    if (event_bodies_decode(arena, bytes, &answer)) {
        assert(view_equal(bytes, event_bodies_encode(arena, &answer)));
    } else {
        assert(answer.event_count == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct view input = view_of(data, size);
    uint8_t column = fuzz_take_byte(&input);
    arena_reset(arena);
    switch (column % 3) {
    case 0:
        try_route(input);
        break;
    case 1:
        try_dead_letter(input);
        break;
    default:
        try_bodies(input);
        break;
    }
    return 0;
}

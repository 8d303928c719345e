/* Outcomes and audit events as they lie in the log and on topics, of this release, an earlier one
 * or a later one: a single-object encoding. */
#include "fuzz_avro.h"

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    fuzz_avro_init();
    return 0;
}

static bool same_outcome(const struct outcome_summary *a, const struct outcome_summary *b) {
    return uuid_equal(a->outcome_id, b->outcome_id) && a->code == b->code
           && a->decided_at_us == b->decided_at_us;
}

static bool try_outcome(uint64_t fingerprint, struct view body) {
    struct outcome_summary summary;
    struct outcome_summary again;
    if (!codec_read_outcome(avro.codec, fingerprint, body, &summary)) {
        return false;
    }
    assert(summary.code < CODE_COUNT);
    struct view bare = codec_outcome_without_result(avro.codec, avro.arena, fingerprint, body);
    assert(codec_read_outcome(avro.codec, fingerprint, bare, &again));
    assert(same_outcome(&summary, &again));
    struct view barer = codec_outcome_without_result(avro.codec, avro.arena, fingerprint, bare);
    assert(view_equal(bare, barer));
    return true;
}

static bool try_event(uint64_t fingerprint, struct view body) {
    struct event_summary summary;
    return codec_read_event(avro.codec, fingerprint, body, &summary);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint64_t fingerprint = 0;
    struct view body;
    arena_reset(avro.arena);
    if (!unframe_single_object(view_of(data, size), &fingerprint, &body)) {
        return 0;
    }
    const struct schema *schema = schemas_by_fingerprint(avro.schemas, fingerprint);
    bool outcome = try_outcome(fingerprint, body);
    bool event = try_event(fingerprint, body);
    assert(!(outcome && event));
    if (outcome || event) {
        fuzz_show(schema, body);
        struct view again = fuzz_exact(fuzz_rewritten(schema, body));
        assert(outcome ? try_outcome(fingerprint, again) : try_event(fingerprint, again));
        fuzz_drop(again);
    }
    return 0;
}

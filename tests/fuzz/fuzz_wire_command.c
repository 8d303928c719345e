/* A request record's value, as each lane's codec takes it. */
#include "fuzz_avro.h"
#include "wire/framing.h"

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    fuzz_avro_init();
    return 0;
}

static enum code decode(struct codec *codec, struct view value, struct decoded *decoded) {
    const struct record record = {.value = value};
    const struct request_headers headers = {.expires_at_us = -1};
    return codec_decode_command(codec, avro.arena, &record, &headers, decoded);
}

/* A command that avro-c has written again is the same command. */
static void decode_again(
    struct codec *codec,
    const struct schema *schema,
    struct view body,
    const struct command *command) {
    struct decoded again;
    struct digest hashes[2];
    struct view value =
        fuzz_exact(frame_single_object(avro.arena, schema_fingerprint(schema), body));
    assert(decode(codec, value, &again) == CODE_ACCEPTED);
    fuzz_drop(value); /* the command holds no view into it */
    assert(uuid_equal(command->command_id, again.command.command_id));
    command_content_hash(command, &hashes[0]);
    command_content_hash(&again.command, &hashes[1]);
    assert(digest_equal(&hashes[0], &hashes[1]));
    command_filters_hash(command, &hashes[0]);
    command_filters_hash(&again.command, &hashes[1]);
    assert(digest_equal(&hashes[0], &hashes[1]));
}

/* Whether this lane takes it. */
static bool try_lane(enum lane lane, struct view value) {
    struct decoded decoded;
    uint64_t fingerprint = 0;
    struct view body;
    enum code code = decode(avro.lanes[lane], value, &decoded);
    if (code != CODE_ACCEPTED) {
        assert(code == CODE_MALFORMED || code == CODE_UNKNOWN_SCHEMA);
        assert(decoded.command.definition == NULL);
        return false;
    }
    assert(decoded.has_command_id && decoded.command_name != NULL);
    assert(decoded.framing == FRAMING_SINGLE_OBJECT);
    assert(decoded.command.definition->lane == lane);
    bool framed = unframe_single_object(value, &fingerprint, &body);
    const struct schema *schema = schemas_by_fingerprint(avro.schemas, fingerprint);
    assert(framed && schema != NULL);
    fuzz_show(schema, body);
    decode_again(avro.lanes[lane], schema, fuzz_rewritten(schema, body), &decoded.command);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    unsigned taken = 0;
    arena_reset(avro.arena);
    for (unsigned i = 0; i < LANE_COUNT; i++) {
        taken += try_lane((enum lane)i, view_of(data, size)) ? 1 : 0;
    }
    assert(taken <= 1);
    return 0;
}

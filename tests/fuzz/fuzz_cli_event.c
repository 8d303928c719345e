/* An audit event of the topic, as `audit verify` reads it: the bare body to JSON and from there to
 * fields, which are written, and hashed, again. */
#include "cli/audit_event.h"
#include "fuzz_avro.h"

static const struct schema *schema;

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    fuzz_avro_init();
    schema = schemas_by_name(avro.schemas, "slotkeeper.event.AuditEvent");
    return 0;
}

/* The object, which the event points into, or NULL: none. */
static json_t *read_event(struct view body, struct audit_event *event) {
    const char *text = codec_to_json(avro.codec, avro.arena, schema, body);
    json_t *object = text == NULL ? NULL : json_loads(text, 0, NULL);
    if (object != NULL && !audit_event_from_json(object, event)) {
        json_decref(object);
        object = NULL;
    }
    return object;
}

static void check_event(const struct audit_event *event) {
    struct audit_event again;
    struct digest hashes[2];
    struct view body = codec_encode_event(avro.codec, avro.arena, event);
    json_t *object = read_event(body, &again);
    assert(object != NULL);
    audit_event_hash(event, &hashes[0]);
    audit_event_hash(&again, &hashes[1]);
    assert(digest_equal(&hashes[0], &hashes[1]));
    assert(view_equal(body, codec_encode_event(avro.codec, avro.arena, &again)));
    json_decref(object);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct audit_event event;
    arena_reset(avro.arena);
    json_t *object = read_event(view_of(data, size), &event);
    if (object != NULL) {
        check_event(&event);
        json_decref(object);
    }
    return 0;
}

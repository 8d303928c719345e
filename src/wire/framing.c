/* The three framings. The two of a schema registry are recognised, so that the answer can be framed
 * alike; the schemas that they name are not known without a registry. */
#include "wire/framing.h"

#include "wire/codec.h"

enum { REGISTRY_ID_SIZE = 4, REGISTRY_GUID_SIZE = 16, CONFLUENT_SIZE = 1 + REGISTRY_ID_SIZE };

static bool read_header(struct view value, struct view schema_id, struct framed *framed) {
    framed->body = value;
    if (schema_id.size == 1 + REGISTRY_ID_SIZE && schema_id.data[0] == 0) {
        framed->kind = FRAMING_HEADER_ID;
        return true;
    }
    if (schema_id.size == 1 + REGISTRY_GUID_SIZE && schema_id.data[0] == 1) {
        framed->kind = FRAMING_HEADER_GUID;
        return true;
    }
    return false;
}

bool framing_read(struct view value, struct view schema_id, struct framed *framed) {
    *framed = (struct framed){.kind = FRAMING_SINGLE_OBJECT};
    if (value.size == 0) {
        return false;
    }
    if (schema_id.data != NULL) {
        return read_header(value, schema_id, framed);
    }
    if (value.data[0] != 0) {
        return unframe_single_object(value, &framed->fingerprint, &framed->body);
    }
    framed->kind = FRAMING_CONFLUENT;
    framed->body = view_from(value, CONFLUENT_SIZE);
    return value.size >= CONFLUENT_SIZE;
}

void framing_write(uint8_t framing[FRAMING_SINGLE_OBJECT_SIZE], uint64_t fingerprint) {
    framing[0] = 0xc3;
    framing[1] = 0x01;
    for (unsigned i = 0; i < 8; i++) {
        framing[2 + i] = (uint8_t)(fingerprint >> (8 * i));
    }
}

struct view frame_single_object(struct arena *arena, uint64_t fingerprint, struct view body) {
    uint8_t *framed = arena_take(arena, FRAMING_SINGLE_OBJECT_SIZE + body.size);
    framing_write(framed, fingerprint);
    if (body.size > 0) {
        memcpy(framed + FRAMING_SINGLE_OBJECT_SIZE, body.data, body.size);
    }
    return view_of(framed, FRAMING_SINGLE_OBJECT_SIZE + body.size);
}

bool unframe_single_object(struct view value, uint64_t *fingerprint, struct view *body) {
    if (value.size < FRAMING_SINGLE_OBJECT_SIZE || value.data[0] != 0xc3 || value.data[1] != 0x01) {
        return false;
    }
    *fingerprint = 0;
    for (unsigned i = 0; i < 8; i++) {
        *fingerprint |= (uint64_t)value.data[2 + i] << (8 * i);
    }
    *body = view_from(value, FRAMING_SINGLE_OBJECT_SIZE);
    return true;
}

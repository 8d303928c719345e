/* slotkeeper.event.Token, put together byte by byte: an Avro value would keep the token in memory
 * that is freed or used again without being wiped, wherever avro-c happens to take it. */
#include "wire/codec_parts.h"
#include "wire/framing.h"

#include <assert.h>

enum { COMMAND_ID, ACCOUNT_ID, ROLE, TOKEN, EXPIRES_AT, TOKEN_FIELDS };

enum { VARINT_SIZE_MAX = 10 };

struct token_field {
    const char *name;
    enum type_kind kind;
};

static const struct token_field token_fields[TOKEN_FIELDS] = {
    [COMMAND_ID] = {"command_id", TYPE_STRING},
    [ACCOUNT_ID] = {"account_id", TYPE_STRING},
    [ROLE] = {"role", TYPE_ENUM},
    [TOKEN] = {"token", TYPE_STRING},
    [EXPIRES_AT] = {"expires_at", TYPE_LONG},
};

/* The fields are written in this order, so the schema must have it. */
static bool is_in_order(const struct type *record) {
    bool good = record->member_count == TOKEN_FIELDS;
    for (size_t i = 0; good && i < TOKEN_FIELDS; i++) {
        good = strcmp(record->members[i].name, token_fields[i].name) == 0
               && record->members[i].type->kind == token_fields[i].kind;
    }
    return good;
}

enum status token_writer_init(
    struct token_writer *writer, const struct schemas *schemas, struct error *error) {
    writer->schema = schemas_by_name(schemas, "slotkeeper.event.Token");
    if (writer->schema == NULL || !is_in_order(writer->schema->type)
        || !bind_roles(writer->schema->type->members[ROLE].type, writer->roles)) {
        return error_set(error, STATUS_FATAL, "no schema Token, or other fields");
    }
    return STATUS_OK;
}

static uint8_t *write_long(uint8_t *to, int64_t number) {
    uint64_t raw = (uint64_t)number << 1U ^ (number < 0 ? UINT64_MAX : 0);
    for (; raw >= 0x80U; raw >>= 7U) {
        *to++ = (uint8_t)(raw | 0x80U);
    }
    *to++ = (uint8_t)raw;
    return to;
}

static uint8_t *write_text(uint8_t *to, struct view text) {
    to = write_long(to, (int64_t)text.size);
    memcpy(to, text.data, text.size);
    return to + text.size;
}

static uint8_t *write_uuid(uint8_t *to, struct uuid uuid) {
    char text[UUID_TEXT_SIZE + 1];
    uuid_format(uuid, text);
    return write_text(to, view_of(text, UUID_TEXT_SIZE));
}

struct view codec_encode_token(
    struct codec *codec, struct arena *arena, const struct token_record *token) {
    const struct token_writer *writer = &codec->token;
    struct view text = view_text(token->token);
    size_t size_max = FRAMING_SINGLE_OBJECT_SIZE + (size_t)TOKEN_FIELDS * VARINT_SIZE_MAX
                      + (size_t)2 * UUID_TEXT_SIZE + text.size;
    uint8_t *start = arena_take(arena, size_max);
    framing_write(start, writer->schema->fingerprint);
    uint8_t *end = start + FRAMING_SINGLE_OBJECT_SIZE;
    end = write_uuid(end, token->command_id);
    end = write_uuid(end, token->account_id);
    end = write_long(end, writer->roles[token->role]);
    end = write_text(end, text);
    end = write_long(end, token->expires_at_us);
    assert((size_t)(end - start) <= size_max);
    return view_of(start, (size_t)(end - start));
}

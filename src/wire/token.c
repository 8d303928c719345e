/* slotkeeper.event.Token, put together byte by byte: an Avro value would keep the token in memory
 * that is freed or used again without being wiped, wherever avro-c happens to take it. */
#include "wire/codec_parts.h"
#include "wire/cursor.h"
#include "wire/framing.h"
#include "wire/writing.h"

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

struct view codec_encode_token(
    struct codec *codec, struct arena *arena, const struct token_record *token) {
    const struct token_writer *writer = &codec->token;
    struct view text = view_text(token->token);
    size_t size_max = FRAMING_SINGLE_OBJECT_SIZE + (size_t)TOKEN_FIELDS * VARINT_SIZE_MAX
                      + (size_t)2 * UUID_TEXT_SIZE + text.size;
    uint8_t *start = arena_take(arena, size_max);
    framing_write(start, writer->schema->fingerprint);
    struct writing to = {start + FRAMING_SINGLE_OBJECT_SIZE, start + size_max, false};
    write_uuid(&to, token->command_id);
    write_uuid(&to, token->account_id);
    write_long(&to, writer->roles[token->role]);
    write_text(&to, text);
    write_long(&to, token->expires_at_us);
    assert(!to.full);
    return view_of(start, (size_t)(to.at - start));
}

/* The symbol that the walk has passed as one of the schema's. */
static bool read_role(const struct token_writer *writer, struct view bytes, enum role *role) {
    struct cursor cursor = cursor_of(bytes);
    int64_t symbol = -1;
    bool good = cursor_long(&cursor, &symbol);
    for (unsigned i = 0; good && i < ROLE_COUNT; i++) {
        if (writer->roles[i] == symbol) {
            *role = (enum role)i;
            return true;
        }
    }
    return false;
}

bool codec_read_token(struct codec *codec, struct view content, struct token_content *token) {
    const struct token_writer *writer = &codec->token;
    const struct type_member *members = writer->schema->type->members;
    const struct view *fields = codec->fields;
    uint64_t fingerprint = 0;
    struct view body;
    return unframe_single_object(content, &fingerprint, &body)
           && fingerprint == writer->schema->fingerprint
           && program_walk_fields(writer->schema->program, body, codec->fields)
           && field_uuid(members[COMMAND_ID].type, fields[COMMAND_ID], &token->command_id)
           && field_uuid(members[ACCOUNT_ID].type, fields[ACCOUNT_ID], &token->account_id)
           && read_role(writer, fields[ROLE], &token->role)
           && field_text(members[TOKEN].type, fields[TOKEN], &token->token)
           && field_long(members[EXPIRES_AT].type, fields[EXPIRES_AT], &token->expires_at_us);
}

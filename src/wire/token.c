/* slotkeeper.event.Token, put together byte by byte: an Avro value would keep the token in memory
 * that is freed or used again without being wiped, wherever avro-c happens to take it. */
#include "wire/codec_parts.h"
#include "wire/cursor.h"
#include "wire/framing.h"
#include "wire/writer.h"
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

/* The walk has held the index against the writer's symbols. */
static bool read_role(const struct type *record, const struct view *fields, enum role *role) {
    size_t at = type_field(record, "role");
    struct cursor cursor = cursor_of(fields[at]);
    int64_t symbol = 0;
    return cursor_long(&cursor, &symbol)
           && role_parse(view_text(record->members[at].type->symbols[symbol]), role);
}

bool codec_read_token(struct codec *codec, struct view content, struct token_content *token) {
    const struct view *fields = codec->fields;
    uint64_t fingerprint = 0;
    struct view body;
    if (!unframe_single_object(content, &fingerprint, &body)) {
        return false;
    }
    const struct schema *writer = writer_of(codec->schemas, codec->token.schema, fingerprint);
    return writer != NULL && program_walk_fields(writer->program, body, codec->fields)
           && record_uuid(writer->type, fields, "command_id", &token->command_id)
           && record_uuid(writer->type, fields, "account_id", &token->account_id)
           && read_role(writer->type, fields, &token->role)
           && record_text(writer->type, fields, "token", &token->token)
           && record_long(writer->type, fields, "expires_at", &token->expires_at_us);
}

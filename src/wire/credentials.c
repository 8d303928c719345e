/* slotkeeper.command.Credentials, into a sealed box and out of one: read where they lie, written
 * where they are to lie. What avro-c reads it copies, and it frees without wiping, so passwords
 * must not pass through it. */
#include "wire/codec_parts.h"
#include "wire/framing.h"
#include "wire/writer.h"
#include "wire/writing.h"

#include <assert.h>

static bool read_content(struct codec *codec, struct view content, struct command *command) {
    uint64_t fingerprint = 0;
    struct view body;
    bool has_command_id = false;
    if (!unframe_single_object(content, &fingerprint, &body)) {
        return false;
    }
    const struct schema *writer = writer_of(codec->schemas, codec->credentials_schema, fingerprint);
    return writer != NULL && program_walk_fields(writer->program, body, codec->fields)
           && mapping_read(
               codec_mapping(codec, writer), codec->fields, NULL, command, &has_command_id)
           && command_value(command, "reply_key")->as.bytes.size == PUBLIC_KEY_SIZE;
}

bool codec_decode_credentials(struct codec *codec, struct view content, struct command *command) {
    bool good = read_content(codec, content, command);
    if (!good) {
        *command = (struct command){0};
    }
    return good;
}

/* The fields are written in this order, so the schema must have it; null is the first branch. */
static const char *const written_fields[] = {
    "command_id",
    "command",
    "account_id",
    "issued_at",
    "reply_key",
    "login",
    "password",
    "new_password",
};

static bool is_in_order(const struct type *record) {
    const size_t count = sizeof written_fields / sizeof written_fields[0];
    bool good = record->member_count == count;
    for (size_t i = 0; good && i < count; i++) {
        good = strcmp(record->members[i].name, written_fields[i]) == 0;
    }
    return good;
}

static void write_text_if(struct writing *to, struct view text) {
    write_long(to, text.data == NULL ? 0 : 1);
    if (text.data != NULL) {
        write_text(to, text);
    }
}

bool codec_write_credentials(
    const struct codec *codec,
    const struct credentials_content *credentials,
    uint8_t *content, /* NOLINT(readability-non-const-parameter): written through `to` */
    size_t size_max,
    size_t *size) {
    const struct schema *schema = codec->credentials_schema;
    uint8_t framing[FRAMING_SINGLE_OBJECT_SIZE];
    struct writing to = {.end = content + size_max};
    to.at = content;
    assert(is_in_order(schema->type));
    framing_write(framing, schema->fingerprint);
    write_bytes(&to, view_of(framing, sizeof framing));
    write_uuid(&to, credentials->command_id);
    write_text(&to, view_text(credentials->command));
    write_long(&to, credentials->has_account_id ? 1 : 0);
    if (credentials->has_account_id) {
        write_uuid(&to, credentials->account_id);
    }
    write_long(&to, credentials->issued_at_us);
    write_bytes(&to, view_of(credentials->reply_key, PUBLIC_KEY_SIZE));
    write_text_if(&to, credentials->login);
    write_text(&to, credentials->password);
    write_text_if(&to, credentials->new_password);
    *size = to.full ? 0 : (size_t)(to.at - content);
    return !to.full;
}

/* slotkeeper.command.Credentials, out of a sealed box: read where they lie. What avro-c reads it
 * copies, and it frees without wiping, so passwords must not pass through it. */
#include "wire/codec_parts.h"

static bool read_content(struct codec *codec, struct view content, struct command *command) {
    const struct schema *schema = codec->credentials_schema;
    uint64_t fingerprint = 0;
    struct view body;
    bool has_command_id = false;
    return unframe_single_object(content, &fingerprint, &body) && fingerprint == schema->fingerprint
           && program_walk_fields(schema->program, body, codec->fields)
           && mapping_read(&codec->credentials, codec->fields, NULL, command, &has_command_id)
           && command_value(command, "reply_key")->as.bytes.size == PUBLIC_KEY_SIZE;
}

bool codec_decode_credentials(struct codec *codec, struct view content, struct command *command) {
    bool good = read_content(codec, content, command);
    if (!good) {
        *command = (struct command){0};
    }
    return good;
}

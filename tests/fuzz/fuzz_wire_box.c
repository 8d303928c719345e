/* What was in a sealed box: a request's credentials, or the token of an answer. */
#include "fuzz_avro.h"

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    fuzz_avro_init();
    return 0;
}

static struct view bytes_of(const struct command *command, const char *field) {
    const struct value *value = command_value(command, field);
    return value->present ? value->as.bytes : view_of(NULL, 0);
}

/* The bytes of what was read, written by the client's side; at most 64 more than there were, for
 * what another release's schema leaves out. */
static struct view written(const struct command *command, size_t size_before) {
    const struct value *account_id = command_value(command, "account_id");
    struct view name = bytes_of(command, "command");
    const struct credentials_content content = {
        .command_id = command->command_id,
        .command = arena_text(avro.arena, name),
        .has_account_id = account_id->present,
        .account_id = account_id->as.uuid,
        .issued_at_us = command_value(command, "issued_at")->as.time_us,
        .reply_key = bytes_of(command, "reply_key").data,
        .login = bytes_of(command, "login"),
        .password = bytes_of(command, "password"),
        .new_password = bytes_of(command, "new_password"),
    };
    size_t size = 0;
    uint8_t *bytes = arena_take(avro.arena, size_before + 64);
    bool fits = codec_write_credentials(avro.codec, &content, bytes, size_before + 64, &size);
    assert(fits);
    assert(!codec_write_credentials(avro.codec, &content, bytes, size - 1, &size_before));
    fits = codec_write_credentials(avro.codec, &content, bytes, size, &size);
    assert(fits);
    return view_of(bytes, size);
}

static bool try_credentials(struct view content) {
    struct command command;
    struct command again;
    struct digest hashes[2];
    if (!codec_decode_credentials(avro.codec, content, &command)) {
        assert(command.definition == NULL);
        return false;
    }
    assert(fuzz_is_inside(bytes_of(&command, "password"), content)); /* no copy of it */
    struct view bytes = fuzz_exact(written(&command, content.size));
    assert(codec_decode_credentials(avro.codec, bytes, &again));
    assert(uuid_equal(command.command_id, again.command_id));
    command_content_hash(&command, &hashes[0]);
    command_content_hash(&again, &hashes[1]);
    assert(digest_equal(&hashes[0], &hashes[1]));
    fuzz_drop(bytes);
    return true;
}

static bool try_token(struct view content) {
    struct token_content token;
    struct token_content again;
    if (!codec_read_token(avro.codec, content, &token)) {
        return false;
    }
    assert(fuzz_is_inside(token.token, content));
    const struct token_record record = {
        .command_id = token.command_id,
        .account_id = token.account_id,
        .role = token.role,
        .token = arena_text(avro.arena, token.token),
        .expires_at_us = token.expires_at_us,
    };
    struct view bytes = fuzz_exact(codec_encode_token(avro.codec, avro.arena, &record));
    assert(codec_read_token(avro.codec, bytes, &again));
    assert(uuid_equal(token.command_id, again.command_id));
    assert(uuid_equal(token.account_id, again.account_id));
    assert(view_equal(token.token, again.token) && token.role == again.role);
    assert(token.expires_at_us == again.expires_at_us);
    fuzz_drop(bytes);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    arena_reset(avro.arena);
    bool credentials = try_credentials(view_of(data, size));
    bool token = try_token(view_of(data, size));
    assert(!(credentials && token));
    return 0;
}

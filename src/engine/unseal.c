/* Opens a sealed request: the box, what is in it, and whether that belongs to the request around
 * it. Everything that does not is SEAL_INVALID, without a reason: a box that was taken from
 * somebody else's request must tell nothing. */
#include "base/time.h"
#include "engine/attempt.h"
#include "security/secrets.h"

#include <stdlib.h>

static bool same_text(const struct value *value, const char *text) {
    return value->present && view_is(value->as.bytes, text);
}

/* The account that the box must name: the request's, or with ChangePassword the token's. */
static const struct uuid *expected_account(const struct request *request) {
    const struct command *command = &request->decoded.command;
    const struct value *named = command_value(command, "account_id");
    if (named != NULL) {
        return &named->as.uuid;
    }
    return command->definition->credentials == CREDENTIALS_BESIDE_TOKEN
                   && command->definition->password == PASSWORD_OF_LOGIN
               ? &request->claims.subject
               : NULL;
}

static bool names_account(const struct request *request, const struct value *inner) {
    const struct uuid *expected = expected_account(request);
    return expected == NULL ? !inner->present
                            : inner->present && uuid_equal(inner->as.uuid, *expected);
}

static bool belongs(const struct engine *engine, const struct request *request) {
    const struct command *inner = &request->sealed->inner;
    int64_t issued_at_us = command_value(inner, "issued_at")->as.time_us;
    int64_t age_us = request->record.append_time_us - issued_at_us;
    return uuid_equal(inner->command_id, request->decoded.command.command_id)
           && same_text(command_value(inner, "command"), request->decoded.command_name)
           && names_account(request, command_value(inner, "account_id"))
           && llabs(age_us) <= engine->settings.seal_age_max_us
           && seal_reply_key_usable(command_value(inner, "reply_key")->as.bytes.data);
}

static size_t normalise(const struct value *value, uint8_t password[PASSWORD_SIZE_MAX]) {
    size_t size = 0;
    return value->present && password_normalise(value->as.bytes, password, &size) ? size : 0;
}

static void read_credentials(const struct request *request) {
    struct sealed *sealed = request->sealed;
    const struct command *inner = &sealed->inner;
    const struct value *login = command_value(inner, "login");
    bool registers = request->decoded.command.definition->password == PASSWORD_OF_NOBODY;
    memcpy(sealed->reply_key, command_value(inner, "reply_key")->as.bytes.data, SEAL_KEY_SIZE);
    if (login->present && login_normalise(login->as.bytes, sealed->login)) {
        sealed->credentials.login = view_text(sealed->login);
    }
    sealed->password_size = normalise(command_value(inner, "password"), sealed->password);
    sealed->fresh_size =
        normalise(command_value(inner, registers ? "password" : "new_password"), sealed->fresh);
    sealed->credentials.password_good =
        sealed->fresh_size > 0
        && password_is_good(view_of(sealed->fresh, sealed->fresh_size), sealed->credentials.login);
}

static struct view bytes_or_null(const struct value *value) {
    return value->present ? value->as.bytes : view_of(NULL, 0);
}

/* What makes two sealed commands the same: all that is in the box but when it was made. Keyed,
 * because a plain digest in the log would let anybody who reads it try passwords. */
static void hash_content(const struct engine *engine, struct request *request) {
    const struct command *inner = &request->sealed->inner;
    const struct value *account_id = command_value(inner, "account_id");
    const struct view parts[] = {
        view_text(request->decoded.command_name),
        account_id->present ? view_of(account_id->as.uuid.bytes, sizeof account_id->as.uuid.bytes)
                            : view_of(NULL, 0),
        command_value(inner, "reply_key")->as.bytes,
        bytes_or_null(command_value(inner, "login")),
        bytes_or_null(command_value(inner, "password")),
        bytes_or_null(command_value(inner, "new_password")),
    };
    secrets_mac(
        engine->security.secrets,
        SECRET_CONTENT,
        parts,
        sizeof parts / sizeof parts[0],
        &request->content_hash);
}

/* Without a token the caller is who holds the reply key. */
static struct uuid caller_of(const struct sealed *sealed) {
    struct digester digester;
    struct digest digest;
    digester_begin(&digester);
    digester_add_sized(&digester, view_text("slotkeeper.reply_key"));
    digester_add(&digester, view_of(sealed->reply_key, sizeof sealed->reply_key));
    digester_end(&digester, &digest);
    return uuid_of_digest(&digest);
}

enum code unseal(struct engine *engine, struct request *request) {
    const struct command *command = &request->decoded.command;
    const struct value *key_id = command_value(command, "key_id");
    struct sealed *sealed = ARENA_ARRAY(engine->arena, struct sealed, 1);
    size_t size = 0;
    request->sealed = sealed;
    if (!key_id->present) {
        return CODE_KEY_UNKNOWN;
    }
    switch (seal_keys_open(
        engine->security.seal_keys,
        key_id->as.bytes,
        command_value(command, "sealed")->as.bytes,
        sealed->content,
        &size)) {
    case SEAL_KEY_UNKNOWN:
        return CODE_KEY_UNKNOWN;
    case SEAL_BROKEN:
        return CODE_SEAL_INVALID;
    case SEAL_OPENED:
        break;
    }
    struct view content = view_of(sealed->content, size);
    if (!codec_decode_credentials(engine->codec, content, &sealed->inner)
        || !belongs(engine, request)) {
        return CODE_SEAL_INVALID;
    }
    read_credentials(request);
    hash_content(engine, request);
    if (!request->authenticated) {
        request->caller = caller_of(request->sealed);
    }
    return CODE_ACCEPTED;
}

void unseal_wipe(struct request *requests, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (requests[i].sealed != NULL) {
            explicit_bzero(requests[i].sealed, sizeof *requests[i].sealed);
        }
    }
}

static void key_of(
    const struct secrets *secrets, const char *label, struct view login, struct digest *key) {
    const struct view parts[] = {view_text(label), login};
    secrets_mac(secrets, SECRET_LOGIN, parts, sizeof parts / sizeof parts[0], key);
}

void login_key_of(const struct secrets *secrets, struct view login, struct digest *key) {
    key_of(secrets, "log in", login, key);
}

void registration_key_of(const struct secrets *secrets, struct view login, struct digest *key) {
    key_of(secrets, "register", login, key);
}

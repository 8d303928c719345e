/* The box of a request, from words and passwords. A password is where it was read and in the
 * content of the box before it is sealed, nowhere else, and both are wiped. */
#include "cli/sealing.h"

#include "base/time.h"
#include "security/token_reader.h"
#include "wire/utf8.h"

#include <sodium.h>
#include <stdio.h>
#include <strings.h>

#define COMMAND_NAMESPACE "slotkeeper.command."

static const char login_rule[] =
    "a login is 3 to 254 of a-z, 0-9, . _ @ + -; capitals become small";

static const struct command_definition *find_definition(const char *name) {
    size_t prefix = strlen(COMMAND_NAMESPACE);
    name += strncasecmp(name, COMMAND_NAMESPACE, prefix) == 0 ? prefix : 0;
    for (size_t i = 0; command_definitions[i] != NULL; i++) {
        if (strcasecmp(command_definitions[i]->name, name) == 0) {
            return command_definitions[i];
        }
    }
    return NULL;
}

/* The value of the field; NULL: no such word. */
static const char *find_field(const char *const *words, size_t count, const char *name) {
    size_t size = strlen(name);
    for (size_t i = 1; i < count; i++) {
        if (strncmp(words[i], name, size) == 0 && words[i][size] == '=') {
            return words[i] + size + 1;
        }
    }
    return NULL;
}

static bool is_sealed(
    const struct command_definition *definition, const char *const *words, size_t count) {
    if (definition == NULL || definition->credentials == CREDENTIALS_NEVER
        || find_field(words, count, "key_id") != NULL
        || find_field(words, count, "sealed") != NULL) {
        return false;
    }
    return definition->credentials != CREDENTIALS_OR_TOKEN
           || find_field(words, count, "login") != NULL;
}

/* Arguments can be read by other users of the machine, and shells remember them. */
static enum status check_no_password(const char *const *words, size_t count, struct error *error) {
    if (find_field(words, count, "password") != NULL
        || find_field(words, count, "new_password") != NULL) {
        return error_set(
            error,
            STATUS_INVALID,
            "a password is never an argument: it is asked for, or read from standard input");
    }
    return STATUS_OK;
}

/* ResetPassword names an account, and the password is that of whose token it is. */
static enum status check_login(const struct sealing *sealing, struct error *error) {
    bool wanted = sealing->definition->password != PASSWORD_OF_CALLER;
    if (wanted && sealing->login == NULL) {
        return error_set(
            error,
            STATUS_INVALID,
            "%s takes login=LOGIN; the password is asked for, or read from standard input",
            sealing->definition->name);
    }
    if (wanted && !utf8_is_text(view_text(sealing->login))) {
        return error_set(error, STATUS_INVALID, "the login is not UTF-8; %s", login_rule);
    }
    if (!wanted && sealing->login != NULL) {
        return error_set(
            error,
            STATUS_INVALID,
            "%s takes account_id=ID and no login",
            sealing->definition->name);
    }
    return STATUS_OK;
}

static const char *word_of(struct arena *arena, const char *name, const char *value) {
    size_t size = strlen(name) + strlen(value) + 2;
    char *word = arena_take(arena, size);
    (void)snprintf(word, size, "%s=%s", name, value);
    return word;
}

static void add_command_id(struct sealing *sealing, struct arena *arena) {
    if (sealing->command_id == NULL) {
        char minted[UUID_TEXT_SIZE + 1];
        uuid_format(uuid_random(), minted);
        const char *word = word_of(arena, "command_id", minted);
        sealing->words[sealing->word_count++] = word;
        sealing->command_id = strchr(word, '=') + 1;
    }
}

enum status sealing_begin(
    struct sealing *sealing,
    const char *const *words,
    size_t count,
    struct arena *arena,
    struct error *error) {
    const struct command_definition *definition = find_definition(words[0]);
    if (!is_sealed(definition, words, count)) {
        return STATUS_OK;
    }
    sealing->definition = definition;
    sealing->login = find_field(words, count, "login");
    sealing->account_id = find_field(words, count, "account_id");
    sealing->command_id = find_field(words, count, "command_id");
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || strncmp(words[i], "login=", 6) != 0) {
            sealing->words[sealing->word_count++] = words[i];
        }
    }
    add_command_id(sealing, arena);
    sealing->words[sealing->word_count++] = "key_id=";
    sealing->words[sealing->word_count++] = "sealed=";
    enum status status = check_no_password(words, count, error);
    return status == STATUS_OK ? check_login(sealing, error) : status;
}

void sealing_clean_up(struct sealing *sealing) {
    sodium_memzero(sealing->passwords, sizeof sealing->passwords);
    reply_key_wipe(&sealing->reply_key);
}

/* ---- whose they are ---- */

static enum status read_subject(struct sealing *sealing, const char *token, struct error *error) {
    char header[AUTHORIZATION_SIZE_MAX + 1];
    struct unverified_token read;
    int size = snprintf(header, sizeof header, "Bearer %s", token == NULL ? "" : token);
    if (size < 0 || (size_t)size >= sizeof header
        || !token_read(view_text(header), "", "", &read)) {
        return error_set(
            error,
            STATUS_INVALID,
            "%s takes the account's token (SLOTKEEPER_TOKEN or --token); %s",
            sealing->definition->name,
            token == NULL || token[0] == '\0' ? "there is none" : "this is none of the service's");
    }
    sealing->subject = read.facts.claims.subject;
    sealing->has_subject = true;
    return STATUS_OK;
}

enum status sealing_name_account(struct sealing *sealing, const char *token, struct error *error) {
    const struct command_definition *definition = sealing->definition;
    if (sealing->account_id != NULL) {
        sealing->has_subject = uuid_parse(view_text(sealing->account_id), &sealing->subject);
        return sealing->has_subject
                   ? STATUS_OK
                   : error_set(error, STATUS_INVALID, "field account_id takes a UUID");
    }
    if (definition->credentials == CREDENTIALS_BESIDE_TOKEN
        && definition->password == PASSWORD_OF_LOGIN) {
        return read_subject(sealing, token, error);
    }
    return STATUS_OK;
}

bool sealing_brings_token(const struct sealing *sealing) {
    return sealing->definition != NULL && sealing->definition->password == PASSWORD_OF_LOGIN
           && sealing->definition->credentials != CREDENTIALS_OR_TOKEN;
}

bool sealing_replaces_token(const struct sealing *sealing) {
    return sealing->definition != NULL
           && sealing->definition->credentials != CREDENTIALS_BESIDE_TOKEN;
}

/* ---- passwords ---- */

static bool sets_password(const struct sealing *sealing) {
    return sealing->password_count == 2 || sealing->definition->password == PASSWORD_OF_NOBODY;
}

enum status sealing_read_passwords(struct sealing *sealing, struct error *error) {
    const struct command_definition *definition = sealing->definition;
    bool changes = definition->credentials == CREDENTIALS_BESIDE_TOKEN
                   && definition->password != PASSWORD_OF_NOBODY;
    bool own = definition->password == PASSWORD_OF_CALLER;
    const struct password_question questions[SEALING_PASSWORDS_MAX] = {
        {own       ? "Your own password: "
         : changes ? "Present password: "
                   : "Password: ",
         own       ? "your own password"
         : changes ? "the present password"
                   : "the password",
         definition->password == PASSWORD_OF_NOBODY},
        {"New password: ", "the new password", true},
    };
    sealing->password_count = changes ? 2 : 1;
    return passwords_read(questions, sealing->password_count, sealing->passwords, error);
}

const char *sealing_flaw(const struct sealing *sealing, struct error *error) {
    char login[LOGIN_SIZE_MAX + 1];
    if (sealing->login != NULL && !login_normalise(view_text(sealing->login), login)) {
        return login_rule;
    }
    if (!sets_password(sealing)) {
        return NULL;
    }
    struct password copy = sealing->passwords[sealing->password_count - 1];
    enum status status = password_check(&copy, sealing->login == NULL ? NULL : login, error);
    password_wipe(&copy);
    return status == STATUS_OK ? NULL : error->text;
}

/* ---- the box ---- */

static struct view password_or_null(const struct sealing *sealing, size_t place) {
    return place < sealing->password_count ? password_view(&sealing->passwords[place])
                                           : view_of(NULL, 0);
}

static bool seal(
    const struct sealing *sealing,
    const struct seal_public *key,
    const struct codec *codec,
    uint8_t *box,
    size_t *box_size) {
    char command[sizeof COMMAND_NAMESPACE + COMMAND_NAME_MAX];
    uint8_t content[SEAL_CONTENT_MAX];
    size_t size = 0;
    (void)snprintf(command, sizeof command, COMMAND_NAMESPACE "%s", sealing->definition->name);
    struct credentials_content credentials = {
        .command = command,
        .has_account_id = sealing->has_subject,
        .account_id = sealing->subject,
        .issued_at_us = time_wall_us(),
        .reply_key = sealing->reply_key.public,
        .login = sealing->login == NULL ? view_of(NULL, 0) : view_text(sealing->login),
        .password = password_or_null(sealing, 0),
        .new_password = password_or_null(sealing, 1),
    };
    bool sealed = uuid_parse(view_text(sealing->command_id), &credentials.command_id)
                  && codec_write_credentials(codec, &credentials, content, sizeof content, &size)
                  && seal_request(key->key, view_of(content, size), box, box_size);
    sodium_memzero(content, sizeof content);
    return sealed;
}

static const char *box_word(struct arena *arena, const uint8_t *box, size_t size) {
    char *digits = arena_take(arena, 2 * size + 1);
    (void)sodium_bin2hex(digits, 2 * size + 1, box, size);
    return word_of(arena, "sealed", digits);
}

enum status sealing_finish(
    struct sealing *sealing,
    const struct seal_public *key,
    const struct codec *codec,
    struct arena *arena,
    struct error *error) {
    uint8_t box[SEAL_CONTENT_MAX + SEAL_OVERHEAD];
    size_t size = 0;
    bool sealed = seal(sealing, key, codec, box, &size);
    sodium_memzero(sealing->passwords, sizeof sealing->passwords);
    if (!sealed) {
        return error_set(
            error, STATUS_INVALID, "login and password are too long to be sealed together");
    }
    sealing->words[sealing->word_count - 2] = word_of(arena, "key_id", key->kid);
    sealing->words[sealing->word_count - 1] = box_word(arena, box, size);
    return STATUS_OK;
}

/* ---- the answer ---- */

static json_t *token_json(const struct token_content *token) {
    char account_id[UUID_TEXT_SIZE + 1];
    char expires_at[TIME_TEXT_SIZE + 1];
    uuid_format(token->account_id, account_id);
    time_format(token->expires_at_us, expires_at);
    return json_pack(
        "{s:s, s:s, s:s%, s:s}",
        "account_id",
        account_id,
        "role",
        role_symbol(token->role),
        "token",
        (const char *)token->token.data,
        token->token.size,
        "expires_at",
        expires_at);
}

/* NULL: not ours. */
static json_t *open_box(const struct sealing *sealing, struct codec *codec, struct view box) {
    uint8_t content[SEAL_CONTENT_MAX * 4];
    struct token_content token;
    struct uuid command_id;
    json_t *opened = NULL;
    if (box.size < SEAL_OVERHEAD || box.size - SEAL_OVERHEAD > sizeof content) {
        return NULL;
    }
    if (seal_answer_open(sealing->reply_key.public, sealing->reply_key.secret, box, content)
        && codec_read_token(codec, view_of(content, box.size - SEAL_OVERHEAD), &token)
        && uuid_parse(view_text(sealing->command_id), &command_id)
        && uuid_equal(token.command_id, command_id)) {
        opened = token_json(&token);
    }
    sodium_memzero(content, sizeof content);
    return opened;
}

enum status sealing_open(
    const struct sealing *sealing, struct codec *codec, json_t *outcome, struct error *error) {
    json_t *body = json_object_get(outcome, "value");
    const char *digits =
        json_string_value(json_object_get(json_object_get(body, "result"), "sealed"));
    uint8_t box[SEAL_CONTENT_MAX * 4 + SEAL_OVERHEAD];
    size_t size = 0;
    if (digits == NULL) {
        return STATUS_OK;
    }
    json_t *opened = hex_parse(digits, box, sizeof box, &size)
                         ? open_box(sealing, codec, view_of(box, size))
                         : NULL;
    if (opened == NULL) {
        return error_set(
            error,
            STATUS_INVALID,
            "the outcome's box does not open with this request's reply key: it is not for us");
    }
    (void)json_object_set_new(body, "result", opened);
    return STATUS_OK;
}

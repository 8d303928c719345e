/* Keys as they are, and a token for trying things. */
#include "base/time.h"
#include "cli/keys.h"
#include "cli/render.h"
#include "security/jwks.h"
#include "security/seal_folder.h"
#include "security/signer.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What a new account's row has in token_version. */
enum { TOKEN_VERSION_FIRST = 1 };

/* ---- list ---- */

static void print_signing_key(
    const struct cli *cli, const struct verification_key *key, bool signs) {
    if (cli->json) {
        print_json_line(json_pack(
            "{s:s, s:s, s:s, s:b}",
            "kind",
            "signing",
            "kid",
            key->kid,
            "alg",
            key->algorithm->name,
            "signs",
            (int)signs));
    } else {
        (void)printf(
            "signing  %-24s %s%s\n", key->kid, key->algorithm->name, signs ? "  signs" : "");
    }
}

static struct signer *open_signer(const struct settings *settings, struct error *error) {
    const struct signer_settings signing = {
        .key_file = settings->token_signing_key_file,
        .kid = settings->token_signing_kid,
        .jwks_file = settings->token_jwks_file,
        .issuer = settings->token_issuer,
        .audience = settings->token_audience,
    };
    return signer_new(&signing, error);
}

/* The kid of the key that signs, "" if none is set. */
static enum status find_signing_kid(
    const struct settings *settings, char kid[KEY_ID_SIZE_MAX + 1], struct error *error) {
    const struct token_algorithm *algorithm = NULL;
    kid[0] = '\0';
    if (settings->token_signing_key_file[0] == '\0') {
        return STATUS_OK;
    }
    struct signer *signer = open_signer(settings, error);
    if (signer == NULL) {
        return STATUS_INVALID;
    }
    signer_key(signer, kid, &algorithm);
    signer_destroy(signer);
    return STATUS_OK;
}

/* Also where it cannot be found out which of them signs. */
static enum status list_signing(const struct cli *cli, struct error *error) {
    char kid[KEY_ID_SIZE_MAX + 1];
    struct jwks *jwks = jwks_file_read(cli->settings->token_jwks_file, error);
    if (jwks == NULL) {
        return STATUS_INVALID;
    }
    enum status status = find_signing_kid(cli->settings, kid, error);
    for (size_t i = 0; i < jwks->count; i++) {
        print_signing_key(cli, &jwks->keys[i], strcmp(jwks->keys[i].kid, kid) == 0);
    }
    jwks_destroy(jwks);
    return status;
}

static void print_seal_key(const struct cli *cli, const char *kid, bool announced, bool first) {
    if (cli->json) {
        print_json_line(json_pack(
            "{s:s, s:s, s:b, s:b}",
            "kind",
            "sealing",
            "kid",
            kid,
            "announced",
            (int)announced,
            "first",
            (int)first));
    } else {
        const char *state = first ? "announced, first" : announced ? "announced" : "opens only";
        (void)printf("sealing  %-24s %s\n", kid, state);
    }
}

static enum status list_sealing(const struct cli *cli, struct error *error) {
    struct seal_folder content;
    enum status status = seal_folder_read(cli->settings->seal_key_dir, &content, error);
    for (size_t i = 0; status == STATUS_OK && i < content.count; i++) {
        const char *kid = content.pairs[i].public.kid;
        bool announced = seal_folder_announces(&content, kid);
        print_seal_key(cli, kid, announced, announced && content.announced[0] == i);
    }
    seal_folder_clean_up(&content);
    return status;
}

int keys_list(const struct cli *cli, const struct options *options) {
    struct error error;
    bool has_jwks = cli->settings->token_jwks_file[0] != '\0';
    bool has_folder = cli->settings->seal_key_dir[0] != '\0';
    (void)options;
    if (!has_jwks && !has_folder) {
        return keys_need((const char *const[][2]){{"token.jwks_file", ""}, {NULL, NULL}});
    }
    int result = EXIT_DONE;
    if (has_jwks && list_signing(cli, &error) != STATUS_OK) {
        result = cli_failed(&error);
    }
    /* the first sealing key makes the folder */
    if (has_folder && access(cli->settings->seal_key_dir, F_OK) == 0
        && list_sealing(cli, &error) != STATUS_OK) {
        result = cli_failed(&error);
    }
    return result;
}

/* ---- jwks ---- */

int keys_jwks(const struct cli *cli, const struct options *options) {
    struct error error;
    struct key_bytes text;
    const char *path = cli->settings->token_jwks_file;
    (void)options;
    if (keys_need((const char *const[][2]){{"token.jwks_file", path}, {NULL, NULL}}) != EXIT_DONE) {
        return EXIT_USAGE;
    }
    if (key_file_read(path, JWKS_SIZE_MAX, &text, &error) != STATUS_OK) {
        return cli_failed(&error);
    }
    char *line = jwks_public_text(key_bytes_view(&text), &error);
    key_bytes_clean_up(&text);
    if (line == NULL) {
        return cli_failed(&error);
    }
    (void)puts(line);
    free(line);
    return EXIT_DONE;
}

/* ---- token ---- */

static int print_token(const struct cli *cli, const struct claims *claims) {
    struct error error;
    char *token = NULL;
    struct signer *signer = open_signer(cli->settings, &error);
    if (signer == NULL || signer_token(signer, claims, &token, &error) != STATUS_OK) {
        signer_destroy(signer);
        return cli_failed(&error);
    }
    signer_destroy(signer);
    (void)printf(cli->json ? "{\"token\":\"%s\"}\n" : "%s\n", token);
    sodium_memzero(token, strlen(token));
    free(token);
    return EXIT_DONE;
}

/* "3600" or "1h"; NULL: token.ttl. */
static bool read_ttl(const struct settings *settings, const char *text, int64_t *ttl_s) {
    int64_t ttl_us = settings->token_ttl_us;
    if (text != NULL && count_parse(text, INT32_MAX, ttl_s)) {
        return true;
    }
    bool valid = text == NULL || duration_parse(text, &ttl_us);
    *ttl_s = ttl_us / TIME_SECOND_US;
    return valid && *ttl_s >= 1;
}

static bool read_role(const char *text, enum role *role) {
    return text != NULL && role_parse(view_text(text), role) && strcmp(text, role_name(*role)) == 0;
}

int keys_token(const struct cli *cli, const struct options *options) {
    const struct settings *settings = cli->settings;
    const char *subject = options_value(options, "--sub");
    struct claims claims = {.has_version = true, .version = TOKEN_VERSION_FIRST};
    int64_t ttl_s = 0;
    if (subject == NULL || !uuid_parse(view_text(subject), &claims.subject)) {
        return keys_wrong("token needs --sub, the account's id (a UUID)");
    }
    if (!read_role(options_value(options, "--role"), &claims.role)) {
        return keys_wrong("token needs --role patient, doctor or admin");
    }
    if (!read_ttl(settings, options_value(options, "--ttl"), &ttl_s)) {
        return keys_wrong("--ttl takes seconds, or a duration as 30s, 15m, 24h, 7d");
    }
    const char *const needed[][2] = {
        {"token.jwks_file", settings->token_jwks_file},
        {"token.signing_key_file", settings->token_signing_key_file},
        {NULL, NULL}};
    if (keys_need(needed) != EXIT_DONE) {
        return EXIT_USAGE;
    }
    if (ttl_s > settings->token_max_ttl_us / TIME_SECOND_US) {
        (void)fputs("slotkeeper: longer than token.max_ttl: workers will refuse it\n", stderr);
    }
    claims.issued_at_s = time_wall_us() / TIME_SECOND_US;
    claims.expires_at_s = claims.issued_at_s + ttl_s;
    return print_token(cli, &claims);
}

/* Keys and tokens for the operator. A private key goes into a file of its own before its public
 * part is announced, and goes away again if it cannot be announced. */
#include "base/time.h"
#include "cli/options.h"
#include "cli/usage.h"
#include "security/jwks.h"
#include "security/private_key.h"
#include "security/token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What a new account's row has in token_version. */
enum { TOKEN_VERSION_FIRST = 1 };

const char cli_keys_usage[] =
    "  slotkeeper keys generate --alg ES256|RS256|HS256 --kid KID [--out FILE]\n"
    "  slotkeeper keys generate --seal --kid KID\n"
    "  slotkeeper keys jwks\n"
    "  slotkeeper keys token --sub ACCOUNT --role patient|doctor|admin [--ttl DURATION]\n"
    "\n"
    "generate --alg makes a signing key: the private part in FILE (default: "
    "token.signing_key_file)\n"
    "  as PEM, mode 0600, never over an existing file; the public part is added to "
    "token.jwks_file.\n"
    "  HS256 has no public part: FILE holds the raw 64 bytes, the JWK Set the same secret, and "
    "the\n"
    "  set's file becomes mode 0600. A key beside the one in use, for a rotation, takes --out.\n"
    "generate --seal makes an X25519 pair: seal.key_dir/KID.key (mode 0600) and KID.pub, 32 raw\n"
    "  bytes each.\n"
    "jwks prints the JWK Set without secrets and private parts.\n"
    "token prints a token, and nothing else, signed with token.signing_key_file as\n"
    "  token.signing_kid, for an account whose password was never changed. DURATION is seconds, "
    "or\n"
    "  30s, 15m, 24h, 7d; default token.ttl.\n"
    "KID is 1 to 64 letters, digits, dashes and underscores.\n";

static int wrong(const char *sentence) {
    return options_usage(cli_keys_usage, sentence);
}

static int missing_setting(const char *name) {
    (void)fprintf(stderr, "slotkeeper: %s is not set\n", name);
    return EXIT_USAGE;
}

/* ---- generate ---- */

static int generate_seal(const struct cli *cli, const char *kid) {
    struct error error;
    const char *folder = cli->settings->seal_key_dir;
    if (folder[0] == '\0') {
        return missing_setting("seal.key_dir");
    }
    if (seal_pair_generate(folder, kid, &error) != STATUS_OK) {
        return cli_failed(&error);
    }
    if (cli->json) {
        (void)printf("{\"kid\":\"%s\"}\n", kid);
    }
    (void)fprintf(stderr, "sealing key %s: %s/%s.key and %s.pub\n", kid, folder, kid, kid);
    return EXIT_DONE;
}

static enum status store_pair(
    const struct key_pair *pair, const char *path, const char *jwks_file, struct error *error) {
    enum status status = key_file_create(path, 0600, key_bytes_view(&pair->secret), error);
    if (status != STATUS_OK) {
        return status;
    }
    status = jwks_file_add(jwks_file, pair->jwk, error);
    if (status != STATUS_OK) {
        (void)unlink(path);
    }
    return status;
}

static enum status make_signing_key(
    const struct token_algorithm *algorithm,
    const char *kid,
    const char *path,
    const char *jwks_file,
    struct error *error) {
    struct key_pair pair;
    enum status status = jwks_file_lacks(jwks_file, kid, error);
    if (status != STATUS_OK) {
        return status;
    }
    status = key_pair_generate(algorithm, kid, &pair, error);
    if (status != STATUS_OK) {
        return status;
    }
    status = store_pair(&pair, path, jwks_file, error);
    key_pair_clean_up(&pair);
    return status;
}

static int generate_signing(
    const struct cli *cli,
    const struct token_algorithm *algorithm,
    const char *kid,
    const char *out) {
    struct error error;
    const char *jwks_file = cli->settings->token_jwks_file;
    const char *path = out != NULL ? out : cli->settings->token_signing_key_file;
    if (jwks_file[0] == '\0') {
        return missing_setting("token.jwks_file");
    }
    if (path[0] == '\0') {
        return missing_setting("token.signing_key_file");
    }
    if (make_signing_key(algorithm, kid, path, jwks_file, &error) != STATUS_OK) {
        return cli_failed(&error);
    }
    if (cli->json) {
        (void)printf("{\"kid\":\"%s\",\"alg\":\"%s\"}\n", kid, algorithm->name);
    }
    (void)fprintf(
        stderr,
        "%s key %s: private in %s, announced in %s\n",
        algorithm->name,
        kid,
        path,
        jwks_file);
    return EXIT_DONE;
}

static int generate(const struct cli *cli, const struct options *options) {
    const char *kid = options_value(options, "--kid");
    const char *name = options_value(options, "--alg");
    bool seal = options_has(options, "--seal");
    if (kid == NULL || !key_id_valid(view_text(kid))) {
        return wrong("generate needs --kid, 1 to 64 letters, digits, dashes and underscores");
    }
    if (seal == (name != NULL) || (seal && options_has(options, "--out"))) {
        return wrong("generate takes either --alg, and with it --out, or --seal");
    }
    if (seal) {
        return generate_seal(cli, kid);
    }
    const struct token_algorithm *algorithm = token_algorithm_find(view_text(name));
    if (algorithm == NULL) {
        return wrong("--alg takes ES256, RS256 or HS256");
    }
    return generate_signing(cli, algorithm, kid, options_value(options, "--out"));
}

/* ---- jwks ---- */

static int print_jwks(const struct cli *cli, const struct options *options) {
    struct error error;
    struct key_bytes text;
    (void)options;
    if (cli->settings->token_jwks_file[0] == '\0') {
        return missing_setting("token.jwks_file");
    }
    if (key_file_read(cli->settings->token_jwks_file, JWKS_SIZE_MAX, &text, &error) != STATUS_OK) {
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

/* The algorithm is the one under which the JWK Set announces the key. NULL: *error says why. */
static const struct token_algorithm *signing_algorithm(
    const struct settings *settings, struct error *error) {
    struct key_bytes text;
    struct error why = {""};
    if (key_file_read(settings->token_jwks_file, JWKS_SIZE_MAX, &text, error) != STATUS_OK) {
        return NULL;
    }
    struct jwks *jwks = jwks_parse(key_bytes_view(&text), &why);
    key_bytes_clean_up(&text);
    if (jwks == NULL) {
        (void)error_set(error, STATUS_INVALID, "%s: %s", settings->token_jwks_file, why.text);
        return NULL;
    }
    const struct verification_key *key = jwks_find(jwks, view_text(settings->token_signing_kid));
    const struct token_algorithm *algorithm = key == NULL ? NULL : key->algorithm;
    if (key == NULL) {
        (void)error_set(
            error,
            STATUS_INVALID,
            "%s has no key %s, which token.signing_kid names",
            settings->token_jwks_file,
            settings->token_signing_kid);
    }
    jwks_destroy(jwks);
    return algorithm;
}

/* A private key that does not belong to the announced one would make tokens nobody believes. */
static enum status check_token(
    const struct settings *settings,
    const struct claims *claims,
    const char *token,
    struct error *error) {
    struct claims read;
    char authorization[9 * 1024];
    const struct token_settings as_workers = {
        .jwks_file = settings->token_jwks_file,
        .issuer = settings->token_issuer,
        .audience = settings->token_audience,
        .max_ttl_s = claims->expires_at_s - claims->issued_at_s,
    };
    struct token_verifier *verifier = token_verifier_new(&as_workers, error);
    if (verifier == NULL) {
        return STATUS_INVALID;
    }
    (void)snprintf(authorization, sizeof authorization, "Bearer %s", token);
    int64_t at_us = claims->issued_at_s * TIME_SECOND_US;
    bool believed = token_verify(verifier, view_text(authorization), at_us, &read);
    token_verifier_destroy(verifier);
    return believed ? STATUS_OK
                    : error_set(
                        error,
                        STATUS_INVALID,
                        "%s is not the private part of key %s in %s",
                        settings->token_signing_key_file,
                        settings->token_signing_kid,
                        settings->token_jwks_file);
}

static enum status sign(
    const struct settings *settings,
    const struct claims *claims,
    char **token,
    struct error *error) {
    const struct token_algorithm *algorithm = signing_algorithm(settings, error);
    if (algorithm == NULL) {
        return STATUS_INVALID;
    }
    const struct token_request request = {
        .signing_key_file = settings->token_signing_key_file,
        .algorithm = algorithm->name,
        .kid = settings->token_signing_kid,
        .issuer = settings->token_issuer,
        .audience = settings->token_audience,
        .claims = *claims,
    };
    enum status status = token_sign(&request, token, error);
    if (status == STATUS_OK) {
        status = check_token(settings, claims, *token, error);
    }
    return status;
}

static int print_token(const struct cli *cli, const struct claims *claims) {
    struct error error;
    char *token = NULL;
    enum status status = sign(cli->settings, claims, &token, &error);
    if (status == STATUS_OK) {
        (void)printf(cli->json ? "{\"token\":\"%s\"}\n" : "%s\n", token);
    }
    free(token);
    return status == STATUS_OK ? EXIT_DONE : cli_failed(&error);
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

static int token(const struct cli *cli, const struct options *options) {
    const struct settings *settings = cli->settings;
    const char *subject = options_value(options, "--sub");
    struct claims claims = {.has_version = true, .version = TOKEN_VERSION_FIRST};
    int64_t ttl_s = 0;
    if (subject == NULL || !uuid_parse(view_text(subject), &claims.subject)) {
        return wrong("token needs --sub, the account's id (a UUID)");
    }
    if (!read_role(options_value(options, "--role"), &claims.role)) {
        return wrong("token needs --role patient, doctor or admin");
    }
    if (!read_ttl(settings, options_value(options, "--ttl"), &ttl_s)) {
        return wrong("--ttl takes seconds, or a duration as 30s, 15m, 24h, 7d");
    }
    if (settings->token_jwks_file[0] == '\0') {
        return missing_setting("token.jwks_file");
    }
    if (settings->token_signing_key_file[0] == '\0') {
        return missing_setting("token.signing_key_file");
    }
    if (settings->token_signing_kid[0] == '\0') {
        return missing_setting("token.signing_kid");
    }
    if (ttl_s > settings->token_max_ttl_us / TIME_SECOND_US) {
        (void)fputs("slotkeeper: longer than token.max_ttl: workers will refuse it\n", stderr);
    }
    claims.issued_at_s = time_wall_us() / TIME_SECOND_US;
    claims.expires_at_s = claims.issued_at_s + ttl_s;
    return print_token(cli, &claims);
}

/* ---- choosing ---- */

static const struct option_row generate_options[] = {
    {"--alg", OPTION_VALUE},
    {"--kid", OPTION_VALUE},
    {"--out", OPTION_VALUE},
    {"--seal", OPTION_FLAG},
    {NULL, OPTION_FLAG},
};
static const struct option_row jwks_options[] = {
    {NULL, OPTION_FLAG},
};
static const struct option_row token_options[] = {
    {"--sub", OPTION_VALUE},
    {"--role", OPTION_VALUE},
    {"--ttl", OPTION_VALUE},
    {NULL, OPTION_FLAG},
};

static const struct action {
    const char *name;
    const struct option_row *options;
    int (*run)(const struct cli *cli, const struct options *options);
} actions[] = {
    {"generate", generate_options, generate},
    {"jwks", jwks_options, print_jwks},
    {"token", token_options, token},
};

/* `cli` begins at the action's name. */
static int run(const struct cli *cli, const struct action *action) {
    struct options options;
    enum options_result result = options_read(cli, action->options, cli_keys_usage, &options);
    if (result != OPTIONS_READ) {
        return result == OPTIONS_HELP ? EXIT_DONE : EXIT_USAGE;
    }
    if (options.argument_count > 0) {
        return wrong("there are arguments too many");
    }
    return action->run(cli, &options);
}

int cli_keys(const struct cli *cli) {
    const char *name = cli->argc > 1 ? cli->argv[1] : "";
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        (void)fputs(cli_keys_usage, stdout);
        return EXIT_DONE;
    }
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        if (strcmp(name, actions[i].name) == 0) {
            const struct cli rest = {cli->settings, cli->json, cli->argc - 1, cli->argv + 1};
            return run(&rest, &actions[i]);
        }
    }
    return wrong("keys takes generate, jwks or token");
}

/* Keys that are made, put to use, taken out of use and destroyed. A private key goes into a file of
 * its own before its public part is announced, and goes away again if it cannot be announced. */
#include "cli/keys.h"
#include "security/jwks.h"
#include "security/private_key.h"
#include "security/seal_folder.h"

#include <stdio.h>
#include <unistd.h>

static int need_seal_folder(const struct cli *cli) {
    return keys_need((const char *const[][2]){
        {"seal.key_dir", cli->settings->seal_key_dir},
        {NULL, NULL},
    });
}

static int need_jwks(const struct cli *cli) {
    return keys_need((const char *const[][2]){
        {"token.jwks_file", cli->settings->token_jwks_file},
        {NULL, NULL},
    });
}

/* What became of the key `kid`: for programs on standard output, for people on standard error. */
static int report(const struct cli *cli, const char *kid, const char *sentence) {
    if (cli->json) {
        (void)printf("{\"kid\":\"%s\"}\n", kid);
    }
    (void)fprintf(stderr, "key %s %s\n", kid, sentence);
    return EXIT_DONE;
}

/* ---- generate ---- */

static int generate_seal(const struct cli *cli, const char *kid) {
    struct error error;
    bool announced = false;
    const char *folder = cli->settings->seal_key_dir;
    if (need_seal_folder(cli) != EXIT_DONE) {
        return EXIT_USAGE;
    }
    if (seal_folder_generate(folder, kid, &announced, &error) != STATUS_OK) {
        return cli_failed(&error);
    }
    if (cli->json) {
        (void)printf("{\"kid\":\"%s\",\"announced\":%s}\n", kid, announced ? "true" : "false");
    }
    (void)fprintf(
        stderr,
        "sealing key %s: %s/%s.key and %s.pub, %s\n",
        kid,
        folder,
        kid,
        kid,
        announced ? "announced" : "not announced before keys activate");
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
    const char *const needed[][2] = {
        {"token.jwks_file", jwks_file}, {"token.signing_key_file", path}, {NULL, NULL}};
    if (keys_need(needed) != EXIT_DONE) {
        return EXIT_USAGE;
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

int keys_generate(const struct cli *cli, const struct options *options) {
    const char *kid = keys_kid(options);
    const char *name = options_value(options, "--alg");
    bool seal = options_has(options, "--seal");
    if (kid == NULL) {
        return keys_wrong("generate needs --kid, 1 to 64 letters, digits, dashes and underscores");
    }
    if (seal == (name != NULL) || (seal && options_has(options, "--out"))) {
        return keys_wrong("generate takes either --alg, and with it --out, or --seal");
    }
    if (seal) {
        return generate_seal(cli, kid);
    }
    const struct token_algorithm *algorithm = token_algorithm_find(view_text(name));
    if (algorithm == NULL) {
        return keys_wrong("--alg takes ES256, RS256 or HS256");
    }
    return generate_signing(cli, algorithm, kid, options_value(options, "--out"));
}

/* ---- activate ---- */

/* Whether `secret` is what signs for the key `kid` of the set; *error says why not. */
static enum status check_secret(
    const struct cli *cli,
    const char *kid,
    const char *path,
    const struct key_bytes *secret,
    struct error *error) {
    const char *jwks_file = cli->settings->token_jwks_file;
    struct jwks *jwks = jwks_file_read(jwks_file, error);
    if (jwks == NULL) {
        return STATUS_INVALID;
    }
    enum status status = STATUS_OK;
    const struct verification_key *key = jwks_find(jwks, view_text(kid));
    if (key == NULL) {
        status = error_set(error, STATUS_INVALID, "%s has no key %s", jwks_file, kid);
    } else if (!private_key_is_of(key_bytes_view(secret), key)) {
        status = error_set(
            error,
            STATUS_INVALID,
            "%s is not the private part, unencrypted, of key %s in %s",
            path,
            kid,
            jwks_file);
    }
    jwks_destroy(jwks);
    return status;
}

static int activate_signing(const struct cli *cli, const char *kid, const char *path) {
    struct error error;
    struct key_bytes secret;
    const char *target = cli->settings->token_signing_key_file;
    const char *const needed[][2] = {
        {"token.jwks_file", cli->settings->token_jwks_file},
        {"token.signing_key_file", target},
        {NULL, NULL}};
    if (keys_need(needed) != EXIT_DONE) {
        return EXIT_USAGE;
    }
    if (key_file_read(path, PRIVATE_KEY_SIZE_MAX, &secret, &error) != STATUS_OK) {
        return cli_failed(&error);
    }
    enum status status = check_secret(cli, kid, path, &secret, &error);
    if (status == STATUS_OK) {
        status = key_file_replace(target, 0600, key_bytes_view(&secret), &error);
    }
    key_bytes_clean_up(&secret);
    return status == STATUS_OK ? report(cli, kid, "signs once workers get SIGHUP")
                               : cli_failed(&error);
}

int keys_activate(const struct cli *cli, const struct options *options) {
    struct error error;
    const char *kid = keys_kid(options);
    const char *path = options_value(options, "--key");
    bool seal = options_has(options, "--seal");
    if (kid == NULL || seal == (path != NULL)) {
        return keys_wrong("activate takes --kid, and either --key or --seal");
    }
    if (!seal) {
        return activate_signing(cli, kid, path);
    }
    if (need_seal_folder(cli) != EXIT_DONE) {
        return EXIT_USAGE;
    }
    return seal_folder_announce(cli->settings->seal_key_dir, kid, &error) == STATUS_OK
               ? report(cli, kid, "is announced first once workers get SIGHUP")
               : cli_failed(&error);
}

/* ---- retire ---- */

/* STATUS_INVALID if token.signing_key_file holds the secret of the key `kid`, or may hold it. */
static enum status refuse_signing(const struct cli *cli, const char *kid, struct error *error) {
    struct key_bytes secret;
    struct error why_not;
    const char *path = cli->settings->token_signing_key_file;
    if (path[0] == '\0' || access(path, F_OK) != 0) {
        return STATUS_OK;
    }
    enum status status = key_file_read(path, PRIVATE_KEY_SIZE_MAX, &secret, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (check_secret(cli, kid, path, &secret, &why_not) == STATUS_OK) {
        status = error_set(
            error,
            STATUS_INVALID,
            "key %s signs (%s): keys activate --kid ANOTHER --key FILE first",
            kid,
            path);
    }
    key_bytes_clean_up(&secret);
    return status;
}

static int retire_signing(const struct cli *cli, const char *kid) {
    struct error error;
    if (need_jwks(cli) != EXIT_DONE) {
        return EXIT_USAGE;
    }
    enum status status = refuse_signing(cli, kid, &error);
    if (status == STATUS_OK) {
        status = jwks_file_remove(cli->settings->token_jwks_file, kid, &error);
    }
    return status == STATUS_OK ? report(cli, kid, "verifies nothing once workers get SIGHUP")
                               : cli_failed(&error);
}

int keys_retire(const struct cli *cli, const struct options *options) {
    struct error error;
    const char *kid = keys_kid(options);
    if (kid == NULL) {
        return keys_wrong("retire needs --kid, 1 to 64 letters, digits, dashes and underscores");
    }
    if (!options_has(options, "--seal")) {
        return retire_signing(cli, kid);
    }
    if (need_seal_folder(cli) != EXIT_DONE) {
        return EXIT_USAGE;
    }
    return seal_folder_retire(cli->settings->seal_key_dir, kid, &error) == STATUS_OK
               ? report(cli, kid, "is not announced any more once workers get SIGHUP")
               : cli_failed(&error);
}

/* ---- destroy ---- */

int keys_destroy(const struct cli *cli, const struct options *options) {
    struct error error;
    const char *kid = keys_kid(options);
    if (kid == NULL || !options_has(options, "--seal")) {
        return keys_wrong("destroy takes --seal and --kid; signing keys are files of yours");
    }
    if (need_seal_folder(cli) != EXIT_DONE) {
        return EXIT_USAGE;
    }
    return seal_folder_destroy_pair(cli->settings->seal_key_dir, kid, &error) == STATUS_OK
               ? report(cli, kid, "is destroyed; workers forget it on SIGHUP")
               : cli_failed(&error);
}

/* Keys and tokens for the operator: the actions and what they have in common. */
#include "cli/keys.h"

#include "cli/usage.h"
#include "security/jwk.h"

#include <stdio.h>
#include <string.h>

const char cli_keys_usage[] =
    "  slotkeeper keys generate --alg ES256|RS256|HS256 --kid KID [--out FILE]\n"
    "  slotkeeper keys generate --seal --kid KID\n"
    "  slotkeeper keys list\n"
    "  slotkeeper keys activate --kid KID --key FILE\n"
    "  slotkeeper keys activate --seal --kid KID\n"
    "  slotkeeper keys retire [--seal] --kid KID\n"
    "  slotkeeper keys destroy --seal --kid KID\n"
    "  slotkeeper keys jwks\n"
    "  slotkeeper keys token --sub ACCOUNT --role patient|doctor|admin [--ttl DURATION]\n"
    "\n"
    "Workers read what is changed here on SIGHUP; docs/tokens.md has the rotations step by step.\n"
    "generate --alg makes a signing key: the private part in FILE (default: "
    "token.signing_key_file)\n"
    "  as PEM, mode 0600, never over an existing file; the public part is added to "
    "token.jwks_file.\n"
    "  HS256 has no public part: FILE holds the raw 64 bytes, the JWK Set the same secret, and "
    "the\n"
    "  set's file becomes mode 0600. A key beside the one in use, for a rotation, takes --out.\n"
    "generate --seal makes an X25519 pair: seal.key_dir/KID.key (mode 0600) and KID.pub, 32 raw\n"
    "  bytes each. The folder's first key is announced to callers at once, any other by activate.\n"
    "list shows the signing keys, which of them signs, and the sealing keys, which are announced.\n"
    "activate makes the key in FILE, whose public part is in token.jwks_file as KID, the one that\n"
    "  signs: it replaces token.signing_key_file. With --seal: KID is announced, before others.\n"
    "retire takes KID out of token.jwks_file: its tokens die. With --seal: KID is no longer\n"
    "  announced, and still opens boxes.\n"
    "destroy --seal overwrites and removes a key that is not announced: its boxes stay closed.\n"
    "jwks prints the JWK Set without secrets and private parts.\n"
    "token prints a token, and nothing else, signed with token.signing_key_file, for an account\n"
    "  whose password was never changed. DURATION is seconds, or 30s, 15m, 24h, 7d; default\n"
    "  token.ttl.\n"
    "KID is 1 to 64 letters, digits, dashes and underscores.\n";

int keys_wrong(const char *sentence) {
    return options_usage(cli_keys_usage, sentence);
}

int keys_need(const char *const settings[][2]) {
    for (size_t i = 0; settings[i][0] != NULL; i++) {
        if (settings[i][1][0] == '\0') {
            (void)fprintf(stderr, "slotkeeper: %s is not set\n", settings[i][0]);
            return EXIT_USAGE;
        }
    }
    return EXIT_DONE;
}

const char *keys_kid(const struct options *options) {
    const char *kid = options_value(options, "--kid");
    return kid != NULL && key_id_valid(view_text(kid)) ? kid : NULL;
}

/* ---- choosing ---- */

static const struct option_row generate_options[] = {
    {"--alg", OPTION_VALUE},
    {"--kid", OPTION_VALUE},
    {"--out", OPTION_VALUE},
    {"--seal", OPTION_FLAG},
    {NULL, OPTION_FLAG},
};
static const struct option_row activate_options[] = {
    {"--kid", OPTION_VALUE},
    {"--key", OPTION_VALUE},
    {"--seal", OPTION_FLAG},
    {NULL, OPTION_FLAG},
};
static const struct option_row kid_options[] = {
    {"--kid", OPTION_VALUE},
    {"--seal", OPTION_FLAG},
    {NULL, OPTION_FLAG},
};
static const struct option_row no_options[] = {
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
    {"generate", generate_options, keys_generate},
    {"list", no_options, keys_list},
    {"activate", activate_options, keys_activate},
    {"retire", kid_options, keys_retire},
    {"destroy", kid_options, keys_destroy},
    {"jwks", no_options, keys_jwks},
    {"token", token_options, keys_token},
};

/* `cli` begins at the action's name. */
static int run(const struct cli *cli, const struct action *action) {
    struct options options;
    enum options_result result = options_read(cli, action->options, cli_keys_usage, &options);
    if (result != OPTIONS_READ) {
        return result == OPTIONS_HELP ? EXIT_DONE : EXIT_USAGE;
    }
    if (options.argument_count > 0) {
        return keys_wrong("there are arguments too many");
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
    return keys_wrong("keys takes generate, list, activate, retire, destroy, jwks or token");
}

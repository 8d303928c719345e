/* `admin create-account`: the first accounts, before anybody can register. */
#include "cli/account.h"
#include "cli/credentials.h"
#include "cli/database.h"
#include "cli/options.h"
#include "cli/render.h"
#include "cli/usage.h"

#include <string.h>

const char cli_admin_usage[] =
    "  slotkeeper admin create-account --role patient|doctor|admin --login LOGIN\n"
    "                                  [--account-id ID]\n"
    "\n"
    "Makes an account straight in the database (database.admin_url, the owner) and prints its id.\n"
    "The password is asked for, or read from standard input, one line end taken off: 12 to 128\n"
    "characters of UTF-8, neither well known nor made of the login, common words or runs.\n"
    "A login is 3 to 254 of a-z, 0-9, . _ @ + -; capitals become small. The account's audit event\n"
    "is published by the next worker. --account-id: an id of your own, a UUID.\n";

static const struct option_row rows[] = {
    {"--role", OPTION_VALUE},
    {"--login", OPTION_VALUE},
    {"--account-id", OPTION_VALUE},
    {NULL, OPTION_FLAG},
};

struct request {
    struct new_account account;
    char login[LOGIN_SIZE_MAX + 1];
    char hash[PASSWORD_HASH_SIZE];
};

/* NULL, or what is wrong with the arguments. */
static const char *read_arguments(const struct options *options, struct request *request) {
    const char *role = options_value(options, "--role");
    const char *login = options_value(options, "--login");
    const char *account_id = options_value(options, "--account-id");
    if (options->argument_count != 1 || strcmp(options->arguments[0], "create-account") != 0) {
        return "admin takes one word, create-account";
    }
    if (role == NULL || !role_parse(view_text(role), &request->account.role)) {
        return "--role takes patient, doctor or admin";
    }
    if (login == NULL) {
        return "--login is missing";
    }
    if (!login_normalise(view_text(login), request->login)) {
        return "a login is 3 to 254 letters of a-z, digits and . _ @ + -";
    }
    request->account.login = request->login;
    request->account.account_id = uuid_random();
    if (account_id != NULL && !uuid_parse(view_text(account_id), &request->account.account_id)) {
        return "--account-id takes a UUID, 8-4-4-4-12 hexadecimal digits";
    }
    return NULL;
}

static enum status read_password(struct request *request, struct error *error) {
    struct password password;
    enum status status = password_read_new(&password, request->login, error);
    if (status == STATUS_OK) {
        status =
            password_hash(&HASH_PARAMETERS_DEFAULT, password_view(&password), request->hash, error);
    }
    password_wipe(&password);
    request->account.password_hash = request->hash;
    return status;
}

static enum status create(
    PGconn *connection, const struct new_account *account, struct error *error) {
    struct renderer renderer;
    enum status status = renderer_init(&renderer, error);
    if (status == STATUS_OK) {
        status = account_create(connection, renderer.codec, account, error);
    }
    renderer_clean_up(&renderer);
    return status;
}

static void print_account(const struct cli *cli, const struct new_account *account) {
    char id[UUID_TEXT_SIZE + 1];
    uuid_format(account->account_id, id);
    if (cli->json) {
        print_json_line(
            json_pack("{s:s, s:s}", "account_id", id, "role", role_symbol(account->role)));
    } else {
        (void)puts(id);
    }
}

int cli_admin(const struct cli *cli) {
    struct options options;
    struct request request = {0};
    struct error error;
    enum options_result result = options_read(cli, rows, cli_admin_usage, &options);
    if (result != OPTIONS_READ) {
        return result == OPTIONS_HELP ? EXIT_DONE : EXIT_USAGE;
    }
    const char *wrong = read_arguments(&options, &request);
    if (wrong != NULL) {
        return options_usage(cli_admin_usage, wrong);
    }
    int exit_status;
    PGconn *connection = database_open(cli, &exit_status, &error);
    if (connection == NULL) {
        (void)cli_failed(&error);
        return exit_status;
    }
    enum status status = read_password(&request, &error);
    if (status == STATUS_OK) {
        status = create(connection, &request.account, &error);
    }
    PQfinish(connection);
    if (status != STATUS_OK) {
        return cli_failed(&error);
    }
    print_account(cli, &request.account);
    return EXIT_DONE;
}

/* `send`: one request from the shell, and with --wait its outcome. Passwords are read, and the key
 * to seal them to is found, before the request goes out. */
#include "cli/clients.h"
#include "cli/send_parts.h"
#include "cli/usage.h"

#include <stdio.h>

const char cli_send_usage[] =
    "  slotkeeper send COMMAND FIELD=VALUE... [--token TOKEN] [--wait] [--timeout DURATION]\n"
    "  slotkeeper send COMMAND login=LOGIN [FIELD=VALUE...] [--wait | --token-only] "
    "[--reply-key FILE]\n"
    "                  [--seal-key KID=FILE]\n"
    "  slotkeeper send --raw FILE|- --topic TOPIC [--key KEY]\n"
    "  slotkeeper send --tombstone --topic TOPIC [--key KEY]\n"
    "\n"
    "Sends one command or query, in any case (`slotkeeper schemas` lists them), to its topic, and\n"
    "says where it landed. Times are RFC 3339, null is null, bytes are hexadecimal digits;\n"
    "command_id is minted if it is not given. --raw sends bytes as they are, --tombstone a null\n"
    "value: to try bad input.\n"
    "Lists come in pages; the next page is the same query with the next_cursor of the last one:\n"
    "  send ListOpenSlots from=TIME until=TIME [doctor_id=ID] [limit=N] [cursor=HEX] --wait\n"
    "  send ListAppointments from=TIME until=TIME [account_id=ID] [state=STATE] [...] --wait\n"
    "  send GetHistory slot_id=ID|appointment_id=ID [limit=N] [cursor=HEX] --wait\n"
    "  send GetAccount account_id=ID --wait\n"
    "\n"
    "  --token TOKEN         the bearer token; default: SLOTKEEPER_TOKEN of the environment, "
    "where\n"
    "                        other users of the machine do not see it; '' sends none\n"
    "  --wait                print the outcome; exit status 0 if it is ACCEPTED\n"
    "  --timeout DURATION    how long to wait for the broker, and for the outcome; default 30s\n"
    "  --reply-topic TOPIC   where the outcome goes; with --wait the default is the prefix's\n"
    "                        replies.cli, without it the service's outcomes\n"
    "  --correlation TEXT    what the outcome repeats; with --wait the default is random\n"
    "  --expires TIME        the request is refused EXPIRED if it is decided later\n"
    "  --key KEY             the record's key instead of the command's own\n"
    "  --topic TOPIC         the topic instead of the command's own\n"
    "  --header NAME=VALUE   one more header, of bytes if VALUE is hex:00ff; repeatable\n"
    "\n"
    "Passwords are asked for without echo, or read from standard input, a line each, and sealed "
    "to\n"
    "a key of the service's; they are never arguments:\n"
    "  send RegisterPatient login=ann --wait             the password\n"
    "  send RegisterDoctor login=dr-who --wait           an admin's token; the doctor's password\n"
    "  send LogIn login=ann --token-only                 the password\n"
    "  send ChangePassword login=ann --wait              ann's token; present and new password\n"
    "  send ResetPassword account_id=ID --wait           an admin's token; his own password and\n"
    "                                                    the account's new one\n"
    "  send EraseAccount account_id=ID login=ann --wait  the password; without login=: an admin's\n"
    "                                                    token\n"
    "  --token-only          print the token of LogIn or ChangePassword and nothing else\n"
    "  --reply-key FILE      the 32 bytes of the caller's own key, made if the file is not there;\n"
    "                        the service knows a device again by it. Default: a new one each time\n"
    "  --seal-key KID=FILE   the service's public key, 32 bytes or KID=HEX. Default: the first of\n"
    "                        seal.key_dir, or where there is none, what GetServiceKeys tells,\n"
    "                        which a key of token.jwks_file, if that is set, must have signed\n";

static const struct option_row rows[] = {
    {"--token", OPTION_VALUE},
    {"--wait", OPTION_FLAG},
    {"--token-only", OPTION_FLAG},
    {"--seal-key", OPTION_VALUE},
    {"--reply-key", OPTION_VALUE},
    {"--timeout", OPTION_VALUE},
    {"--key", OPTION_VALUE},
    {"--expires", OPTION_VALUE},
    {"--correlation", OPTION_VALUE},
    {"--topic", OPTION_VALUE},
    {"--reply-topic", OPTION_VALUE},
    {"--raw", OPTION_VALUE},
    {"--tombstone", OPTION_FLAG},
    {"--header", OPTION_REPEATED},
    {NULL, OPTION_FLAG},
};

static int say_timeout(const struct sending *sending) {
    bool repeatable =
        sending->sealing.definition == NULL || options_has(&sending->options, "--reply-key");
    (void)fprintf(
        stderr,
        "slotkeeper: no outcome within %lld ms. Does a worker run and take %s [%d]? "
        "`slotkeeper listen outcomes --from-beginning` shows an outcome that could not go to %s. "
        "To send it again with the same command_id %s.\n",
        (long long)(sending->timeout_us / 1000),
        sending->request.topic.text,
        (int)sending->delivery.partition,
        sending->reply_topic.text,
        repeatable ? "is safe" : "asks again: only with the same --reply-key it would be safe");
    return EXIT_FAILED;
}

static int await_and_print(struct sending *sending) {
    struct error error;
    json_t *outcome;
    enum status status = exchange_await(
        &sending->exchange, sending->correlation, sending->request.command_id, &outcome, &error);
    if (status != STATUS_OK) {
        return cli_failed(&error);
    }
    return outcome == NULL ? say_timeout(sending) : send_print_outcome(sending, outcome);
}

static int send_and_wait(struct sending *sending) {
    struct error error;
    enum status status = deliver(
        sending->cli->settings,
        &sending->request,
        (int)(sending->timeout_us / 1000),
        &sending->delivery,
        &error);
    if (status != STATUS_OK) {
        return cli_failed(&error);
    }
    if (sending->wait) {
        if (!sending->cli->json) {
            send_print_landed(sending, stderr);
        }
        return await_and_print(sending);
    }
    if (sending->cli->json) {
        print_json_line(send_request_json(sending));
    } else {
        send_print_landed(sending, stdout);
    }
    return EXIT_DONE;
}

/* Words that are wrong are said to be before the broker is asked anything. */
static int run(struct sending *sending) {
    struct error error;
    if (renderer_init(&sending->renderer, &error) != STATUS_OK
        || request_init(&sending->request, &error) != STATUS_OK) {
        return cli_failed(&error);
    }
    if (send_begin_sealing(sending, &error) != STATUS_OK) {
        (void)cli_failed(&error);
        return EXIT_USAGE;
    }
    if (send_finish_sealing(sending, &error) != STATUS_OK) {
        return cli_failed(&error);
    }
    if (send_build(sending, &error) != STATUS_OK) {
        (void)cli_failed(&error);
        return EXIT_USAGE;
    }
    if (sending->wait && exchange_open(&sending->exchange, &error) != STATUS_OK) {
        return cli_failed(&error);
    }
    return send_and_wait(sending);
}

/* An outcome nobody waits for may go anywhere, but the keys are asked for on a topic of ours. */
static void prepare_exchange(struct sending *sending) {
    const char *prefix = sending->cli->settings->topics_prefix;
    sending->exchange = (struct exchange){
        .settings = sending->cli->settings,
        .renderer = &sending->renderer,
        .timeout_us = sending->timeout_us,
    };
    sending->keys_topic =
        sending->wait ? sending->reply_topic : topic_name(prefix, TOPIC_REPLIES_CLI);
    sending->exchange.reply_topic = sending->keys_topic.text;
}

int cli_send(const struct cli *cli) {
    struct sending sending = {.cli = cli};
    enum options_result result = options_read(cli, rows, cli_send_usage, &sending.options);
    if (result != OPTIONS_READ) {
        return result == OPTIONS_HELP ? EXIT_DONE : EXIT_USAGE;
    }
    const char *wrong = send_check_arguments(&sending);
    if (wrong == NULL) {
        wrong = send_read_route(&sending);
    }
    if (wrong != NULL) {
        return options_usage(cli_send_usage, wrong);
    }
    if (!cli_has_kafka(cli)) {
        return EXIT_USAGE;
    }
    prepare_exchange(&sending);
    int exit_status = run(&sending);
    consumer_destroy(sending.exchange.consumer);
    sealing_clean_up(&sending.sealing);
    request_clean_up(&sending.request);
    renderer_clean_up(&sending.renderer);
    return exit_status;
}

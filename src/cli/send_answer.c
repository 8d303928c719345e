/* What `send` prints. */
#include "cli/send_parts.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

json_t *send_request_json(const struct sending *sending) {
    const struct request *request = &sending->request;
    return json_pack(
        "{s:s, s:i, s:I, s:s?, s:s?}",
        "topic",
        request->topic.text,
        "partition",
        (int)sending->delivery.partition,
        "offset",
        (json_int_t)sending->delivery.offset,
        "command",
        request->command,
        "command_id",
        request->command_id);
}

void send_print_landed(const struct sending *sending, FILE *out) {
    const struct request *request = &sending->request;
    (void)fprintf(
        out,
        "%s is at %s [%d] offset %lld%s%s\n",
        request->command == NULL ? "the record" : request->command,
        request->topic.text,
        (int)sending->delivery.partition,
        (long long)sending->delivery.offset,
        request->command_id == NULL ? "" : ", command_id ",
        request->command_id == NULL ? "" : request->command_id);
}

static void print_outcome(const struct sending *sending, json_t *outcome) {
    if (sending->cli->json) {
        (void)json_object_set_new(outcome, "request", send_request_json(sending));
        print_json_line(outcome);
    } else {
        print_record(outcome, stdout);
        json_decref(outcome);
    }
}

/* False: there is none. */
static bool print_token(const struct sending *sending, const json_t *outcome) {
    const json_t *result = json_object_get(json_object_get(outcome, "value"), "result");
    const char *token = json_string_value(json_object_get(result, "token"));
    if (token != NULL) {
        (void)printf(sending->cli->json ? "{\"token\":\"%s\"}\n" : "%s\n", token);
    }
    return token != NULL;
}

/* What an outcome's code alone does not tell whoever sent this from a shell. */
static void hint(const struct sending *sending, const char *code) {
    if (strcmp(code, "KEY_UNKNOWN") == 0) {
        (void)fprintf(
            stderr,
            "slotkeeper: the service has no sealing key %s (any more). `slotkeeper send "
            "GetServiceKeys --wait` shows those it has; --seal-key names one\n",
            sending->seal_key.kid);
    } else if (strcmp(code, "SEAL_INVALID") == 0) {
        (void)fprintf(
            stderr,
            "slotkeeper: the box does not open with the service's key %s, or it is older than "
            "seal.age_max: is this machine's clock right?\n",
            sending->seal_key.kid);
    }
}

int send_print_outcome(struct sending *sending, json_t *outcome) {
    struct error error;
    const char *status = rendered_value_text(outcome, "status");
    const char *code = rendered_value_text(outcome, "code");
    bool sealed = sending->sealing.definition != NULL;
    int exit_status = status != NULL && strcmp(status, "ACCEPTED") == 0 ? EXIT_DONE : EXIT_FAILED;
    if (sealed && code != NULL) {
        hint(sending, code);
    }
    if (sealed
        && sealing_open(&sending->sealing, sending->renderer.codec, outcome, &error) != STATUS_OK) {
        exit_status = cli_failed(&error);
    }
    if (!options_has(&sending->options, "--token-only")) {
        print_outcome(sending, outcome);
        return exit_status;
    }
    if (!print_token(sending, outcome)) {
        exit_status = EXIT_FAILED;
        print_record(outcome, stderr);
    }
    json_decref(outcome);
    return exit_status;
}

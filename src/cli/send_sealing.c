/* The sealed part of what `send` sends: keys, passwords, and the box. */
#include "cli/seal_key.h"
#include "cli/send_parts.h"

#include <stdio.h>

static enum status read_keys(struct sending *sending, struct error *error) {
    const char *seal_key = options_value(&sending->options, "--seal-key");
    const char *reply_key = options_value(&sending->options, "--reply-key");
    enum status status = STATUS_OK;
    if (seal_key != NULL) {
        status = seal_key_from_option(seal_key, &sending->seal_key, error);
    }
    if (status == STATUS_OK && reply_key != NULL) {
        status = reply_key_from_file(reply_key, &sending->sealing.reply_key, error);
    } else if (status == STATUS_OK) {
        status = reply_key_make(&sending->sealing.reply_key, error);
    }
    return status;
}

static enum status check_options(const struct sending *sending, struct error *error) {
    static const char *const sealed_only[] = {"--seal-key", "--reply-key"};
    bool sealed = sending->sealing.definition != NULL;
    for (size_t i = 0; !sealed && i < sizeof sealed_only / sizeof sealed_only[0]; i++) {
        if (options_has(&sending->options, sealed_only[i])) {
            return error_set(
                error,
                STATUS_INVALID,
                "%s is for commands with sealed credentials",
                sealed_only[i]);
        }
    }
    if (options_has(&sending->options, "--token-only")
        && !sealing_brings_token(&sending->sealing)) {
        return error_set(error, STATUS_INVALID, "--token-only is for LogIn and ChangePassword");
    }
    return STATUS_OK;
}

static void warn_of_flaw(const struct sealing *sealing) {
    struct error error;
    const char *flaw = sealing_flaw(sealing, &error);
    if (flaw != NULL) {
        (void)fprintf(stderr, "slotkeeper: the service will refuse this: %s\n", flaw);
    }
}

enum status send_begin_sealing(struct sending *sending, struct error *error) {
    const struct options *options = &sending->options;
    struct sealing *sealing = &sending->sealing;
    struct arena *arena = sending->request.arena;
    enum status status = STATUS_OK;
    if (options->argument_count > 0) {
        status = sealing_begin(sealing, options->arguments, options->argument_count, arena, error);
    }
    if (status == STATUS_OK) {
        status = check_options(sending, error);
    }
    if (status != STATUS_OK || sealing->definition == NULL) {
        return status;
    }
    status = send_build_value(sending, error);
    if (status == STATUS_OK) {
        status = sealing_name_account(sealing, send_token(sending), error);
    }
    if (status == STATUS_OK) {
        status = read_keys(sending, error);
    }
    if (status == STATUS_OK) {
        status = sealing_read_passwords(sealing, error);
    }
    if (status == STATUS_OK) {
        warn_of_flaw(sealing);
    }
    return status;
}

/* What was given, or lies in the folder, or is asked for. */
static enum status find_seal_key(struct sending *sending, struct error *error) {
    const char *folder = sending->cli->settings->seal_key_dir;
    bool found = sending->seal_key.kid[0] != '\0';
    enum status status = STATUS_OK;
    if (!found && folder[0] != '\0') {
        status = seal_key_from_folder(folder, &sending->seal_key, &found, error);
    }
    if (status != STATUS_OK || found) {
        return status;
    }
    return exchange_ask_seal_key(&sending->exchange, &sending->seal_key, error);
}

enum status send_finish_sealing(struct sending *sending, struct error *error) {
    struct sealing *sealing = &sending->sealing;
    if (sealing->definition == NULL) {
        return STATUS_OK;
    }
    enum status status = find_seal_key(sending, error);
    if (status == STATUS_OK) {
        status = sealing_finish(
            sealing, &sending->seal_key, sending->renderer.codec, sending->request.arena, error);
    }
    return status;
}

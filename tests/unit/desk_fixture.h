/* The clinic's desk, where people come with passwords: what it knows, and sealed requests as a
 * client would have made them. */
#ifndef SLOTKEEPER_TESTS_DESK_FIXTURE_H
#define SLOTKEEPER_TESTS_DESK_FIXTURE_H

#include "engine_fixture.h"
#include "journal.h"
#include "security/hasher.h"
#include "security/secrets.h"
#include "security/signer.h"

#include <sodium.h>

#define PASSWORD     "lantern-orbit-velvet-37"
#define NEW_PASSWORD "quarry-mellow-thimble-58"
#define WRONG        "saffron-glacier-wombat-11"

enum { HASHES_MAX = 4, KEPT_MAX = 32, FAILURES_FREE = 5 };

struct kept_throttle {
    struct digest key;
    struct throttle throttle;
};

struct kept_attempt {
    int32_t partition;
    int64_t offset;
};

static struct {
    char folder[64];
    struct seal_keys *seal_keys;
    struct secrets *secrets;
    struct hasher *hasher;
    struct signer *signer;
    uint8_t seal_key[SEAL_KEY_SIZE];
    char hash[PASSWORD_HASH_SIZE]; /* of PASSWORD */

    struct kept_throttle throttles[KEPT_MAX];
    size_t throttle_count;
    struct kept_attempt attempts[KEPT_MAX];
    size_t attempt_count;
    bool device_known; /* every one of them */
    bool closing;      /* an end was announced */
    int32_t version;   /* credential_version of everybody */
    bool taken;        /* PATIENT has his login */
    bool deactivated;  /* PATIENT is */
    void (*before_load)(void);
    enum status note_status;
    bool recalls; /* the first request's answer is in the log */
    struct answer published[REQUESTS_MAX];
    size_t published_count;
} desk;

/* Sealed requests. ----------------------------------------------------------------------------- */

/* What a client puts in a box; NULL and 0 are null. */
struct given_box {
    const char *name; /* of the command */
    unsigned account;
    const char *login;
    const char *password;
    const char *new_password;
    int64_t issued_at_us;  /* 0: now */
    unsigned device;       /* whose reply key */
    const char *reply_key; /* in hexadecimal, instead of that */
};

static inline char *hex_of(struct view bytes) {
    char *text = arena_take(engine_arena(clinic.engine), 2 * bytes.size + 1);
    return sodium_bin2hex(text, 2 * bytes.size + 1, bytes.data, bytes.size);
}

static inline void device_key_of(unsigned device, uint8_t key[SEAL_KEY_SIZE]) {
    uint8_t seed[crypto_box_SEEDBYTES] = {(uint8_t)device, 1};
    uint8_t secret[crypto_box_SECRETKEYBYTES];
    assert_int_equal(crypto_box_seed_keypair(key, secret, seed), 0);
}

static inline const char *text_or_null(const char *text) {
    return text == NULL ? "null" : text;
}

/* The Credentials in it, before they are sealed. */
static inline struct view content_of(const struct given_box *box, unsigned command_id) {
    char command[80];
    uint8_t device[SEAL_KEY_SIZE];
    device_key_of(box->device, device);
    (void)snprintf(command, sizeof command, "slotkeeper.command.%s", box->name);
    const struct field_text fields[] = {
        {"command", command},
        {"account_id", box->account == 0 ? "null" : id_text(box->account)},
        {"issued_at", time_text(box->issued_at_us == 0 ? FIXTURE_AT_US : box->issued_at_us)},
        {"reply_key",
         box->reply_key != NULL ? box->reply_key : hex_of(view_of(device, sizeof device))},
        {"login", text_or_null(box->login)},
        {"password", box->password},
        {"new_password", text_or_null(box->new_password)},
    };
    clinic.next_command_id = command_id;
    return value_of("slotkeeper.command.Credentials", fields, sizeof fields / sizeof fields[0]);
}

static inline struct view sealed(struct view content) {
    uint8_t *box = arena_take(engine_arena(clinic.engine), SEAL_CONTENT_MAX + SEAL_OVERHEAD);
    size_t size = 0;
    assert_true(seal_request(desk.seal_key, content, box, &size));
    return view_of(box, size);
}

/* A request around a box that may be any bytes; `caller` 0: without a token; `account` 0: the
 * command has no account_id. */
static inline struct request *given_sealed(
    unsigned caller,
    const char *name,
    unsigned account,
    const char *key_id,
    struct view box,
    unsigned command_id) {
    char full_name[80];
    const struct field_text fields[] = {
        {"key_id", key_id}, {"sealed", hex_of(box)}, {"account_id", id_text(account)}};
    (void)snprintf(full_name, sizeof full_name, "slotkeeper.command.%s", name);
    clinic.next_command_id = command_id;
    struct request *request = given_record(0, value_of(full_name, fields, account == 0 ? 2 : 3));
    if (caller != 0) {
        given_header(request, "authorization", token_of(caller));
    }
    return request;
}

static inline struct request *given_box(unsigned caller, unsigned account, struct given_box box) {
    unsigned command_id = 0x8000U + ++clinic.minted;
    struct view content = content_of(&box, command_id);
    return given_sealed(caller, box.name, account, "seal", sealed(content), command_id);
}

static inline struct request *log_in(const char *login, const char *password) {
    return given_box(
        0, 0, (struct given_box){.name = "LogIn", .login = login, .password = password});
}

static inline struct request *register_patient(const char *login, const char *password) {
    return given_box(
        0, 0, (struct given_box){.name = "RegisterPatient", .login = login, .password = password});
}

static inline struct request *deactivate(unsigned caller, unsigned account) {
    const struct field_text fields[] = {{"account_id", id_text(account)}};
    return given_command(0, caller, "DeactivateAccount", fields, 1);
}

static inline struct request *purge(unsigned caller, const char *before) {
    const struct field_text fields[] = {{"before", before}};
    return given_command(0, caller, "PurgeHistory", fields, 1);
}

#endif

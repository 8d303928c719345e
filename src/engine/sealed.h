/* A sealed request's credentials on their way through the stages. Holds passwords in clear, so that
 * it is overwritten as soon as its batch is done. */
#ifndef SLOTKEEPER_ENGINE_SEALED_H
#define SLOTKEEPER_ENGINE_SEALED_H

#include "domain/credentials.h"
#include "engine/answer.h"
#include "security/hasher.h"
#include "security/password.h"
#include "security/seal.h"

struct secrets;

struct sealed {
    uint8_t content[SEAL_CONTENT_MAX]; /* what was in the box; the views of `inner` point here */
    struct command inner;
    uint8_t reply_key[SEAL_KEY_SIZE];
    char login[LOGIN_SIZE_MAX + 1];
    uint8_t password[PASSWORD_SIZE_MAX]; /* normalised */
    size_t password_size;                /* 0: cannot be a password */
    uint8_t fresh[PASSWORD_SIZE_MAX];    /* the one to be set, likewise */
    size_t fresh_size;

    struct credentials credentials; /* what deciders see */
    struct hash_job job;
    struct settlement settlement;
};

/* Under which key failures with a login are counted, and attempts to register it. */
void login_key_of(const struct secrets *secrets, struct view login, struct digest *key);
void registration_key_of(const struct secrets *secrets, struct view login, struct digest *key);

#endif

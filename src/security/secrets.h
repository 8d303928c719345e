/* Keys derived from one root secret, the same on all workers: one key for each purpose, so that
 * what is made with one says nothing about another. */
#ifndef SLOTKEEPER_SECURITY_SECRETS_H
#define SLOTKEEPER_SECURITY_SECRETS_H

#include "base/digest.h"

enum { SECRET_SIZE_MIN = 32, SECRET_SIZE_MAX = 4096 };

enum secret_purpose {
    SECRET_LOGIN,   /* whose failures are counted */
    SECRET_DEVICE,  /* where registrations come from */
    SECRET_CONTENT, /* whether a sealed command came before with other content */
    SECRET_CURSOR,  /* pages of query results */
    SECRET_PURPOSE_COUNT
};

struct secrets;

/* The file's bytes, all of them and at least SECRET_SIZE_MIN, are the root; it is not kept. NULL
 * with *error set. */
struct secrets *secrets_load(const char *path, struct error *error) MUST_USE;
/* Wipes the keys. */
void secrets_destroy(struct secrets *secrets);

/* HMAC-SHA256 over the parts, four bytes of big-endian length before each; an absent part (data
 * NULL) is the length 0xffffffff alone. Thread-safe. */
void secrets_mac(
    const struct secrets *secrets,
    enum secret_purpose purpose,
    const struct view *parts,
    size_t count,
    struct digest *mac);

#endif

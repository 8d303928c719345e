/* Public keys from their numbers, checked, as PEM (SubjectPublicKeyInfo), and back. */
#ifndef SLOTKEEPER_SECURITY_PUBLIC_KEY_H
#define SLOTKEEPER_SECURITY_PUBLIC_KEY_H

#include "security/key_file.h"

#include <openssl/evp.h>

/* False: the numbers are not a sound key. On success the caller cleans `pem` up. Numbers are
 * big-endian. */
bool public_key_rsa_pem(struct view modulus, struct view exponent, struct key_bytes *pem) MUST_USE;
/* `point`: an uncompressed point of P-256, 65 bytes. */
bool public_key_ec_pem(struct view point, struct key_bytes *pem) MUST_USE;

/* The number `name` (an OSSL_PKEY_PARAM_ name) of `key`, big-endian, in `size` bytes, or in as many
 * as it needs if size is 0, as base64url in malloc'ed text. NULL: no memory or no such number. */
char *public_key_number(const EVP_PKEY *key, const char *name, size_t size) MUST_USE;

#endif

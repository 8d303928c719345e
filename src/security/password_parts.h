/* What the parts of passwords share; security/password.h is for everybody else. */
#ifndef SLOTKEEPER_SECURITY_PASSWORD_PARTS_H
#define SLOTKEEPER_SECURITY_PASSWORD_PARTS_H

#include "security/password.h"

/* common_passwords.txt, one text; the last element is NULL. */
extern const char *const common_password_texts[];

/* Whether the password is one or two common words, or the login or parts of it, with nothing but
 * digits and marks around them. Both in UTF-8, of PASSWORD_SIZE_MAX bytes at most (asserted). */
bool password_is_made_of_words(struct view password, struct view login) MUST_USE;

/* Whether `encoded` is an Argon2id hash within the caps. */
bool password_hash_is_sound(const char *encoded) MUST_USE;

/* As password_verify for a hash that is sound (else *right is false); STATUS_RETRY: no memory. */
enum status password_compare(const char *encoded, struct view password, bool *right) MUST_USE;

#endif

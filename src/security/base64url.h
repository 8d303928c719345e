/* Strict base64url (RFC 4648 section 5 without padding, as RFC 7515 uses it): every text has one
 * value and every value one text, so that nobody can spell a token in two ways. */
#ifndef SLOTKEEPER_SECURITY_BASE64URL_H
#define SLOTKEEPER_SECURITY_BASE64URL_H

#include "base/status.h"
#include "base/view.h"

/* What `size` bytes take as text, with the NUL. */
#define BASE64URL_TEXT_SIZE(size) (((size)*4 + 2) / 3 + 1)

/* False: a character outside the alphabet (padding, '+', '/', white space and NUL included), an
 * impossible length, unused bits that are not zero, or more than `bytes_max` bytes. The time taken
 * depends on the text's length only. */
bool base64url_decode(struct view text, uint8_t *bytes, size_t bytes_max, size_t *size) MUST_USE;

/* `text` holds at least BASE64URL_TEXT_SIZE(bytes.size) characters. */
void base64url_encode(struct view bytes, char *text, size_t text_size);

#endif

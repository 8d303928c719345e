/* common_passwords.txt and common_words.txt as the binary was built with them; generated. */
#ifndef SLOTKEEPER_SECURITY_PASSWORD_TEXT_H
#define SLOTKEEPER_SECURITY_PASSWORD_TEXT_H

enum { PASSWORD_TEXT_PASSWORDS, PASSWORD_TEXT_WORDS };

extern const char *const password_texts[]; /* in this order; ends with NULL */

#endif

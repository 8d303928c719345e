/* Sealed boxes (libsodium's crypto_box_seal: X25519, XSalsa20-Poly1305): what callers seal to the
 * service's keys, what the service seals to a caller's key, and the caller's side of both. */
#ifndef SLOTKEEPER_SECURITY_SEAL_H
#define SLOTKEEPER_SECURITY_SEAL_H

#include "security/private_key.h"

#define SEAL_OVERHEAD 48

enum {
    SEAL_BLOCK_SIZE = 1024,
    SEAL_CONTENT_MAX = 2048, /* padded; padding takes at least one byte of it */
    SEAL_KEYS_MAX = 16,
};

/* ---- the service's keys: a folder of KID.key and KID.pub ---- */

/* The keys in force. Thread-safe; keys that were replaced stay usable by those in the middle of
 * opening a box. */
struct seal_keys;

/* NULL with *error set, naming the file that is wrong: a .pub without its .key, a file that is not
 * SEAL_KEY_SIZE bytes, a pair that does not belong together, more than SEAL_KEYS_MAX keys or none,
 * or a broken list of those to announce. Copies `folder`. */
struct seal_keys *seal_keys_new(const char *folder, struct error *error) MUST_USE;
void seal_keys_destroy(struct seal_keys *keys);

/* Reads the folder again, all of it or nothing: on failure the old keys stay in force. */
enum status seal_keys_reload(struct seal_keys *keys, struct error *error) MUST_USE;
uint64_t seal_keys_reloads_failed(const struct seal_keys *keys);

enum seal_result {
    SEAL_OPENED,
    SEAL_KEY_UNKNOWN,
    SEAL_BROKEN, /* not of one of the two sizes, not to this key, changed, or not padded */
};

/* `key_id` and `box` may be any bytes. `content` is unpadded and *size its size, less than
 * SEAL_CONTENT_MAX; the caller wipes it. It is all zero unless SEAL_OPENED. For a key_id that is
 * well formed and not there the folder is read again: at once if it has changed, else once a
 * second. */
enum seal_result seal_keys_open(
    struct seal_keys *keys,
    struct view key_id,
    struct view box,
    uint8_t content[SEAL_CONTENT_MAX],
    size_t *size) MUST_USE;

struct seal_public {
    char kid[KEY_ID_SIZE_MAX + 1];
    uint8_t key[SEAL_KEY_SIZE];
};

/* How many keys callers are told of, the one to use first first: those that the file `announced`
 * in the folder lists, a kid a line, or, without that file, all by name. */
size_t seal_keys_announced(
    struct seal_keys *keys, struct seal_public items[SEAL_KEYS_MAX]) MUST_USE;

/* ---- sealing to somebody's key ---- */

/* False for points of low order and whatever else sealing fails with. */
bool seal_reply_key_usable(const uint8_t key[SEAL_KEY_SIZE]) MUST_USE;

/* Not padded. `box_size` is content.size + SEAL_OVERHEAD (asserted). False: the key is unusable. */
bool seal_for(
    const uint8_t key[SEAL_KEY_SIZE], struct view content, uint8_t *box, size_t box_size) MUST_USE;

/* ---- the caller's side ---- */

/* Pads and seals a request's content; `box` holds SEAL_CONTENT_MAX + SEAL_OVERHEAD bytes. False:
 * more than SEAL_CONTENT_MAX - 1 bytes, or the key is unusable. */
bool seal_request(
    const uint8_t key[SEAL_KEY_SIZE], struct view content, uint8_t *box, size_t *box_size) MUST_USE;

/* Opens what seal_for made; `content` holds box.size - SEAL_OVERHEAD bytes. False: not for this
 * key, or changed. */
bool seal_answer_open(
    const uint8_t public_key[SEAL_KEY_SIZE],
    const uint8_t secret_key[SEAL_KEY_SIZE],
    struct view box,
    uint8_t *content) MUST_USE;

#endif

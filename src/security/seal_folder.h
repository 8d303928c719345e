/* A folder of sealing keys as it lies on disk: KID.key, KID.pub, and the list `announced`. */
#ifndef SLOTKEEPER_SECURITY_SEAL_FOLDER_H
#define SLOTKEEPER_SECURITY_SEAL_FOLDER_H

#include "security/seal.h"

#include <limits.h>

struct seal_pair {
    struct seal_public public;
    uint8_t secret[SEAL_KEY_SIZE];
};

struct seal_folder {
    size_t count;
    struct seal_pair pairs[SEAL_KEYS_MAX]; /* by name */
    bool has_list;                         /* there is a file `announced` */
    size_t announced_count;
    size_t announced[SEAL_KEYS_MAX]; /* places in `pairs`, the one to use first first */
};

/* FOLDER/NAME and `ending` in one text, as "seal-1" and ".key". STATUS_INVALID: too long. */
enum status seal_folder_path(
    char path[PATH_MAX],
    const char *folder,
    const char *name,
    const char *ending,
    struct error *error) MUST_USE;

/* A folder without keys is one, too. STATUS_INVALID: as seal_keys_new has it. The caller cleans
 * `content` up, whatever is returned. */
enum status seal_folder_read(
    const char *folder, struct seal_folder *content, struct error *error) MUST_USE;
void seal_folder_clean_up(struct seal_folder *content);

/* NULL: no such key. */
const struct seal_pair *seal_folder_find(
    const struct seal_folder *content, struct view kid) MUST_USE;
bool seal_folder_announces(const struct seal_folder *content, const char *kid) MUST_USE;

/* ---- the operator's side; `kid` is valid (asserted) ---- */

/* Makes the folder if its parent is there; one that is there already is fine. */
enum status seal_folder_make(const char *folder, struct error *error) MUST_USE;

/* A new pair, announced at once only if it is the folder's first. */
enum status seal_folder_generate(
    const char *folder, const char *kid, bool *announced, struct error *error) MUST_USE;
/* Makes `kid` the first to use. */
enum status seal_folder_announce(const char *folder, const char *kid, struct error *error) MUST_USE;
/* Takes `kid` off the list; it still opens boxes. STATUS_INVALID: it is the last on it. */
enum status seal_folder_retire(const char *folder, const char *kid, struct error *error) MUST_USE;
/* Overwrites and removes the secret key of a pair that is not announced. */
enum status seal_folder_destroy_pair(
    const char *folder, const char *kid, struct error *error) MUST_USE;

#endif

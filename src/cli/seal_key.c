/* Public sealing keys from the command line, a folder, or the service itself. */
#include "cli/seal_key.h"

#include "cli/options.h"
#include "cli/render.h"
#include "security/key_file.h"
#include "security/seal_folder.h"
#include "security/statement.h"

#include <dirent.h>
#include <unistd.h>

enum { LIST_SIZE_MAX = 64 * 1024 };

static bool set_kid(struct seal_public *key, struct view kid) {
    if (!key_id_valid(kid)) {
        return false;
    }
    (void)snprintf(key->kid, sizeof key->kid, "%.*s", (int)kid.size, (const char *)kid.data);
    return true;
}

static enum status check_usable(const struct seal_public *key, struct error *error) {
    if (!seal_reply_key_usable(key->key)) {
        return error_set(
            error, STATUS_INVALID, "sealing key %s is no usable X25519 public key", key->kid);
    }
    return STATUS_OK;
}

static enum status read_public(const char *path, struct seal_public *key, struct error *error) {
    struct key_bytes bytes;
    enum status status = key_file_read(path, SEAL_KEY_SIZE, &bytes, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (bytes.size == SEAL_KEY_SIZE) {
        memcpy(key->key, bytes.data, SEAL_KEY_SIZE);
    } else {
        status = error_set(error, STATUS_INVALID, "%s is not %d bytes", path, (int)SEAL_KEY_SIZE);
    }
    key_bytes_clean_up(&bytes);
    return status == STATUS_OK ? check_usable(key, error) : status;
}

enum status seal_key_from_option(const char *text, struct seal_public *key, struct error *error) {
    const char *equals = strchr(text, '=');
    size_t size = 0;
    struct error why;
    if (equals == NULL || !set_kid(key, view_of(text, (size_t)(equals - text)))) {
        return error_set(
            error,
            STATUS_INVALID,
            "--seal-key takes KID=HEX or KID=FILE; a KID is 1 to 64 letters, digits, dashes and "
            "underscores");
    }
    if (hex_parse(equals + 1, key->key, SEAL_KEY_SIZE, &size) && size == SEAL_KEY_SIZE) {
        return check_usable(key, error);
    }
    if (read_public(equals + 1, key, &why) != STATUS_OK) {
        return error_set(
            error,
            STATUS_INVALID,
            "--seal-key %s takes a public key, 64 hexadecimal digits or a file of %d bytes: %.200s",
            key->kid,
            (int)SEAL_KEY_SIZE,
            why.text);
    }
    return STATUS_OK;
}

/* ---- a folder ---- */

static struct view first_line(const struct key_bytes *text) {
    const uint8_t *end = memchr(text->data, '\n', text->size);
    return view_of(text->data, end == NULL ? text->size : (size_t)(end - text->data));
}

static enum status read_list(const char *path, struct seal_public *key, struct error *error) {
    struct key_bytes text;
    enum status status = key_file_read(path, LIST_SIZE_MAX, &text, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (!set_kid(key, first_line(&text))) {
        status = error_set(error, STATUS_INVALID, "%s: its first line is no key's id", path);
    }
    key_bytes_clean_up(&text);
    return status;
}

/* Whether it is KID.pub. */
static bool set_kid_of_file(struct seal_public *key, const char *name) {
    size_t size = strlen(name);
    return size > 4 && strcmp(name + size - 4, ".pub") == 0
           && set_kid(key, view_of(name, size - 4));
}

/* The first by name; kid "": none. */
static void find_first(const char *folder, struct seal_public *key) {
    DIR *names = opendir(folder);
    const struct dirent *entry = NULL;
    struct seal_public next;
    key->kid[0] = '\0';
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this thread's alone */
    while (names != NULL && (entry = readdir(names)) != NULL) {
        if (set_kid_of_file(&next, entry->d_name)
            && (key->kid[0] == '\0' || strcmp(next.kid, key->kid) < 0)) {
            memcpy(key->kid, next.kid, sizeof key->kid);
        }
    }
    if (names != NULL) {
        (void)closedir(names);
    }
}

enum status seal_key_from_folder(
    const char *folder, struct seal_public *key, bool *found, struct error *error) {
    char path[PATH_MAX];
    *found = false;
    if (seal_folder_path(path, folder, "announced", "", error) != STATUS_OK) {
        return STATUS_INVALID;
    }
    if (access(path, F_OK) != 0) {
        find_first(folder, key);
    } else if (read_list(path, key, error) != STATUS_OK) {
        return STATUS_INVALID;
    }
    if (key->kid[0] == '\0') {
        return STATUS_OK;
    }
    *found = true;
    enum status status = seal_folder_path(path, folder, key->kid, ".pub", error);
    return status == STATUS_OK ? read_public(path, key, error) : status;
}

/* ---- the service ---- */

static enum status read_told(const json_t *result, struct seal_public *key, struct error *error) {
    const json_t *first = json_array_get(json_object_get(result, "seal_keys"), 0);
    const char *kid = json_string_value(json_object_get(first, "key_id"));
    const char *digits = json_string_value(json_object_get(first, "public_key"));
    size_t size = 0;
    if (kid == NULL || digits == NULL || !set_kid(key, view_text(kid))
        || !hex_parse(digits, key->key, SEAL_KEY_SIZE, &size) || size != SEAL_KEY_SIZE) {
        return error_set(
            error,
            STATUS_INVALID,
            "the service tells no sealing key; --seal-key KID=FILE names one");
    }
    return STATUS_OK;
}

static enum status check_age(
    const struct statement *statement, const struct seal_key_trust *trust, struct error *error) {
    int64_t age_s = trust->now_s - statement->issued_at_s;
    if (age_s > trust->age_max_s || age_s < -trust->age_max_s) {
        return error_set(
            error,
            STATUS_INVALID,
            "what the service says of its sealing keys was signed %lld s ago: is this machine's "
            "clock right?",
            (long long)age_s);
    }
    return STATUS_OK;
}

static enum status read_signed(
    const json_t *result,
    const struct seal_key_trust *trust,
    struct seal_public *key,
    struct error *error) {
    const char *compact = json_string_value(json_object_get(result, "statement"));
    struct statement statement;
    struct jwks *jwks = jwks_file_read(trust->jwks_file, error);
    if (jwks == NULL) {
        return STATUS_INVALID;
    }
    bool genuine = compact != NULL && statement_read(view_text(compact), jwks, &statement);
    jwks_destroy(jwks);
    if (!genuine) {
        return error_set(
            error,
            STATUS_INVALID,
            "what the service says of its sealing keys is not signed by a key of token.jwks_file, "
            "%.200s: is that file up to date?",
            trust->jwks_file);
    }
    *key = statement.first;
    return check_age(&statement, trust, error);
}

enum status seal_key_from_outcome(
    const json_t *outcome,
    const struct seal_key_trust *trust,
    struct seal_public *key,
    struct error *error) {
    const json_t *result = json_object_get(json_object_get(outcome, "value"), "result");
    const char *code = rendered_value_text(outcome, "code");
    if (code != NULL && code[0] != '\0') {
        return error_set(
            error,
            STATUS_INVALID,
            "the service does not tell its sealing keys: %.40s; --seal-key KID=FILE names one",
            code);
    }
    enum status status = trust->jwks_file[0] == '\0' ? read_told(result, key, error)
                                                     : read_signed(result, trust, key, error);
    return status == STATUS_OK ? check_usable(key, error) : status;
}

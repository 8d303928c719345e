/* The operator's side of a JWK Set: what may be published of it, and keys that come to its file
 * and go. */
#include "security/jwks.h"
#include "security/strict_json.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/stat.h>

static json_t *set_of(struct view text, struct error *error) {
    json_t *set = strict_json_object(text, JWKS_DEPTH_MAX, NULL);
    if (set == NULL || !json_is_array(json_object_get(set, "keys"))) {
        (void)error_set(error, STATUS_INVALID, "not a JWK Set");
        json_decref(set);
        return NULL;
    }
    return set;
}

static int append_public(json_t *keys, const json_t *jwk) {
    struct view type = strict_json_text(jwk, "kty");
    bool published = view_is(type, "RSA") || view_is(type, "EC");
    if (!published || !jwk_is_for_signatures(jwk)) {
        return 0;
    }
    return json_array_append_new(keys, jwk_public(jwk));
}

static json_t *public_set(const json_t *set) {
    json_t *public = json_object();
    json_t *keys = json_array();
    bool whole = public != NULL && keys != NULL;
    size_t index;
    const json_t *jwk;
    json_array_foreach(json_object_get(set, "keys"), index, jwk) {
        whole = whole && append_public(keys, jwk) == 0;
    }
    whole = json_object_set_new(public, "keys", keys) == 0 && whole;
    if (!whole) {
        json_decref(public);
        return NULL;
    }
    return public;
}

char *jwks_public_text(struct view text, struct error *error) {
    json_t *set = set_of(text, error);
    if (set == NULL) {
        return NULL;
    }
    json_t *public = public_set(set);
    char *line = public == NULL ? NULL : json_dumps(public, JSON_COMPACT);
    if (line == NULL) {
        (void)error_set(error, STATUS_RETRY, "no memory for the public keys");
    }
    json_decref(public);
    json_decref(set);
    return line;
}

/* The set in the file, an empty one if there is no file; *mode is the mode to write it back with.
 * NULL with *error set on failure. */
static json_t *load_set(const char *path, mode_t *mode, struct error *error) {
    struct stat about;
    *mode = 0644;
    if (stat(path, &about) != 0 && errno == ENOENT) {
        return json_pack("{s:[]}", "keys");
    }
    struct key_bytes text;
    struct error why = {""};
    if (key_file_read(path, JWKS_SIZE_MAX, &text, error) != STATUS_OK) {
        return NULL;
    }
    json_t *set = set_of(key_bytes_view(&text), &why);
    key_bytes_clean_up(&text);
    if (set == NULL) {
        (void)error_set(error, STATUS_INVALID, "%s: %s", path, why.text);
        return NULL;
    }
    *mode = about.st_mode & 0777;
    return set;
}

static bool has_member(const json_t *set, const char *member, const char *text) {
    size_t index;
    const json_t *jwk;
    json_array_foreach(json_object_get(set, "keys"), index, jwk) {
        if (view_is(strict_json_text(jwk, member), text)) {
            return true;
        }
    }
    return false;
}

static enum status refuse_taken(
    const json_t *set, const char *path, const char *kid, struct error *error) {
    if (has_member(set, "kid", kid)) {
        return error_set(error, STATUS_INVALID, "%s has a key %s already", path, kid);
    }
    return STATUS_OK;
}

enum status jwks_file_lacks(const char *path, const char *kid, struct error *error) {
    mode_t mode;
    json_t *set = load_set(path, &mode, error);
    if (set == NULL) {
        return STATUS_INVALID;
    }
    enum status status = refuse_taken(set, path, kid, error);
    json_decref(set);
    return status;
}

/* Only what a verifier would take is written: the set is parsed as a worker parses it first. */
static enum status write_set(
    const char *path, mode_t mode, const json_t *set, struct error *error) {
    struct error why = {""};
    char *text = json_dumps(set, JSON_INDENT(1));
    if (text == NULL) {
        return error_set(error, STATUS_RETRY, "no memory for %s", path);
    }
    struct jwks *jwks = jwks_parse(view_text(text), &why);
    enum status status = jwks == NULL ? error_set(error, STATUS_INVALID, "%s: %s", path, why.text)
                         : strlen(text) > JWKS_SIZE_MAX
                             ? error_set(error, STATUS_INVALID, "%s would be too large", path)
                             : key_file_replace(path, mode, view_text(text), error);
    jwks_destroy(jwks);
    sodium_memzero(text, strlen(text));
    free(text);
    return status;
}

static enum status add_locked(const char *path, json_t *jwk, struct error *error) {
    mode_t mode;
    json_t *set = load_set(path, &mode, error);
    if (set == NULL) {
        return STATUS_INVALID;
    }
    const char *kid = json_string_value(json_object_get(jwk, "kid"));
    enum status status = refuse_taken(set, path, kid, error);
    if (status == STATUS_OK && json_array_append(json_object_get(set, "keys"), jwk) != 0) {
        status = error_set(error, STATUS_RETRY, "no memory for %s", path);
    }
    if (status == STATUS_OK) {
        mode = has_member(set, "kty", "oct") ? mode & 0600 : mode;
        status = write_set(path, mode, set, error);
    }
    json_decref(set);
    return status;
}

enum status jwks_file_add(const char *path, json_t *jwk, struct error *error) {
    int lock = key_file_lock(path, error);
    if (lock < 0) {
        return STATUS_INVALID;
    }
    enum status status = add_locked(path, jwk, error);
    key_file_unlock(lock);
    return status;
}

static bool remove_key(const json_t *set, const char *kid) {
    json_t *keys = json_object_get(set, "keys");
    for (size_t i = 0; i < json_array_size(keys); i++) {
        if (view_is(strict_json_text(json_array_get(keys, i), "kid"), kid)) {
            return json_array_remove(keys, i) == 0;
        }
    }
    return false;
}

static enum status remove_locked(const char *path, const char *kid, struct error *error) {
    mode_t mode;
    json_t *set = load_set(path, &mode, error);
    if (set == NULL) {
        return STATUS_INVALID;
    }
    enum status status = remove_key(set, kid)
                             ? write_set(path, mode, set, error)
                             : error_set(error, STATUS_INVALID, "%s has no key %s", path, kid);
    json_decref(set);
    return status;
}

enum status jwks_file_remove(const char *path, const char *kid, struct error *error) {
    int lock = key_file_lock(path, error);
    if (lock < 0) {
        return STATUS_INVALID;
    }
    enum status status = remove_locked(path, kid, error);
    key_file_unlock(lock);
    return status;
}

struct jwks *jwks_file_read(const char *path, struct error *error) {
    struct key_bytes text;
    struct error why = {""};
    if (key_file_read(path, JWKS_SIZE_MAX, &text, error) != STATUS_OK) {
        return NULL;
    }
    struct jwks *jwks = jwks_parse(key_bytes_view(&text), &why);
    key_bytes_clean_up(&text);
    if (jwks == NULL) {
        (void)error_set(error, STATUS_INVALID, "%s: %s", path, why.text);
    }
    return jwks;
}

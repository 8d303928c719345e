/* A folder of sealing keys for tests, in a folder of the test's own. */
#ifndef TESTS_UNIT_SEAL_FIXTURE_H
#define TESTS_UNIT_SEAL_FIXTURE_H

#include "security/seal_folder.h"
#include "token_fixture.h"
#include "unit.h"

enum { SEAL_FIXTURE_KEYS_MAX = 64 };

struct seal_fixture {
    char root[64];
    char folder[80];
    uint8_t public_keys[SEAL_FIXTURE_KEYS_MAX][SEAL_KEY_SIZE];
    const char *kids[SEAL_FIXTURE_KEYS_MAX];
    size_t count;
};

static inline void seal_fixture_init(struct seal_fixture *fixture) {
    *fixture = (struct seal_fixture){.root = "/tmp/slotkeeper-seal-XXXXXX"};
    assert_non_null(mkdtemp(fixture->root));
    (void)snprintf(fixture->folder, sizeof fixture->folder, "%s/keys", fixture->root);
}

static inline int seal_fixture_clean_up(const struct seal_fixture *fixture) {
    return remove_folder(fixture->root);
}

/* Holds until the next but three. */
static inline const char *seal_fixture_path(const struct seal_fixture *fixture, const char *name) {
    static char paths[4][256];
    static size_t next;
    char *path = paths[next++ % 4];
    (void)snprintf(path, sizeof paths[0], "%s/%s", fixture->folder, name);
    return path;
}

/* A new pair on disk; `kid` outlives the fixture. */
static inline void seal_fixture_add(struct seal_fixture *fixture, const char *kid) {
    struct error error = {""};
    char path[256];
    assert_true(fixture->count < SEAL_FIXTURE_KEYS_MAX);
    assert_int_equal(seal_pair_generate(fixture->folder, kid, &error), STATUS_OK);
    (void)snprintf(path, sizeof path, "%s/%s.pub", fixture->folder, kid);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(
        fread(fixture->public_keys[fixture->count], 1, SEAL_KEY_SIZE, file), SEAL_KEY_SIZE);
    (void)fclose(file);
    fixture->kids[fixture->count++] = kid;
}

static inline const uint8_t *seal_fixture_public(
    const struct seal_fixture *fixture, const char *kid) {
    size_t i = 0;
    while (i + 1 < fixture->count && strcmp(fixture->kids[i], kid) != 0) {
        i++;
    }
    assert_string_equal(fixture->kids[i], kid);
    return fixture->public_keys[i];
}

static inline void seal_fixture_announce(const struct seal_fixture *fixture, const char *text) {
    write_text(seal_fixture_path(fixture, "announced"), text);
}

#endif

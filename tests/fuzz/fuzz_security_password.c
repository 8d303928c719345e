/* Stored hashes, passwords and logins: the first byte says which the rest is. */
#include "fuzz.h"
#include "security/password_parts.h"

enum { AFFORDABLE_KIB = 64, AFFORDABLE_PASSES = 2 };

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    return 0;
}

/* By another reader: its costs are within the caps, so that verifying it cannot take more. */
static void check_sound(const char *encoded) {
    struct hash_parameters costs;
    int count = sscanf(
        encoded, "$argon2id$v=19$m=%u,t=%u,p=%u$", &costs.memory_kib, &costs.passes, &costs.lanes);
    assert(count == 3 && hash_parameters_hold(&costs));
    assert(strlen(encoded) < PASSWORD_HASH_SIZE);
    if (costs.memory_kib <= AFFORDABLE_KIB && costs.passes <= AFFORDABLE_PASSES) {
        assert(!password_verify(encoded, view_text("quarry-mellow-thimble-58")));
    }
}

static void try_hash(struct view input) {
    static const struct hash_parameters today = {
        .memory_kib = HASH_MEMORY_KIB, .passes = HASH_PASSES, .lanes = HASH_LANES};
    char *encoded = calloc(1, input.size + 1);
    assert(encoded != NULL);
    memcpy(encoded, input.data, input.size);
    bool sound = password_hash_is_sound(encoded);
    if (sound) {
        check_sound(encoded);
    } else {
        assert(!password_verify(encoded, view_text("quarry-mellow-thimble-58")));
    }
    assert(sound || !password_hash_is_current(encoded, &today));
    free(encoded);
}

static size_t count_points(struct view text) {
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++) {
        count += (text.data[i] & 0xc0) != 0x80 ? 1 : 0;
    }
    return count;
}

/* NFC of NFC is the same. */
static void try_password(struct view input) {
    uint8_t password[PASSWORD_SIZE_MAX];
    uint8_t again[PASSWORD_SIZE_MAX];
    size_t size = 0;
    size_t size_again = 0;
    if (!password_normalise(input, password, &size)) {
        return;
    }
    assert(size <= sizeof password);
    struct view normalised = fuzz_exact(view_of(password, size));
    assert(password_normalise(normalised, again, &size_again));
    assert(view_equal(normalised, view_of(again, size_again)));
    if (password_is_good(normalised, view_text("some.body@example.org"))) {
        size_t points = count_points(normalised);
        assert(points >= PASSWORD_POINTS_MIN && points <= PASSWORD_POINTS_MAX);
        assert(password_is_good(normalised, view_of(NULL, 0)));
    }
    fuzz_drop(normalised);
}

static void try_login(struct view input) {
    char login[LOGIN_SIZE_MAX + 1];
    char again[LOGIN_SIZE_MAX + 1];
    if (login_normalise(input, login)) {
        size_t size = strlen(login);
        assert(size >= LOGIN_SIZE_MIN && size <= LOGIN_SIZE_MAX && size == input.size);
        assert(strspn(login, "abcdefghijklmnopqrstuvwxyz0123456789._@+-") == size);
        assert(login_normalise(view_text(login), again) && strcmp(login, again) == 0);
        (void)password_is_good(view_text("quarry-mellow-thimble-58"), view_text(login));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct view input = view_of(data, size);
    switch (fuzz_take_byte(&input) % 3) {
    case 0:
        try_hash(input);
        break;
    case 1:
        try_password(input);
        break;
    default:
        try_login(input);
        break;
    }
    return 0;
}

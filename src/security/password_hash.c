/* Argon2id, in the encoding of its reference implementation:
 * $argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>, base64 without padding.
 *
 * The encoding is read here and not by libargon2, which would take as much memory as the text asks
 * for. Lanes are filled one after the other: how many threads hash is the hasher's business. */
#include "security/password_parts.h"

#include <argon2.h>

#include <sodium.h>
#include <stdio.h>
#include <sys/mman.h>

enum {
    SALT_SIZE = 16,
    SALT_SIZE_MAX = 64,
    SALT_SIZE_MIN = ARGON2_MIN_SALT_LENGTH,
    HASH_SIZE = 32,
    HASH_SIZE_MAX = 64,
    HASH_SIZE_MIN = 16,
    DIGITS_MAX = 9, /* fit 32 bits */
};

struct stored_hash {
    struct hash_parameters parameters;
    size_t salt_size;
    size_t hash_size;
    uint8_t salt[SALT_SIZE_MAX];
    uint8_t hash[HASH_SIZE_MAX];
};

bool hash_parameters_hold(const struct hash_parameters *parameters) {
    return parameters->passes >= 1 && parameters->passes <= HASH_PASSES_MAX
           && parameters->lanes >= 1 && parameters->lanes <= HASH_LANES_MAX
           && parameters->memory_kib >= HASH_MEMORY_KIB_PER_LANE_MIN * parameters->lanes
           && parameters->memory_kib <= HASH_MEMORY_KIB_MAX;
}

static bool skip(struct view *text, const char *literal) {
    struct view wanted = view_text(literal);
    if (!view_starts_with(*text, wanted)) {
        return false;
    }
    *text = view_from(*text, wanted.size);
    return true;
}

static bool read_number(struct view *text, uint32_t *number) {
    size_t digits = 0;
    *number = 0;
    while (digits < text->size && text->data[digits] >= '0' && text->data[digits] <= '9') {
        if (digits == DIGITS_MAX) {
            return false;
        }
        *number = *number * 10 + (uint32_t)(text->data[digits] - '0');
        digits++;
    }
    bool plain = digits > 0 && (text->data[0] != '0' || digits == 1);
    *text = view_from(*text, digits);
    return plain;
}

/* Up to the next '$', or the end. */
static bool read_base64(struct view *text, uint8_t *bytes, size_t size_max, size_t *size) {
    const uint8_t *mark = text->size == 0 ? NULL : memchr(text->data, '$', text->size);
    size_t length = mark == NULL ? text->size : (size_t)(mark - text->data);
    int failure = sodium_base642bin(
        bytes,
        size_max,
        (const char *)text->data,
        length,
        NULL,
        size,
        NULL,
        sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
    *text = view_from(*text, length);
    return failure == 0;
}

/* The caller wipes `stored`, whatever comes of it. */
static bool parse(const char *encoded, struct stored_hash *stored) {
    size_t size = strnlen(encoded, PASSWORD_HASH_SIZE);
    struct view text = view_of(encoded, size);
    struct hash_parameters *parameters = &stored->parameters;
    return size < PASSWORD_HASH_SIZE && skip(&text, "$argon2id$v=19$m=")
           && read_number(&text, &parameters->memory_kib) && skip(&text, ",t=")
           && read_number(&text, &parameters->passes) && skip(&text, ",p=")
           && read_number(&text, &parameters->lanes) && hash_parameters_hold(parameters)
           && skip(&text, "$")
           && read_base64(&text, stored->salt, SALT_SIZE_MAX, &stored->salt_size)
           && skip(&text, "$")
           && read_base64(&text, stored->hash, HASH_SIZE_MAX, &stored->hash_size) && text.size == 0
           && stored->salt_size >= SALT_SIZE_MIN && stored->hash_size >= HASH_SIZE_MIN;
}

/* Pages of its own, which go back at once: the heap would keep 19 MiB for each thread. */
static int take_memory(uint8_t **memory, size_t size) {
    void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) {
        return ARGON2_MEMORY_ALLOCATION_ERROR;
    }
    (void)madvise(pages, size, MADV_DONTDUMP);
    *memory = pages;
    return ARGON2_OK;
}

/* libargon2 has wiped it. */
static void give_back(uint8_t *memory, size_t size) {
    (void)munmap(memory, size);
}

/* libargon2 takes pointers to what it only reads, unless flags ask it to wipe. */
static uint8_t *unwritten(const uint8_t *bytes) {
    union {
        const uint8_t *read;
        uint8_t *taken;
    } pointer = {.read = bytes};

    return pointer.taken;
}

static enum status derive(
    const struct hash_parameters *parameters,
    struct view password,
    struct view salt,
    uint8_t *hash, // NOLINT(readability-non-const-parameter): libargon2 writes there
    size_t hash_size) {
    argon2_context context = {
        .outlen = (uint32_t)hash_size,
        .pwd = unwritten(password.data),
        .pwdlen = (uint32_t)password.size,
        .salt = unwritten(salt.data),
        .saltlen = (uint32_t)salt.size,
        .t_cost = parameters->passes,
        .m_cost = parameters->memory_kib,
        .lanes = parameters->lanes,
        .threads = 1,
        .version = ARGON2_VERSION_13,
        .allocate_cbk = take_memory,
        .free_cbk = give_back,
        .flags = ARGON2_DEFAULT_FLAGS,
    };
    context.out = hash;
    int failure = argon2id_ctx(&context);
    if (failure != ARGON2_OK) {
        return failure == ARGON2_MEMORY_ALLOCATION_ERROR ? STATUS_RETRY : STATUS_FATAL;
    }
    return STATUS_OK;
}

static void encode(
    const struct hash_parameters *parameters,
    const uint8_t salt[SALT_SIZE],
    const uint8_t hash[HASH_SIZE],
    char encoded[PASSWORD_HASH_SIZE]) {
    enum { VARIANT = sodium_base64_VARIANT_ORIGINAL_NO_PADDING };

    char salt_text[sodium_base64_ENCODED_LEN(SALT_SIZE, VARIANT)];
    char hash_text[sodium_base64_ENCODED_LEN(HASH_SIZE, VARIANT)];
    (void)sodium_bin2base64(salt_text, sizeof salt_text, salt, SALT_SIZE, VARIANT);
    (void)sodium_bin2base64(hash_text, sizeof hash_text, hash, HASH_SIZE, VARIANT);
    (void)snprintf(
        encoded,
        PASSWORD_HASH_SIZE,
        "$argon2id$v=19$m=%u,t=%u,p=%u$%s$%s",
        parameters->memory_kib,
        parameters->passes,
        parameters->lanes,
        salt_text,
        hash_text);
    sodium_memzero(hash_text, sizeof hash_text);
}

enum status password_hash(
    const struct hash_parameters *parameters,
    struct view password,
    char encoded[PASSWORD_HASH_SIZE],
    struct error *error) {
    uint8_t salt[SALT_SIZE];
    uint8_t hash[HASH_SIZE];
    encoded[0] = '\0';
    if (!hash_parameters_hold(parameters) || password.size > PASSWORD_SIZE_MAX) {
        return error_set(error, STATUS_INVALID, "a password cannot be hashed at such a cost");
    }
    if (sodium_init() < 0) {
        return error_set(error, STATUS_FATAL, "there is no source of random bytes");
    }
    randombytes_buf(salt, sizeof salt);
    enum status status = derive(parameters, password, view_of(salt, sizeof salt), hash, HASH_SIZE);
    if (status == STATUS_OK) {
        encode(parameters, salt, hash, encoded);
    } else {
        (void)error_set(error, status, "there is no memory to hash a password");
    }
    sodium_memzero(hash, sizeof hash);
    return status;
}

enum status password_compare(const char *encoded, struct view password, bool *right) {
    struct stored_hash stored;
    uint8_t hash[HASH_SIZE_MAX];
    enum status status = STATUS_OK;
    *right = false;
    if (parse(encoded, &stored) && password.size <= PASSWORD_SIZE_MAX) {
        status = derive(
            &stored.parameters,
            password,
            view_of(stored.salt, stored.salt_size),
            hash,
            stored.hash_size);
        *right = status == STATUS_OK && sodium_memcmp(hash, stored.hash, stored.hash_size) == 0;
    }
    sodium_memzero(hash, sizeof hash);
    sodium_memzero(&stored, sizeof stored);
    return status;
}

bool password_verify(const char *encoded, struct view password) {
    bool right = false;
    return password_compare(encoded, password, &right) == STATUS_OK && right;
}

bool password_hash_is_sound(const char *encoded) {
    struct stored_hash stored;
    bool sound = parse(encoded, &stored);
    sodium_memzero(&stored, sizeof stored);
    return sound;
}

bool password_hash_is_current(const char *encoded, const struct hash_parameters *parameters) {
    struct stored_hash stored;
    bool current = parse(encoded, &stored) && stored.salt_size == SALT_SIZE
                   && stored.hash_size == HASH_SIZE
                   && stored.parameters.memory_kib == parameters->memory_kib
                   && stored.parameters.passes == parameters->passes
                   && stored.parameters.lanes == parameters->lanes;
    sodium_memzero(&stored, sizeof stored);
    return current;
}

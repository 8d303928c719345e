/* A statement about sealing keys, as a client reads it. The first byte as in fuzz_security_token.
 */
#include "fuzz_jwt.h"
#include "security/statement.h"

static struct jwks *jwks;

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    struct error error;
    jwks = jwks_parse(view_text(fuzz_jwks), &error);
    assert(jwks != NULL);
    return 0;
}

static void try_compact(struct view compact) {
    struct statement statement;
    struct statement again;
    if (!statement_read(compact, jwks, &statement)) {
        return;
    }
    assert(key_id_valid(view_text(statement.first.kid)));
    struct view copy = fuzz_exact(compact);
    uint8_t *bytes = NULL;
    memcpy(&bytes, &copy.data, sizeof bytes);
    assert(statement_read(copy, jwks, &again) && again.issued_at_s == statement.issued_at_s);
    bytes[compact.size / 2] ^= 4;
    assert(!statement_read(copy, jwks, &again));
    fuzz_drop(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct view input = view_of(data, size);
    char text[FUZZ_JWT_SIZE];
    if (fuzz_take_byte(&input) == 0) {
        try_compact(input);
        return 0;
    }
    struct view header = fuzz_take_until(&input, '\n');
    struct view compact = fuzz_exact(view_of(text, fuzz_sign(text, "", header, input)));
    try_compact(compact);
    fuzz_drop(compact);
    return 0;
}

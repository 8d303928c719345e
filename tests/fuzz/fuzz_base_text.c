/* Times and UUIDs as text. */
#include "base/time.h"
#include "base/uuid.h"
#include "fuzz.h"

static void try_time(struct view text) {
    int64_t time_us = 0;
    int64_t again_us = 0;
    char formatted[TIME_TEXT_SIZE + 1];
    if (time_parse(text, &time_us)) {
        assert(time_us >= TIME_MIN_US && time_us <= TIME_MAX_US);
        time_format(time_us, formatted);
        assert(strlen(formatted) == TIME_TEXT_SIZE);
        assert(time_parse(view_text(formatted), &again_us) && again_us == time_us);
    }
}

static void try_uuid(struct view text) {
    struct uuid uuid;
    char formatted[UUID_TEXT_SIZE + 1];
    if (uuid_parse(text, &uuid)) {
        uuid_format(uuid, formatted);
        assert(text.size == UUID_TEXT_SIZE);
        assert(strncasecmp(formatted, (const char *)text.data, UUID_TEXT_SIZE) == 0);
    }
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    try_time(view_of(data, size));
    try_uuid(view_of(data, size));
    return 0;
}

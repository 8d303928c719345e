/* Settings. The first byte says where the rest stands: in a file, in --set, a line each, or in the
 * environment, likewise. */
#include "app/setting_row.h"
#include "base/log.h"
#include "fuzz.h"

enum { SETS_MAX = 64 };

enum source { SOURCE_FILE, SOURCE_SETS, SOURCE_ENVIRONMENT, SOURCE_COUNT };

static int file;
static char path[FUZZ_PATH_SIZE];
static struct settings settings;
static struct settings again;
static char *lines[SETS_MAX + 1];

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    static char *nothing[] = {NULL};
    file = fuzz_file_new(path);
    environ = nothing;
    log_set_level(LOG_ERROR); /* unknown variables are said */
    return 0;
}

/* Copies of at most SETS_MAX lines, as C strings. */
static size_t split(struct view input) {
    size_t count = 0;
    while (input.size > 0 && count < SETS_MAX) {
        struct view line = fuzz_take_until(&input, '\n');
        lines[count] = strndup((const char *)line.data, line.size);
        assert(lines[count++] != NULL);
    }
    lines[count] = NULL;
    return count;
}

static enum status load(
    enum source source, size_t count, struct settings *into, struct error *error) {
    static char *nothing[] = {NULL};
    const char *sets[SETS_MAX];
    size_t set_count = source == SOURCE_SETS ? count : 0;
    for (size_t i = 0; i < set_count; i++) {
        sets[i] = lines[i];
    }
    environ = source == SOURCE_ENVIRONMENT ? lines : nothing;
    enum status status =
        settings_load(into, source == SOURCE_FILE ? path : "/dev/null", sets, set_count, error);
    environ = nothing;
    return status;
}

static void check_row(const struct setting_row *row) {
    const uint8_t *at = (const uint8_t *)&settings + row->offset;
    if (row->type == SETTING_DURATION || row->type == SETTING_COUNT || row->type == SETTING_BYTES) {
        int64_t number = 0;
        memcpy(&number, at, sizeof number);
        assert(number >= row->min && number <= row->max);
        return;
    }
    const char *text = (const char *)at;
    assert(strnlen(text, row->size) < row->size);
    for (; *text != '\0'; text++) {
        assert((unsigned char)*text >= 0x20 && *text != 0x7f);
    }
}

static void check(void) {
    for (size_t i = 0; i < setting_row_count; i++) {
        check_row(&setting_rows[i]);
    }
    assert(settings.kafka_count <= SETTINGS_KAFKA_MAX);
    for (size_t i = 0; i < settings.kafka_count; i++) {
        const struct kafka_property *property = &settings.kafka[i];
        assert(strnlen(property->name, KAFKA_PROPERTY_NAME_MAX) < KAFKA_PROPERTY_NAME_MAX);
        assert(strnlen(property->value, KAFKA_PROPERTY_VALUE_MAX) < KAFKA_PROPERTY_VALUE_MAX);
    }
    assert(settings.slot_duration_min_us <= settings.slot_duration_max_us);
    assert(settings.token_ttl_us <= settings.token_max_ttl_us);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct view input = view_of(data, size);
    enum source source = (enum source)(fuzz_take_byte(&input) % SOURCE_COUNT);
    struct error error = {""};
    size_t count = split(input);
    if (source == SOURCE_FILE) {
        fuzz_file_write(file, input);
    }
    enum status status = load(source, count, &settings, &error);
    if (status == STATUS_OK) {
        check();
        assert(load(source, count, &again, &error) == STATUS_OK);
        assert(memcmp(&settings, &again, sizeof settings) == 0);
    } else {
        assert(status == STATUS_INVALID && error.text[0] != '\0');
    }
    for (size_t i = 0; i < count; i++) {
        free(lines[i]);
    }
    return 0;
}

/* Settings: each source, which overrides which, every refusal and its sentence, and rules over the
 * table itself. */
#include "app/setting_row.h"
#include "app/settings.h"
#include "base/time.h"
#include "unit.h"

#include <ctype.h>

static const int64_t second = TIME_SECOND_US;
static const int64_t minute = 60 * TIME_SECOND_US;
static const int64_t hour = 3600 * TIME_SECOND_US;
static const int64_t day = 86400 * TIME_SECOND_US;

static struct settings settings;
static struct error error;

static int clear_environment(void **state) {
    (void)state;
    for (char **variable = environ; *variable != NULL;) {
        char name[1024];
        const char *equals = strchr(*variable, '=');
        bool ours = equals != NULL && strncmp(*variable, "SLOTKEEPER_", 11) == 0;
        (void)snprintf(name, sizeof name, "%.*s", ours ? (int)(equals - *variable) : 0, *variable);
        if (ours) {
            /* NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread */
            (void)unsetenv(name); /* environ moves up */
        } else {
            variable++;
        }
    }
    return 0;
}

static void put_environment(const char *name, const char *value) {
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread */
    assert_int_equal(setenv(name, value, 1), 0);
}

static enum status load_sets(const char *const *sets, size_t count) {
    error.text[0] = '\0';
    return settings_load(&settings, "/dev/null", sets, count, &error);
}

static enum status load_set(const char *set) {
    return load_sets(&set, 1);
}

/* A file with these bytes, loaded; its path, without which a sentence could not be compared, is
 * "FILE" in error. */
static enum status load_bytes(const char *bytes, size_t size) {
    char path[] = "/tmp/test_app_settings.XXXXXX";
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, bytes, size), size);
    (void)close(descriptor);
    error.text[0] = '\0';
    enum status status = settings_load(&settings, path, NULL, 0, &error);
    (void)unlink(path);
    char *found = strstr(error.text, path);
    if (found != NULL) {
        memmove(found + 4, found + strlen(path), strlen(found + strlen(path)) + 1);
        memcpy(found, "FILE", 4);
    }
    return status;
}

static enum status load_file(const char *text) {
    return load_bytes(text, strlen(text));
}

static const char *kafka_value(const char *name) {
    const char *value = NULL;
    for (size_t i = 0; i < settings.kafka_count; i++) {
        if (strcmp(settings.kafka[i].name, name) == 0) {
            value = settings.kafka[i].value;
        }
    }
    return value;
}

/* ---- defaults ---- */

static void defaults_are_the_contract(void **state) {
    (void)state;
    assert_int_equal(load_sets(NULL, 0), STATUS_OK);
    assert_int_equal(settings.slot_duration_min_us, 5 * minute);
    assert_int_equal(settings.slot_duration_max_us, 12 * hour);
    assert_int_equal(settings.slot_horizon_us, 400 * day);
    assert_int_equal(settings.slot_open_max, 10000);
    assert_int_equal(settings.booking_lead_time_us, 0);
    assert_int_equal(settings.booking_limit, 20);
    assert_int_equal(settings.cancel_cutoff_us, 0);
    assert_int_equal(settings.noshow_grace_us, 10 * minute);
    assert_int_equal(settings.rate_per_second, 50);
    assert_int_equal(settings.rate_burst, 1000);
    assert_int_equal(settings.command_age_max_us, day);
    assert_int_equal(settings.query_page_max, 200);
    assert_int_equal(settings.query_lag_max_us, 5 * second);
    assert_int_equal(settings.log_retention_us, 7 * day);
    assert_int_equal(settings.retention_minimum_us, 365 * day);
    assert_int_equal(settings.worker_drain_us, 30 * second);
    assert_string_equal(settings.http_listen, "127.0.0.1:9464");
    assert_int_equal(settings.topics_partitions, 12);
    assert_string_equal(settings.group_prefix, "slotkeeper");
    assert_string_equal(settings.topics_prefix, "scheduling");
    assert_int_equal(settings.token_ttl_us, hour);
    assert_int_equal(settings.token_max_ttl_us, day);
    assert_int_equal(settings.token_leeway_us, 5 * second);
    assert_int_equal(settings.seal_age_max_us, 15 * minute);
    assert_string_equal(settings.event_source, "/slotkeeper");
    assert_int_equal(settings.record_max, 65536);
    assert_int_equal(settings.batch_max, 500);
    assert_int_equal(settings.batch_memory_max, 64 << 20);
    assert_string_equal(settings.secret_file, "");
    assert_int_equal(settings.kafka_count, 0);
}

/* ---- the table ---- */

static void no_two_names_are_one_in_the_environment(void **state) {
    (void)state;
    for (size_t i = 0; i < setting_row_count; i++) {
        char name[SETTING_ENVIRONMENT_MAX];
        setting_environment_name(setting_rows[i].name, name);
        assert_true(strlen(name) < SETTING_ENVIRONMENT_MAX - 1); /* not cut */
        assert_int_not_equal(strncmp(name, "SLOTKEEPER_KAFKA_", 17), 0);
        for (size_t j = 0; j < i; j++) {
            char other[SETTING_ENVIRONMENT_MAX];
            setting_environment_name(setting_rows[j].name, other);
            assert_string_not_equal(name, other);
        }
    }
}

/* No two rows write the same member, and the rows together write all of them. */
static void rows_cover_the_structure_once(void **state) {
    (void)state;
    static uint8_t written[sizeof settings];
    for (size_t i = 0; i < setting_row_count; i++) {
        for (size_t j = 0; j < setting_rows[i].size; j++) {
            assert_int_equal(written[setting_rows[i].offset + j]++, 0);
        }
    }
    for (size_t i = 0; i < offsetof(struct settings, kafka); i++) {
        assert_int_equal(written[i], 1);
    }
}

static void rows_are_well_formed(void **state) {
    (void)state;
    for (size_t i = 0; i < setting_row_count; i++) {
        const struct setting_row *row = &setting_rows[i];
        assert_ptr_equal(setting_row_find(row->name), row);
        assert_int_equal(strspn(row->name, "abcdefghijklmnopqrstuvwxyz_."), strlen(row->name));
        assert_int_equal(row->sentence[strlen(row->sentence) - 1], '.');
        assert_true(row->check == NULL || row->takes != NULL);
        assert_null(strchr(row->sentence, '|'));
        assert_true(row->min <= row->max);
    }
}

/* Each number's bounds are taken, and what is one beyond them is not. */
static void ranges_hold_for_every_number(void **state) {
    (void)state;
    for (size_t i = 0; i < setting_row_count; i++) {
        const struct setting_row *row = &setting_rows[i];
        if (row->type == SETTING_TEXT || row->type == SETTING_PATH || row->type == SETTING_SECRET) {
            continue;
        }
        const char *unit = row->type == SETTING_DURATION ? "ms" : "";
        int64_t step = row->type == SETTING_DURATION ? 1000 : 1;
        const int64_t numbers[] = {row->min - step, row->min, row->max, row->max + step};
        for (int j = 0; j < 4; j++) {
            char value[64];
            (void)snprintf(value, sizeof value, "%lld%s", (long long)(numbers[j] / step), unit);
            enum status expected = j == 1 || j == 2 ? STATUS_OK : STATUS_INVALID;
            assert_int_equal(setting_row_read(row, value, &settings, &error), expected);
        }
    }
}

static void texts_stay_in_their_room(void **state) {
    (void)state;
    for (size_t i = 0; i < setting_row_count; i++) {
        const struct setting_row *row = &setting_rows[i];
        if (row->type != SETTING_PATH && row->type != SETTING_SECRET) {
            continue;
        }
        char value[SETTINGS_TEXT_MAX + 2];
        memset(value, 'x', sizeof value);
        value[row->size] = '\0';
        assert_int_equal(setting_row_read(row, value, &settings, &error), STATUS_INVALID);
        value[row->size - 1] = '\0';
        assert_int_equal(setting_row_read(row, value, &settings, &error), STATUS_OK);
        assert_string_equal((const char *)&settings + row->offset, value);
    }
}

/* ---- values ---- */

static const struct {
    const char *set;
    int64_t expected;
} durations[] = {
    {"worker.drain=30s", 30000000},
    {"worker.drain=500ms", 500000},
    {"worker.drain=0s", 0},
    {"worker.drain=0d", 0},
    {"worker.drain=15m", 900000000},
    {"worker.drain=1h", 3600000000},
    {"worker.drain=007s", 7000000},
};

static void durations_have_units(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof durations / sizeof durations[0]; i++) {
        assert_int_equal(load_set(durations[i].set), STATUS_OK);
        assert_int_equal(settings.worker_drain_us, durations[i].expected);
    }
    assert_int_equal(load_set("slot.horizon=24h"), STATUS_OK);
    assert_int_equal(settings.slot_horizon_us, day);
    assert_int_equal(load_set("record.max=4KiB"), STATUS_OK);
    assert_int_equal(settings.record_max, 4096);
    assert_int_equal(load_set("batch.memory_max=1GiB"), STATUS_OK);
    assert_int_equal(settings.batch_memory_max, 1 << 30);
}

static const struct {
    const char *set;
    const char *sentence;
} refused_sets[] = {
    {"worker.drain=30",
     "--set: worker.drain: \"30\" is not a duration such as 500ms, 30s, 15m, 24h or 400d"},
    {"worker.drain=",
     "--set: worker.drain: \"\" is not a duration such as 500ms, 30s, 15m, 24h or 400d"},
    {"worker.drain=s",
     "--set: worker.drain: \"s\" is not a duration such as 500ms, 30s, 15m, 24h or 400d"},
    {"worker.drain=-1s",
     "--set: worker.drain: \"-1s\" is not a duration such as 500ms, 30s, 15m, 24h or 400d"},
    {"worker.drain=1.5s",
     "--set: worker.drain: \"1.5s\" is not a duration such as 500ms, 30s, 15m, 24h or 400d"},
    {"worker.drain=1 s",
     "--set: worker.drain: \"1 s\" is not a duration such as 500ms, 30s, 15m, 24h or 400d"},
    {"worker.drain=1S",
     "--set: worker.drain: \"1S\" is not a duration such as 500ms, 30s, 15m, 24h or 400d"},
    {"worker.drain=61m", "--set: worker.drain: 61m is outside 0s to 1h"},
    {"worker.drain=99999999999999999999d",
     "--set: worker.drain: \"99999999999999999999d\" is not a duration such as 500ms, 30s, 15m, "
     "24h "
     "or 400d"},
    {"worker.drain=9223372036854775807d",
     "--set: worker.drain: \"9223372036854775807d\" is not a duration such as 500ms, 30s, 15m, 24h "
     "or "
     "400d"},
    {"booking.limit=1001", "--set: booking.limit: 1001 is outside 0 to 1000"},
    {"booking.limit=5s", "--set: booking.limit: \"5s\" is not a whole number"},
    {"booking.limit=0x10", "--set: booking.limit: \"0x10\" is not a whole number"},
    {"booking.limit=+5", "--set: booking.limit: \"+5\" is not a whole number"},
    {"record.max=2MiB", "--set: record.max: 2MiB is outside 1KiB to 1MiB"},
    {"record.max=64kb",
     "--set: record.max: \"64kb\" is not a number of bytes such as 4096, 64KiB or 2MiB"},
    {"log.level=loud", "--set: log.level: \"loud\" is not `debug`, `info`, `warning` or `error`"},
    {"topics.prefix=",
     "--set: topics.prefix: \"\" is not letters, digits, dots, dashes and underscores"},
    {"topics.prefix=a b",
     "--set: topics.prefix: \"a b\" is not letters, digits, dots, dashes and underscores"},
    {"topics.prefix=a/b",
     "--set: topics.prefix: \"a/b\" is not letters, digits, dots, dashes and underscores"},
    {"event.source=", "--set: event.source: \"\" is not a URI reference"},
    {"event.source=a\tb", "--set: event.source: the value has a control character"},
    {"slot.duraton_min=5m",
     "--set: slot.duraton_min: there is no such setting; did you mean slot.duration_min?"},
    {"elephants=5", "--set: elephants: there is no such setting"},
    {"=5", "--set: : there is no such setting"},
    {"slot.horizon", "--set: not of the form name = value"},
    {"", "--set: not of the form name = value"},
    {"kafka.=1", "--set: kafka.: a librdkafka property has lower-case letters, digits and dots"},
    {"kafka.Bootstrap=1",
     "--set: kafka.Bootstrap: a librdkafka property has lower-case letters, digits and dots"},
    {"slot.duration_min=13h",
     "slot.duration_min is larger than slot.duration_max, which it must not be"},
    {"slot.horizon=1h", "slot.duration_max is larger than slot.horizon, which it must not be"},
    {"token.ttl=25h", "token.ttl is larger than token.max_ttl, which it must not be"},
};

static void wrong_values_are_refused_in_one_sentence(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof refused_sets / sizeof refused_sets[0]; i++) {
        assert_int_equal(load_set(refused_sets[i].set), STATUS_INVALID);
        assert_string_equal(error.text, refused_sets[i].sentence);
    }
}

static void listen_addresses_have_a_port(void **state) {
    (void)state;
    static const char *const good[] = {
        "127.0.0.1:0", "0.0.0.0:9464", "localhost:65535", "[::1]:80", "a.b:00080"};
    static const char *const bad[] = {
        "",
        "9464",
        ":9464",
        "localhost",
        "localhost:",
        "localhost:65536",
        "a:-1",
        "a:1x",
        "a:+1",
        "a: 1",
        "a:000080"};
    char set[64];
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        (void)snprintf(set, sizeof set, "http.listen=%s", good[i]);
        assert_int_equal(load_set(set), STATUS_OK);
        assert_string_equal(settings.http_listen, good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        (void)snprintf(set, sizeof set, "http.listen=%s", bad[i]);
        print_message("%s\n", set);
        assert_int_equal(load_set(set), STATUS_INVALID);
    }
}

static void secrets_are_not_in_the_sentence(void **state) {
    (void)state;
    static const char *const names[] = {
        "database.url", "database.read_url", "database.admin_url", "kafka.sasl.password"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char set[2 * SETTINGS_TEXT_MAX];
        int size = snprintf(set, sizeof set, "%s=canary-", names[i]);
        memset(set + size, 'x', SETTINGS_TEXT_MAX + 1);
        set[size + SETTINGS_TEXT_MAX + 1] = '\0';
        assert_int_equal(load_set(set), STATUS_INVALID);
        assert_non_null(strstr(error.text, "longer than 1023 bytes"));
        assert_null(strstr(error.text, "canary"));
        assert_null(strstr(error.text, "xxx"));
    }
    assert_int_equal(load_set("database.url=canary\x01"), STATUS_INVALID);
    assert_null(strstr(error.text, "canary"));
}

/* ---- the file ---- */

static void file_has_lines_comments_and_blanks(void **state) {
    (void)state;
    assert_int_equal(
        load_file("# a comment\n"
                  "\n"
                  "   \t \r\n"
                  "  # another\n"
                  "slot.horizon = 30d\n"
                  "booking.limit=7\r\n"
                  "\tdatabase.url =  host=localhost password=a#b = c  \n"
                  "booking.limit = 8\n"
                  "token.issuer =\n"
                  "kafka.bootstrap.servers = a:1,b:2\n"
                  "log.level = debug"),
        STATUS_OK);
    assert_int_equal(settings.slot_horizon_us, 30 * day);
    assert_int_equal(settings.booking_limit, 8);
    assert_string_equal(settings.database_url, "host=localhost password=a#b = c");
    assert_string_equal(settings.token_issuer, "");
    assert_string_equal(kafka_value("bootstrap.servers"), "a:1,b:2");
    assert_string_equal(settings.log_level, "debug");
    assert_int_equal(load_file(""), STATUS_OK);
}

static void file_refusals_name_the_line(void **state) {
    (void)state;
    assert_int_equal(load_file("\n# x\nslot.horizn = 3d\n"), STATUS_INVALID);
    assert_string_equal(
        error.text,
        "FILE, line 3: slot.horizn: there is no such setting; did you mean slot.horizon?");
    assert_int_equal(load_file("slot.horizon = 3d\nrubbish\n"), STATUS_INVALID);
    assert_string_equal(error.text, "FILE, line 2: not of the form name = value");
    assert_int_equal(load_file("slot.horizon = x\n"), STATUS_INVALID);
    assert_string_equal(
        error.text,
        "FILE, line 1: slot.horizon: \"x\" is not a duration such as 500ms, 30s, 15m, 24h or 400d");
}

static void hostile_files_are_refused(void **state) {
    (void)state;
    static char large[300 * 1024];
    memset(large, '\n', sizeof large);
    assert_int_equal(load_bytes(large, sizeof large), STATUS_INVALID);
    assert_string_equal(error.text, "FILE is larger than 262144 bytes");
    assert_int_equal(load_bytes(large, 262144), STATUS_OK);
    memset(large, '#', 5000);
    assert_int_equal(load_bytes(large, 5000), STATUS_INVALID);
    assert_string_equal(error.text, "FILE, line 1: longer than 4096 bytes");
    assert_int_equal(load_bytes("slot.horizon = 3d\0\n", 19), STATUS_INVALID);
    assert_string_equal(error.text, "FILE is not a text file");
    assert_int_equal(load_file("\x7f\x45LF\xff=\xfe\n"), STATUS_INVALID);
}

static void files_that_are_not_there(void **state) {
    (void)state;
    assert_int_equal(settings_load(&settings, "/nonexistent", NULL, 0, &error), STATUS_INVALID);
    assert_string_equal(error.text, "/nonexistent cannot be opened: No such file or directory");
    assert_int_equal(settings_load(&settings, "/", NULL, 0, &error), STATUS_INVALID);
    assert_string_equal(error.text, "/ cannot be read: Is a directory");
}

/* ---- the environment ---- */

static void environment_overrides_the_file_and_set_overrides_both(void **state) {
    (void)state;
    put_environment("SLOTKEEPER_BOOKING_LIMIT", "5");
    assert_int_equal(load_file("booking.limit = 4\nslot.open_max = 9\n"), STATUS_OK);
    assert_int_equal(settings.booking_limit, 5);
    assert_int_equal(settings.slot_open_max, 9);
    const char *const sets[] = {"booking.limit=6", "booking.limit = 7"};
    assert_int_equal(load_sets(sets, 2), STATUS_OK);
    assert_int_equal(settings.booking_limit, 7);
}

static void environment_names_kafka_properties(void **state) {
    (void)state;
    put_environment("SLOTKEEPER_KAFKA_BOOTSTRAP_SERVERS", "e:1");
    put_environment("SLOTKEEPER_KAFKA_SASL_PASSWORD", "a=b c");
    assert_int_equal(load_file("kafka.bootstrap.servers = f:1\n"), STATUS_OK);
    assert_int_equal(settings.kafka_count, 2);
    assert_string_equal(kafka_value("bootstrap.servers"), "e:1");
    assert_string_equal(kafka_value("sasl.password"), "a=b c");
}

static void environment_refusals_name_the_variable(void **state) {
    (void)state;
    put_environment("SLOTKEEPER_BOOKING_LIMIT", "many");
    assert_int_equal(load_sets(NULL, 0), STATUS_INVALID);
    assert_string_equal(
        error.text, "environment, SLOTKEEPER_BOOKING_LIMIT: \"many\" is not a whole number");
}

/* Unknown names warn only; that they do is seen in what the process writes. */
static void unknown_environment_names_warn(void **state) {
    (void)state;
    put_environment("SLOTKEEPER_ELEPHANTS", "canary");
    put_environment("SLOTKEEPER_TOKEN", "canary"); /* what `send` reads */
    FILE *catcher = tmpfile();
    int saved = dup(STDERR_FILENO);
    (void)dup2(fileno(catcher), STDERR_FILENO);
    enum status status = load_sets(NULL, 0);
    (void)dup2(saved, STDERR_FILENO);
    (void)close(saved);
    rewind(catcher);
    char text[1024] = "";
    (void)!fread(text, 1, sizeof text - 1, catcher);
    (void)fclose(catcher);
    assert_int_equal(status, STATUS_OK);
    assert_non_null(strstr(text, "\"level\":\"warning\""));
    assert_non_null(strstr(text, "SLOTKEEPER_ELEPHANTS"));
    assert_null(strstr(text, "SLOTKEEPER_TOKEN"));
    assert_null(strstr(text, "canary"));
}

static void hostile_environment_names_are_bounded(void **state) {
    (void)state;
    char name[1000];
    memset(name, 'A', sizeof name);
    memcpy(name, "SLOTKEEPER_KAFKA_", 17);
    name[sizeof name - 1] = '\0';
    put_environment(name, "1");
    enum status status = load_sets(NULL, 0);
    assert_int_equal(status, STATUS_INVALID); /* a property name of up to 127 characters is taken */
    assert_non_null(strstr(error.text, "librdkafka property"));
}

/* ---- kafka ---- */

static void kafka_properties_are_bounded_and_the_last_wins(void **state) {
    (void)state;
    const char *const twice[] = {"kafka.a.b=1", "kafka.c=2", "kafka.a.b=3"};
    assert_int_equal(load_sets(twice, 3), STATUS_OK);
    assert_int_equal(settings.kafka_count, 2);
    assert_string_equal(kafka_value("a.b"), "3");
    static char text[SETTINGS_KAFKA_MAX + 1][32];
    const char *sets[SETTINGS_KAFKA_MAX + 1];
    for (size_t i = 0; i <= SETTINGS_KAFKA_MAX; i++) {
        (void)snprintf(text[i], sizeof text[i], "kafka.p%zu=%zu", i, i);
        sets[i] = text[i];
    }
    assert_int_equal(load_sets(sets, SETTINGS_KAFKA_MAX), STATUS_OK);
    assert_string_equal(kafka_value("p63"), "63");
    assert_int_equal(load_sets(sets, SETTINGS_KAFKA_MAX + 1), STATUS_INVALID);
    assert_string_equal(error.text, "--set: kafka.p64: more than 64 kafka properties");
}

#define OURS(test) cmocka_unit_test_setup_teardown(test, clear_environment, clear_environment)

int main(void) {
    const struct CMUnitTest tests[] = {
        OURS(defaults_are_the_contract),
        OURS(no_two_names_are_one_in_the_environment),
        OURS(rows_cover_the_structure_once),
        OURS(rows_are_well_formed),
        OURS(ranges_hold_for_every_number),
        OURS(texts_stay_in_their_room),
        OURS(durations_have_units),
        OURS(wrong_values_are_refused_in_one_sentence),
        OURS(listen_addresses_have_a_port),
        OURS(secrets_are_not_in_the_sentence),
        OURS(file_has_lines_comments_and_blanks),
        OURS(file_refusals_name_the_line),
        OURS(hostile_files_are_refused),
        OURS(files_that_are_not_there),
        OURS(environment_overrides_the_file_and_set_overrides_both),
        OURS(environment_names_kafka_properties),
        OURS(environment_refusals_name_the_variable),
        OURS(unknown_environment_names_warn),
        OURS(hostile_environment_names_are_bounded),
        OURS(kafka_properties_are_bounded_and_the_last_wins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What people read: log lines, error sentences, hints at the right name. */
#include "base/log.h"
#include "base/nearest.h"
#include "base/status.h"
#include "unit.h"

#include <math.h>
#include <pthread.h>

/* ---- standard error, caught ---- */

static char caught[1 << 20];
static int saved_stderr;
static FILE *catcher;

static void catch_begin(void) {
    catcher = tmpfile();
    assert_non_null(catcher);
    saved_stderr = dup(STDERR_FILENO);
    (void)dup2(fileno(catcher), STDERR_FILENO);
}

static const char *catch_end(void) {
    (void)dup2(saved_stderr, STDERR_FILENO);
    (void)close(saved_stderr);
    rewind(catcher);
    size_t size = fread(caught, 1, sizeof caught - 1, catcher);
    caught[size] = '\0';
    (void)fclose(catcher);
    return caught;
}

/* The line without its time, whose form is checked. */
static const char *after_time(const char *line) {
    const char *begin = "{\"time\":\"";
    assert_int_equal(strncmp(line, begin, strlen(begin)), 0);
    const char *time = line + strlen(begin);
    assert_true(time[4] == '-' && time[10] == 'T' && time[19] == '.' && time[26] == 'Z');
    return time + 27;
}

static void lines_are_json(void **state) {
    (void)state;
    catch_begin();
    log_info(
        "ready",
        LOG_INT("port", -9464),
        LOG_REAL("share", 0.25),
        LOG_TEXT("host", "a\"b\\c\n\x01\xff"),
        LOG_BOOL("on", true),
        LOG_BOOL("off", false),
        LOG_TEXT("none", NULL));
    assert_string_equal(
        after_time(catch_end()),
        "\",\"level\":\"info\",\"message\":\"ready\",\"port\":-9464,\"share\":0.250,"
        "\"host\":\"a\\\"b\\\\c\\u000a\\u0001\\u00ff\",\"on\":true,\"off\":false,\"none\":\"\"}\n");
}

static void numbers_stay_json(void **state) {
    (void)state;
    catch_begin();
    log_error(
        "numbers",
        LOG_REAL("a", NAN),
        LOG_REAL("b", -INFINITY),
        LOG_INT("c", INT64_MIN),
        LOG_REAL("d", 1e300));
    const char *line = after_time(catch_end());
    const char *begin = "\",\"level\":\"error\",\"message\":\"numbers\",\"a\":null,\"b\":null,"
                        "\"c\":-9223372036854775808,\"d\":1000";
    assert_int_equal(strncmp(line, begin, strlen(begin)), 0);
    assert_int_equal(strlen(strstr(line, "\"d\":")), 4 + 301 + 4 + 2);
}

static void levels_drop_lines(void **state) {
    (void)state;
    catch_begin();
    log_debug("quiet", LOG_INT("n", 1));
    log_set_level(LOG_ERROR);
    log_warning("quiet", LOG_INT("n", 2));
    log_error("loud", LOG_INT("n", 3));
    log_set_level(LOG_DEBUG);
    log_debug("loud", LOG_INT("n", 4));
    log_set_level(LOG_INFO);
    const char *lines = catch_end();
    assert_null(strstr(lines, "quiet"));
    assert_non_null(strstr(lines, "\"n\":3"));
    assert_non_null(strstr(lines, "\"n\":4"));
}

static void long_lines_lose_whole_fields_and_say_so(void **state) {
    (void)state;
    for (size_t size = 3900; size < 4200; size++) {
        char text[5000];
        memset(text, 'x', sizeof text);
        text[size] = '\0';
        catch_begin();
        log_info("long", LOG_INT("kept", 1), LOG_TEXT("text", text), LOG_INT("last", 2));
        const char *line = catch_end();
        assert_true(strlen(line) <= 4096);
        assert_non_null(strstr(line, "\"kept\":1"));
        bool has_text = strstr(line, "xxx") != NULL;
        bool has_last = strstr(line, "\"last\":2}\n") != NULL;
        bool is_cut = strstr(line, ",\"cut\":true}\n") != NULL;
        assert_true(is_cut != has_last);
        assert_true(has_text || is_cut);
        assert_true(!has_text || strstr(line, "xxx\"") != NULL);
    }
}

static void *log_many(void *context) {
    for (int i = 0; i < 200; i++) {
        log_info("from a thread", LOG_TEXT("thread", context), LOG_INT("i", i));
    }
    return NULL;
}

static void lines_of_threads_do_not_mix(void **state) {
    (void)state;
    static char names[4][2] = {"0", "1", "2", "3"};
    pthread_t threads[4];
    catch_begin();
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, log_many, names[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    (void)catch_end();
    size_t count = 0;
    char *rest = NULL;
    for (char *line = strtok_r(caught, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        const char *begin = "\",\"level\":\"info\",\"message\":\"from a thread\",\"thread\":\"";
        const char *text = after_time(line);
        assert_memory_equal(text, begin, strlen(begin));
        const char *end = text + strlen(begin) + 1;
        assert_memory_equal(end, "\",\"i\":", 6);
        end += 6 + strspn(end + 6, "0123456789");
        assert_string_equal(end, "}");
        count++;
    }
    assert_int_equal(count, 800);
}

static void levels_have_names(void **state) {
    (void)state;
    enum log_level level = LOG_INFO;
    assert_true(log_level_parse("debug", &level) && level == LOG_DEBUG);
    assert_true(log_level_parse("warning", &level) && level == LOG_WARNING);
    assert_true(log_level_parse("error", &level) && level == LOG_ERROR);
    assert_true(log_level_parse("info", &level) && level == LOG_INFO);
    assert_false(log_level_parse("", &level));
    assert_false(log_level_parse("INFO", &level));
}

/* ---- sentences ---- */

static void errors_are_cut_not_overrun(void **state) {
    (void)state;
    char text[2 * ERROR_TEXT_MAX];
    memset(text, 'y', sizeof text);
    text[sizeof text - 1] = '\0';
    struct error error;
    assert_int_equal(error_set(&error, STATUS_RETRY, "%s", text), STATUS_RETRY);
    assert_int_equal(strlen(error.text), ERROR_TEXT_MAX - 1);
    assert_int_equal(error_set(&error, STATUS_FATAL, "%d of %s", 7, "them"), STATUS_FATAL);
    assert_string_equal(error.text, "7 of them");
}

static void statuses_have_names_of_their_own(void **state) {
    (void)state;
    for (int i = STATUS_OK; i <= STATUS_FATAL; i++) {
        assert_string_not_equal(status_name((enum status)i), "unknown");
        for (int j = STATUS_OK; j < i; j++) {
            assert_string_not_equal(status_name((enum status)i), status_name((enum status)j));
        }
    }
}

static const char *nearest_to(const char *wanted) {
    static const char *const names[] = {"worker", "topics", "schemas", "send", "settings"};
    struct nearest nearest;
    nearest_begin(&nearest, wanted);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        nearest_offer(&nearest, names[i]);
    }
    return nearest.name;
}

static void near_names_are_found(void **state) {
    (void)state;
    assert_string_equal(nearest_to("topcs"), "topics");
    assert_string_equal(nearest_to("topic"), "topics");
    assert_string_equal(nearest_to("wroker"), "worker");
    assert_string_equal(nearest_to("settigns"), "settings");
    assert_string_equal(nearest_to("sned"), "send");
    assert_string_equal(nearest_to("send"), "send");
    assert_null(nearest_to("elephant"));
    assert_null(nearest_to(""));
    char long_name[500];
    memset(long_name, 's', sizeof long_name);
    long_name[sizeof long_name - 1] = '\0';
    assert_null(nearest_to(long_name));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_json),
        cmocka_unit_test(numbers_stay_json),
        cmocka_unit_test(levels_drop_lines),
        cmocka_unit_test(long_lines_lose_whole_fields_and_say_so),
        cmocka_unit_test(lines_of_threads_do_not_mix),
        cmocka_unit_test(levels_have_names),
        cmocka_unit_test(errors_are_cut_not_overrun),
        cmocka_unit_test(statuses_have_names_of_their_own),
        cmocka_unit_test(near_names_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

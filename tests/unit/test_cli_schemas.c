/* What `slotkeeper schemas` prints. */
#include "cli/cli.h"
#include "unit.h"
#include "wire/schemas.h"

#include <jansson.h>

enum { PRINTED_MAX = 64 * 1024 };

static char printed[PRINTED_MAX];

/* Runs the subcommand with standard output in a file, and keeps what it wrote. */
static int run(bool json, const char *name, const char *more) {
    char *argv[] = {strdup("schemas"), name == NULL ? NULL : strdup(name), NULL, NULL};
    argv[2] = more == NULL ? NULL : strdup(more);
    struct cli cli = {.json = json, .argv = argv, .argc = 1};
    cli.argc += name == NULL ? 0 : 1;
    cli.argc += more == NULL ? 0 : 1;
    FILE *file = tmpfile();
    assert_non_null(file);
    (void)fflush(stdout);
    int kept = dup(STDOUT_FILENO);
    assert_true(dup2(fileno(file), STDOUT_FILENO) >= 0);
    int result = cli_schemas(&cli);
    (void)fflush(stdout);
    assert_true(dup2(kept, STDOUT_FILENO) >= 0);
    (void)close(kept);
    rewind(file);
    memset(printed, 0, sizeof printed);
    size_t size = fread(printed, 1, sizeof printed - 1, file);
    assert_true(size < sizeof printed - 1);
    (void)fclose(file);
    for (size_t i = 0; i < 3; i++) {
        free(argv[i]);
    }
    return result;
}

static size_t count_lines(void) {
    size_t lines = 0;
    for (const char *at = strchr(printed, '\n'); at != NULL; at = strchr(at + 1, '\n')) {
        lines++;
    }
    return lines;
}

static size_t schema_count(void) {
    struct error error;
    struct schemas *schemas = schemas_new(&error);
    assert_non_null(schemas);
    size_t count = schemas_count(schemas);
    schemas_destroy(schemas);
    return count;
}

static void all_are_listed(void **state) {
    (void)state;
    assert_int_equal(run(false, NULL, NULL), EXIT_DONE);
    assert_int_equal(count_lines(), schema_count() + 1);
    assert_non_null(strstr(printed, "slotkeeper.command.BookSlot "));
    assert_non_null(strstr(printed, " eeeb164713f48b5d c3015d8bf4134716ebee\n"));
}

static void all_are_listed_as_json(void **state) {
    (void)state;
    assert_int_equal(run(true, NULL, NULL), EXIT_DONE);
    assert_int_equal(count_lines(), schema_count());
    assert_non_null(strstr(
        printed,
        "{\"name\":\"slotkeeper.command.BookSlot\",\"fingerprint\":\"eeeb164713f48b5d\","
        "\"frame\":\"c3015d8bf4134716ebee\"}\n"));
}

static void one_is_shown_by_either_name(void **state) {
    (void)state;
    static char full[PRINTED_MAX];
    assert_int_equal(run(false, "slotkeeper.event.Outcome", NULL), EXIT_DONE);
    memcpy(full, printed, sizeof full);
    json_t *schema = json_loads(full, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(schema, "name")), "Outcome");
    assert_int_equal(run(false, "Outcome", NULL), EXIT_DONE);
    assert_string_equal(printed, full);
    assert_int_equal(run(true, "Outcome", NULL), EXIT_DONE);
    assert_int_equal(count_lines(), 1);
    json_t *object = json_loads(printed, 0, NULL);
    assert_true(json_equal(json_object_get(object, "schema"), schema));
    json_decref(object);
    json_decref(schema);
}

static void other_words_are_wrong_usage(void **state) {
    (void)state;
    assert_int_equal(run(false, "Nothing", NULL), EXIT_USAGE);
    assert_int_equal(run(false, "Outcome", "Slot"), EXIT_USAGE);
    assert_string_equal(printed, "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_are_listed),
        cmocka_unit_test(all_are_listed_as_json),
        cmocka_unit_test(one_is_shown_by_either_name),
        cmocka_unit_test(other_words_are_wrong_usage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Records as lines for people. */
#include "cli/render.h"
#include "unit.h"

/* What print_record prints of a record with this value, malloc'ed. */
static char *printed(const char *value) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    json_t *record = json_pack(
        "{s:s, s:i, s:i, s:o}",
        "topic",
        "t",
        "partition",
        1,
        "offset",
        2,
        "value",
        json_loads(value, 0, NULL));
    assert_non_null(record);
    print_record(record, out);
    json_decref(record);
    (void)fclose(out);
    return text;
}

static void assert_printed(const char *value, const char *line) {
    char *text = printed(value);
    if (strstr(text, line) == NULL) {
        print_error("%s lacks: %s\n", text, line);
        fail();
    }
    free(text);
}

static void inner_fields_have_a_line_each(void **state) {
    (void)state;
    assert_printed("{\"a\":1}", "t [1] offset 2  \n  a  1\n\n");
    assert_printed("{\"a\":{\"b\":[\"x\",null]}}", "\n  a.b[0]  x\n  a.b[1]  -\n");
    assert_printed("{\"a\":\"x\\u001by\"}", "\n  a  \"x\\u001By\"\n");
}

static void of_a_box_the_size_is_said(void **state) {
    (void)state;
    assert_printed("{\"sealed\":\"00ff\"}", "\n  sealed  sealed, 2 bytes\n");
    assert_printed("{\"result\":{\"sealed\":\"00ff7f\"}}", "\n  result.sealed  sealed, 3 bytes\n");
    assert_printed("{\"sealed\":null}", "\n  sealed  -\n");
    assert_printed("{\"unsealed\":\"00ff\"}", "\n  unsealed  00ff\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inner_fields_have_a_line_each),
        cmocka_unit_test(of_a_box_the_size_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

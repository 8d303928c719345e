/* The schemas built in, their canonical forms and fingerprints. */
#include "wire/schemas.h"
#include "wire_fixture.h"

static json_t *vectors(void) {
    char *text = read_test_file("vectors/avro/schemas.json");
    json_t *list = json_loads(text, 0, NULL);
    free(text);
    assert_true(json_array_size(list) > 50);
    return list;
}

static const char *member(const json_t *object, const char *name) {
    return json_string_value(json_object_get(object, name));
}

static uint64_t fingerprint_of(const json_t *vector) {
    return strtoull(member(vector, "fingerprint"), NULL, 16);
}

/* Canonical forms and fingerprints of the Avro specification's own test data. */
static void canonical_forms_are_those_of_the_specification(void **state) {
    (void)state;
    json_t *list = vectors();
    size_t index = 0;
    size_t checked = 0;
    const json_t *vector = NULL;
    json_array_foreach(list, index, vector) {
        if (member(vector, "schema") == NULL) {
            continue;
        }
        struct error error = {""};
        json_t *json = json_loads(member(vector, "schema"), JSON_DECODE_ANY, NULL);
        const struct type *type = type_parse(json, fixture.arena, &error);
        assert_non_null(type);
        char *form = type_canonical_form(type, fixture.arena);
        assert_string_equal(form, member(vector, "canonical"));
        assert_int_equal(crc64_avro(view_text(form)), fingerprint_of(vector));
        json_decref(json);
        checked++;
    }
    assert_true(checked > 20);
    json_decref(list);
}

/* A changed fingerprint is a new version of a public interface: never by accident. */
static void schemas_built_in_have_the_fingerprints_that_others_compute(void **state) {
    (void)state;
    json_t *list = vectors();
    size_t index = 0;
    size_t checked = 0;
    const json_t *vector = NULL;
    json_array_foreach(list, index, vector) {
        if (member(vector, "name") == NULL) {
            continue;
        }
        const struct schema *schema = schema_of(member(vector, "name"));
        assert_string_equal(schema_canonical_form(schema), member(vector, "canonical"));
        assert_int_equal(schema_fingerprint(schema), fingerprint_of(vector));
        checked++;
    }
    assert_int_equal(checked, schemas_count(fixture.schemas));
    json_decref(list);
}

static void fingerprint_of_nothing_is_the_seed(void **state) {
    (void)state;
    assert_int_equal(crc64_avro(view_text("")), UINT64_C(0xc15d213aa4d7a795));
    assert_int_equal(crc64_avro(view_text("\"int\"")), UINT64_C(0x7275d51a3f395c8f));
}

static void schemas_are_found_by_name_and_by_fingerprint(void **state) {
    (void)state;
    size_t count = schemas_count(fixture.schemas);
    assert_int_equal(count, 34);
    for (size_t i = 0; i < count; i++) {
        const struct schema *schema = schemas_at(fixture.schemas, i);
        assert_ptr_equal(schemas_by_name(fixture.schemas, schema_full_name(schema)), schema);
        assert_ptr_equal(
            schemas_by_fingerprint(fixture.schemas, schema_fingerprint(schema)), schema);
        if (i > 0) {
            const char *before = schema_full_name(schemas_at(fixture.schemas, i - 1));
            assert_true(strcmp(before, schema_full_name(schema)) < 0);
        }
    }
    assert_null(schemas_at(fixture.schemas, count));
    assert_null(schemas_by_name(fixture.schemas, "slotkeeper.command.Nothing"));
    assert_null(schemas_by_name(fixture.schemas, "BookSlot"));
    assert_null(schemas_by_fingerprint(fixture.schemas, 0));
    assert_null(schemas_by_fingerprint(fixture.schemas, UINT64_MAX));
    assert_string_equal(schema_name(schema_of("slotkeeper.command.BookSlot")), "BookSlot");
}

static void schemas_know_their_namespace(void **state) {
    (void)state;
    assert_true(schema_is_in(schema_of("slotkeeper.command.BookSlot"), "command"));
    assert_false(schema_is_in(schema_of("slotkeeper.command.BookSlot"), "query"));
    assert_false(schema_is_in(schema_of("slotkeeper.command.BookSlot"), "comm"));
    assert_false(schema_is_in(schema_of("slotkeeper.query.GetAccount"), "command"));
    static const char *const others[] = {"slotkeeper.command.old.X", "X", "slotkeepers.command.X"};
    for (size_t i = 0; i < 3; i++) {
        char text[128];
        struct schema schema;
        struct error error;
        (void)snprintf(
            text, sizeof text, "{\"type\":\"record\",\"name\":\"%s\",\"fields\":[]}", others[i]);
        assert_int_equal(schema_init(&schema, text, fixture.arena, &error), STATUS_OK);
        assert_false(schema_is_in(&schema, "command"));
        schema_clean_up(&schema);
    }
}

/* Remembers the form of a named type; true: it stood in another file, and was the same. */
static bool is_repeated(json_t *forms, const struct type *type) {
    const char *form = type_canonical_form(type, fixture.arena);
    const char *other = json_string_value(json_object_get(forms, type->full_name));
    if (other != NULL) {
        assert_string_equal(form, other);
        return true;
    }
    assert_int_equal(json_object_set_new(forms, type->full_name, json_string(form)), 0);
    return false;
}

static size_t count_repeated(json_t *forms, const struct schema *schema) {
    const struct type *pending[256] = {schema->type};
    size_t repeated = 0;
    for (size_t count = 1; count > 0;) {
        const struct type *type = pending[--count];
        for (size_t i = 0; i < type->member_count; i++) {
            pending[count++] = type->members[i].type;
        }
        if (type->full_name != NULL) {
            repeated += is_repeated(forms, type) ? 1 : 0;
        }
    }
    return repeated;
}

/* Types of one full name must be one type, whichever file a client reads it from. */
static void types_in_several_files_are_equal(void **state) {
    (void)state;
    json_t *forms = json_object();
    size_t repeated = 0;
    for (size_t i = 0; i < schemas_count(fixture.schemas); i++) {
        repeated += count_repeated(forms, schemas_at(fixture.schemas, i));
    }
    assert_true(repeated > 20);
    json_decref(forms);
}

/* Every request names itself first, so that its answer can be matched. */
static void requests_begin_with_command_id(void **state) {
    (void)state;
    for (size_t i = 0; i < schemas_count(fixture.schemas); i++) {
        const struct schema *schema = schemas_at(fixture.schemas, i);
        if (!schema_is_in(schema, "event")) {
            assert_string_equal(schema->type->members[0].name, "command_id");
            assert_int_equal(schema->type->members[0].type->logical, LOGICAL_UUID);
        }
    }
}

static void assert_null_first(const struct type_member *member) {
    if (member->type->kind == TYPE_UNION) {
        assert_int_equal(member->type->members[0].type->kind, TYPE_NULL);
        assert_true(json_is_null(member->fallback));
    }
}

static void every_nullable_field_has_null_as_default(void **state) {
    (void)state;
    for (size_t i = 0; i < schemas_count(fixture.schemas); i++) {
        const struct type *type = schemas_at(fixture.schemas, i)->type;
        for (size_t j = 0; j < type->member_count; j++) {
            assert_null_first(&type->members[j]);
        }
    }
}

static bool parses(const char *text) {
    struct error error = {""};
    struct schema schema;
    bool good = schema_init(&schema, text, fixture.arena, &error) == STATUS_OK;
    assert_true(good || error.text[0] != '\0');
    schema_clean_up(&schema);
    return good;
}

#define RECORD(fields) "{\"type\":\"record\",\"name\":\"r\",\"fields\":[" fields "]}"
#define FIELD(type)    RECORD("{\"name\":\"f\",\"type\":" type "}")

static const char *const no_schemas[] = {
    "",
    "{",
    "17",
    "\"int\"", /* not a record */
    "[\"null\",\"int\"]",
    "{\"type\":\"record\",\"name\":\"r\"}",
    "{\"type\":\"record\",\"fields\":[]}",
    "{\"type\":\"record\",\"name\":\"1r\",\"fields\":[]}",
    "{\"type\":\"record\",\"name\":\"a..r\",\"fields\":[]}",
    "{\"type\":\"record\",\"name\":\"r.\",\"fields\":[]}",
    "{\"type\":\"record\",\"name\":\"r\",\"namespace\":\"a b\",\"fields\":[]}",
    "{\"type\":\"record\",\"name\":\"r\",\"name\":\"r\",\"fields\":[]}",
    RECORD("{\"type\":\"int\"}"),
    RECORD("{\"name\":\"a.b\",\"type\":\"int\"}"),
    RECORD("{\"name\":\"f\"}"),
    FIELD("\"unknown\""),
    FIELD("17"),
    FIELD("\"array\""),
    FIELD("\"record\""),
    FIELD("\"union\""),
    FIELD("{\"type\":\"array\"}"),
    FIELD("{\"type\":\"map\",\"items\":\"int\"}"),
    FIELD("[\"null\",[\"int\"]]"),
    FIELD("{\"type\":\"fixed\",\"name\":\"x\"}"),
    FIELD("{\"type\":\"fixed\",\"name\":\"x\",\"size\":-1}"),
    FIELD("{\"type\":\"fixed\",\"name\":\"x\",\"size\":9999999999}"),
    FIELD("{\"type\":\"fixed\",\"name\":\"r\",\"size\":1}"), /* r is the record */
    FIELD("{\"type\":\"enum\",\"name\":\"e\",\"symbols\":[]}"),
    FIELD("{\"type\":\"enum\",\"name\":\"e\",\"symbols\":[\"A B\"]}"),
    FIELD("{\"type\":\"enum\",\"name\":\"e\",\"symbols\":[\"A\"],\"default\":\"B\"}"),
    FIELD("[\"null\",\"r\"]"), /* holds itself: no bound on its depth */
};

static void assert_no_schema(const char *text) {
    if (parses(text)) {
        fail_msg("taken: %s", text);
    }
}

static void what_is_no_schema_is_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof no_schemas / sizeof *no_schemas; i++) {
        assert_no_schema(no_schemas[i]);
    }
    assert_true(parses(FIELD("{\"type\":\"int\"}")));
}

/* Nested ever more deeply: refused, not followed. */
static void nesting_has_a_bound(void **state) {
    (void)state;
    char text[8192];
    for (size_t depth = 1; depth <= 300; depth += 13) {
        size_t size = (size_t)snprintf(text, sizeof text, "{\"type\":\"record\",\"name\":\"r\",");
        size += (size_t)snprintf(
            text + size, sizeof text - size, "\"fields\":[{\"name\":\"f\",\"type\":");
        for (size_t i = 0; i < depth; i++) {
            size +=
                (size_t)snprintf(text + size, sizeof text - size, "{\"type\":\"map\",\"values\":");
        }
        size += (size_t)snprintf(text + size, sizeof text - size, "\"int\"");
        for (size_t i = 0; i < depth; i++) {
            text[size++] = '}';
        }
        (void)snprintf(text + size, sizeof text - size, "}]}");
        struct error error = {""};
        json_t *json = json_loads(text, 0, NULL);
        assert_non_null(json);
        const struct type *type = type_parse(json, fixture.arena, &error);
        assert_non_null(type);
        const struct program *program = program_compile(type, fixture.arena, &error);
        assert_int_equal(program != NULL, depth <= WALK_LOOPS_MAX);
        char *form = type_canonical_form(type, fixture.arena);
        assert_int_equal(form != NULL, depth < TYPE_DEPTH_MAX);
        json_decref(json);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(canonical_forms_are_those_of_the_specification),
        cmocka_unit_test(schemas_built_in_have_the_fingerprints_that_others_compute),
        cmocka_unit_test(fingerprint_of_nothing_is_the_seed),
        cmocka_unit_test(schemas_are_found_by_name_and_by_fingerprint),
        cmocka_unit_test(schemas_know_their_namespace),
        cmocka_unit_test(types_in_several_files_are_equal),
        cmocka_unit_test(requests_begin_with_command_id),
        cmocka_unit_test(every_nullable_field_has_null_as_default),
        cmocka_unit_test(what_is_no_schema_is_refused),
        cmocka_unit_test(nesting_has_a_bound),
    };
    return cmocka_run_group_tests(tests, fixture_set_up, fixture_tear_down);
}

/* Each lane's codec takes that lane's commands and no others. */
#include "wire_fixture.h"

static const char *sample_uuid(const char *name) {
    static const char *const ids[][2] = {
        {"slot_id", SLOT_ID},
        {"new_slot_id", "0b000000-0000-4000-8000-00000000000b"},
        {"appointment_id", "0c000000-0000-4000-8000-00000000000c"},
        {"account_id", "0e000000-0000-4000-8000-00000000000e"},
    };
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        if (strcmp(name, ids[i][0]) == 0) {
            return ids[i][1];
        }
    }
    return COMMAND_ID;
}

/* A value's text for a field, by its type. */
static const char *sample(const struct field *field) {
    switch (field->type) {
    case FIELD_UUID:
        return sample_uuid(field->name);
    case FIELD_TIME:
        return strcmp(field->name, "ends_at") == 0 ? "2030-01-15T10:00:00Z"
                                                   : "2030-01-15T09:00:00Z";
    case FIELD_REASON:
        return "provider";
    case FIELD_TEXT:
        return "k\xc3\xa9y";
    case FIELD_BYTES:
        return "00ffC3";
    case FIELD_INT:
        return "-2147483648";
    case FIELD_STATE:
        return "noshow";
    }
    return NULL;
}

/* GetHistory takes one of its two ids. */
static bool is_left_out(const struct command_definition *definition, const struct field *field) {
    return strcmp(definition->name, "GetHistory") == 0
           && strcmp(field->name, "appointment_id") == 0;
}

static void assert_sample(const struct field *field, const struct value *value) {
    int64_t time_us = 0;
    assert_true(value->present);
    switch (field->type) {
    case FIELD_UUID:
        assert_true(uuid_equal(value->as.uuid, uuid_of(sample(field))));
        return;
    case FIELD_TIME:
        assert_true(time_parse(view_text(sample(field)), &time_us));
        assert_int_equal(value->as.time_us, time_us);
        return;
    case FIELD_REASON:
        assert_int_equal(value->as.reason, REASON_PROVIDER);
        return;
    case FIELD_TEXT:
        assert_true(view_is(value->as.bytes, sample(field)));
        return;
    case FIELD_BYTES:
        assert_true(view_equal(value->as.bytes, view_of("\x00\xff\xc3", 3)));
        return;
    case FIELD_INT:
        assert_int_equal(value->as.number, INT32_MIN);
        return;
    case FIELD_STATE:
        assert_int_equal(value->as.state, STATE_NOSHOW);
        return;
    }
}

static const char *full_name_of(const struct command_definition *definition) {
    char name[80];
    const char *space = definition->lane == LANE_QUERIES ? "query" : "command";
    int size = snprintf(name, sizeof name, "slotkeeper.%s.%s", space, definition->name);
    return arena_text(fixture.arena, view_of(name, (size_t)size));
}

/* From text, framed. */
static struct view sample_value(const struct command_definition *definition) {
    struct field_text fields[COMMAND_FIELDS_MAX + 1] = {{"command_id", COMMAND_ID}};
    size_t count = 1;
    for (const struct field *field = definition->fields; field->name != NULL; field++) {
        fields[count++] = (struct field_text){
            field->name, is_left_out(definition, field) ? "null" : sample(field)};
    }
    const char *name = full_name_of(definition);
    return framed(name, body_from_text(name, fields, count));
}

/* Whatever commands there are, now and later. */
static void every_command_makes_the_round_trip(void **state) {
    (void)state;
    size_t count = command_definition_count();
    assert_true(count >= 16);
    for (size_t i = 0; i < count; i++) {
        const struct command_definition *definition = command_definitions[i];
        struct decoded decoded;
        struct view copy = exact_copy(sample_value(definition));
        assert_int_equal(decode_on(definition->lane, copy, &decoded), CODE_ACCEPTED);
        drop_copy(copy);
        assert_ptr_equal(decoded.command.definition, definition);
        for (size_t j = 0; definition->fields[j].name != NULL; j++) {
            if (is_left_out(definition, &definition->fields[j])) {
                assert_false(decoded.command.values[j].present);
            } else {
                assert_sample(&definition->fields[j], &decoded.command.values[j]);
            }
        }
    }
}

static void a_command_on_another_lane_is_unknown(void **state) {
    (void)state;
    size_t refused = 0;
    for (size_t i = 0; i < command_definition_count(); i++) {
        const struct command_definition *definition = command_definitions[i];
        struct view value = sample_value(definition);
        for (unsigned lane = 0; lane < LANE_COUNT; lane++) {
            struct decoded decoded;
            if (lane == (unsigned)definition->lane) {
                continue;
            }
            assert_int_equal(decode_on((enum lane)lane, value, &decoded), CODE_UNKNOWN_SCHEMA);
            assert_null(decoded.command.definition);
            assert_true(decoded.has_command_id);
            assert_true(uuid_equal(decoded.command.command_id, uuid_of(COMMAND_ID)));
            assert_string_equal(decoded.command_name, full_name_of(definition));
            refused++;
        }
    }
    assert_int_equal(refused, (LANE_COUNT - 1) * command_definition_count());
}

static void each_lane_has_commands(void **state) {
    (void)state;
    bool has[LANE_COUNT] = {false};
    for (size_t i = 0; i < command_definition_count(); i++) {
        has[command_definitions[i]->lane] = true;
    }
    for (unsigned i = 0; i < LANE_COUNT; i++) {
        assert_true(has[i]);
    }
}

static enum code ask_history(const char *slot_id, const char *appointment_id) {
    struct decoded decoded;
    const struct field_text fields[] = {
        {"command_id", COMMAND_ID}, {"slot_id", slot_id}, {"appointment_id", appointment_id}};
    enum code code = decode_on(
        LANE_QUERIES,
        framed(
            "slotkeeper.query.GetHistory",
            body_from_text("slotkeeper.query.GetHistory", fields, 3)),
        &decoded);
    assert_true(decoded.has_command_id);
    if (code == CODE_ACCEPTED) {
        assert_int_equal(decoded.command.values[2].as.number, 100); /* the schema's default */
    } else {
        assert_null(decoded.command.definition);
    }
    return code;
}

static void a_history_is_of_one_thing(void **state) {
    (void)state;
    assert_int_equal(ask_history(SLOT_ID, "null"), CODE_ACCEPTED);
    assert_int_equal(ask_history("null", SLOT_ID), CODE_ACCEPTED);
    assert_int_equal(ask_history("null", "null"), CODE_MALFORMED);
    assert_int_equal(ask_history(SLOT_ID, SLOT_ID), CODE_MALFORMED);
}

/* Not even on the lane of the commands that carry them. */
static void credentials_are_no_command(void **state) {
    (void)state;
    struct decoded decoded;
    struct body body = {.size = 0};
    add_text(&body, COMMAND_ID);
    struct view value = framed("slotkeeper.command.Credentials", view_of_body(&body));
    assert_int_equal(decode_on(LANE_ACCOUNTS, value, &decoded), CODE_UNKNOWN_SCHEMA);
}

/* An admin erases without a box. */
static void a_box_may_be_left_out_where_it_is_optional(void **state) {
    (void)state;
    static const char name[] = "slotkeeper.command.EraseAccount";
    const struct field_text fields[] = {{"command_id", COMMAND_ID}, {"account_id", SLOT_ID}};
    struct decoded decoded;
    struct view value = framed(name, body_from_text(name, fields, 2));
    assert_int_equal(decode_on(LANE_ACCOUNTS, value, &decoded), CODE_ACCEPTED);
    assert_true(command_value(&decoded.command, "account_id")->present);
    assert_false(command_value(&decoded.command, "key_id")->present);
    assert_false(command_value(&decoded.command, "sealed")->present);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_makes_the_round_trip),
        cmocka_unit_test(a_command_on_another_lane_is_unknown),
        cmocka_unit_test(each_lane_has_commands),
        cmocka_unit_test(a_history_is_of_one_thing),
        cmocka_unit_test(credentials_are_no_command),
        cmocka_unit_test(a_box_may_be_left_out_where_it_is_optional),
    };
    return cmocka_run_group_tests(tests, fixture_set_up, fixture_tear_down);
}

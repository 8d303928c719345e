/* The table of commands, and the hash that says whether two commands are the same. */
#include "domain_fixture.h"

static void every_command_of_the_contract_is_there(void **state) {
    (void)state;

    static const struct {
        const char *name;
        unsigned roles;
    } expected[] = {
        {"PublishSlot", ROLE_BIT(ROLE_DOCTOR)},
        {"WithdrawSlot", ROLE_BIT(ROLE_DOCTOR)},
        {"BookSlot", ROLE_BIT(ROLE_PATIENT)},
        {"CancelAppointment",
         ROLE_BIT(ROLE_PATIENT) | ROLE_BIT(ROLE_DOCTOR) | ROLE_BIT(ROLE_ADMIN)},
        {"RescheduleAppointment", ROLE_BIT(ROLE_PATIENT)},
        {"CompleteAppointment", ROLE_BIT(ROLE_DOCTOR) | ROLE_BIT(ROLE_ADMIN)},
        {"MarkNoShow", ROLE_BIT(ROLE_DOCTOR) | ROLE_BIT(ROLE_ADMIN)},
    };

    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        const struct command_definition *definition =
            command_definition_find(view_text(expected[i].name));
        assert_non_null(definition);
        assert_string_equal(definition->name, expected[i].name);
        assert_int_equal(definition->roles, expected[i].roles);
    }
    assert_int_equal(command_definition_count(), sizeof expected / sizeof expected[0]);
    assert_null(command_definitions[command_definition_count()]);
}

static void unknown_names_are_not_found(void **state) {
    (void)state;
    static const char *const others[] = {
        "", "bookslot", "BookSlots", "BookSlo", "slotkeeper.command.BookSlot"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_null(command_definition_find(view_text(others[i])));
    }
}

/* What the wire layer and the loader take for granted. */
static void definitions_are_well_formed(void **state) {
    (void)state;
    for (size_t i = 0; i < command_definition_count(); i++) {
        const struct command_definition *definition = command_definitions[i];
        assert_true(strlen(definition->name) <= COMMAND_NAME_MAX);
        assert_non_null(definition->decide);
        assert_true(definition->roles > 0 && definition->roles < ROLE_BIT(ROLE_COUNT));
        size_t count = 0;
        for (; definition->fields[count].name != NULL; count++) {
            const struct field *field = &definition->fields[count];
            assert_true(field->row == ROW_NONE || field->type == FIELD_UUID);
            assert_true(strcmp(field->name, "command_id") != 0);
            for (size_t k = 0; k < count; k++) {
                assert_true(strcmp(field->name, definition->fields[k].name) != 0);
            }
        }
        assert_in_range(count, 1, COMMAND_FIELDS_MAX);
    }
}

static struct digest hash_of_last(struct fixture *fixture) {
    struct digest hash;
    command_content_hash(&fixture->command, &hash);
    return hash;
}

static void begin_cancel(struct fixture *fixture) {
    begin_on_appointment(fixture, PATIENT, "CancelAppointment", 1, id(2));
}

static void equal_content_has_equal_hashes(void **state) {
    struct fixture *fixture = *state;
    begin_cancel(fixture);
    struct digest first = hash_of_last(fixture);
    begin_cancel(fixture); /* another command_id, another outcome_id */
    struct digest second = hash_of_last(fixture);
    assert_true(digest_equal(&first, &second));
}

static void every_field_changes_the_hash(void **state) {
    struct fixture *fixture = *state;
    struct digest hashes[8];
    size_t count = 0;
    begin_cancel(fixture);
    hashes[count++] = hash_of_last(fixture);
    set_uuid(fixture, "slot_id", id(3));
    hashes[count++] = hash_of_last(fixture);
    set_uuid(fixture, "appointment_id", id(4));
    hashes[count++] = hash_of_last(fixture);
    *value_of(fixture, "reason") = (struct value){.present = true, .as.reason = REASON_PATIENT};
    hashes[count++] = hash_of_last(fixture);
    value_of(fixture, "reason")->as.reason = REASON_OTHER;
    hashes[count++] = hash_of_last(fixture);
    begin_command(fixture, DOCTOR, "PublishSlot");
    set_uuid(fixture, "slot_id", id(3));
    set_time(fixture, "starts_at", at(1));
    set_time(fixture, "ends_at", at(2));
    hashes[count++] = hash_of_last(fixture);
    set_time(fixture, "ends_at", at(2) + 1);
    hashes[count++] = hash_of_last(fixture);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < i; k++) {
            assert_false(digest_equal(&hashes[i], &hashes[k]));
        }
    }
}

static void the_name_and_each_fields_name_count(void **state) {
    struct fixture *fixture = *state;
    begin_on_appointment(fixture, DOCTOR, "CompleteAppointment", 1, id(2));
    struct digest complete_hash = hash_of_last(fixture);
    begin_on_appointment(fixture, DOCTOR, "MarkNoShow", 1, id(2));
    struct digest no_show_hash = hash_of_last(fixture);
    assert_false(digest_equal(&complete_hash, &no_show_hash));

    begin_on_appointment(fixture, DOCTOR, "MarkNoShow", 2, id(1));
    struct digest swapped_hash = hash_of_last(fixture);
    assert_false(digest_equal(&no_show_hash, &swapped_hash));
}

/* SHA-256 computed by hand: each part after its length as four bytes. */
static void hash_has_the_documented_form(void **state) {
    struct fixture *fixture = *state;
    begin_cancel(fixture);
    *value_of(fixture, "reason") = (struct value){.present = true, .as.reason = REASON_ERROR};
    static const char form[] = "\0\0\0\x11"
                               "CancelAppointment"
                               "\0\0\0\x0e"
                               "appointment_id"
                               "\0\0\0\x10"
                               "\0\0\0\0\0\0\x40\0\x80\0\0\0\0\0\0\x02"
                               "\0\0\0\x06"
                               "reason"
                               "\0\0\0\x05"
                               "ERROR"
                               "\0\0\0\x07"
                               "slot_id"
                               "\0\0\0\x10"
                               "\0\0\0\0\0\0\x40\0\x80\0\0\0\0\0\0\x01";
    struct digest expected;
    digest_of(view_of(form, sizeof form - 1), &expected);
    struct digest hash = hash_of_last(fixture);
    assert_true(digest_equal(&hash, &expected));
}

static void a_time_is_eight_bytes(void **state) {
    struct fixture *fixture = *state;
    begin_command(fixture, DOCTOR, "PublishSlot");
    set_time(fixture, "starts_at", INT64_C(0x0102030405060708));
    static const char form[] = "\0\0\0\x0b"
                               "PublishSlot"
                               "\0\0\0\x09"
                               "starts_at"
                               "\0\0\0\x08"
                               "\x01\x02\x03\x04\x05\x06\x07\x08";
    struct digest expected;
    digest_of(view_of(form, sizeof form - 1), &expected);
    struct digest hash = hash_of_last(fixture);
    assert_true(digest_equal(&hash, &expected));
}

/* A schema's next version: another order of fields, and a new one that is null by default. */
static void a_new_null_field_leaves_the_hash(void **state) {
    struct fixture *fixture = *state;
    begin_cancel(fixture);
    struct digest today = hash_of_last(fixture);

    const struct command_definition later = {
        .name = "CancelAppointment",
        .fields = {
            {.name = "urgent_until", .type = FIELD_TIME, .nullable = true},
            {.name = "slot_id", .type = FIELD_UUID},
            {.name = "reason", .type = FIELD_REASON, .nullable = true},
            {.name = "appointment_id", .type = FIELD_UUID},
        }};
    fixture->command = (struct command){.definition = &later};
    set_uuid(fixture, "slot_id", id(1));
    set_uuid(fixture, "appointment_id", id(2));
    struct digest tomorrow = hash_of_last(fixture);
    assert_true(digest_equal(&today, &tomorrow));

    set_time(fixture, "urgent_until", at(0));
    tomorrow = hash_of_last(fixture);
    assert_false(digest_equal(&today, &tomorrow));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_of_the_contract_is_there),
        cmocka_unit_test(unknown_names_are_not_found),
        cmocka_unit_test(definitions_are_well_formed),
        DOMAIN_TEST(equal_content_has_equal_hashes),
        DOMAIN_TEST(every_field_changes_the_hash),
        DOMAIN_TEST(the_name_and_each_fields_name_count),
        DOMAIN_TEST(hash_has_the_documented_form),
        DOMAIN_TEST(a_time_is_eight_bytes),
        DOMAIN_TEST(a_new_null_field_leaves_the_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

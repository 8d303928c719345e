/* The table of commands, and the hash that says whether two commands are the same. */
#include "domain_fixture.h"

enum {
    PATIENTS = ROLE_BIT(ROLE_PATIENT),
    DOCTORS = ROLE_BIT(ROLE_DOCTOR),
    ADMINS = ROLE_BIT(ROLE_ADMIN),
    ALL = PATIENTS | DOCTORS | ADMINS,
};

static const struct command_definition expected[] = {
    {.name = "PublishSlot", .roles = DOCTORS, .loads = LOAD_CALLERS_CALENDAR},
    {.name = "WithdrawSlot", .roles = DOCTORS},
    {.name = "BookSlot", .roles = PATIENTS, .loads = LOAD_CALLERS_APPOINTMENTS},
    {.name = "CancelAppointment", .roles = ALL},
    {.name = "RescheduleAppointment", .roles = PATIENTS, .loads = LOAD_CALLERS_APPOINTMENTS},
    {.name = "CompleteAppointment", .roles = DOCTORS | ADMINS},
    {.name = "MarkNoShow", .roles = DOCTORS | ADMINS},
    {.name = "RegisterPatient", .lane = LANE_ACCOUNTS, .credentials = CREDENTIALS_ONLY},
    {.name = "RegisterDoctor",
     .roles = ADMINS,
     .lane = LANE_ACCOUNTS,
     .credentials = CREDENTIALS_BESIDE_TOKEN},
    {.name = "LogIn",
     .lane = LANE_ACCOUNTS,
     .credentials = CREDENTIALS_ONLY,
     .password = PASSWORD_OF_LOGIN,
     .eventless = true},
    {.name = "ChangePassword",
     .roles = ALL,
     .lane = LANE_ACCOUNTS,
     .credentials = CREDENTIALS_BESIDE_TOKEN,
     .password = PASSWORD_OF_LOGIN},
    {.name = "ResetPassword",
     .roles = ADMINS,
     .lane = LANE_ACCOUNTS,
     .credentials = CREDENTIALS_BESIDE_TOKEN,
     .password = PASSWORD_OF_CALLER},
    {.name = "DeactivateAccount",
     .roles = ALL,
     .lane = LANE_ACCOUNTS,
     .loads = LOAD_TARGETS_HOLDINGS,
     .ends_account = true},
    {.name = "ReactivateAccount", .roles = ADMINS, .lane = LANE_ACCOUNTS},
    {.name = "EraseAccount",
     .roles = ADMINS,
     .lane = LANE_ACCOUNTS,
     .credentials = CREDENTIALS_OR_TOKEN,
     .password = PASSWORD_OF_LOGIN,
     .ends_account = true},
    {.name = "PurgeHistory", .roles = ADMINS, .lane = LANE_ACCOUNTS, .loads = LOAD_PURGEABLE},
    {.name = "GetServiceKeys", .lane = LANE_QUERIES, .open_to_all = true},
    {.name = "ListOpenSlots", .roles = ALL, .lane = LANE_QUERIES},
    {.name = "ListAppointments", .roles = ALL, .lane = LANE_QUERIES},
    {.name = "GetHistory", .roles = ALL, .lane = LANE_QUERIES},
    {.name = "GetAccount", .roles = ALL, .lane = LANE_QUERIES},
};

static void every_command_of_the_contract_is_there(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        const struct command_definition *definition =
            command_definition_find(view_text(expected[i].name));
        assert_non_null(definition);
        assert_string_equal(definition->name, expected[i].name);
        assert_int_equal(definition->roles, expected[i].roles);
        assert_int_equal(definition->loads, expected[i].loads);
        assert_int_equal(definition->lane, expected[i].lane);
        assert_int_equal(definition->open_to_all, expected[i].open_to_all);
        assert_int_equal(definition->credentials, expected[i].credentials);
        assert_int_equal(definition->password, expected[i].password);
        assert_int_equal(definition->eventless, expected[i].eventless);
        assert_int_equal(definition->ends_account, expected[i].ends_account);
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

static size_t assert_fields_well_formed(const struct command_definition *definition) {
    size_t count = 0;
    for (; definition->fields[count].name != NULL; count++) {
        const struct field *field = &definition->fields[count];
        assert_true(field->row == ROW_NONE || field->type == FIELD_UUID);
        assert_true(strcmp(field->name, "command_id") != 0);
        for (size_t k = 0; k < count; k++) {
            assert_true(strcmp(field->name, definition->fields[k].name) != 0);
        }
    }
    assert_true(count <= COMMAND_FIELDS_MAX);
    return count;
}

/* What the wire layer, the loader and the engine take for granted. */
static void definitions_are_well_formed(void **state) {
    (void)state;
    for (size_t i = 0; i < command_definition_count(); i++) {
        const struct command_definition *definition = command_definitions[i];
        assert_true(strlen(definition->name) <= COMMAND_NAME_MAX);
        assert_true(definition->roles < ROLE_BIT(ROLE_COUNT));
        size_t count = assert_fields_well_formed(definition);
        bool is_query = definition->lane == LANE_QUERIES;
        assert_int_equal(definition->decide == NULL, is_query);
        assert_int_equal(definition->plan != NULL, is_query && !definition->open_to_all);
        assert_true(definition->show == NULL || definition->plan != NULL);
        assert_true(count > 0 || is_query);
        bool tokenless = definition->open_to_all || definition->credentials == CREDENTIALS_ONLY;
        assert_int_equal(definition->roles == 0, tokenless);
    }
}

static const struct field *find_field(
    const struct command_definition *definition, const char *name) {
    for (size_t i = 0; definition->fields[i].name != NULL; i++) {
        if (strcmp(definition->fields[i].name, name) == 0) {
            return &definition->fields[i];
        }
    }
    return NULL;
}

/* Both or neither; null only where a token serves instead. */
static void a_box_comes_with_its_keys_id(void **state) {
    (void)state;
    for (size_t i = 0; i < command_definition_count(); i++) {
        const struct command_definition *definition = command_definitions[i];
        const struct field *key_id = find_field(definition, "key_id");
        const struct field *sealed = find_field(definition, "sealed");
        bool takes_box = definition->credentials != CREDENTIALS_NEVER;
        assert_int_equal(key_id != NULL, takes_box);
        assert_int_equal(sealed != NULL, takes_box);
        if (key_id == NULL || sealed == NULL) {
            assert_int_equal(definition->password, PASSWORD_OF_NOBODY);
            continue;
        }
        assert_int_equal(key_id->type, FIELD_TEXT);
        assert_int_equal(sealed->type, FIELD_BYTES);
        assert_int_equal(key_id->nullable, definition->credentials == CREDENTIALS_OR_TOKEN);
        assert_int_equal(sealed->nullable, definition->credentials == CREDENTIALS_OR_TOKEN);
    }
}

/* An account that ends is named by the command, and loaded. */
static void an_account_that_is_named_is_loaded(void **state) {
    (void)state;
    for (size_t i = 0; i < command_definition_count(); i++) {
        const struct command_definition *definition = command_definitions[i];
        const struct field *account_id = find_field(definition, "account_id");
        assert_true(account_id == NULL || account_id->row == ROW_ACCOUNT);
        bool needs_it =
            definition->ends_account || (definition->loads & LOAD_TARGETS_HOLDINGS) != 0;
        assert_true(account_id != NULL || !needs_it);
    }
}

static void the_box_holds_a_command_of_its_own(void **state) {
    (void)state;
    static const char *const names[] = {
        "command", "account_id", "issued_at", "reply_key", "login", "password", "new_password"};

    static const enum field_type types[] = {
        FIELD_TEXT, FIELD_UUID, FIELD_TIME, FIELD_BYTES, FIELD_TEXT, FIELD_TEXT, FIELD_TEXT};

    static const bool nullable[] = {false, true, false, false, true, false, true};
    assert_string_equal(credentials_definition.name, "Credentials");
    assert_int_equal(assert_fields_well_formed(&credentials_definition), 7);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const struct field *field = find_field(&credentials_definition, names[i]);
        if (field == NULL) { /* gcc does not know that assert_non_null never returns */
            fail_msg("no field %s", names[i]);
            return;
        }
        assert_int_equal(field->type, types[i]);
        assert_int_equal(field->nullable, nullable[i]);
        assert_int_equal(field->row, ROW_NONE);
    }
    assert_null(command_definition_find(view_text("Credentials"))); /* no topic takes it */
}

static void values_are_found_by_name(void **state) {
    struct fixture *fixture = *state;
    begin_command(fixture, ADMIN, "ResetPassword");
    const struct command *command = &fixture->command;
    assert_ptr_equal(command_value(command, "account_id"), &command->values[0]);
    assert_ptr_equal(command_value(command, "sealed"), &command->values[2]);
    assert_null(command_value(command, "slot_id"));
    assert_null(command_value(command, "account"));
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
    struct digest expected_hash;
    digest_of(view_of(form, sizeof form - 1), &expected_hash);
    struct digest hash = hash_of_last(fixture);
    assert_true(digest_equal(&hash, &expected_hash));
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
    struct digest expected_hash;
    digest_of(view_of(form, sizeof form - 1), &expected_hash);
    struct digest hash = hash_of_last(fixture);
    assert_true(digest_equal(&hash, &expected_hash));
}

/* Texts and bytes as they are; an empty one is not a null one. */
static void text_and_bytes_have_the_documented_form(void **state) {
    struct fixture *fixture = *state;
    begin_command(fixture, PATIENT, "LogIn");
    *value_of(fixture, "sealed") =
        (struct value){.present = true, .as.bytes = view_of("\0\xff", 2)};
    *value_of(fixture, "key_id") = (struct value){.present = true, .as.bytes = view_text("")};
    static const char form[] = "\0\0\0\x05"
                               "LogIn"
                               "\0\0\0\x06"
                               "key_id"
                               "\0\0\0\0"
                               "\0\0\0\x06"
                               "sealed"
                               "\0\0\0\x02"
                               "\0\xff";
    struct digest expected_hash;
    digest_of(view_of(form, sizeof form - 1), &expected_hash);
    struct digest hash = hash_of_last(fixture);
    assert_true(digest_equal(&hash, &expected_hash));
    value_of(fixture, "key_id")->present = false;
    hash = hash_of_last(fixture);
    assert_false(digest_equal(&hash, &expected_hash));
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
        cmocka_unit_test(a_box_comes_with_its_keys_id),
        cmocka_unit_test(an_account_that_is_named_is_loaded),
        cmocka_unit_test(the_box_holds_a_command_of_its_own),
        DOMAIN_TEST(values_are_found_by_name),
        DOMAIN_TEST(equal_content_has_equal_hashes),
        DOMAIN_TEST(every_field_changes_the_hash),
        DOMAIN_TEST(the_name_and_each_fields_name_count),
        DOMAIN_TEST(hash_has_the_documented_form),
        DOMAIN_TEST(a_time_is_eight_bytes),
        DOMAIN_TEST(text_and_bytes_have_the_documented_form),
        DOMAIN_TEST(a_new_null_field_leaves_the_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

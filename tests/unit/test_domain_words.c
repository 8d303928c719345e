/* The words of the domain and the table of outcome codes. */
#include "domain_fixture.h"

#include <ctype.h>

static void symbols_are_those_of_the_schemas(void **state) {
    (void)state;
    assert_string_equal(role_symbol(ROLE_PATIENT), "PATIENT");
    assert_string_equal(role_symbol(ROLE_DOCTOR), "DOCTOR");
    assert_string_equal(role_symbol(ROLE_ADMIN), "ADMIN");
    assert_string_equal(entity_symbol(ENTITY_SLOT), "SLOT");
    assert_string_equal(entity_symbol(ENTITY_APPOINTMENT), "APPOINTMENT");
    assert_string_equal(entity_symbol(ENTITY_ACCOUNT), "ACCOUNT");
    assert_string_equal(outcome_status_symbol(OUTCOME_ACCEPTED), "ACCEPTED");
    assert_string_equal(outcome_status_symbol(OUTCOME_REFUSED), "REFUSED");
    assert_string_equal(outcome_status_symbol(OUTCOME_INVALID), "INVALID");
    assert_string_equal(state_symbol(STATE_NOSHOW), "NOSHOW");
    assert_string_equal(reason_symbol(REASON_DOCTOR_DEACTIVATED), "DOCTOR_DEACTIVATED");
    assert_null(reason_symbol(REASON_NONE));
}

static void assert_is_lower_case_of(const char *name, const char *symbol) {
    assert_int_equal(strlen(name), strlen(symbol));
    for (size_t i = 0; symbol[i] != '\0'; i++) {
        assert_int_equal(name[i], tolower((unsigned char)symbol[i]));
    }
}

static void roles_read_back_in_either_case(void **state) {
    (void)state;
    for (unsigned i = 0; i < ROLE_COUNT; i++) {
        enum role role = ROLE_COUNT;
        assert_is_lower_case_of(role_name((enum role)i), role_symbol((enum role)i));
        assert_true(role_parse(view_text(role_name((enum role)i)), &role));
        assert_int_equal(role, i);
        assert_true(role_parse(view_text(role_symbol((enum role)i)), &role));
        assert_int_equal(role, i);
    }
}

static void states_read_back_in_either_case(void **state) {
    (void)state;
    for (unsigned i = 0; i < STATE_COUNT; i++) {
        enum state read = STATE_COUNT;
        assert_is_lower_case_of(state_name((enum state)i), state_symbol((enum state)i));
        assert_true(state_parse(view_text(state_name((enum state)i)), &read));
        assert_int_equal(read, i);
        assert_true(state_parse(view_text(state_symbol((enum state)i)), &read));
        assert_int_equal(read, i);
    }
}

static void reasons_read_back_in_either_case(void **state) {
    (void)state;
    for (unsigned i = REASON_NONE + 1; i < REASON_COUNT; i++) {
        enum reason reason = REASON_NONE;
        const char *symbol = reason_symbol((enum reason)i);
        char name[32] = {0};
        for (size_t k = 0; symbol[k] != '\0'; k++) {
            name[k] = (char)tolower((unsigned char)symbol[k]);
        }
        assert_true(reason_parse(view_text(symbol), &reason));
        assert_int_equal(reason, i);
        reason = REASON_NONE;
        assert_true(reason_parse(view_text(name), &reason));
        assert_int_equal(reason, i);
    }
}

static void other_words_are_not_read(void **state) {
    (void)state;
    enum role role = ROLE_ADMIN;
    enum state read = STATE_ERASED;
    enum reason reason = REASON_PURGED;
    static const char *const others[] = {"", "Patient", "patients", "patien", "none", "NONE"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_false(role_parse(view_text(others[i]), &role));
        assert_false(state_parse(view_text(others[i]), &read));
        assert_false(reason_parse(view_text(others[i]), &reason));
    }
    assert_int_equal(role, ROLE_ADMIN);
    assert_int_equal(read, STATE_ERASED);
    assert_int_equal(reason, REASON_PURGED);
}

static void codes_have_text_status_and_sentence(void **state) {
    (void)state;
    assert_string_equal(code_text(CODE_ACCEPTED), "");
    assert_string_equal(code_sentence(CODE_ACCEPTED), "");
    assert_int_equal(code_status(CODE_ACCEPTED), OUTCOME_ACCEPTED);
    assert_string_equal(code_text(CODE_SLOT_TAKEN), "SLOT_TAKEN");
    for (unsigned i = CODE_ACCEPTED + 1; i < CODE_COUNT; i++) {
        const char *sentence = code_sentence((enum code)i);
        assert_true(code_text((enum code)i)[0] != '\0');
        assert_int_equal(sentence[strlen(sentence) - 1], '.');
    }
}

/* As contract.md spells them, in its order. */
static const char *const codes_of_the_contract[] = {
    "MALFORMED",
    "UNKNOWN_SCHEMA",
    "INTERNAL",
    "UNAUTHENTICATED",
    "KEY_UNKNOWN",
    "SEAL_INVALID",
    "FORBIDDEN_ROLE",
    "RATE_LIMITED",
    "COMMAND_ID_REUSED",
    "EXPIRED",
    "ACCOUNT_INACTIVE",
    "SLOT_EXISTS",
    "SLOT_INVALID_RANGE",
    "SLOT_IN_PAST",
    "SLOT_TOO_FAR",
    "SLOT_LIMIT_REACHED",
    "SLOT_OVERLAP",
    "SLOT_NOT_FOUND",
    "SLOT_WITHDRAWN",
    "SLOT_HAS_APPOINTMENT",
    "SLOT_TAKEN",
    "PATIENT_OVERLAP",
    "BOOKING_LIMIT_REACHED",
    "APPOINTMENT_NOT_FOUND",
    "ALREADY_CANCELLED",
    "ALREADY_FULFILLED",
    "ALREADY_NOSHOW",
    "REASON_REQUIRED",
    "CANCEL_TOO_LATE",
    "COMPLETE_TOO_EARLY",
    "NOSHOW_TOO_EARLY",
    "LOGIN_THROTTLED",
    "LOGIN_INVALID",
    "PASSWORD_WEAK",
    "LOGIN_TAKEN",
    "LOGIN_FAILED",
    "ACCOUNT_NOT_FOUND",
    "ACCOUNT_ERASED",
    "ACCOUNT_ACTIVE",
    "LAST_ADMIN",
    "HAS_UPCOMING_APPOINTMENTS",
    "REPLY_TOPIC_REQUIRED",
    "CURSOR_INVALID",
};

static void codes_are_those_of_the_contract(void **state) {
    (void)state;
    assert_int_equal(
        CODE_COUNT - 1, sizeof codes_of_the_contract / sizeof codes_of_the_contract[0]);
    for (unsigned i = CODE_ACCEPTED + 1; i < CODE_COUNT; i++) {
        assert_string_equal(code_text((enum code)i), codes_of_the_contract[i - 1]);
    }
}

/* So that a sentence says which code it is of. */
static void no_two_codes_have_one_sentence(void **state) {
    (void)state;
    for (unsigned i = 0; i < CODE_COUNT; i++) {
        for (unsigned k = 0; k < i; k++) {
            assert_string_not_equal(code_sentence((enum code)i), code_sentence((enum code)k));
        }
    }
}

static void only_three_codes_are_invalid(void **state) {
    (void)state;
    for (unsigned i = CODE_ACCEPTED + 1; i < CODE_COUNT; i++) {
        enum code code = (enum code)i;
        bool is_invalid =
            code == CODE_MALFORMED || code == CODE_UNKNOWN_SCHEMA || code == CODE_INTERNAL;
        assert_int_equal(code_status(code), is_invalid ? OUTCOME_INVALID : OUTCOME_REFUSED);
    }
}

static void codes_read_back(void **state) {
    (void)state;
    for (unsigned i = 0; i < CODE_COUNT; i++) {
        enum code code = CODE_COUNT;
        assert_true(code_parse(view_text(code_text((enum code)i)), &code));
        assert_int_equal(code, i);
    }
    enum code code = CODE_COUNT;
    assert_false(code_parse(view_text("slot_taken"), &code));
    assert_false(code_parse(view_text("ACCEPTED"), &code));
    assert_int_equal(code, CODE_COUNT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(symbols_are_those_of_the_schemas),
        cmocka_unit_test(roles_read_back_in_either_case),
        cmocka_unit_test(states_read_back_in_either_case),
        cmocka_unit_test(reasons_read_back_in_either_case),
        cmocka_unit_test(other_words_are_not_read),
        cmocka_unit_test(codes_have_text_status_and_sentence),
        cmocka_unit_test(codes_are_those_of_the_contract),
        cmocka_unit_test(no_two_codes_have_one_sentence),
        cmocka_unit_test(only_three_codes_are_invalid),
        cmocka_unit_test(codes_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

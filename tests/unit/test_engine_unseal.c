/* Sealed requests: which are opened, what the others are answered, who the caller is, and that
 * nothing secret is left when a batch is done. */
#include "engine_account_fixture.h"

/* A point of order 8: everybody can open what is sealed to it. */
#define LOW_ORDER "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"

static enum code early(const struct request *request) {
    stage_decode(clinic.engine, clinic.requests, clinic.count);
    return request->early;
}

static struct given_box a_log_in(void) {
    return (struct given_box){.name = "LogIn", .login = "Patient", .password = PASSWORD};
}

static enum code early_of(struct given_box box) {
    return early(given_box(0, 0, box));
}

static void a_sealed_request_is_opened(void **state) {
    (void)state;
    const struct request *request = given_box(0, 0, a_log_in());
    assert_code(ACCEPTED, early(request));
    assert_view("patient", request->sealed->credentials.login);
    assert_view(PASSWORD, view_of(request->sealed->password, request->sealed->password_size));
    assert_int_equal(request->sealed->fresh_size, 0);
    assert_false(request->authenticated);
    assert_int_equal(request->sealed->credentials.proof.state, PROOF_NONE);
}

static void a_token_beside_it_is_not_looked_at(void **state) {
    (void)state;
    struct request *request = given_box(0, 0, a_log_in());
    given_header(request, "authorization", view_text("Bearer no token at all"));
    assert_code(ACCEPTED, early(request));
}

static void the_caller_is_who_holds_the_reply_key(void **state) {
    (void)state;
    struct given_box box = a_log_in();
    const struct request *first = given_box(0, 0, box);
    const struct request *again = given_box(0, 0, box);
    box.device = 1;
    const struct request *other = given_box(0, 0, box);
    assert_code(ACCEPTED, early(first));
    assert_true(uuid_equal(first->caller, again->caller));
    assert_false(uuid_equal(first->caller, other->caller));
    assert_int_equal(first->caller.bytes[6] >> 4U, 8);
}

/* issued_at is not part of what makes two requests the same; all the rest is. */
static void what_makes_two_requests_the_same(void **state) {
    (void)state;
    struct given_box boxes[5];
    for (int i = 0; i < 5; i++) {
        boxes[i] = a_log_in();
    }
    boxes[1].issued_at_us = FIXTURE_AT_US - MINUTE_US;
    boxes[2].login = "patient";
    boxes[3].password = WRONG;
    boxes[4].device = 1;
    for (int i = 0; i < 5; i++) {
        (void)given_box(0, 0, boxes[i]);
    }
    stage_decode(clinic.engine, clinic.requests, clinic.count);
    for (int i = 1; i < 5; i++) {
        bool same =
            digest_equal(&clinic.requests[0].content_hash, &clinic.requests[i].content_hash);
        assert_int_equal(same, i == 1);
    }
}

static void keys_that_are_not_there(void **state) {
    (void)state;
    static const char *const kids[] = {"gone", "", "../secret", "seal.key", "seal\n"};
    const struct given_box box = a_log_in();
    struct view good = sealed(content_of(&box, 7));
    for (size_t i = 0; i < sizeof kids / sizeof kids[0]; i++) {
        assert_code(KEY_UNKNOWN, early(given_sealed(0, "LogIn", 0, kids[i], good, 7)));
    }
    assert_code(ACCEPTED, early(given_sealed(0, "LogIn", 0, "seal", good, 7)));
}

static void boxes_that_do_not_open(void **state) {
    (void)state;
    const struct given_box box = a_log_in();
    struct view good = sealed(content_of(&box, 7));
    uint8_t *changed = arena_take(engine_arena(clinic.engine), good.size);
    memcpy(changed, good.data, good.size);
    changed[good.size / 2] ^= 1U;
    const struct view bad[] = {
        view_of(good.data, good.size - 1),
        view_of(good.data, SEAL_OVERHEAD),
        view_of(changed, good.size),
        sealed(view_text("no Credentials")),
        sealed(view_of(content_of(&box, 7).data, 20)),
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_code(SEAL_INVALID, early(given_sealed(0, "LogIn", 0, "seal", bad[i], 7)));
    }
}

static void what_is_inside_belongs_to_what_is_around(void **state) {
    (void)state;
    struct given_box box = a_log_in();
    struct view copied = sealed(content_of(&box, 7));
    assert_code(SEAL_INVALID, early(given_sealed(0, "LogIn", 0, "seal", copied, 8)));
    assert_code(SEAL_INVALID, early(given_sealed(0, "RegisterPatient", 0, "seal", copied, 7)));
    box.account = PATIENT;
    assert_code(SEAL_INVALID, early_of(box));
    box.account = 0;
    box.issued_at_us = FIXTURE_AT_US - 16 * MINUTE_US;
    assert_code(SEAL_INVALID, early_of(box));
    box.issued_at_us = FIXTURE_AT_US + 16 * MINUTE_US;
    assert_code(SEAL_INVALID, early_of(box));
    box.issued_at_us = FIXTURE_AT_US - 14 * MINUTE_US;
    assert_code(ACCEPTED, early_of(box));
    box.reply_key = LOW_ORDER;
    assert_code(SEAL_INVALID, early_of(box));
}

static enum code change(unsigned caller, unsigned account) {
    return early(given_box(
        caller,
        0,
        (struct given_box){
            .name = "ChangePassword",
            .account = account,
            .login = "patient",
            .password = PASSWORD,
            .new_password = NEW_PASSWORD}));
}

/* ResetPassword and EraseAccount name an account themselves, ChangePassword by its token. */
static void the_box_names_the_account(void **state) {
    (void)state;
    struct given_box box = {.name = "EraseAccount", .account = PATIENT, .password = PASSWORD};
    assert_code(ACCEPTED, early(given_box(0, PATIENT, box)));
    assert_code(SEAL_INVALID, early(given_box(0, DOCTOR, box)));
    box.name = "ResetPassword";
    assert_code(ACCEPTED, early(given_box(ADMIN, PATIENT, box)));
    assert_code(SEAL_INVALID, early(given_box(ADMIN, ADMIN, box)));
    assert_code(ACCEPTED, change(PATIENT, PATIENT));
    assert_code(SEAL_INVALID, change(DOCTOR, PATIENT));
    assert_code(SEAL_INVALID, change(PATIENT, 0));
}

/* The token first, then the box, then the role. */
static void the_order_of_refusals(void **state) {
    (void)state;
    struct given_box box = {.name = "RegisterDoctor", .login = "new-one", .password = PASSWORD};
    assert_code(UNAUTHENTICATED, early(given_box(0, 0, box)));
    assert_code(FORBIDDEN_ROLE, early(given_box(PATIENT, 0, box)));
    assert_code(ACCEPTED, early(given_box(ADMIN, 0, box)));
    struct view empty = view_of("", 0);
    assert_code(KEY_UNKNOWN, early(given_sealed(PATIENT, "RegisterDoctor", 0, "no", empty, 7)));
    assert_code(SEAL_INVALID, early(given_sealed(PATIENT, "RegisterDoctor", 0, "seal", empty, 7)));
    assert_code(UNAUTHENTICATED, early(given_sealed(0, "RegisterDoctor", 0, "no", empty, 7)));
}

static void which_password_is_to_be_set(void **state) {
    (void)state;
    const struct request *request = register_patient("new-one", PASSWORD);
    const struct request *weak = register_patient("new-one", "password1234");
    assert_code(ACCEPTED, early(request));
    assert_view(PASSWORD, view_of(request->sealed->fresh, request->sealed->fresh_size));
    assert_true(request->sealed->credentials.password_good);
    assert_false(weak->sealed->credentials.password_good);
    assert_code(ACCEPTED, change(PATIENT, PATIENT));
    request = &clinic.requests[clinic.count - 1];
    assert_view(NEW_PASSWORD, view_of(request->sealed->fresh, request->sealed->fresh_size));
}

/* Nothing of a box that did not open says who sent it. */
static void a_box_that_does_not_open_names_no_caller(void **state) {
    (void)state;
    (void)given_sealed(0, "LogIn", 0, "seal", view_of("", 0), 7);
    (void)given_box(0, 0, a_log_in());
    (void)given_sealed(ADMIN, "RegisterDoctor", 0, "seal", view_of("", 0), 8);
    assert_int_equal(run(), STATUS_OK);
    assert_false(desk.published[0].has_caller);
    assert_true(desk.published[1].has_caller && desk.published[2].has_caller);
}

static bool is_zero(const struct sealed *sealed) {
    const uint8_t *bytes = (const uint8_t *)sealed;
    size_t i = 0;
    while (i < sizeof *sealed && bytes[i] == 0) {
        i++;
    }
    return i == sizeof *sealed;
}

static void nothing_secret_outlives_its_batch(void **state) {
    (void)state;
    const struct request *right = log_in("patient", PASSWORD);
    const struct request *wrong = log_in("patient", WRONG);
    struct view broken = sealed(view_text(PASSWORD));
    const struct request *unread = given_sealed(0, "LogIn", 0, "seal", broken, 7);
    assert_int_equal(run(), STATUS_OK);
    assert_int_equal(desk.published_count, 3);
    assert_true(is_zero(right->sealed) && is_zero(wrong->sealed) && is_zero(unread->sealed));
    (void)empty_desk(state);
    desk.note_status = STATUS_LOST;
    right = log_in("patient", PASSWORD);
    assert_int_equal(run(), STATUS_LOST);
    assert_true(is_zero(right->sealed));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        DESK_TEST(a_sealed_request_is_opened),
        DESK_TEST(a_token_beside_it_is_not_looked_at),
        DESK_TEST(the_caller_is_who_holds_the_reply_key),
        DESK_TEST(what_makes_two_requests_the_same),
        DESK_TEST(keys_that_are_not_there),
        DESK_TEST(boxes_that_do_not_open),
        DESK_TEST(what_is_inside_belongs_to_what_is_around),
        DESK_TEST(the_box_names_the_account),
        DESK_TEST(the_order_of_refusals),
        DESK_TEST(which_password_is_to_be_set),
        DESK_TEST(a_box_that_does_not_open_names_no_caller),
        DESK_TEST(nothing_secret_outlives_its_batch),
    };
    return cmocka_run_group_tests(tests, open_desk, close_desk);
}

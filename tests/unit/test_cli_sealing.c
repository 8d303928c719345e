/* A request's box and the box that comes back, as `send` makes and opens them: the service's side
 * is played with its own functions and a key pair of the test's. */
#include "cli/sealing.h"
#include "memory_scan.h"
#include "wire_fixture.h"

#include <sodium.h>

#define ACCOUNT_ID "11111111-1111-4111-8111-111111111111"
#define OTHER_ID   "22222222-2222-4222-8222-222222222222"
#define PASSWORD   "violet-kayak-tundra-9"
#define FRESH      "amber-oboe-glacier-4"
/* {"alg":"ES256","kid":"k"} with all claims of a token and no signature that anybody would believe
 */
#define TOKEN                                                                                      \
    "eyJhbGciOiJFUzI1NiIsImtpZCI6ImsifQ."                                                          \
    "eyJpc3MiOiJpIiwiYXVkIjoiYSIsInN1YiI6IjExMTExMTExLTExMTEtNDExMS04MTExLTExMTExMTExMTExMSIsInJv" \
    "b"                                                                                            \
    "GUiOiJwYXRpZW50IiwiaWF0IjoxLCJleHAiOjIsImp0aSI6ImoifQ.c2ln"

struct service {
    struct seal_public public;
    uint8_t secret[SEAL_KEY_SIZE];
};

static struct service service;
static struct sealing sealing;
static struct error error;

static int set_up(void **state) {
    (void)state;
    assert_true(sodium_init() >= 0);
    sealing = (struct sealing){.definition = NULL};
    error.text[0] = '\0';
    (void)crypto_box_keypair(service.public.key, service.secret);
    (void)snprintf(service.public.kid, sizeof service.public.kid, "seal-1");
    return 0;
}

#define BEGIN(...)                                                                                 \
    begin(                                                                                         \
        sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *),                                    \
        (const char *const[]){__VA_ARGS__})

static enum status begin(size_t count, const char *const *words) {
    sealing = (struct sealing){.definition = NULL};
    return sealing_begin(&sealing, words, count, fixture.arena, &error);
}

static void set_password(size_t place, const char *text) {
    sealing.passwords[place].size = strlen(text);
    memcpy(sealing.passwords[place].bytes, text, strlen(text));
    sealing.password_count = place + 1;
}

static const char *word(const char *name) {
    size_t size = strlen(name);
    const char *found = NULL;
    for (size_t i = 0; i < sealing.word_count; i++) {
        if (strncmp(sealing.words[i], name, size) == 0 && sealing.words[i][size] == '=') {
            assert_null(found);
            found = sealing.words[i] + size + 1;
        }
    }
    return found;
}

static void finish(void) {
    assert_int_equal(reply_key_make(&sealing.reply_key, &error), STATUS_OK);
    assert_int_equal(
        sealing_finish(&sealing, &service.public, fixture.codec, fixture.arena, &error), STATUS_OK);
}

/* What the service finds in the box, whose content is left in `content`. */
static struct command open_box(uint8_t content[SEAL_CONTENT_MAX]) {
    uint8_t box[SEAL_CONTENT_MAX + SEAL_OVERHEAD];
    struct command command;
    size_t size = 0;
    size_t unpadded = 0;
    assert_string_equal(word("key_id"), "seal-1");
    assert_true(hex_parse(word("sealed"), box, sizeof box, &size));
    assert_int_equal((size - SEAL_OVERHEAD) % SEAL_BLOCK_SIZE, 0);
    assert_int_equal(
        crypto_box_seal_open(content, box, size, service.public.key, service.secret), 0);
    assert_int_equal(sodium_unpad(&unpadded, content, size - SEAL_OVERHEAD, SEAL_BLOCK_SIZE), 0);
    assert_true(codec_decode_credentials(fixture.codec, view_of(content, unpadded), &command));
    return command;
}

static void assert_bytes(const struct command *command, const char *field, struct view wanted) {
    const struct value *value = command_value(command, field);
    assert_true(value->present == (wanted.data != NULL));
    assert_true(!value->present || view_equal(value->as.bytes, wanted));
}

static void assert_account(const struct command *command, const char *wanted) {
    const struct value *value = command_value(command, "account_id");
    assert_true(value->present == (wanted != NULL));
    assert_true(wanted == NULL || uuid_equal(value->as.uuid, uuid_of(wanted)));
}

static void a_log_in_is_sealed(void **state) {
    (void)state;
    uint8_t content[SEAL_CONTENT_MAX];
    assert_int_equal(
        BEGIN("login", "login=Ann", "command_id=0F000000-0000-4000-8000-00000000000f"), STATUS_OK);
    assert_string_equal(sealing.definition->name, "LogIn");
    assert_null(word("login"));
    assert_int_equal(sealing_name_account(&sealing, NULL, &error), STATUS_OK);
    set_password(0, PASSWORD);
    int64_t before_us = time_wall_us();
    finish();
    struct command command = open_box(content);
    assert_true(uuid_equal(command.command_id, uuid_of(COMMAND_ID)));
    assert_bytes(&command, "command", view_text("slotkeeper.command.LogIn"));
    assert_bytes(&command, "login", view_text("Ann"));
    assert_bytes(&command, "password", view_text(PASSWORD));
    assert_bytes(&command, "new_password", view_of(NULL, 0));
    assert_bytes(&command, "reply_key", view_of(sealing.reply_key.public, SEAL_KEY_SIZE));
    assert_account(&command, NULL);
    int64_t issued_at_us = command_value(&command, "issued_at")->as.time_us;
    assert_in_range(issued_at_us, before_us, time_wall_us());
}

static void a_change_names_the_tokens_account(void **state) {
    (void)state;
    uint8_t content[SEAL_CONTENT_MAX];
    assert_int_equal(BEGIN("slotkeeper.command.changepassword", "login=ann"), STATUS_OK);
    assert_int_equal(sealing_name_account(&sealing, NULL, &error), STATUS_INVALID);
    assert_non_null(strstr(error.text, "there is none"));
    assert_int_equal(sealing_name_account(&sealing, "a.b.c", &error), STATUS_INVALID);
    assert_int_equal(sealing_name_account(&sealing, TOKEN, &error), STATUS_OK);
    set_password(0, PASSWORD);
    set_password(1, FRESH);
    finish();
    struct command command = open_box(content);
    assert_account(&command, ACCOUNT_ID);
    assert_bytes(&command, "password", view_text(PASSWORD));
    assert_bytes(&command, "new_password", view_text(FRESH));
    assert_string_equal(word("command_id"), sealing.command_id);
}

static void a_reset_names_an_account_and_no_login(void **state) {
    (void)state;
    uint8_t content[SEAL_CONTENT_MAX];
    assert_int_equal(BEGIN("ResetPassword", "account_id=" OTHER_ID), STATUS_OK);
    assert_int_equal(sealing_name_account(&sealing, TOKEN, &error), STATUS_OK);
    set_password(0, PASSWORD);
    set_password(1, FRESH);
    finish();
    struct command command = open_box(content);
    assert_account(&command, OTHER_ID);
    assert_bytes(&command, "login", view_of(NULL, 0));
    assert_string_equal(word("account_id"), OTHER_ID);
}

static void an_erasure_is_sealed_only_with_a_login(void **state) {
    (void)state;
    uint8_t content[SEAL_CONTENT_MAX];
    assert_int_equal(BEGIN("EraseAccount", "account_id=" OTHER_ID), STATUS_OK);
    assert_null(sealing.definition);
    assert_false(sealing_replaces_token(&sealing));
    assert_int_equal(BEGIN("EraseAccount", "account_id=" OTHER_ID, "login=ann"), STATUS_OK);
    assert_true(sealing_replaces_token(&sealing));
    assert_int_equal(sealing_name_account(&sealing, NULL, &error), STATUS_OK);
    set_password(0, "null"); /* is a password like any other */
    finish();
    struct command command = open_box(content);
    assert_account(&command, OTHER_ID);
    assert_bytes(&command, "password", view_text("null"));
}

static void what_has_no_credentials_is_left_alone(void **state) {
    (void)state;
    assert_int_equal(BEGIN("BookSlot", "login=ann"), STATUS_OK);
    assert_null(sealing.definition);
    assert_int_equal(BEGIN("GetServiceKeys"), STATUS_OK);
    assert_null(sealing.definition);
    assert_int_equal(BEGIN("nothing"), STATUS_OK);
    assert_null(sealing.definition);
    assert_int_equal(BEGIN("LogIn", "key_id=k", "sealed=00"), STATUS_OK); /* to try bad boxes */
    assert_null(sealing.definition);
    assert_int_equal(BEGIN("LogIn", "sealed=00"), STATUS_OK);
    assert_null(sealing.definition);
    assert_false(sealing_brings_token(&sealing));
}

static void which_commands_bring_a_token(void **state) {
    (void)state;
    assert_int_equal(BEGIN("LogIn", "login=ann"), STATUS_OK);
    assert_true(sealing_brings_token(&sealing));
    assert_true(sealing_replaces_token(&sealing));
    assert_int_equal(BEGIN("ChangePassword", "login=ann"), STATUS_OK);
    assert_true(sealing_brings_token(&sealing));
    assert_false(sealing_replaces_token(&sealing));
    assert_int_equal(BEGIN("RegisterPatient", "login=ann"), STATUS_OK);
    assert_false(sealing_brings_token(&sealing));
    assert_true(sealing_replaces_token(&sealing));
}

static void wrong_words_are_refused(void **state) {
    (void)state;
    assert_int_equal(BEGIN("LogIn"), STATUS_INVALID);
    assert_non_null(strstr(error.text, "login=LOGIN"));
    assert_int_equal(BEGIN("ResetPassword", "account_id=" OTHER_ID, "login=ann"), STATUS_INVALID);
    assert_non_null(strstr(error.text, "no login"));
    assert_int_equal(BEGIN("LogIn", "login=ann", "password=" PASSWORD), STATUS_INVALID);
    assert_non_null(strstr(error.text, "never an argument"));
    assert_null(strstr(error.text, PASSWORD));
    assert_int_equal(
        BEGIN("ChangePassword", "login=ann", "new_password=" PASSWORD), STATUS_INVALID);
    assert_int_equal(BEGIN("LogIn", "login=ann\xff"), STATUS_INVALID);
    assert_non_null(strstr(error.text, "UTF-8"));
    assert_int_equal(BEGIN("EraseAccount", "account_id=x", "login=ann"), STATUS_OK);
    assert_int_equal(sealing_name_account(&sealing, NULL, &error), STATUS_INVALID);
}

static void flaws_are_told_and_not_quoted(void **state) {
    (void)state;
    assert_int_equal(BEGIN("RegisterPatient", "login=An"), STATUS_OK);
    set_password(0, PASSWORD);
    assert_non_null(strstr(sealing_flaw(&sealing, &error), "3 to 254"));
    assert_int_equal(BEGIN("RegisterPatient", "login=Ann"), STATUS_OK);
    set_password(0, PASSWORD);
    assert_null(sealing_flaw(&sealing, &error));
    set_password(0, "canary");
    assert_non_null(strstr(sealing_flaw(&sealing, &error), "12 to 128"));
    assert_null(strstr(error.text, "canary"));
    /* who logs in with it has it already */
    assert_int_equal(BEGIN("LogIn", "login=ann"), STATUS_OK);
    set_password(0, "canary");
    assert_null(sealing_flaw(&sealing, &error));
    assert_int_equal(BEGIN("ResetPassword", "account_id=" OTHER_ID), STATUS_OK);
    set_password(0, "canary");
    set_password(1, PASSWORD);
    assert_null(sealing_flaw(&sealing, &error));
    set_password(1, "canary");
    assert_non_null(sealing_flaw(&sealing, &error));
}

/* A login of `size` letters, and the shortest password. */
static enum status seal_login_of(size_t size) {
    char *login = arena_take(fixture.arena, size + 7);
    (void)snprintf(login, size + 7, "login=");
    memset(login + 6, 'a', size);
    assert_int_equal(BEGIN("LogIn", login), STATUS_OK);
    set_password(0, "p");
    assert_int_equal(reply_key_make(&sealing.reply_key, &error), STATUS_OK);
    return sealing_finish(&sealing, &service.public, fixture.codec, fixture.arena, &error);
}

static void what_fits_no_box_is_refused(void **state) {
    (void)state;
    size_t longest = 0;
    for (size_t size = 1; size < SEAL_CONTENT_MAX; size++) {
        longest = seal_login_of(size) == STATUS_OK ? size : longest;
    }
    assert_in_range(longest, SEAL_CONTENT_MAX - 200, SEAL_CONTENT_MAX - 100);
    assert_int_equal(seal_login_of(longest + 1), STATUS_INVALID);
    assert_int_equal(seal_login_of(10000), STATUS_INVALID);
    uint8_t content[SEAL_CONTENT_MAX];
    assert_int_equal(seal_login_of(longest), STATUS_OK);
    (void)open_box(content);
}

static void passwords_are_wiped(void **state) {
    (void)state;
    static const struct password nothing[SEALING_PASSWORDS_MAX];
    static const struct reply_key none;
    assert_int_equal(BEGIN("LogIn", "login=ann"), STATUS_OK);
    set_password(0, PASSWORD);
    finish();
    assert_memory_equal(sealing.passwords, nothing, sizeof nothing);
    set_password(0, PASSWORD);
    sealing_clean_up(&sealing);
    assert_memory_equal(sealing.passwords, nothing, sizeof nothing);
    assert_memory_equal(&sealing.reply_key, &none, sizeof none);
}

/* Puts the canary, a letter at a time, on standard input; gives what puts back what was there. */
static int feed_canary(void) {
    int ends[2];
    int before = dup(STDIN_FILENO);
    assert_int_equal(pipe(ends), 0);
    for (size_t i = 0; i < CANARY_SIZE; i++) {
        uint8_t letter = canary_at(i);
        assert_int_equal(write(ends[1], &letter, 1), 1);
    }
    (void)close(ends[1]);
    (void)dup2(ends[0], STDIN_FILENO);
    (void)close(ends[0]);
    return before;
}

enum { DEPTH = 64 * 1024 };

/* Far down the stack, where what is called afterwards overwrites nothing. */
__attribute__((noinline)) static bool has_flaw_deep_down(void) {
    volatile uint8_t room[DEPTH];
    room[0] = 1;
    return sealing_flaw(&sealing, &error) != NULL && room[0] == 1;
}

__attribute__((noinline)) static enum status finish_deep_down(void) {
    volatile uint8_t room[DEPTH];
    room[0] = 1;
    enum status status =
        sealing_finish(&sealing, &service.public, fixture.codec, fixture.arena, &error);
    return room[0] == 1 ? status : STATUS_FATAL;
}

static void no_copy_of_a_password_is_left(void **state) {
    (void)state;
    skip_where_others_copy();
    assert_int_equal(BEGIN("RegisterPatient", "login=ann"), STATUS_OK);
    assert_int_equal(reply_key_make(&sealing.reply_key, &error), STATUS_OK);
    assert_int_equal(scan_memory(), 0);
    int before = feed_canary();
    assert_int_equal(sealing_read_passwords(&sealing, &error), STATUS_OK);
    (void)dup2(before, STDIN_FILENO);
    (void)close(before);
    assert_false(has_flaw_deep_down());
    assert_int_equal(scan_memory(), CANARY_SIZE / CANARY_PART_SIZE); /* where it belongs */
    assert_int_equal(finish_deep_down(), STATUS_OK);
    assert_int_equal(scan_memory(), 0);
}

/* ---- the answer ---- */

/* An outcome with a box around `content`, sealed to `key`. */
static json_t *outcome_with(const uint8_t *key, struct view content) {
    uint8_t box[4096];
    char digits[2 * sizeof box + 1];
    size_t size = content.size + SEAL_OVERHEAD;
    assert_true(seal_for(key, content, box, size));
    (void)sodium_bin2hex(digits, sizeof digits, box, size);
    return json_pack("{s:{s:{s:s}}}", "value", "result", "sealed", digits);
}

static struct view token_content(const char *command_id) {
    struct token_record token = {
        .command_id = uuid_of(command_id),
        .account_id = uuid_of(ACCOUNT_ID),
        .role = ROLE_DOCTOR,
        .token = TOKEN,
        .expires_at_us = INT64_C(1795369634123456),
    };
    return codec_encode_token(fixture.codec, fixture.arena, &token);
}

static const char *result_text(const json_t *outcome, const char *name) {
    const json_t *result = json_object_get(json_object_get(outcome, "value"), "result");
    return json_string_value(json_object_get(result, name));
}

static void begin_log_in(void) {
    assert_int_equal(BEGIN("LogIn", "login=ann", "command_id=" COMMAND_ID), STATUS_OK);
    assert_int_equal(reply_key_make(&sealing.reply_key, &error), STATUS_OK);
}

static void a_session_is_opened(void **state) {
    (void)state;
    begin_log_in();
    json_t *outcome = outcome_with(sealing.reply_key.public, token_content(COMMAND_ID));
    assert_int_equal(sealing_open(&sealing, fixture.codec, outcome, &error), STATUS_OK);
    assert_string_equal(result_text(outcome, "token"), TOKEN);
    assert_string_equal(result_text(outcome, "account_id"), ACCOUNT_ID);
    assert_string_equal(result_text(outcome, "role"), "DOCTOR");
    assert_string_equal(result_text(outcome, "expires_at"), "2026-11-22T17:47:14.123456Z");
    assert_null(result_text(outcome, "sealed"));
    json_decref(outcome);
}

static void assert_stays_closed(json_t *outcome) {
    assert_int_equal(sealing_open(&sealing, fixture.codec, outcome, &error), STATUS_INVALID);
    assert_non_null(strstr(error.text, "does not open"));
    assert_null(result_text(outcome, "token"));
    json_decref(outcome);
}

static void what_is_not_ours_stays_closed(void **state) {
    (void)state;
    uint8_t long_content[3000] = {0};
    begin_log_in();
    const uint8_t *ours = sealing.reply_key.public;
    struct view content = token_content(COMMAND_ID);
    assert_stays_closed(outcome_with(service.public.key, content));
    assert_stays_closed(outcome_with(ours, token_content(OTHER_ID)));
    assert_stays_closed(outcome_with(ours, view_of(content.data, content.size - 1)));
    assert_stays_closed(outcome_with(ours, view_of(long_content, sizeof long_content)));
    assert_stays_closed(outcome_with(ours, view_text("")));
    assert_stays_closed(json_pack("{s:{s:{s:s}}}", "value", "result", "sealed", "00ff"));
    assert_stays_closed(json_pack("{s:{s:{s:s}}}", "value", "result", "sealed", "zz"));
}

static void outcomes_without_a_box_are_left_alone(void **state) {
    (void)state;
    begin_log_in();
    json_t *refused = json_pack("{s:{s:s, s:n}}", "value", "status", "REFUSED", "result");
    assert_int_equal(sealing_open(&sealing, fixture.codec, refused, &error), STATUS_OK);
    json_decref(refused);
    json_t *unreadable = json_pack("{s:s}", "value_hex", "00");
    assert_int_equal(sealing_open(&sealing, fixture.codec, unreadable, &error), STATUS_OK);
    json_decref(unreadable);
}

#define TEST(function) cmocka_unit_test_setup(function, set_up)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_log_in_is_sealed),
        TEST(a_change_names_the_tokens_account),
        TEST(a_reset_names_an_account_and_no_login),
        TEST(an_erasure_is_sealed_only_with_a_login),
        TEST(what_has_no_credentials_is_left_alone),
        TEST(which_commands_bring_a_token),
        TEST(wrong_words_are_refused),
        TEST(flaws_are_told_and_not_quoted),
        TEST(what_fits_no_box_is_refused),
        TEST(passwords_are_wiped),
        TEST(no_copy_of_a_password_is_left),
        TEST(a_session_is_opened),
        TEST(what_is_not_ours_stays_closed),
        TEST(outcomes_without_a_box_are_left_alone),
    };
    return cmocka_run_group_tests(tests, fixture_set_up, fixture_tear_down);
}

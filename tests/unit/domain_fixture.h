/* A small clinic for the tests of the decision core: accounts, slots and appointments are put into
 * a world by one call each, and commands are decided by one call each, at fixture->now_us.
 *
 * Times are minutes from NOW_US unless the name says otherwise; ids are small numbers. */
#ifndef SLOTKEEPER_TESTS_DOMAIN_FIXTURE_H
#define SLOTKEEPER_TESTS_DOMAIN_FIXTURE_H

/* cmocka.h needs these before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "../default_limits.h"
#include "domain/decision.h"

#define NOW_US    INT64_C(1894698000000000) /* 2030-01-15T09:00:00Z */
#define SECOND_US INT64_C(1000000)

enum { /* the people; the role is in the fixture's table */
       PATIENT = 0x11,
       PATIENT_2 = 0x12,
       DOCTOR = 0x21,
       DOCTOR_2 = 0x22,
       ADMIN = 0x31,
       NOBODY = 0x99,
};

/* Versions that differ, so that one taken for another is noticed. */
enum { GIVEN_TOKEN_VERSION = 1, GIVEN_CREDENTIAL_VERSION = 4 };

enum { FIXTURE_ROWS_MAX = 64, FIXTURE_COMMANDS_MAX = 64 };

struct fixture {
    struct arena *arena;
    struct world world;
    struct limits limits;
    int64_t now_us;
    uint64_t minted;                /* outcome and command ids so far */
    struct command command;         /* the last one */
    struct decision decision;       /* likewise */
    struct credentials credentials; /* of the last sealed one; domain_account_fixture.h */
    struct uuid next_command_id;    /* zero: a new one for each command */
    uint32_t seat_hint;
};

static inline struct uuid id(unsigned number) {
    struct uuid uuid = {.bytes = {[6] = 0x40, [8] = 0x80}};
    uuid.bytes[14] = (uint8_t)(number >> 8U);
    uuid.bytes[15] = (uint8_t)number;
    return uuid;
}

static inline int64_t at(int64_t minutes) {
    return NOW_US + minutes * MINUTE_US;
}

/* World. -------------------------------------------------------------------------------------- */

/* "login-011" of PATIENT, and so on; in the arena. */
static inline struct view given_login(struct fixture *fixture, unsigned account) {
    static const char digits[] = "0123456789abcdef";
    char text[] = "login-000";
    text[6] = digits[account >> 8U & 0xfU];
    text[7] = digits[account >> 4U & 0xfU];
    text[8] = digits[account & 0xfU];
    return arena_copy(fixture->arena, view_text(text));
}

/* An account that has a login, a password, and the one event of its registration. */
static inline struct account *given_account(
    struct fixture *fixture, unsigned account, enum role role) {
    bool is_new = false;
    struct account *row = world_put_account(&fixture->world, id(account), &is_new);
    assert_true(is_new);
    row->role = role;
    row->state = STATE_ACTIVE;
    row->credential_version = GIVEN_CREDENTIAL_VERSION;
    row->token_version = GIVEN_TOKEN_VERSION;
    row->tokens_valid_from_us = NOW_US - DAY_US;
    row->login = given_login(fixture, account);
    row->password_hash = "given hash";
    row->chain = (struct chain){.sequence = 1, .head = {{0xac, (uint8_t)account}}};
    world_link_login(&fixture->world, row);
    return row;
}

/* A loaded slot with the one event of its publication. */
static inline struct slot *given_slot(
    struct fixture *fixture, unsigned slot, unsigned doctor, int64_t from, int64_t until) {
    bool is_new = false;
    struct slot *row = world_put_slot(&fixture->world, id(slot), &is_new);
    assert_true(is_new);
    row->doctor_id = id(doctor);
    row->starts_at_us = at(from);
    row->ends_at_us = at(until);
    row->chain = (struct chain){.sequence = 1, .head = {{0xaa, (uint8_t)slot}}};
    world_link_doctor(&fixture->world, row);
    return row;
}

static inline struct appointment *given_appointment(
    struct fixture *fixture,
    unsigned appointment,
    struct slot *slot,
    unsigned patient,
    enum state state) {
    bool is_new = false;
    struct appointment *row = world_put_appointment(&fixture->world, id(appointment), &is_new);
    assert_true(is_new);
    row->slot_id = slot->slot_id;
    row->doctor_id = slot->doctor_id;
    row->patient_id = id(patient);
    row->starts_at_us = slot->starts_at_us;
    row->ends_at_us = slot->ends_at_us;
    row->state = state;
    if (state != STATE_CANCELLED) {
        slot->active = row;
    }
    slot->chain.sequence++;
    world_link_patient(&fixture->world, row);
    return row;
}

static inline struct slot *the_slot(struct fixture *fixture, unsigned slot) {
    struct slot *row = world_slot(&fixture->world, id(slot));
    assert_non_null(row);
    return row;
}

/* The appointment that is on the slot now. */
static inline struct appointment *appointment_on(struct fixture *fixture, unsigned slot) {
    struct appointment *row = the_slot(fixture, slot)->active;
    assert_non_null(row);
    return row;
}

/* Commands. ----------------------------------------------------------------------------------- */

static inline struct value *value_of(struct fixture *fixture, const char *field) {
    const struct field *fields = fixture->command.definition->fields;
    size_t position = 0;
    while (fields[position].name != NULL && strcmp(fields[position].name, field) != 0) {
        position++;
    }
    assert_non_null(fields[position].name);
    return &fixture->command.values[position];
}

static inline void set_uuid(struct fixture *fixture, const char *field, struct uuid uuid) {
    *value_of(fixture, field) = (struct value){.present = true, .as.uuid = uuid};
}

static inline void set_time(struct fixture *fixture, const char *field, int64_t time_us) {
    *value_of(fixture, field) = (struct value){.present = true, .as.time_us = time_us};
}

static inline struct uuid minted_id(struct fixture *fixture, uint8_t kind) {
    struct uuid uuid = {.bytes = {[0] = kind, [6] = 0x80, [8] = 0x80}};
    fixture->minted++;
    uuid.bytes[14] = (uint8_t)(fixture->minted >> 8U);
    uuid.bytes[15] = (uint8_t)fixture->minted;
    return uuid;
}

/* A command of that name with nothing in it, from `caller`, whose token is good and fresh. */
static inline void begin_command(struct fixture *fixture, unsigned caller, const char *name) {
    const struct command_definition *definition = command_definition_find(view_text(name));
    assert_non_null(definition);
    fixture->command = (struct command){.definition = definition};
    fixture->command.command_id = uuid_equal(fixture->next_command_id, (struct uuid){{0}})
                                      ? minted_id(fixture, 0xc0)
                                      : fixture->next_command_id;
    fixture->next_command_id = (struct uuid){{0}};
    const struct account *account = world_account(&fixture->world, id(caller));
    fixture->decision = (struct decision){
        .world = &fixture->world,
        .limits = &fixture->limits,
        .now_us = fixture->now_us,
        .command = &fixture->command,
        .caller_id = id(caller),
        .caller_role = account == NULL ? ROLE_PATIENT : account->role,
        .has_token_version = true,
        .token_version = account == NULL ? 1 : account->token_version,
        .token_issued_at_us = fixture->now_us - HOUR_US,
        .append_time_us = fixture->now_us - SECOND_US,
        .expires_at_us = -1,
        .seat_hint = fixture->seat_hint,
        .outcome_id = minted_id(fixture, 0x0c)};
}

static inline enum code decide_command(struct fixture *fixture) {
    command_content_hash(&fixture->command, &fixture->decision.content_hash);
    return judge(&fixture->decision);
}

static inline enum code publish(
    struct fixture *fixture, unsigned doctor, unsigned slot, int64_t from, int64_t until) {
    begin_command(fixture, doctor, "PublishSlot");
    set_uuid(fixture, "slot_id", id(slot));
    set_time(fixture, "starts_at", at(from));
    set_time(fixture, "ends_at", at(until));
    return decide_command(fixture);
}

static inline enum code withdraw(struct fixture *fixture, unsigned doctor, unsigned slot) {
    begin_command(fixture, doctor, "WithdrawSlot");
    set_uuid(fixture, "slot_id", id(slot));
    return decide_command(fixture);
}

static inline enum code book(struct fixture *fixture, unsigned patient, unsigned slot) {
    begin_command(fixture, patient, "BookSlot");
    set_uuid(fixture, "slot_id", id(slot));
    return decide_command(fixture);
}

/* Of the four that name a slot and an appointment. */
static inline void begin_on_appointment(
    struct fixture *fixture,
    unsigned caller,
    const char *name,
    unsigned slot,
    struct uuid appointment_id) {
    begin_command(fixture, caller, name);
    set_uuid(fixture, "slot_id", id(slot));
    set_uuid(fixture, "appointment_id", appointment_id);
}

/* REASON_NONE: a null reason. */
static inline enum code cancel(
    struct fixture *fixture,
    unsigned caller,
    unsigned slot,
    struct uuid appointment_id,
    enum reason reason) {
    begin_on_appointment(fixture, caller, "CancelAppointment", slot, appointment_id);
    *value_of(fixture, "reason") =
        (struct value){.present = reason != REASON_NONE, .as.reason = reason};
    return decide_command(fixture);
}

static inline enum code reschedule(
    struct fixture *fixture,
    unsigned patient,
    unsigned slot,
    struct uuid appointment_id,
    unsigned new_slot) {
    begin_on_appointment(fixture, patient, "RescheduleAppointment", slot, appointment_id);
    set_uuid(fixture, "new_slot_id", id(new_slot));
    return decide_command(fixture);
}

static inline enum code complete(
    struct fixture *fixture, unsigned caller, unsigned slot, struct uuid appointment_id) {
    begin_on_appointment(fixture, caller, "CompleteAppointment", slot, appointment_id);
    return decide_command(fixture);
}

static inline enum code mark_no_show(
    struct fixture *fixture, unsigned caller, unsigned slot, struct uuid appointment_id) {
    begin_on_appointment(fixture, caller, "MarkNoShow", slot, appointment_id);
    return decide_command(fixture);
}

/* What came of it. ---------------------------------------------------------------------------- */

#define assert_code(expected, decided)                                                             \
    assert_string_equal(code_text(decided), code_text(CODE_##expected))
#define assert_accepted(decided) assert_code(ACCEPTED, decided)
#define assert_uuid(expected, found)                                                               \
    do {                                                                                           \
        const struct uuid expected_uuid = (expected);                                              \
        const struct uuid found_uuid = (found);                                                    \
        assert_memory_equal(found_uuid.bytes, expected_uuid.bytes, sizeof expected_uuid.bytes);    \
    } while (0)

/* The event of that position in the last decision. */
static inline const struct audit_event *event_at(const struct fixture *fixture, size_t position) {
    assert_true(position < fixture->decision.event_count);
    return &fixture->world.events[fixture->decision.first_event + position];
}

/* How much would be saved: a refusal must leave it as it was. */
static inline size_t changes(const struct fixture *fixture) {
    const struct world *world = &fixture->world;
    return world->changed_account_count + world->changed_slot_count
           + world->changed_appointment_count + world->event_count + world->new_account_count
           + world->new_slot_count + world->new_appointment_count;
}

/* Fixture. ------------------------------------------------------------------------------------ */

/* An empty clinic with two patients, two doctors and an admin. */
static inline int set_up(void **state) {
    struct fixture *fixture = test_calloc(1, sizeof *fixture);
    fixture->arena = arena_new((size_t)8 << 20U);
    assert_non_null(fixture->arena);
    const struct world_sizes sizes = {
        .accounts = FIXTURE_ROWS_MAX,
        .slots = FIXTURE_ROWS_MAX,
        .appointments = FIXTURE_ROWS_MAX,
        .recalls = FIXTURE_ROWS_MAX,
        .commands = FIXTURE_COMMANDS_MAX,
        .account_commands = FIXTURE_COMMANDS_MAX,
        .holdings = FIXTURE_ROWS_MAX};
    world_init(&fixture->world, fixture->arena, &sizes);
    fixture->limits = default_limits();
    fixture->now_us = NOW_US;
    (void)given_account(fixture, PATIENT, ROLE_PATIENT);
    (void)given_account(fixture, PATIENT_2, ROLE_PATIENT);
    (void)given_account(fixture, DOCTOR, ROLE_DOCTOR);
    (void)given_account(fixture, DOCTOR_2, ROLE_DOCTOR);
    (void)given_account(fixture, ADMIN, ROLE_ADMIN);
    *state = fixture;
    return 0;
}

static inline int tear_down(void **state) {
    struct fixture *fixture = *state;
    arena_destroy(fixture->arena);
    test_free(fixture);
    return 0;
}

#define DOMAIN_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

#endif

/* A clinic for the tests of the engine: people with genuine tokens, records as a client would have
 * put them on the topic, and the rows that a store would load for them.
 *
 * Times are minutes from FIXTURE_AT_US unless the name says otherwise; ids are small numbers. */
#ifndef SLOTKEEPER_TESTS_ENGINE_FIXTURE_H
#define SLOTKEEPER_TESTS_ENGINE_FIXTURE_H

#include "../default_limits.h"
#include "engine/attempt.h"
#include "token_fixture.h"

#define REPLY_PREFIX "scheduling.replies."
#define TOPIC        "scheduling.slot-commands"
#define CLUSTER      "a-cluster"

/* The time that the database says. */
#define NOW_US (FIXTURE_AT_US + TIME_SECOND_US)

enum { /* the people */
       PATIENT = 0x11,
       PATIENT_2 = 0x12,
       DOCTOR = 0x21,
       DOCTOR_2 = 0x22,
       ADMIN = 0x31,
       NOBODY = 0x99, /* a patient with a token and without an account */
};

enum { REQUESTS_MAX = 64, SLOTS_MAX = 64, PARTITIONS_MAX = 3, ARENA_SIZE_MAX = 64 * 1024 * 1024 };

struct given_slot {
    unsigned slot;
    unsigned doctor;
    int64_t from;
    int64_t until;
};

static struct {
    struct fixture keys;
    struct schemas *schemas;
    struct token_verifier *verifier;
    struct engine *engine;
    struct partition partitions[PARTITIONS_MAX];
    struct request requests[REQUESTS_MAX];
    size_t count;
    struct given_slot slots[SLOTS_MAX];
    size_t slot_count;
    unsigned minted;          /* command ids so far */
    unsigned next_command_id; /* 0: a new one for each command */
} clinic;

static inline struct uuid id(unsigned number) {
    struct uuid uuid = {.bytes = {[6] = 0x40, [8] = 0x80}};
    uuid.bytes[14] = (uint8_t)(number >> 8U);
    uuid.bytes[15] = (uint8_t)number;
    return uuid;
}

static inline int64_t at(int64_t minutes) {
    return FIXTURE_AT_US + minutes * MINUTE_US;
}

static inline char *id_text(unsigned number) {
    char text[UUID_TEXT_SIZE + 1];
    uuid_format(id(number), text);
    return arena_text(engine_arena(clinic.engine), view_text(text));
}

static inline char *time_text(int64_t time_us) {
    char text[TIME_TEXT_SIZE + 1];
    time_format(time_us, text);
    return arena_text(engine_arena(clinic.engine), view_text(text));
}

/* Records. ------------------------------------------------------------------------------------ */

static inline enum role role_of(unsigned person) {
    return person == ADMIN                          ? ROLE_ADMIN
           : person >= DOCTOR && person <= DOCTOR_2 ? ROLE_DOCTOR
                                                    : ROLE_PATIENT;
}

static inline struct view token_of(unsigned person) {
    char payload[1024];
    (void)snprintf(
        payload,
        sizeof payload,
        "{\"iss\":\"%s\",\"aud\":\"%s\",\"sub\":\"%s\",\"role\":\"%s\",\"iat\":%lld,"
        "\"exp\":%lld,\"jti\":\"1\",\"ver\":1}",
        FIXTURE_ISSUER,
        FIXTURE_AUDIENCE,
        id_text(person),
        role_name(role_of(person)),
        (long long)(FIXTURE_AT_S - 60),
        (long long)(FIXTURE_AT_S + 3540));
    char *token = fixture_token(&clinic.keys, "hs", payload);
    struct view copy = arena_copy(engine_arena(clinic.engine), view_text(token));
    free(token);
    return copy;
}

static inline int64_t offset_behind(const struct partition *partition) {
    int64_t offset = partition->next_offset;
    for (size_t i = 0; i < clinic.count; i++) {
        if (clinic.requests[i].partition == partition) {
            offset = clinic.requests[i].record.offset + 1;
        }
    }
    return offset;
}

/* The next record of that partition, without headers. */
static inline struct request *given_record(size_t partition_index, struct view value) {
    assert_true(clinic.count < REQUESTS_MAX && partition_index < PARTITIONS_MAX);
    struct arena *arena = engine_arena(clinic.engine);
    struct partition *partition = &clinic.partitions[partition_index];
    int64_t offset = offset_behind(partition);
    char key[32];
    (void)snprintf(key, sizeof key, "key-%lld", (long long)offset);
    struct request *request = &clinic.requests[clinic.count++];
    *request = (struct request){
        .partition = partition,
        .record = {
            .partition = partition->number,
            .offset = offset,
            .append_time_us = FIXTURE_AT_US + offset,
            .key = arena_copy(arena, view_text(key)),
            .value = value,
            .headers = ARENA_ARRAY(arena, struct header, RECORD_HEADERS_MAX),
        }};
    return request;
}

static inline void given_header(struct request *request, const char *name, struct view value) {
    struct record *record = &request->record;
    assert_true(record->header_count < RECORD_HEADERS_MAX);
    record->headers[record->header_count++] =
        (struct header){.name = view_text(name), .value = value};
}

/* A command's value as a client encodes it; the fields after command_id. */
static inline struct view value_of(
    const char *full_name, const struct field_text *fields, size_t count) {
    const struct schema *schema = schemas_by_name(clinic.schemas, full_name);
    struct error error = {""};
    struct view body;
    struct field_text all[8] = {
        {"command_id",
         id_text(
             clinic.next_command_id != 0 ? clinic.next_command_id : 0x8000U + ++clinic.minted)}};
    assert_non_null(schema);
    assert_true(count < 8);
    memcpy(all + 1, fields, count * sizeof all[0]);
    clinic.next_command_id = 0;
    enum status status = codec_from_text(
        engine_codec(clinic.engine),
        engine_arena(clinic.engine),
        schema,
        all,
        count + 1,
        &body,
        &error);
    if (status != STATUS_OK) {
        fail_msg("%s", error.text);
    }
    return frame_single_object(engine_arena(clinic.engine), schema_fingerprint(schema), body);
}

static inline struct request *given_command(
    size_t partition,
    unsigned caller,
    const char *name,
    const struct field_text *fields,
    size_t count) {
    char full_name[80];
    (void)snprintf(full_name, sizeof full_name, "slotkeeper.command.%s", name);
    struct request *request = given_record(partition, value_of(full_name, fields, count));
    given_header(request, "authorization", token_of(caller));
    return request;
}

static inline struct request *book_on(size_t partition, unsigned patient, unsigned slot) {
    const struct field_text fields[] = {{"slot_id", id_text(slot)}};
    return given_command(partition, patient, "BookSlot", fields, 1);
}

static inline struct request *book(unsigned patient, unsigned slot) {
    return book_on(0, patient, slot);
}

static inline struct request *withdraw(unsigned doctor, unsigned slot) {
    const struct field_text fields[] = {{"slot_id", id_text(slot)}};
    return given_command(0, doctor, "WithdrawSlot", fields, 1);
}

static inline struct request *publish_slot(
    unsigned doctor, unsigned slot, int64_t from_us, int64_t until_us) {
    const struct field_text fields[] = {
        {"slot_id", id_text(slot)},
        {"starts_at", time_text(from_us)},
        {"ends_at", time_text(until_us)},
    };
    return given_command(0, doctor, "PublishSlot", fields, 3);
}

static inline struct request *reschedule(
    unsigned patient, unsigned slot, unsigned appointment, unsigned new_slot) {
    const struct field_text fields[] = {
        {"slot_id", id_text(slot)},
        {"appointment_id", id_text(appointment)},
        {"new_slot_id", id_text(new_slot)},
    };
    return given_command(0, patient, "RescheduleAppointment", fields, 3);
}

static inline struct request *garbage(void) {
    return given_record(0, view_text("no framing at all"));
}

/* World. -------------------------------------------------------------------------------------- */

static inline void given_slot(unsigned slot, unsigned doctor, int64_t from, int64_t until) {
    assert_true(clinic.slot_count < SLOTS_MAX);
    clinic.slots[clinic.slot_count++] = (struct given_slot){slot, doctor, from, until};
}

/* Slots 1 to `count` of DOCTOR's, an hour each, from tomorrow on. */
static inline void given_slots(unsigned count) {
    for (unsigned i = 1; i <= count; i++) {
        given_slot(i, DOCTOR, 1440 + 60 * (int64_t)i, 1440 + 60 * (int64_t)i + 60);
    }
}

static inline void put_account(struct world *world, unsigned person) {
    bool is_new = false;
    struct account *account = world_put_account(world, id(person), &is_new);
    assert_true(is_new);
    account->role = role_of(person);
    account->state = STATE_ACTIVE;
    account->token_version = 1;
}

static inline void put_slot(struct world *world, const struct given_slot *given) {
    bool is_new = false;
    struct slot *slot = world_put_slot(world, id(given->slot), &is_new);
    assert_true(is_new);
    slot->doctor_id = id(given->doctor);
    slot->starts_at_us = at(given->from);
    slot->ends_at_us = at(given->until);
    slot->chain = (struct chain){.sequence = 1, .head = {{0xaa, (uint8_t)given->slot}}};
    world_link_doctor(world, slot);
}

/* Fresh rows, as the next load would find them. */
static inline void fill_world(struct world *world, struct arena *arena, size_t commands) {
    static const unsigned people[] = {PATIENT, PATIENT_2, DOCTOR, DOCTOR_2, ADMIN};
    const struct world_sizes sizes = {
        .accounts = 8, .slots = SLOTS_MAX, .appointments = 8, .recalls = 8, .commands = commands};
    world_init(world, arena, &sizes);
    for (size_t i = 0; i < sizeof people / sizeof people[0]; i++) {
        put_account(world, people[i]);
    }
    for (size_t i = 0; i < clinic.slot_count; i++) {
        put_slot(world, &clinic.slots[i]);
    }
}

/* Fixture. ------------------------------------------------------------------------------------ */

static inline struct engine_settings clinic_settings(void) {
    return (struct engine_settings){
        .limits = default_limits(),
        .topic = view_text(TOPIC),
        .reply_prefix = view_text(REPLY_PREFIX),
        .batch_max = REQUESTS_MAX,
        .arena_size_max = ARENA_SIZE_MAX,
        .record_size_max = (size_t)64 * 1024,
    };
}

static inline int open_clinic(void **state) {
    (void)state;
    struct error error = {""};
    const struct engine_settings settings = clinic_settings();
    fixture_folder(&clinic.keys);
    fixture_add(&clinic.keys, "hs", "HS256");
    fixture_publish(&clinic.keys, 0, 1);
    clinic.verifier = fixture_verifier(&clinic.keys, 100);
    clinic.schemas = schemas_new(&error);
    assert_non_null(clinic.schemas);
    const struct engine_security security = {.verifier = clinic.verifier};
    clinic.engine = engine_new(&settings, clinic.schemas, &security, &error);
    assert_non_null(clinic.engine);
    clinic.engine->cluster_id = view_text(CLUSTER);
    return 0;
}

static inline int close_clinic(void **state) {
    (void)state;
    engine_destroy(clinic.engine);
    token_verifier_destroy(clinic.verifier);
    schemas_destroy(clinic.schemas);
    fixture_clean_up(&clinic.keys);
    return 0;
}

/* Before each test: no requests, no slots, partitions 3, 4 and 5 at 100, 200 and 300. */
static inline int empty_clinic(void **state) {
    (void)state;
    arena_reset(clinic.engine->arena);
    arena_reset(clinic.engine->work);
    clinic.count = 0;
    clinic.slot_count = 0;
    clinic.minted = 0;
    clinic.next_command_id = 0;
    for (int i = 0; i < PARTITIONS_MAX; i++) {
        int64_t offset = 100 * ((int64_t)i + 1);
        clinic.partitions[i] = (struct partition){
            .number = 3 + i,
            .next_offset = offset,
            .published_offset = offset,
            .noted_offset = offset - 7,
            .last_offset = offset - 1};
    }
    return 0;
}

#define ENGINE_TEST(function) cmocka_unit_test_setup(function, empty_clinic)

#define assert_code(expected, found)                                                               \
    assert_string_equal(code_text(found), code_text(CODE_##expected))
#define assert_view(expected, found) assert_true(view_equal(view_text(expected), found))
#define assert_uuid(expected, found)                                                               \
    do {                                                                                           \
        const struct uuid expected_uuid = (expected);                                              \
        const struct uuid found_uuid = (found);                                                    \
        assert_memory_equal(found_uuid.bytes, expected_uuid.bytes, sizeof expected_uuid.bytes);    \
    } while (0)

#endif

/* A clinic for whole batches: an engine for each lane with fixed keys, people with genuine tokens,
 * rows, and a store and a bus that never fail. Ids are small numbers, as in the tests' fixtures. */
#ifndef SLOTKEEPER_TESTS_FUZZ_CLINIC_H
#define SLOTKEEPER_TESTS_FUZZ_CLINIC_H

#include "../default_limits.h"
#include "base/log.h"
#include "engine/attempt.h"
#include "fuzz_jwt.h"
#include "fuzz_seal.h"
#include "security/secrets.h"
#include "security/signer.h"

#define AT_S     INT64_C(1800000000)
#define AT_US    (AT_S * TIME_SECOND_US)
#define PASSWORD "lantern-orbit-velvet-37"

enum { PATIENT = 0x11, DOCTOR = 0x21, ADMIN = 0x31, PEOPLE = 3, SLOTS = 6, TAKEN = 5 };

static const unsigned people[PEOPLE] = {PATIENT, DOCTOR, ADMIN};
static const char *const logins[PEOPLE] = {"patient", "doctor", "admin"};

static struct {
    struct schemas *schemas;
    struct engine_security security;
    struct engine *lanes[LANE_COUNT];
    struct engine *engine; /* of the lane that runs */
    char tokens[PEOPLE][1024];
    char hash[PASSWORD_HASH_SIZE];
    struct partition partition;
    size_t answered; /* so many records, in their order */
} clinic;

static inline struct uuid id(unsigned number) {
    struct uuid uuid = {.bytes = {[6] = 0x40, [8] = 0x80}};
    uuid.bytes[14] = (uint8_t)(number >> 8U);
    uuid.bytes[15] = (uint8_t)number;
    return uuid;
}

/* The store. ----------------------------------------------------------------------------------- */

static inline void put_person(struct world *world, size_t person) {
    bool is_new = false;
    struct account *account = world_put_account(world, id(people[person]), &is_new);
    account->role = (enum role)person;
    account->state = STATE_ACTIVE;
    account->token_version = 1;
    account->credential_version = 1;
    account->login = view_text(logins[person]);
    account->password_hash = clinic.hash;
    login_key_of(clinic.security.secrets, account->login, &account->login_key);
    if (clinic.engine->settings.lane == LANE_ACCOUNTS) {
        world_link_login(world, account);
    }
}

/* An hour each, the first an hour ago; TAKEN is booked by the patient. */
static inline void put_slot(struct world *world, unsigned number) {
    bool is_new = false;
    struct slot *slot = world_put_slot(world, id(number), &is_new);
    slot->doctor_id = id(DOCTOR);
    slot->starts_at_us = AT_US + ((int64_t)number - 2) * HOUR_US;
    slot->ends_at_us = slot->starts_at_us + HOUR_US;
    slot->chain = (struct chain){.sequence = 1};
    world_link_doctor(world, slot);
    if (number == TAKEN) {
        struct appointment *appointment = world_put_appointment(world, id(0x100), &is_new);
        appointment->slot_id = slot->slot_id;
        appointment->doctor_id = slot->doctor_id;
        appointment->patient_id = id(PATIENT);
        appointment->starts_at_us = slot->starts_at_us;
        appointment->ends_at_us = slot->ends_at_us;
        appointment->state = STATE_BOOKED;
        appointment->seat = 1;
        slot->active = appointment;
        world_link_patient(world, appointment);
    }
}

static inline void fill_world(struct world *world, struct arena *arena, size_t commands) {
    const struct world_sizes sizes = {
        .accounts = PEOPLE,
        .slots = SLOTS,
        .appointments = 1,
        .recalls = commands,
        .commands = commands,
        .account_commands = commands,
        .holdings = SLOTS};
    world_init(world, arena, &sizes);
    for (size_t i = 0; i < PEOPLE; i++) {
        put_person(world, i);
    }
    for (unsigned i = 1; i <= SLOTS; i++) {
        put_slot(world, i);
    }
    world->active_admins = 2;
}

static enum status store_load(
    void *self,
    const struct load_request *request,
    struct arena *arena,
    struct world *world,
    int64_t *now_us) {
    assert(self == &clinic && request->claim_count >= 1);
    fill_world(world, arena, request->command_count);
    *now_us = AT_US + TIME_SECOND_US;
    return STATUS_OK;
}

static enum status store_save(
    void *self,
    const struct world *world,
    const struct answer *answers,
    size_t count,
    struct arena *arena) {
    assert(self == &clinic && world->event_count <= world->events_max);
    for (size_t i = 0; i < count; i++) {
        struct route route;
        struct dead_letter letter;
        assert(route_decode(route_encode(arena, &answers[i].route), &route));
        assert(
            !answers[i].dead_letter.needed
            || dead_letter_decode(
                arena, dead_letter_encode(arena, &answers[i].dead_letter), &letter));
    }
    return STATUS_OK;
}

static enum status store_commit(void *self) {
    assert(self == &clinic);
    return STATUS_OK;
}

/* Of a rehearsal; nothing fails. */
static void store_rollback(void *self) {
    assert(self == &clinic);
}

static enum status store_prepare(void *self, struct preparation *preparation, struct arena *arena) {
    assert(self == &clinic && preparation != NULL && arena != NULL);
    return STATUS_OK;
}

static enum status store_note(
    void *self, const struct preparation *preparation, struct arena *arena) {
    assert(self == &clinic && preparation != NULL && arena != NULL);
    return STATUS_OK;
}

static enum status store_look(
    void *self,
    const struct uuid_list *accounts,
    struct arena *arena,
    struct world *world,
    int64_t *now_us) {
    assert(self == &clinic && accounts != NULL);
    fill_world(world, arena, 0);
    *now_us = AT_US + TIME_SECOND_US;
    return STATUS_OK;
}

static enum status store_read(
    void *self, struct page *const *pages, size_t count, struct arena *arena) {
    assert(self == &clinic);
    for (size_t i = 0; i < count; i++) {
        assert(pages[i]->kind < PAGE_KIND_COUNT && pages[i]->limit >= 1);
        pages[i]->exists = true;
        pages[i]->doctor_id = id(DOCTOR);
        pages[i]->patient_id = id(PATIENT);
        pages[i]->slots = ARENA_ARRAY(arena, struct slot_result, 1);
        pages[i]->appointments = ARENA_ARRAY(arena, struct appointment_result, 1);
        pages[i]->appointments[0].state = STATE_BOOKED;
        pages[i]->events = ARENA_ARRAY(arena, struct audit_event, 1);
        pages[i]->count = 1;
        pages[i]->more = true;
        pages[i]->last = (struct page_position){AT_US, id(1)};
    }
    return STATUS_OK;
}

/* The bus: each record is answered once, in its order, by bytes that say so. ------------------- */

static void check_answer(const struct answer *answer) {
    struct codec *codec = engine_codec(clinic.engine);
    struct outcome_summary outcome;
    struct event_summary event;
    assert(answer->offset == (int64_t)clinic.answered);
    clinic.answered++;
    assert(codec_read_outcome(codec, answer->outcome_fingerprint, answer->outcome, &outcome));
    assert(outcome.code == answer->code && uuid_equal(outcome.outcome_id, answer->outcome_id));
    assert(answer->dead_letter.needed == (code_status(answer->code) == OUTCOME_INVALID));
    assert(answer->event_count == 0 || answer->code == CODE_ACCEPTED);
    for (size_t i = 0; i < answer->event_count; i++) {
        assert(codec_read_event(codec, answer->event_fingerprint, answer->events[i].body, &event));
        assert(uuid_equal(event.event_id, answer->events[i].event_id));
    }
}

static enum status bus_publish(
    void *self, const struct answer *answers, size_t count, struct arena *arena) {
    assert(self == &clinic && arena != NULL);
    for (size_t i = 0; i < count; i++) {
        check_answer(&answers[i]);
    }
    return STATUS_OK;
}

/* Opening. ------------------------------------------------------------------------------------- */

static void open_keys(void) {
    static const struct hash_parameters cheap = {.memory_kib = 8, .passes = 1, .lanes = 1};
    static char jwks[FUZZ_PATH_SIZE];
    static char key[FUZZ_PATH_SIZE];
    static char secret[FUZZ_PATH_SIZE];
    struct error error;
    fuzz_file_with(jwks, fuzz_jwks);
    fuzz_file_with(key, fuzz_secret);
    fuzz_file_with(secret, "0123456789abcdef0123456789abcdef");
    const struct token_settings tokens = {
        .jwks_file = jwks,
        .issuer = "i",
        .audience = "a",
        .max_ttl_s = 86400,
        .leeway_s = 5,
        .cache_entries_max = 64};
    const struct signer_settings signer = {
        .key_file = key, .kid = "hs", .jwks_file = jwks, .issuer = "i", .audience = "a"};
    clinic.security = (struct engine_security){
        .verifier = token_verifier_new(&tokens, &error),
        .seal_keys = fuzz_seal_keys(),
        .signer = signer_new(&signer, &error),
        .secrets = secrets_load(secret, &error),
        .hasher = hasher_new(1, &cheap, &error)};
    assert(clinic.security.verifier != NULL && clinic.security.signer != NULL);
    assert(clinic.security.secrets != NULL && clinic.security.hasher != NULL);
    assert(password_hash(&cheap, view_text(PASSWORD), clinic.hash, &error) == STATUS_OK);
}

static void mint_tokens(void) {
    static char text[FUZZ_JWT_SIZE];
    for (size_t i = 0; i < PEOPLE; i++) {
        char claims[512];
        char subject[UUID_TEXT_SIZE + 1];
        uuid_format(id(people[i]), subject);
        (void)snprintf(
            claims,
            sizeof claims,
            "{\"iss\":\"i\",\"aud\":\"a\",\"sub\":\"%s\",\"role\":\"%s\",\"iat\":%lld,"
            "\"exp\":%lld,\"jti\":\"1\",\"ver\":1}",
            subject,
            role_name((enum role)i),
            (long long)(AT_S - 60),
            (long long)(AT_S + 3540));
        size_t size = fuzz_sign(
            text, "Bearer ", view_text("{\"alg\":\"HS256\",\"kid\":\"hs\"}"), view_text(claims));
        (void)snprintf(clinic.tokens[i], sizeof clinic.tokens[i], "%.*s", (int)size, text);
    }
}

static void open_engine(enum lane lane) {
    const struct engine_settings settings = {
        .lane = lane,
        .limits = default_limits(),
        .topic = view_text("scheduling.commands"),
        .reply_prefix = view_text("scheduling.replies."),
        .batch_max = 64,
        .arena_size_max = FUZZ_ARENA_MAX,
        .record_size_max = (size_t)64 * 1024,
        .hashes_max = 4,
        .seal_age_max_us = 15 * MINUTE_US,
        .token_ttl_us = HOUR_US};
    const struct store_port store = {
        .self = &clinic,
        .load = store_load,
        .save = store_save,
        .commit = store_commit,
        .rollback = store_rollback,
        .find_devices = store_prepare,
        .lock_throttles = store_prepare,
        .note_attempts = store_note,
        .look = store_look,
        .read = store_read};
    const struct bus_port bus = {.self = &clinic, .publish = bus_publish};
    struct error error;
    clinic.lanes[lane] = engine_new(&settings, clinic.schemas, &clinic.security, &error);
    assert(clinic.lanes[lane] != NULL);
    engine_connect(clinic.lanes[lane], &store, &bus, view_text("cluster"));
}

static void close_clinic(void) {
    for (unsigned i = 0; i < LANE_COUNT; i++) {
        engine_destroy(clinic.lanes[i]);
    }
    token_verifier_destroy(clinic.security.verifier);
    seal_keys_destroy(clinic.security.seal_keys);
    signer_destroy(clinic.security.signer);
    secrets_destroy(clinic.security.secrets);
    hasher_destroy(clinic.security.hasher);
    schemas_destroy(clinic.schemas);
}

static void open_clinic(void) {
    struct error error;
    log_set_level(LOG_ERROR);
    clinic.schemas = schemas_new(&error);
    assert(clinic.schemas != NULL);
    open_keys();
    mint_tokens();
    for (unsigned i = 0; i < LANE_COUNT; i++) {
        open_engine((enum lane)i);
    }
    (void)atexit(close_clinic);
}

#endif

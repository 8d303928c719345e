/* An engine of the lane of accounts with keys of its own, and a store that remembers attempts,
 * throttles and devices. Store and bus are doubles, as in outside_fixture.h.
 *
 * The journal has one word a call: rehearse(count), find, lock(throttles), note(reservations,ends),
 * load(count), load!(count) with the accounts locked for update, save, commit, rollback,
 * publish(count). */
#ifndef SLOTKEEPER_TESTS_ENGINE_ACCOUNT_FIXTURE_H
#define SLOTKEEPER_TESTS_ENGINE_ACCOUNT_FIXTURE_H

#include "desk_fixture.h"

/* The store. ----------------------------------------------------------------------------------- */

static inline const char *login_of_person(unsigned person) {
    return person == PATIENT ? "patient" : person == DOCTOR ? "doctor" : "admin";
}

static inline bool is_asked(const struct load_request *request, unsigned person) {
    for (size_t i = 0; i < request->accounts.count; i++) {
        if (uuid_equal(request->accounts.items[i], id(person))) {
            return true;
        }
    }
    for (size_t i = 0; i < request->logins.count; i++) {
        if (view_is(request->logins.items[i], login_of_person(person))) {
            return true;
        }
    }
    return false;
}

static inline void put_person(struct world *world, unsigned person) {
    put_account(world, person);
    struct account *account = world_account(world, id(person));
    account->credential_version = desk.version;
    account->state = person == PATIENT && desk.deactivated ? STATE_DEACTIVATED : STATE_ACTIVE;
    if (person != PATIENT || desk.taken) {
        account->login = view_text(login_of_person(person));
        account->password_hash = desk.hash;
        login_key_of(desk.secrets, account->login, &account->login_key);
        world_link_login(world, account);
    }
}

static inline void put_recall(struct world *world, const struct request *request) {
    struct outcome outcome = {.code = CODE_LOGIN_FAILED, .decided_at_us = NOW_US};
    struct recall *recall =
        world_put_recall(world, request->caller, request->decoded.command.command_id);
    recall->content_hash = request->content_hash;
    recall->outcome = codec_encode_outcome(engine_codec(clinic.engine), world->arena, &outcome);
    recall->outcome_fingerprint = codec_outcome_fingerprint(engine_codec(clinic.engine));
}

static inline enum status double_load(
    void *self,
    const struct load_request *request,
    struct arena *arena,
    struct world *world,
    int64_t *now_us) {
    static const unsigned people[] = {PATIENT, DOCTOR, ADMIN};
    const struct world_sizes sizes = {
        .accounts = 8,
        .slots = 8,
        .recalls = 8,
        .commands = request->command_count,
        .account_commands = request->command_count};
    assert_ptr_equal(self, &desk);
    assert_int_equal(request->lane, LANE_ACCOUNTS);
    if (request->rehearsal) {
        write_journal("rehearse(%zu) ", request->command_count);
    } else {
        if (desk.before_load != NULL) {
            desk.before_load();
        }
        const char *how = request->lock_accounts_for_update ? "!" : "";
        write_journal("load%s(%zu) ", how, request->command_count);
        if (request->purge.wanted) {
            assert_int_equal(request->command_count, 1);
            write_journal("purge(%d) ", (int)(request->purge.before_us / DAY_US));
        }
    }
    world_init(world, arena, &sizes);
    for (size_t i = 0; i < sizeof people / sizeof people[0]; i++) {
        if (is_asked(request, people[i])) {
            put_person(world, people[i]);
        }
    }
    if (desk.recalls) {
        put_recall(world, &clinic.requests[0]);
    }
    world->active_admins = 2;
    *now_us = NOW_US;
    return STATUS_OK;
}

static inline enum status double_find_devices(
    void *self, struct preparation *preparation, struct arena *arena) {
    assert_ptr_equal(self, &desk);
    assert_non_null(arena);
    write_journal("find ");
    for (size_t i = 0; i < preparation->device_count; i++) {
        preparation->devices[i].known = desk.device_known;
    }
    return STATUS_OK;
}

static inline struct kept_throttle *kept_throttle(const struct digest *key) {
    for (size_t i = 0; i < desk.throttle_count; i++) {
        if (digest_equal(&desk.throttles[i].key, key)) {
            return &desk.throttles[i];
        }
    }
    assert_true(desk.throttle_count < KEPT_MAX);
    desk.throttles[desk.throttle_count] = (struct kept_throttle){.key = *key};
    return &desk.throttles[desk.throttle_count++];
}

static inline enum status double_lock_throttles(
    void *self, struct preparation *preparation, struct arena *arena) {
    assert_ptr_equal(self, &desk);
    assert_non_null(arena);
    write_journal("lock(%zu) ", preparation->throttle_count);
    for (size_t i = 0; i < preparation->throttle_count; i++) {
        struct throttle_row *row = &preparation->throttles[i];
        assert_true(i == 0 || memcmp(&row[-1].key, &row->key, sizeof row->key) < 0);
        row->throttle = kept_throttle(&row->key)->throttle;
    }
    for (size_t i = 0; i < preparation->reservation_count; i++) {
        struct reservation *reservation = &preparation->reservations[i];
        for (size_t k = 0; k < desk.attempt_count; k++) {
            reservation->counted = reservation->counted
                                   || (desk.attempts[k].partition == reservation->partition
                                       && desk.attempts[k].offset == reservation->offset);
        }
    }
    return STATUS_OK;
}

static inline enum status double_note_attempts(
    void *self, const struct preparation *preparation, struct arena *arena) {
    assert_ptr_equal(self, &desk);
    assert_non_null(arena);
    write_journal("note(%zu,%zu) ", preparation->reservation_count, preparation->closing.count);
    for (size_t i = 0; i < preparation->throttle_count; i++) {
        kept_throttle(&preparation->throttles[i].key)->throttle =
            preparation->throttles[i].throttle;
    }
    for (size_t i = 0; i < preparation->reservation_count; i++) {
        assert_true(desk.attempt_count < KEPT_MAX);
        desk.attempts[desk.attempt_count++] = (struct kept_attempt){
            preparation->reservations[i].partition, preparation->reservations[i].offset};
    }
    desk.closing = desk.closing || preparation->closing.count > 0;
    return desk.note_status;
}

static inline void drop_attempt(const struct answer *answer) {
    size_t kept = 0;
    for (size_t i = 0; i < desk.attempt_count; i++) {
        if (desk.attempts[i].offset != answer->offset) {
            desk.attempts[kept++] = desk.attempts[i];
        }
    }
    desk.attempt_count = kept;
}

static inline enum status double_save(
    void *self,
    const struct world *world,
    const struct answer *answers,
    size_t count,
    struct arena *arena) {
    assert_ptr_equal(self, &desk);
    assert_true(world != NULL && arena != NULL);
    write_journal("save ");
    for (size_t i = 0; i < count; i++) {
        if (answers[i].settlement != NULL) {
            drop_attempt(&answers[i]);
        }
        if (answers[i].settlement != NULL && answers[i].settlement->forgives) {
            kept_throttle(&answers[i].settlement->throttle_key)->throttle.failures = 0;
        }
    }
    return STATUS_OK;
}

static inline enum status double_commit(void *self) {
    assert_ptr_equal(self, &desk);
    write_journal("commit ");
    return STATUS_OK;
}

static inline void double_rollback(void *self) {
    assert_ptr_equal(self, &desk);
    write_journal("rollback ");
}

static inline enum status double_publish(
    void *self, const struct answer *answers, size_t count, struct arena *arena) {
    assert_ptr_equal(self, &desk);
    assert_non_null(arena);
    write_journal("publish(%zu) ", count);
    for (size_t i = 0; i < count; i++) {
        desk.published[desk.published_count++] = answers[i];
    }
    return STATUS_OK;
}

/* The most failures under one key. */
static inline int64_t failures(void) {
    int64_t most = 0;
    for (size_t i = 0; i < desk.throttle_count; i++) {
        int64_t count = desk.throttles[i].throttle.failures;
        most = count > most ? count : most;
    }
    return most;
}

/* Fixture. ------------------------------------------------------------------------------------- */

static inline char *desk_path(const char *name) {
    static char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", desk.folder, name);
    return path;
}

static inline struct engine_security desk_security(void) {
    static const struct hash_parameters cheap = {.memory_kib = 8, .passes = 1, .lanes = 1};
    struct error error = {""};
    struct seal_public announced[SEAL_KEYS_MAX];
    (void)strcpy(desk.folder, "/tmp/slotkeeper-desk-XXXXXX");
    assert_non_null(mkdtemp(desk.folder));
    assert_int_equal(seal_pair_generate(desk_path("seal"), "seal", &error), STATUS_OK);
    desk.seal_keys = seal_keys_new(desk_path("seal"), &error);
    assert_int_equal(seal_keys_announced(desk.seal_keys, announced), 1);
    memcpy(desk.seal_key, announced[0].key, SEAL_KEY_SIZE);
    write_text(desk_path("secret"), "0123456789abcdef0123456789abcdef");
    desk.secrets = secrets_load(desk_path("secret"), &error);
    desk.hasher = hasher_new(1, &cheap, &error);
    assert_true(desk.secrets != NULL && desk.hasher != NULL);
    assert_int_equal(password_hash(&cheap, view_text(PASSWORD), desk.hash, &error), STATUS_OK);
    const struct key_pair *pair = &fixture_key(&clinic.keys, "hs")->pair;
    assert_int_equal(
        key_file_replace(desk_path("key"), 0600, key_bytes_view(&pair->secret), &error), STATUS_OK);
    const struct signer_settings settings = {
        .key_file = desk_path("key"),
        .kid = "hs",
        .jwks_file = clinic.keys.jwks_file,
        .issuer = FIXTURE_ISSUER,
        .audience = FIXTURE_AUDIENCE};
    desk.signer = signer_new(&settings, &error);
    assert_non_null(desk.signer);
    return (struct engine_security){
        .verifier = clinic.verifier,
        .seal_keys = desk.seal_keys,
        .signer = desk.signer,
        .secrets = desk.secrets,
        .hasher = desk.hasher};
}

static inline int open_lane(void **state, enum lane lane) {
    struct error error = {""};
    assert_int_equal(open_clinic(state), 0);
    const struct engine_security security = desk_security();
    struct engine_settings settings = clinic_settings();
    settings.lane = lane;
    settings.hashes_max = HASHES_MAX;
    settings.seal_age_max_us = 15 * MINUTE_US;
    settings.token_ttl_us = HOUR_US;
    settings.limits.login_failures_free = FAILURES_FREE;
    engine_destroy(clinic.engine);
    clinic.engine = engine_new(&settings, clinic.schemas, &security, &error);
    assert_non_null(clinic.engine);
    return 0;
}

static inline int open_desk(void **state) {
    return open_lane(state, LANE_ACCOUNTS);
}

static inline int close_desk(void **state) {
    seal_keys_destroy(desk.seal_keys);
    secrets_destroy(desk.secrets);
    hasher_destroy(desk.hasher);
    signer_destroy(desk.signer);
    assert_int_equal(remove_folder(desk.folder), 0);
    return close_clinic(state);
}

static inline int empty_desk(void **state) {
    const struct store_port store = {
        .self = &desk,
        .load = double_load,
        .save = double_save,
        .commit = double_commit,
        .rollback = double_rollback,
        .find_devices = double_find_devices,
        .lock_throttles = double_lock_throttles,
        .note_attempts = double_note_attempts};
    const struct bus_port bus = {.self = &desk, .publish = double_publish};
    journal[0] = '\0';
    desk.throttle_count = desk.attempt_count = desk.published_count = 0;
    desk.device_known = desk.closing = desk.deactivated = desk.recalls = false;
    desk.taken = true;
    desk.version = 1;
    desk.before_load = NULL;
    desk.note_status = STATUS_OK;
    engine_connect(clinic.engine, &store, &bus, view_text(CLUSTER));
    return empty_clinic(state);
}

static inline enum status run(void) {
    journal[0] = '\0';
    return engine_run(clinic.engine, clinic.requests, clinic.count);
}

#define DESK_TEST(function) cmocka_unit_test_setup(function, empty_desk)

#endif

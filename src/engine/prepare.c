/* Before a batch of account commands is decided for good, it is rehearsed: decided against rows
 * that nobody locks, to learn whose password has to be looked at and which account is about to end.
 * Attempts are counted, and ends announced, in the rehearsal's own transaction; then passwords are
 * hashed, outside any transaction, because that takes long on purpose.
 *
 * An attempt counts as a failure until it is answered otherwise: however many workers die in
 * between, no password is tried that was not counted. */
#include "engine/attempt.h"
#include "security/hasher.h"
#include "security/secrets.h"

#include <stdlib.h>

/* One rehearsal; all of it in the arena. */
struct rehearsal {
    struct attempt *attempt;
    struct request **unproven; /* whose passwords are to be looked at */
    size_t unproven_count;
    struct account **subjects; /* whose password it should be; NULL: nobody's */
    struct preparation preparation;
};

static bool is_registration(const struct request *request) {
    return request->decoded.command.definition->password == PASSWORD_OF_NOBODY;
}

static void rehearse_request(struct rehearsal *rehearsal, struct request *request) {
    struct attempt *attempt = rehearsal->attempt;
    struct answer answer;
    answer_begin(attempt, request, &answer);
    struct decision decision = attempt_decision(attempt, request, answer.outcome_id);
    enum code code = judge(&decision);
    request->would_end_account = code == CODE_ACCEPTED && decision.recalled == NULL
                                 && request->decoded.command.definition->ends_account;
    if (request->would_end_account) {
        struct uuid_list *closing = &rehearsal->preparation.closing;
        closing->items[closing->count++] =
            command_value(&request->decoded.command, "account_id")->as.uuid;
    }
    if (decision.needs_proof) {
        rehearsal->unproven[rehearsal->unproven_count++] = request;
    }
}

/* Of a request whose answer is not known before its password has been looked at. */
static bool is_repeat(const struct rehearsal *rehearsal, const struct request *request) {
    for (size_t i = 0; i < rehearsal->unproven_count; i++) {
        const struct request *first = rehearsal->unproven[i];
        if (uuid_equal(first->caller, request->caller)
            && uuid_equal(first->decoded.command.command_id, request->decoded.command.command_id)) {
            return true;
        }
    }
    return false;
}

/* One that ends an account locks it against everything; one that purges is given all that was
 * found.
 */
static bool stands_alone(const struct request *request) {
    const struct command_definition *definition = request->decoded.command.definition;
    return definition->ends_account || (definition->loads & LOAD_PURGEABLE) != 0;
}

/* The batch ends before a command that must stand alone, before more passwords than may be hashed
 * at a time, and before a repeat, which is no second attempt: it is answered from the log. */
static void rehearse_all(struct rehearsal *rehearsal) {
    struct attempt *attempt = rehearsal->attempt;
    for (size_t i = 0; i < attempt->count; i++) {
        struct request *request = &attempt->requests[i];
        if (request->early != CODE_ACCEPTED) {
            continue;
        }
        bool alone = stands_alone(request);
        bool full = rehearsal->unproven_count == attempt->engine->settings.hashes_max;
        if (full || (alone && i > 0) || is_repeat(rehearsal, request)) {
            attempt->count = i;
            return;
        }
        rehearse_request(rehearsal, request);
        if (alone) {
            attempt->count = 1;
        }
    }
}

/* The account whose password the request has to hold, as the rehearsal's world has it. */
static struct account *subject_of(const struct attempt *attempt, const struct request *request) {
    const struct sealed *sealed = request->sealed;
    const struct value *account_id = command_value(&sealed->inner, "account_id");
    struct account *account = NULL;
    switch (request->decoded.command.definition->password) {
    case PASSWORD_OF_NOBODY:
        return NULL;
    case PASSWORD_OF_CALLER:
        return world_account(&attempt->world, request->caller);
    case PASSWORD_OF_LOGIN:
        account = sealed->credentials.login.data == NULL
                      ? NULL
                      : world_account_by_login(&attempt->world, sealed->credentials.login);
        break;
    }
    bool another = account != NULL && account_id->present
                   && !uuid_equal(account->account_id, account_id->as.uuid);
    return another ? NULL : account;
}

/* An unknown login asks for a device as a known one does, so that both take the same time. */
static void describe_device(
    const struct engine *engine,
    const struct request *request,
    const struct account *subject,
    struct device *device) {
    struct sealed *sealed = request->sealed;
    device->account_id = subject != NULL ? subject->account_id : request->caller;
    const struct view parts[] = {
        view_of(device->account_id.bytes, sizeof device->account_id.bytes),
        view_of(sealed->reply_key, sizeof sealed->reply_key)};
    secrets_mac(
        engine->security.secrets,
        SECRET_DEVICE,
        parts,
        sizeof parts / sizeof parts[0],
        &device->device_key);
    sealed->settlement.account_id = device->account_id;
    sealed->settlement.device_key = device->device_key;
}

static enum status find_devices(struct rehearsal *rehearsal) {
    struct attempt *attempt = rehearsal->attempt;
    struct engine *engine = attempt->engine;
    struct preparation *preparation = &rehearsal->preparation;
    size_t count = rehearsal->unproven_count;
    preparation->devices = ARENA_ARRAY(engine->work, struct device, count);
    preparation->device_count = count;
    for (size_t i = 0; i < count; i++) {
        rehearsal->subjects[i] = subject_of(attempt, rehearsal->unproven[i]);
        describe_device(
            engine, rehearsal->unproven[i], rehearsal->subjects[i], &preparation->devices[i]);
    }
    return engine->store.find_devices(engine->store.self, preparation, engine->work);
}

/* As it was given, where it cannot be a login: failures of one say nothing of another. */
static struct view login_of(const struct request *request) {
    const struct view login = request->sealed->credentials.login;
    const struct value *given = command_value(&request->sealed->inner, "login");
    return login.data != NULL || !given->present ? login : given->as.bytes;
}

/* Under what the attempt is counted: the device, if the account has logged in with it before, so
 * that nobody else's attempts count against it; else the login, whether there is one or not. */
static void choose_key(
    const struct engine *engine,
    const struct request *request,
    const struct account *subject,
    const struct device *device) {
    struct digest *key = &request->sealed->settlement.throttle_key;
    const struct secrets *secrets = engine->security.secrets;
    struct view login = login_of(request);
    if (request->decoded.command.definition->password == PASSWORD_OF_CALLER && subject != NULL) {
        login = subject->login;
    }
    if (is_registration(request)) {
        registration_key_of(secrets, login, key);
    } else if (device->known) {
        *key = device->device_key;
    } else {
        login_key_of(secrets, login, key);
    }
}

static int compare_rows(const void *a, const void *b) {
    const struct throttle_row *left = a;
    const struct throttle_row *right = b;
    return memcmp(left->key.bytes, right->key.bytes, sizeof left->key.bytes);
}

static void sort_throttles(struct preparation *preparation) {
    struct throttle_row *rows = preparation->throttles;
    size_t kept = 0;
    qsort(rows, preparation->throttle_count, sizeof rows[0], compare_rows);
    for (size_t i = 0; i < preparation->throttle_count; i++) {
        if (kept == 0 || compare_rows(&rows[kept - 1], &rows[i]) != 0) {
            rows[kept++] = rows[i];
        }
    }
    preparation->throttle_count = kept;
}

static void describe_attempts(struct rehearsal *rehearsal) {
    struct engine *engine = rehearsal->attempt->engine;
    struct preparation *preparation = &rehearsal->preparation;
    size_t count = rehearsal->unproven_count;
    preparation->throttles = ARENA_ARRAY(engine->work, struct throttle_row, count);
    preparation->reservations = ARENA_ARRAY(engine->work, struct reservation, count);
    for (size_t i = 0; i < count; i++) {
        const struct request *request = rehearsal->unproven[i];
        choose_key(engine, request, rehearsal->subjects[i], &preparation->devices[i]);
        preparation->throttles[i].key = request->sealed->settlement.throttle_key;
        preparation->reservations[i] = (struct reservation){
            .partition = request->partition->number,
            .offset = request->record.offset,
            .key = request->sealed->settlement.throttle_key};
    }
    preparation->throttle_count = count;
    preparation->reservation_count = count;
    sort_throttles(preparation);
}

static struct throttle *throttle_of(
    const struct preparation *preparation, const struct digest *key) {
    struct throttle_row wanted = {.key = *key};
    struct throttle_row *row = bsearch(
        &wanted, preparation->throttles, preparation->throttle_count, sizeof wanted, compare_rows);
    return &row->throttle;
}

/* Keeps the reservations of the attempts that may be made; the others know when to come again. */
static void admit_all(struct rehearsal *rehearsal) {
    struct preparation *preparation = &rehearsal->preparation;
    const struct limits *limits = &rehearsal->attempt->engine->settings.limits;
    size_t kept = 0;
    for (size_t i = 0; i < rehearsal->unproven_count; i++) {
        struct reservation reservation = preparation->reservations[i];
        struct proof *proof = &rehearsal->unproven[i]->sealed->credentials.proof;
        bool admitted = reservation.counted
                        || throttle_admit(
                            throttle_of(preparation, &reservation.key),
                            limits,
                            preparation->now_us,
                            &proof->retry_after_us);
        if (!admitted) {
            proof->state = PROOF_THROTTLED;
        } else if (!reservation.counted) {
            preparation->reservations[kept++] = reservation;
        }
    }
    preparation->reservation_count = kept;
}

static enum status count_attempts(struct rehearsal *rehearsal) {
    struct engine *engine = rehearsal->attempt->engine;
    struct preparation *preparation = &rehearsal->preparation;
    enum status status = STATUS_OK;
    if (rehearsal->unproven_count > 0) {
        status = find_devices(rehearsal);
        if (status == STATUS_OK) {
            describe_attempts(rehearsal);
            status = engine->store.lock_throttles(engine->store.self, preparation, engine->work);
        }
        if (status == STATUS_OK) {
            admit_all(rehearsal);
        }
    }
    if (status == STATUS_OK) {
        status = engine->store.note_attempts(engine->store.self, preparation, engine->work);
    }
    return status == STATUS_OK ? engine->store.commit(engine->store.self) : status;
}

static struct view fresh_of(const struct attempt *attempt, const struct request *request) {
    const struct sealed *sealed = request->sealed;
    bool wanted =
        sealed->credentials.password_good
        && !(
            is_registration(request)
            && world_account_by_login(&attempt->world, sealed->credentials.login) != NULL);
    return wanted ? view_of(sealed->fresh, sealed->fresh_size) : view_of(NULL, 0);
}

static struct hash_job job_of(
    const struct attempt *attempt, const struct request *request, const struct account *subject) {
    const struct sealed *sealed = request->sealed;
    return (struct hash_job){
        .verify = !is_registration(request),
        .stored = subject == NULL ? NULL : subject->password_hash,
        .password = view_of(sealed->password, sealed->password_size),
        .fresh = fresh_of(attempt, request),
    };
}

static void conclude(
    struct request *request, const struct account *subject, const struct hash_job *job) {
    struct sealed *sealed = request->sealed;
    struct proof *proof = &sealed->credentials.proof;
    sealed->job = *job;
    proof->state = job->right || is_registration(request) ? PROOF_RIGHT : PROOF_WRONG;
    proof->new_hash = job->has_made ? sealed->job.made : NULL;
    if (subject != NULL) {
        proof->account_id = subject->account_id;
        proof->credential_version = subject->credential_version;
    }
}

static enum status look_at_passwords(struct rehearsal *rehearsal) {
    struct attempt *attempt = rehearsal->attempt;
    struct engine *engine = attempt->engine;
    size_t count = rehearsal->unproven_count;
    struct hash_job *jobs = ARENA_ARRAY(engine->work, struct hash_job, count);
    size_t *owners = ARENA_ARRAY(engine->work, size_t, count);
    size_t job_count = 0;
    for (size_t i = 0; i < count; i++) {
        struct request *request = rehearsal->unproven[i];
        if (request->sealed->credentials.proof.state == PROOF_NONE) {
            owners[job_count] = i;
            jobs[job_count++] = job_of(attempt, request, rehearsal->subjects[i]);
        }
    }
    enum status status = hasher_run(engine->security.hasher, jobs, job_count);
    for (size_t i = 0; status == STATUS_OK && i < job_count; i++) {
        conclude(rehearsal->unproven[owners[i]], rehearsal->subjects[owners[i]], &jobs[i]);
    }
    return status;
}

static enum status rehearse(struct attempt *attempt, struct rehearsal *rehearsal) {
    struct engine *engine = attempt->engine;
    stage_collect(attempt);
    enum status status = engine->store.load(
        engine->store.self, &attempt->load, engine->work, &attempt->world, &attempt->now_us);
    if (status != STATUS_OK) {
        return status;
    }
    rehearsal->unproven = ARENA_ARRAY(engine->work, struct request *, attempt->count);
    rehearsal->subjects = ARENA_ARRAY(engine->work, struct account *, attempt->count);
    rehearsal->preparation.closing.items = ARENA_ARRAY(engine->work, struct uuid, attempt->count);
    rehearsal->preparation.now_us = attempt->now_us;
    rehearse_all(rehearsal);
    bool notes = rehearsal->unproven_count > 0 || rehearsal->preparation.closing.count > 0;
    if (!notes) {
        engine->store.rollback(engine->store.self);
        return STATUS_OK;
    }
    return count_attempts(rehearsal);
}

enum status stage_prepare(struct attempt *attempt) {
    if (attempt->engine->settings.lane != LANE_ACCOUNTS || attempt->answer_internal) {
        return STATUS_OK;
    }
    struct rehearsal rehearsal = {.attempt = attempt};
    attempt->rehearsal = true;
    enum status status = rehearse(attempt, &rehearsal);
    attempt->rehearsal = false;
    if (status == STATUS_OK) {
        status = look_at_passwords(&rehearsal);
    }
    arena_reset(attempt->engine->work);
    return status;
}

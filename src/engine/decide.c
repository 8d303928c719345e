/* Decides every request of a range against the loaded world, in order, and puts the answers into
 * their durable form. Each outcome is encoded before the next request is decided, because a repeat
 * in the same batch is answered with its bytes. */
#include "base/log.h"
#include "base/planted.h"
#include "base/time.h"
#include "engine/attempt.h"

static const char hash_prefix[] = "sha256:";

enum {
    TOPIC_NAME_MAX = 249,
    HASH_PREFIX_SIZE = sizeof hash_prefix - 1,
    HASHED_HEADER_SIZE = HASH_PREFIX_SIZE + DIGEST_TEXT_SIZE
};

/* Its multiples are spread evenly over 32 bits, however many there are. */
#define GOLDEN_RATIO 2654435769U

static bool is_topic_name(struct view name) {
    for (size_t i = 0; i < name.size; i++) {
        uint8_t c = name.data[i];
        bool allowed = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
                       || c == '.' || c == '_' || c == '-';
        if (!allowed) {
            return false;
        }
    }
    return name.size <= TOPIC_NAME_MAX;
}

static struct route route_of(const struct engine *engine, const struct request *request) {
    const struct request_headers *headers = &request->headers;
    struct view prefix = engine->settings.reply_prefix;
    bool named = headers->reply_topic.data != NULL;
    bool allowed = named && headers->reply_topic.size > prefix.size
                   && view_starts_with(headers->reply_topic, prefix)
                   && is_topic_name(headers->reply_topic);
    return (struct route){
        .key = request->record.key.size <= ROUTE_KEY_BYTES_MAX ? request->record.key
                                                               : view_of(NULL, 0),
        .correlation_id = headers->correlation_id,
        .traceparent = headers->traceparent,
        .tracestate = headers->tracestate,
        .reply_topic = allowed ? headers->reply_topic : view_of(NULL, 0),
        .reply_partition = allowed && headers->has_reply_partition ? headers->reply_partition : -1,
        .framing = request->decoded.framing,
        .traceparent_valid = headers->traceparent_valid,
        .reply_topic_refused = named && !allowed,
    };
}

static struct view hashed_authorization(struct arena *arena, struct view authorization) {
    struct digest digest;
    char *text = arena_take(arena, HASHED_HEADER_SIZE + 1);
    digest_of(authorization, &digest);
    memcpy(text, hash_prefix, sizeof hash_prefix);
    digest_format(&digest, text + HASH_PREFIX_SIZE);
    return view_of(text, HASHED_HEADER_SIZE);
}

static struct dead_letter dead_letter_of(struct arena *arena, const struct record *record) {
    struct header *headers = ARENA_ARRAY(arena, struct header, record->header_count);
    for (size_t i = 0; i < record->header_count; i++) {
        headers[i] = record->headers[i];
        if (view_is(headers[i].name, "authorization") && !PLANTED("token_on_dlt")) {
            headers[i].value = hashed_authorization(arena, headers[i].value);
        }
    }
    return (struct dead_letter){
        .needed = true,
        .key = record->key,
        .value = record->value,
        .headers = headers,
        .header_count = record->header_count};
}

void answer_begin(
    const struct attempt *attempt, const struct request *request, struct answer *answer) {
    const struct engine *engine = attempt->engine;
    bool opened = request->sealed != NULL && request->early == CODE_ACCEPTED;
    *answer = (struct answer){
        .partition = request->partition->number,
        .offset = request->record.offset,
        .append_time_us = request->record.append_time_us,
        .has_caller = request->authenticated || opened,
        .caller = request->caller,
        .has_command_id = request->decoded.has_command_id,
        .command_id = request->decoded.command.command_id,
        .content_hash = request->content_hash,
        .decided_at_us = attempt->now_us,
        .retry_after_ms = -1,
        .route = route_of(engine, request),
        .outcome_id = outcome_id_of(
            engine->cluster_id,
            request->partition->generation,
            engine->settings.topic,
            request->partition->number,
            request->record.offset),
    };
}

static void encode_outcome(
    const struct attempt *attempt,
    const struct request *request,
    const struct result *result,
    struct answer *answer) {
    struct outcome outcome = {
        .outcome_id = answer->outcome_id,
        .has_caller = request->authenticated,
        .caller = request->caller,
        .has_command_id = answer->has_command_id,
        .command_id = answer->command_id,
        .command = request->decoded.command_name,
        .code = answer->code,
        .decided_at_us = attempt->now_us,
        .retry_after_ms = answer->retry_after_ms,
    };
    if (result != NULL) {
        outcome.result = *result;
    }
    answer->outcome_time_us = attempt->now_us;
    answer->outcome = codec_encode_outcome(attempt->engine->codec, attempt->engine->work, &outcome);
    answer->outcome_fingerprint = codec_outcome_fingerprint(attempt->engine->codec);
}

static void encode_events(
    const struct attempt *attempt, const struct decision *decision, struct answer *answer) {
    const struct engine *engine = attempt->engine;
    answer->events = ARENA_ARRAY(engine->work, struct answer_event, decision->event_count);
    answer->event_count = decision->event_count;
    answer->event_fingerprint = codec_event_fingerprint(engine->codec);
    for (size_t i = 0; i < decision->event_count; i++) {
        const struct audit_event *event = &attempt->world.events[decision->first_event + i];
        answer->events[i] = (struct answer_event){
            .event_id = event->event_id,
            .chain_id = event->has_slot_id ? event->slot_id : event->entity_id,
            .occurred_at_us = event->occurred_at_us,
            .body = codec_encode_event(engine->codec, engine->work, event),
        };
    }
}

static enum status answer_from_log(
    const struct attempt *attempt, const struct recall *recall, struct answer *answer) {
    struct outcome_summary summary;
    if (!codec_read_outcome(
            attempt->engine->codec, recall->outcome_fingerprint, recall->outcome, &summary)) {
        log_error("an outcome in the log cannot be read", LOG_INT("offset", answer->offset));
        return STATUS_FATAL;
    }
    answer->outcome_id = summary.outcome_id;
    answer->code = summary.code;
    answer->outcome_time_us = summary.decided_at_us;
    answer->outcome = recall->outcome;
    answer->outcome_fingerprint = recall->outcome_fingerprint;
    answer->route.duplicate = true;
    return STATUS_OK;
}

struct decision attempt_decision(
    struct attempt *attempt, const struct request *request, struct uuid outcome_id) {
    return (struct decision){
        .world = &attempt->world,
        .limits = &attempt->engine->settings.limits,
        .now_us = attempt->now_us,
        .command = &request->decoded.command,
        .content_hash = request->content_hash,
        .credentials = request->sealed == NULL ? NULL : &request->sealed->credentials,
        .anonymous = !request->authenticated,
        .caller_id = request->caller,
        .caller_role = request->claims.role,
        .has_token_version = request->claims.has_version,
        .token_version = request->claims.version,
        .token_issued_at_us = request->claims.issued_at_s * TIME_SECOND_US,
        .append_time_us = request->record.append_time_us,
        .settled_before = request->record.offset < request->partition->settled_below,
        .expires_at_us = request->headers.expires_at_us,
        .outcome_id = outcome_id,
        .seat_hint = (uint32_t)request->partition->number * GOLDEN_RATIO,
    };
}

/* An account that others may be booking with at this moment must not end under their hands. */
static bool lacks_lock(
    const struct attempt *attempt, const struct request *request, enum code code) {
    return code == CODE_ACCEPTED && request->decoded.command.definition->ends_account
           && !attempt->load.lock_accounts_for_update;
}

/* STATUS_CONFLICT: what the rehearsal found has changed since, so it is held again. */
static enum status compare_with_rehearsal(
    const struct attempt *attempt,
    const struct request *request,
    const struct decision *decision,
    enum code code) {
    if (decision->needs_proof) {
        request->sealed->credentials.proof.state = PROOF_NONE;
        return STATUS_CONFLICT;
    }
    return lacks_lock(attempt, request, code) ? STATUS_CONFLICT : STATUS_OK;
}

/* What the answer does to the records of attempts at passwords. One from the log proves nothing
 * anew, but the attempt may have been counted before the first answer was there. */
static void settle(
    const struct request *request, const struct decision *decision, struct answer *answer) {
    struct sealed *sealed = request->sealed;
    if (sealed == NULL) {
        return;
    }
    bool succeeded = decision->recalled == NULL && answer->code == CODE_ACCEPTED;
    sealed->settlement.forgives = succeeded;
    sealed->settlement.remembers_device = succeeded && decision->result.type == RESULT_SESSION;
    answer->settlement = &sealed->settlement;
}

static enum status decide_command(
    struct attempt *attempt, const struct request *request, struct answer *answer) {
    struct decision decision = attempt_decision(attempt, request, answer->outcome_id);
    enum code code = judge(&decision);
    if (decision.recalled != NULL) {
        settle(request, &decision, answer);
        enum status found = answer_from_log(attempt, decision.recalled, answer);
        if (PLANTED("another_body")) {
            encode_outcome(attempt, request, NULL, answer);
        }
        return found;
    }
    enum status status = compare_with_rehearsal(attempt, request, &decision, code);
    if (status == STATUS_OK && decision.result.type == RESULT_SESSION) {
        status = seal_session(attempt, request, &decision.result.as.session);
    }
    if (status != STATUS_OK) {
        return status;
    }
    bool accepted = code == CODE_ACCEPTED && !PLANTED_EVERY(30, "effect_refused");
    answer->code = accepted || code != CODE_ACCEPTED ? code : CODE_SLOT_TAKEN;
    answer->retry_after_ms =
        decision.retry_after_us < 0 ? -1 : (decision.retry_after_us + 999) / 1000;
    settle(request, &decision, answer);
    encode_outcome(attempt, request, accepted ? &decision.result : NULL, answer);
    encode_events(attempt, &decision, answer);
    if (decision.remembered != NULL) {
        answer->recallable = true;
        decision.remembered->outcome = answer->outcome;
        decision.remembered->outcome_fingerprint = answer->outcome_fingerprint;
    }
    return STATUS_OK;
}

static enum status decide_request(
    struct attempt *attempt, const struct request *request, struct answer *answer) {
    answer_begin(attempt, request, answer);
    if (request->early == CODE_ACCEPTED && !attempt->answer_internal) {
        return decide_command(attempt, request, answer);
    }
    answer_finish(
        attempt, request, attempt->answer_internal ? CODE_INTERNAL : request->early, NULL, answer);
    return STATUS_OK;
}

void answer_finish(
    const struct attempt *attempt,
    const struct request *request,
    enum code code,
    const struct result *result,
    struct answer *answer) {
    answer->code = code;
    if (code == CODE_RATE_LIMITED) {
        answer->retry_after_ms = request->retry_after_ms;
    }
    encode_outcome(attempt, request, code == CODE_ACCEPTED ? result : NULL, answer);
    if (code_status(code) == OUTCOME_INVALID) {
        answer->dead_letter = dead_letter_of(attempt->engine->work, &request->record);
    }
}

enum status stage_decide(struct attempt *attempt) {
    attempt->answers = ARENA_ARRAY(attempt->engine->work, struct answer, attempt->count);
    for (size_t i = 0; i < attempt->count; i++) {
        enum status status = decide_request(attempt, &attempt->requests[i], &attempt->answers[i]);
        if (status != STATUS_OK) {
            return status;
        }
    }
    if (PLANTED("routes_swapped") && attempt->count > 1) {
        struct route first = attempt->answers[0].route;
        attempt->answers[0].route = attempt->answers[1].route;
        attempt->answers[1].route = first;
    }
    return STATUS_OK;
}

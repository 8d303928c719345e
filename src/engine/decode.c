/* Steps 1 to 4 of the order of checks: what can be answered without touching a row. */
#include "base/log.h"
#include "base/planted.h"
#include "base/time.h"
#include "engine/attempt.h"
#include "security/rate_limiter.h"

static bool takes_token(const struct command_definition *definition, bool sealed) {
    switch (definition->credentials) {
    case CREDENTIALS_NEVER:
        return !definition->open_to_all;
    case CREDENTIALS_ONLY:
        return false;
    case CREDENTIALS_OR_TOKEN:
        return !sealed;
    case CREDENTIALS_BESIDE_TOKEN:
        return true;
    }
    return true;
}

/* Since a loss was accepted nobody knows which tokens had ended: a change of password may have been
 * lost. */
static bool token_has_ended(const struct request *request) {
    const struct partition *partition = request->partition;
    return request->record.offset >= partition->settled_below
           && request->claims.issued_at_s * TIME_SECOND_US < partition->tokens_valid_from_us;
}

static enum code verify(struct engine *engine, struct request *request) {
    bool genuine = token_verify(
        engine->security.verifier,
        request->headers.authorization,
        request->record.append_time_us,
        &request->claims);
    request->authenticated = genuine && !token_has_ended(request);
    request->caller = request->claims.subject;
    return request->authenticated ? CODE_ACCEPTED : CODE_UNAUTHENTICATED;
}

static enum code authenticate(struct engine *engine, struct request *request) {
    const struct command_definition *definition = request->decoded.command.definition;
    if (PLANTED_EVERY(50, "token_logged") && request->headers.authorization.size > 0) {
        log_warning(
            "a request",
            LOG_TEXT("token", arena_text(engine->arena, request->headers.authorization)));
    }
    const struct value *box = command_value(&request->decoded.command, "sealed");
    bool sealed = definition->credentials != CREDENTIALS_NEVER && box->present;
    bool by_token = takes_token(definition, sealed);
    enum code code = by_token ? verify(engine, request) : CODE_ACCEPTED;
    if (code == CODE_ACCEPTED && sealed) {
        code = unseal(engine, request);
    }
    if (code == CODE_ACCEPTED && by_token
        && (definition->roles & ROLE_BIT(request->claims.role)) == 0
        && !PLANTED("role_unchecked")) {
        code = CODE_FORBIDDEN_ROLE;
    }
    return code;
}

/* Partitions of all lanes, told apart. */
static uint32_t stream_of(const struct engine *engine, const struct request *request) {
    return (uint32_t)request->record.partition * LANE_COUNT + (uint32_t)engine->settings.lane;
}

/* Only callers whom a token proves: whoever needs none can be a new caller each time, and would
 * wash the buckets of others out of the table. */
static enum code limit_rate(struct engine *engine, struct request *request) {
    if (engine->security.rate == NULL || !request->authenticated) {
        return CODE_ACCEPTED;
    }
    int64_t wait_us = rate_limiter_take(
        engine->security.rate,
        request->caller,
        stream_of(engine, request),
        request->record.append_time_us);
    request->charged = wait_us == 0;
    request->retry_after_ms = (wait_us + 999) / 1000;
    return request->charged ? CODE_ACCEPTED : CODE_RATE_LIMITED;
}

static enum code decode(struct engine *engine, struct request *request) {
    enum code code = request_headers_read(&request->record, &request->headers);
    if (code != CODE_ACCEPTED) {
        return code;
    }
    code = codec_decode_command(
        engine->codec, engine->arena, &request->record, &request->headers, &request->decoded);
    if (code != CODE_ACCEPTED) {
        return code;
    }
    if (request->headers.expiry_unreadable) {
        return CODE_MALFORMED;
    }
    command_content_hash(&request->decoded.command, &request->content_hash);
    code = authenticate(engine, request);
    return code == CODE_ACCEPTED ? limit_rate(engine, request) : code;
}

void stage_decode(struct engine *engine, struct request *requests, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (!requests[i].examined) {
            requests[i].early = decode(engine, &requests[i]);
            requests[i].examined = true;
        }
    }
}

void uncharge(struct engine *engine, struct request *requests, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct request *request = &requests[i];
        request->examined = false;
        if (request->charged && request->record.offset >= request->partition->next_offset) {
            rate_limiter_give_back(
                engine->security.rate,
                request->caller,
                stream_of(engine, request),
                request->record.append_time_us);
            request->charged = false;
        }
    }
}

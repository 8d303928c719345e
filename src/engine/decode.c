/* Steps 1 to 3 of the order of checks: what can be answered without touching a row. */
#include "base/time.h"
#include "engine/attempt.h"

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
    const struct value *box = command_value(&request->decoded.command, "sealed");
    bool sealed = definition->credentials != CREDENTIALS_NEVER && box->present;
    bool by_token = takes_token(definition, sealed);
    enum code code = by_token ? verify(engine, request) : CODE_ACCEPTED;
    if (code == CODE_ACCEPTED && sealed) {
        code = unseal(engine, request);
    }
    if (code == CODE_ACCEPTED && by_token
        && (definition->roles & ROLE_BIT(request->claims.role)) == 0) {
        code = CODE_FORBIDDEN_ROLE;
    }
    return code;
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
    return authenticate(engine, request);
}

void stage_decode(struct engine *engine, struct request *requests, size_t count) {
    for (size_t i = 0; i < count; i++) {
        requests[i].early = decode(engine, &requests[i]);
    }
}

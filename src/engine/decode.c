/* Steps 1 to 3 of the order of checks: what can be answered without touching a row. */
#include "engine/attempt.h"

static enum code authenticate(struct engine *engine, struct request *request) {
    request->authenticated = token_verify(
        engine->verifier,
        request->headers.authorization,
        request->record.append_time_us,
        &request->claims);
    if (!request->authenticated) {
        return CODE_UNAUTHENTICATED;
    }
    if ((request->decoded.command.definition->roles & ROLE_BIT(request->claims.role)) == 0) {
        return CODE_FORBIDDEN_ROLE;
    }
    return CODE_ACCEPTED;
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

/* The token that a log-in or a new password is answered with, sealed to who asked. */
#include "base/log.h"
#include "base/time.h"
#include "engine/attempt.h"
#include "security/signer.h"

#include <stdlib.h>

/* The broker's time, not the database's: tokens are judged by the append times of later records. */
static struct claims claims_of(
    const struct engine *engine,
    const struct request *request,
    const struct session_result *session) {
    int64_t issued_at_s = request->record.append_time_us / TIME_SECOND_US;
    return (struct claims){
        .subject = session->account_id,
        .role = session->role,
        .issued_at_s = issued_at_s,
        .expires_at_s = issued_at_s + engine->settings.token_ttl_us / TIME_SECOND_US,
        .has_version = true,
        .version = session->token_version,
    };
}

static struct view seal(
    const struct engine *engine, const struct request *request, struct view content) {
    size_t box_size = content.size + SEAL_OVERHEAD;
    uint8_t *box = arena_take(engine->work, box_size);
    bool sealed = seal_for(request->sealed->reply_key, content, box, box_size);
    return view_of(sealed ? box : NULL, box_size);
}

enum status seal_session(
    const struct attempt *attempt, const struct request *request, struct session_result *session) {
    struct engine *engine = attempt->engine;
    const struct claims claims = claims_of(engine, request, session);
    struct error error;
    char *token = NULL;
    if (signer_token(engine->security.signer, &claims, &token, &error) != STATUS_OK) {
        log_error("a token cannot be signed", LOG_TEXT("detail", error.text));
        return STATUS_RETRY;
    }
    const struct token_record record = {
        .command_id = request->decoded.command.command_id,
        .account_id = session->account_id,
        .role = session->role,
        .token = token,
        .expires_at_us = claims.expires_at_s * TIME_SECOND_US,
    };
    struct view content = codec_encode_token(engine->codec, engine->work, &record);
    session->sealed = seal(engine, request, content);
    arena_wipe(engine->work, content);
    explicit_bzero(token, strlen(token));
    free(token);
    return session->sealed.data == NULL ? STATUS_RETRY : STATUS_OK;
}

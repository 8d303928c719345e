/* A session: one connection, one producer and one group membership, from joining to the first
 * trouble or the end. Trouble ends it, and the next session is a new incarnation that recovers as
 * any successor would. */
#ifndef SLOTKEEPER_APP_SESSION_H
#define SLOTKEEPER_APP_SESSION_H

#include "app/settings.h"
#include "engine/engine.h"
#include "kafka/reply_topics.h"
#include "kafka/topics.h"

#include <stdatomic.h>

enum { REPLY_PREFIX_SIZE = 200 };

/* What a thread keeps from session to session, and what others see of it. */
struct session_host {
    enum lane lane;
    size_t index; /* of the thread, among those of its lane */
    const struct settings *settings;
    size_t batch_max; /* records */
    struct topic_name request_topic;
    char reply_prefix[REPLY_PREFIX_SIZE];
    struct engine *engine;
    struct arena *scratch;
    struct reply_topics *reply_topics;
    const struct secrets *secrets; /* NULL if only slot commands are taken */
    atomic_bool *stopping;
    atomic_bool joined; /* the group has given it an assignment, be it empty */
    atomic_int partitions_owned;
    atomic_int partitions_stopped;
    atomic_int partitions_unusable; /* given by the group, but their topics are not as needed */
    int64_t pending_barred_us;      /* monotonic: admin's events are not tried before */
    atomic_llong progress_us;       /* monotonic time of the last sign of life */
    atomic_llong answered;          /* records, ever */
};

/* Runs one session. STATUS_OK: told to stop. STATUS_FATAL: nothing that waiting mends. Otherwise:
 * try again. */
enum status session_run(struct session_host *host, struct error *error) MUST_USE;

#endif

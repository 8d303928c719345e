/* What a thread of one lane works with: its engine, its memory, its settings. */
#include "app/host.h"

#include "base/time.h"

#include <stdio.h>

static struct limits limits_of(const struct settings *settings) {
    return (struct limits){
        .slot_duration_min_us = settings->slot_duration_min_us,
        .slot_duration_max_us = settings->slot_duration_max_us,
        .slot_horizon_us = settings->slot_horizon_us,
        .slot_open_max = settings->slot_open_max,
        .booking_lead_time_us = settings->booking_lead_time_us,
        .booking_limit = settings->booking_limit,
        .cancel_cutoff_us = settings->cancel_cutoff_us,
        .noshow_grace_us = settings->noshow_grace_us,
        .command_age_max_us = settings->command_age_max_us,
        .retention_minimum_us = settings->retention_minimum_us,
        .purge_slots_max = settings->purge_slots_max,
        .login_failures_free = settings->login_failures_free,
        .login_delay_max_us = settings->login_delay_max_us,
        .login_failures_max = settings->login_failures_max,
        .login_lock_us = settings->login_lock_us,
        .query_page_max = settings->query_page_max,
    };
}

static struct engine_settings engine_settings_of(const struct session_host *host) {
    const struct settings *settings = host->settings;
    return (struct engine_settings){
        .lane = host->lane,
        .limits = limits_of(settings),
        .topic = view_text(host->request_topic.text),
        .reply_prefix = view_text(host->reply_prefix),
        .batch_max = host->batch_max,
        .arena_size_max = (size_t)settings->batch_memory_max,
        .record_size_max = (size_t)settings->record_max,
        .hashes_max = (size_t)settings->password_batch_max,
        .seal_age_max_us = settings->seal_age_max_us,
        .token_ttl_us = settings->token_ttl_us,
    };
}

enum status host_open(
    struct session_host *host,
    const struct schemas *schemas,
    const struct engine_security *security,
    struct error *error) {
    const struct settings *settings = host->settings;
    host->request_topic = topic_name(settings->topics_prefix, topic_of_lane(host->lane));
    (void)snprintf(
        host->reply_prefix, sizeof host->reply_prefix, "%s.replies.", settings->topics_prefix);
    host->batch_max =
        (size_t)(host->lane == LANE_ACCOUNTS ? settings->account_batch_max : settings->batch_max);
    host->secrets = security->secrets;
    atomic_store(&host->progress_us, time_monotonic_us());
    host->scratch = arena_new((size_t)settings->batch_memory_max);
    host->reply_topics = reply_topics_new(host->reply_prefix, (size_t)settings->reply_topics_max);
    if (host->scratch == NULL || host->reply_topics == NULL) {
        return error_set(error, STATUS_FATAL, "no memory for a thread");
    }
    const struct engine_settings engine_settings = engine_settings_of(host);
    host->engine = engine_new(&engine_settings, schemas, security, error);
    return host->engine == NULL ? STATUS_FATAL : STATUS_OK;
}

void host_close(struct session_host *host) {
    engine_destroy(host->engine);
    reply_topics_destroy(host->reply_topics);
    arena_destroy(host->scratch);
}

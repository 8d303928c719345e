/* Settings: one row each in settings.c, which feeds parsing, --help and docs/settings.md. */
#ifndef SLOTKEEPER_APP_SETTINGS_H
#define SLOTKEEPER_APP_SETTINGS_H

#include "base/status.h"
#include "kafka/property.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SETTINGS_KAFKA_MAX = 64, SETTINGS_TEXT_MAX = 1024 };

/* Durations in microseconds, sizes in bytes. Texts are "" when not set. */
struct settings {
    /* rules */
    int64_t slot_duration_min_us, slot_duration_max_us, slot_horizon_us, slot_open_max;
    int64_t booking_lead_time_us, booking_limit;
    int64_t cancel_cutoff_us, noshow_grace_us;
    int64_t command_age_max_us;
    int64_t retention_minimum_us, purge_slots_max;
    /* topics and groups */
    char topics_prefix[128];
    int64_t topics_partitions, topics_replication_factor; /* replication default 1 */
    char group_prefix[128];
    char event_source[256];       /* event.source: ce_source, default /slotkeeper */
    int64_t record_max;           /* record.max, 64 KiB */
    int64_t reply_partitions_max; /* 32 */
    int64_t reply_topics_max;     /* 1000 */
    int64_t reply_bar_us; /* reply.bar: how long a reply topic that broke a transaction is not used,
                             5m */
    char schemas_dir[SETTINGS_TEXT_MAX];
    /* worker */
    int64_t worker_threads; /* 3 */
    int64_t worker_drain_us;
    char worker_instance_id[128];
    int64_t batch_max;              /* batch.max: records a batch, 500 */
    int64_t batch_bytes_max;        /* batch.bytes_max: of records, 4 MiB */
    int64_t batch_interval_us;      /* batch.interval: between batches that are not full, 20 ms */
    int64_t batch_linger_us;        /* batch.linger: between batches of refusals, 500 ms */
    int64_t batch_memory_max;       /* batch.memory_max: bytes of a thread's arena, 64 MiB */
    int64_t restart_backoff_max_us; /* worker.backoff_max: 5s */
    int64_t transaction_timeout_us; /* kafka transaction.timeout.ms is set from
                                       worker.transaction_timeout, 10s */
    int64_t log_retention_us;
    char http_listen[128];
    char log_level[16];
    /* database */
    char database_url[SETTINGS_TEXT_MAX], database_read_url[SETTINGS_TEXT_MAX],
        database_admin_url[SETTINGS_TEXT_MAX];
    int64_t database_timeout_us; /* client-side deadline of a statement, 10s */
    /* tokens and keys */
    char token_jwks_file[SETTINGS_TEXT_MAX], token_issuer[256], token_audience[256];
    char token_signing_key_file[SETTINGS_TEXT_MAX], token_signing_kid[128];
    int64_t token_ttl_us, token_max_ttl_us, token_leeway_us, token_cache_max;
    char seal_key_dir[SETTINGS_TEXT_MAX], secret_file[SETTINGS_TEXT_MAX];
    int64_t seal_age_max_us;
    /* accounts */
    int64_t account_threads, account_batch_max, query_threads;
    int64_t password_threads, password_batch_max, password_memory, password_passes, password_lanes;
    int64_t login_failures_free, login_delay_max_us, login_failures_max, login_lock_us;
    int64_t login_rows_max;
    /* later commands, parsed and documented already */
    int64_t rate_per_second, rate_burst, rate_callers_max, query_page_max, query_lag_max_us;
    /* kafka.PROPERTY, in order of mention, the last of a name wins */
    struct kafka_property kafka[SETTINGS_KAFKA_MAX];
    size_t kafka_count;
};

/* From defaults, then the file (`config_file`; NULL: /etc/slotkeeper/slotkeeper.conf if it is
 * there), then the environment, then `sets` ("name=value"). STATUS_INVALID with *error naming the
 * setting, where it stood and what it takes (never the value of a setting marked secret). */
enum status settings_load(
    struct settings *settings,
    const char *config_file,
    const char *const *sets,
    size_t set_count,
    struct error *error) MUST_USE;

/* The table as Markdown (docs/settings.md is this, a test compares) and as --help text, to standard
 * output. */
void settings_print_markdown(void);
void settings_print_help(void);

#endif

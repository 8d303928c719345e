/* PostgreSQL's word against Kafka's. */
#include "engine/takeover.h"

const char *takeover_refusal(const struct takeover *takeover, struct error *error) {
    const struct partition *partition = takeover->partition;
    long long next = (long long)partition->next_offset;
    if (strcmp(takeover->cluster_in_database, takeover->cluster_here) != 0) {
        (void)error_set(
            error,
            STATUS_FATAL,
            "the database belongs to Kafka cluster %s, this is cluster %s",
            takeover->cluster_in_database,
            takeover->cluster_here);
        return "CLUSTER_CHANGED";
    }
    if (takeover->committed_offset > partition->next_offset) {
        (void)error_set(
            error,
            STATUS_FATAL,
            "Kafka has committed offset %lld, the database knows of no record from %lld on: it was "
            "restored or promoted"
            " with a loss",
            (long long)takeover->committed_offset,
            next);
        return "DATABASE_BEHIND_KAFKA";
    }
    if (takeover->committed_offset < 0 && partition->last_offset >= 0) {
        (void)error_set(
            error,
            STATUS_FATAL,
            "the database has consumed up to offset %lld, Kafka has no committed offset",
            next);
        return "KAFKA_OFFSETS_LOST";
    }
    if (partition->next_offset < takeover->low_watermark) {
        (void)error_set(
            error,
            STATUS_FATAL,
            "the topic begins at offset %lld, records from %lld on were never read",
            (long long)takeover->low_watermark,
            next);
        return "RECORDS_EXPIRED";
    }
    if (partition->next_offset > takeover->high_watermark) {
        (void)error_set(
            error,
            STATUS_FATAL,
            "the topic ends at offset %lld, the database has consumed up to %lld: the topic was "
            "made again",
            (long long)takeover->high_watermark,
            next);
        return "TOPIC_REMADE";
    }
    return NULL;
}

int64_t takeover_start_offset(const struct takeover *takeover) {
    const struct partition *partition = takeover->partition;
    bool there = partition->last_offset >= 0 && partition->last_offset >= takeover->low_watermark;
    return there ? partition->last_offset : partition->next_offset;
}

int64_t takeover_publish_from(const struct takeover *takeover) {
    return takeover->committed_offset < 0 ? takeover->partition->next_offset
                                          : takeover->committed_offset;
}

bool takeover_same_record(
    const struct partition *partition, int64_t append_time_us, struct view value) {
    struct digest digest;
    digest_of(value, &digest);
    return append_time_us == partition->last_append_time_us
           && digest_equal(&digest, &partition->last_hash);
}

int64_t takeover_first_query(const struct takeover *takeover) {
    return takeover->committed_offset > takeover->low_watermark ? takeover->committed_offset
                                                                : takeover->low_watermark;
}

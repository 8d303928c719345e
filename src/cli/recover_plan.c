/* One question first: are the records on the topic those that the database has consumed? If they
 * are, offsets mean the same to both, and only what lies between them is to be settled. If not, all
 * that is on the topic is new to the database. */
#include "cli/recover_plan.h"

#include <stddef.h>

static int64_t later(int64_t a, int64_t b) {
    return a > b ? a : b;
}

static int64_t earlier(int64_t a, int64_t b) {
    return a < b ? a : b;
}

bool range_is_empty(struct offset_range range) {
    return range.from >= range.below;
}

static const char *find(const struct recover_facts *facts, struct error *reason) {
    const struct takeover takeover = {
        .partition = &facts->partition,
        .cluster_in_database = facts->cluster_in_database,
        .cluster_here = facts->cluster_here,
        .committed_offset = facts->committed_offset,
        .low_watermark = facts->low_watermark,
        .high_watermark = facts->high_watermark,
    };
    const char *word = takeover_refusal(&takeover, reason);
    if (word == NULL && facts->last == LAST_OTHER) {
        (void)error_set(
            reason,
            STATUS_FATAL,
            "the last record consumed, at offset %lld, has become another: the topic was made "
            "again",
            (long long)facts->partition.last_offset);
        return "TOPIC_REMADE";
    }
    return word;
}

/* On another cluster only a record that is the same proves that the topic was copied as it was. */
static bool is_other_topic(const struct recover_facts *facts) {
    bool moved = strcmp(facts->cluster_in_database, facts->cluster_here) != 0;
    return facts->last == LAST_OTHER || facts->partition.next_offset > facts->high_watermark
           || (moved && facts->last != LAST_SAME && facts->partition.last_offset >= 0);
}

static void plan_other_topic(const struct recover_facts *facts, struct recover_plan *plan) {
    const struct partition *partition = &facts->partition;
    int64_t low = facts->low_watermark;
    plan->next_offset = low;
    plan->published_offset = low;
    plan->again =
        (struct offset_range){low, earlier(facts->committed_offset, facts->high_watermark)};
    plan->unsent = (struct offset_range){partition->published_offset, partition->next_offset};
    plan->old_topic_read_from = partition->next_offset;
    plan->commit_offset = low;
    plan->raises_generation = true;
}

static void plan_same_topic(const struct recover_facts *facts, struct recover_plan *plan) {
    const struct partition *partition = &facts->partition;
    int64_t next = partition->next_offset;
    int64_t low = facts->low_watermark;
    int64_t committed = facts->committed_offset;
    plan->next_offset = later(next, low);
    plan->published_offset = partition->published_offset;
    plan->again = (struct offset_range){plan->next_offset, committed};
    plan->lost = (struct offset_range){next, earlier(low, committed)};
    plan->unread = (struct offset_range){later(next, committed), low};
    plan->commit_offset = committed > plan->next_offset ? plan->next_offset : -1;
    if (committed < 0 && partition->last_offset >= 0) {
        plan->commit_offset = partition->published_offset;
        plan->resent = (struct offset_range){partition->published_offset, next};
    }
    plan->raises_generation = committed > next || low > next
                              || strcmp(facts->cluster_in_database, facts->cluster_here) != 0;
}

struct recover_plan recover_plan(const struct recover_facts *facts) {
    struct recover_plan plan = {
        .old_topic_read_from = -1,
        .next_offset = facts->partition.next_offset,
        .published_offset = facts->partition.published_offset,
        .commit_offset = -1};
    plan.found = find(facts, &plan.reason);
    if (plan.found == NULL) {
        return plan;
    }
    plan.other_topic = is_other_topic(facts);
    if (plan.other_topic) {
        plan_other_topic(facts, &plan);
    } else {
        plan_same_topic(facts, &plan);
    }
    return plan;
}

bool recover_loses_effects(const struct recover_plan *plan) {
    return plan->found != NULL && (!range_is_empty(plan->again) || !range_is_empty(plan->lost));
}

int64_t recover_settled_below(const struct recover_facts *facts, const struct recover_plan *plan) {
    if (plan->found == NULL) {
        return facts->partition.next_offset;
    }
    return later(plan->next_offset, range_is_empty(plan->again) ? 0 : plan->again.below);
}

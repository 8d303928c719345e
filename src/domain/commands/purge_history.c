/* PurgeHistory: an admin has old history deleted, so many whole slots at a time. Which slots these
 * are was found out by load; what is known of them afterwards is their ids, where their chains
 * ended, and the one event that says so. A purge that finds nothing leaves its event, too. */
#include "domain/decision.h"

static enum code decide(struct decision *decision) {
    int64_t before_us = decision_value(decision, "before")->as.time_us;
    if (before_us > decision->now_us - decision->limits->retention_minimum_us) {
        return CODE_RETENTION_MINIMUM;
    }
    decision_purge(decision, before_us);
    const struct purge *purge = &decision->world->purge;
    decision->result = (struct result){
        .type = RESULT_PURGED,
        .as.purged = {
            .slots = purge->record.slots,
            .appointments = purge->record.appointments,
            .events = purge->record.events,
            .more = purge->more}};
    return CODE_ACCEPTED;
}

const struct command_definition command_purge_history = {
    .name = "PurgeHistory",
    .roles = ROLE_BIT(ROLE_ADMIN),
    .loads = LOAD_PURGEABLE,
    .lane = LANE_ACCOUNTS,
    .fields = {{.name = "before", .type = FIELD_TIME}},
    .decide = decide,
};

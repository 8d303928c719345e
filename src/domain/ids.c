/* Ids that follow from where a request record stood. docs/audit.md gives the bytes that are hashed.
 */
#include "domain/outcome.h"

static void add_number(struct digester *digester, uint64_t number) {
    uint8_t bytes[8];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(number >> (56 - 8 * i));
    }
    digester_add(digester, view_of(bytes, sizeof bytes));
}

static void begin(struct digester *digester, const char *label) {
    digester_begin(digester);
    digester_add_sized(digester, view_text(label));
}

static struct uuid end(struct digester *digester) {
    struct digest digest;
    digester_end(digester, &digest);
    return uuid_of_digest(&digest);
}

struct uuid outcome_id_of(
    struct view cluster_id,
    int64_t generation,
    struct view topic,
    int32_t partition,
    int64_t offset) {
    struct digester digester;
    begin(&digester, "slotkeeper.outcome");
    digester_add_sized(&digester, cluster_id);
    add_number(&digester, (uint64_t)generation);
    add_number(&digester, (uint64_t)partition);
    add_number(&digester, (uint64_t)offset);
    digester_add_sized(&digester, topic);
    return end(&digester);
}

/* As few bytes as hold it, at least one. */
static void add_index(struct digester *digester, uint32_t index) {
    uint8_t bytes[sizeof index];
    size_t start = sizeof bytes;
    do {
        bytes[--start] = (uint8_t)index;
        index >>= 8U;
    } while (index > 0);
    digester_add(digester, view_of(bytes + start, sizeof bytes - start));
}

/* A deactivation has as many events as a doctor has slots to come, so one byte is not enough. */
struct uuid event_id_of(struct uuid outcome_id, unsigned index) {
    struct digester digester;
    begin(&digester, "slotkeeper.event");
    digester_add(&digester, view_of(outcome_id.bytes, sizeof outcome_id.bytes));
    add_index(&digester, index);
    return end(&digester);
}

static struct uuid id_under(const char *label, struct uuid outcome_id) {
    struct digester digester;
    begin(&digester, label);
    digester_add(&digester, view_of(outcome_id.bytes, sizeof outcome_id.bytes));
    return end(&digester);
}

struct uuid appointment_id_of(struct uuid outcome_id) {
    return id_under("slotkeeper.appointment", outcome_id);
}

struct uuid account_id_of(struct uuid outcome_id) {
    return id_under("slotkeeper.account", outcome_id);
}

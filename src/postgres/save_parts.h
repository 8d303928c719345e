/* What the parts of a save share. */
#ifndef SLOTKEEPER_POSTGRES_SAVE_PARTS_H
#define SLOTKEEPER_POSTGRES_SAVE_PARTS_H

#include "postgres/store.h"

/* The statements of one save and how many rows each must touch. */
struct save {
    struct store *store;
    struct arena *arena;
    int64_t now_us;

    struct {
        enum statement statement;
        long long expected;
    } queued[PIPELINE_MAX];

    size_t count;
};

enum { SAVE_ANY_COUNT = -1 };

/* A statement that must touch `expected` rows, or SAVE_ANY_COUNT. */
void save_queue(
    struct save *save,
    enum statement statement,
    const struct parameters *parameters,
    long long expected);

/* In the order in which they are saved. */
void save_updated_appointments(struct save *save, const struct world *world);
void save_withdrawn_slots(struct save *save, const struct world *world);
void save_new_slots(struct save *save, const struct world *world);
void save_new_appointments(struct save *save, const struct world *world);
void save_accounts(struct save *save, const struct world *world);
void save_purge(struct save *save, const struct world *world); /* after the events */
void save_log_ins(
    struct save *save, const struct world *world, const struct answer *answers, size_t count);
void save_events(struct save *save, const struct world *world);
void save_answers(struct save *save, const struct answer *answers, size_t count);

/* Values as the columns have them. */
struct view save_text_or_null(const char *text);
const char *save_reason_name(enum reason reason, struct arena *arena); /* NULL for REASON_NONE */
void save_add_seat(struct array *array, int16_t seat);
void save_add_optional_uuid(struct array *array, bool present, struct uuid value);

#endif

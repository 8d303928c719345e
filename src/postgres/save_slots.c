/* Slots: withdrawn ones, then new ones by (doctor, start). */
#include "postgres/save_parts.h"

#include <stdlib.h>

void save_withdrawn_slots(struct save *save, const struct world *world) {
    struct array ids, reasons;
    array_begin(&ids, save->arena, ELEMENT_UUID, world->changed_slot_count);
    array_begin(&reasons, save->arena, ELEMENT_TEXT, world->changed_slot_count);
    for (size_t i = 0; i < world->changed_slot_count; i++) {
        if (world->changed_slots[i]->change == CHANGE_UPDATE) {
            array_add_uuid(&ids, world->changed_slots[i]->slot_id);
            array_add_bytes(
                &reasons,
                save_text_or_null(
                    save_reason_name(world->changed_slots[i]->withdrawal_reason, save->arena)));
        }
    }
    if (ids.count > 0) {
        struct parameters *parameters = ARENA_ARRAY(save->arena, struct parameters, 1);
        parameters_add_array(parameters, &ids);
        parameters_add_array(parameters, &reasons);
        parameters_add_time(parameters, save->arena, save->now_us);
        save_queue(save, STATEMENT_WITHDRAW_SLOTS, parameters, ids.count);
    }
}

static int by_doctor_and_start(const void *a, const void *b) {
    const struct slot *left = *(const struct slot *const *)a;
    const struct slot *right = *(const struct slot *const *)b;
    int order = uuid_compare(left->doctor_id, right->doctor_id);
    return order != 0 ? order
                      : (left->starts_at_us > right->starts_at_us)
                            - (left->starts_at_us < right->starts_at_us);
}

void save_new_slots(struct save *save, const struct world *world) {
    const struct slot **slots =
        ARENA_ARRAY(save->arena, const struct slot *, world->changed_slot_count);
    size_t count = 0;
    for (size_t i = 0; i < world->changed_slot_count; i++) {
        if (world->changed_slots[i]->change == CHANGE_INSERT) {
            slots[count++] = world->changed_slots[i];
        }
    }
    if (count == 0) {
        return;
    }
    qsort(slots, count, sizeof slots[0], by_doctor_and_start);
    struct array ids, doctors, starts, ends, withdrawn, reasons;
    array_begin(&ids, save->arena, ELEMENT_UUID, count);
    array_begin(&doctors, save->arena, ELEMENT_UUID, count);
    array_begin(&starts, save->arena, ELEMENT_TIMESTAMPTZ, count);
    array_begin(&ends, save->arena, ELEMENT_TIMESTAMPTZ, count);
    array_begin(&withdrawn, save->arena, ELEMENT_BOOL, count);
    array_begin(&reasons, save->arena, ELEMENT_TEXT, count);
    for (size_t i = 0; i < count; i++) {
        array_add_uuid(&ids, slots[i]->slot_id);
        array_add_uuid(&doctors, slots[i]->doctor_id);
        array_add_time(&starts, slots[i]->starts_at_us);
        array_add_time(&ends, slots[i]->ends_at_us);
        array_add_bool(&withdrawn, slots[i]->withdrawn);
        array_add_bytes(
            &reasons,
            save_text_or_null(save_reason_name(slots[i]->withdrawal_reason, save->arena)));
    }
    const struct array *columns[] = {&ids, &doctors, &starts, &ends, &withdrawn, &reasons};
    struct parameters *parameters = ARENA_ARRAY(save->arena, struct parameters, 1);
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        parameters_add_array(parameters, columns[i]);
    }
    parameters_add_time(parameters, save->arena, save->now_us);
    save_queue(save, STATEMENT_INSERT_SLOTS, parameters, (long long)count);
}

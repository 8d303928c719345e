/* Attempts at passwords, within the transaction of a rehearsal: which devices are known, how many
 * failures there were, and what is counted from now on. */
#include "postgres/row.h"
#include "postgres/store.h"

#include <assert.h>

static struct view key_bytes(const struct digest *key) {
    return view_of(key->bytes, sizeof key->bytes);
}

enum status store_find_devices(
    struct store *store, struct preparation *preparation, struct arena *arena) {
    struct array ids, keys;
    struct parameters parameters = {.count = 0};
    PGresult **results = NULL;
    array_begin(&ids, arena, ELEMENT_UUID, preparation->device_count);
    array_begin(&keys, arena, ELEMENT_BYTEA, preparation->device_count);
    for (size_t i = 0; i < preparation->device_count; i++) {
        array_add_uuid(&ids, preparation->devices[i].account_id);
        array_add_bytes(&keys, key_bytes(&preparation->devices[i].device_key));
    }
    parameters_add_array(&parameters, &ids);
    parameters_add_array(&parameters, &keys);
    pipeline_queue(store->pipeline, STATEMENT_FIND_DEVICES, &parameters);
    enum status status = pipeline_run(store->pipeline, &results);
    for (int row = 0; status == STATUS_OK && row < PQntuples(results[0]); row++) {
        struct digest key = row_digest(results[0], row, 1);
        for (size_t i = 0; i < preparation->device_count; i++) {
            struct device *device = &preparation->devices[i];
            device->known = device->known || digest_equal(&device->device_key, &key);
        }
    }
    return status;
}

static struct array keys_of(const struct preparation *preparation, struct arena *arena) {
    struct array keys;
    array_begin(&keys, arena, ELEMENT_BYTEA, preparation->throttle_count);
    for (size_t i = 0; i < preparation->throttle_count; i++) {
        array_add_bytes(&keys, key_bytes(&preparation->throttles[i].key));
    }
    return keys;
}

static void queue_places(
    struct store *store,
    const struct preparation *preparation,
    struct arena *arena,
    struct parameters *parameters) {
    struct array partitions, offsets;
    array_begin(&partitions, arena, ELEMENT_INT4, preparation->reservation_count);
    array_begin(&offsets, arena, ELEMENT_INT8, preparation->reservation_count);
    for (size_t i = 0; i < preparation->reservation_count; i++) {
        array_add_int4(&partitions, preparation->reservations[i].partition);
        array_add_int8(&offsets, preparation->reservations[i].offset);
    }
    parameters_add_text(parameters, store->topic);
    parameters_add_array(parameters, &partitions);
    parameters_add_array(parameters, &offsets);
    pipeline_queue(store->pipeline, STATEMENT_FIND_ATTEMPTS, parameters);
}

/* Rows come in the order of keys, as preparation->throttles are. */
static enum status read_throttles(struct preparation *preparation, const PGresult *result) {
    if ((size_t)PQntuples(result) != preparation->throttle_count) {
        return STATUS_CONFLICT; /* one was forgiven between the insert and the lock */
    }
    for (size_t i = 0; i < preparation->throttle_count; i++) {
        int row = (int)i;
        struct digest key = row_digest(result, row, 0);
        assert(digest_equal(&key, &preparation->throttles[i].key));
        (void)key;
        preparation->throttles[i].throttle = (struct throttle){
            .failures = row_int4(result, row, 1),
            .blocked_until_us = row_is_null(result, row, 2) ? 0 : row_time_us(result, row, 2),
            .last_attempt_us = row_time_us(result, row, 3)};
    }
    return STATUS_OK;
}

static void mark_counted(struct preparation *preparation, int32_t partition, int64_t offset) {
    for (size_t i = 0; i < preparation->reservation_count; i++) {
        struct reservation *reservation = &preparation->reservations[i];
        if (reservation->partition == partition && reservation->offset == offset) {
            reservation->counted = true;
        }
    }
}

static void read_attempts(struct preparation *preparation, const PGresult *result) {
    for (int row = 0; row < PQntuples(result); row++) {
        mark_counted(preparation, row_int4(result, row, 0), row_int8(result, row, 1));
    }
}

enum status store_lock_throttles(
    struct store *store, struct preparation *preparation, struct arena *arena) {
    struct array keys = keys_of(preparation, arena);
    struct parameters add = {.count = 0};
    struct parameters lock = {.count = 0};
    struct parameters places = {.count = 0};
    PGresult **results = NULL;
    parameters_add_array(&add, &keys);
    parameters_add_time(&add, arena, preparation->now_us);
    parameters_add_array(&lock, &keys);
    pipeline_queue(store->pipeline, STATEMENT_ADD_THROTTLES, &add);
    pipeline_queue(store->pipeline, STATEMENT_LOCK_THROTTLES, &lock);
    queue_places(store, preparation, arena, &places);
    enum status status = pipeline_run(store->pipeline, &results);
    if (status == STATUS_OK) {
        status = read_throttles(preparation, results[1]);
    }
    if (status == STATUS_OK) {
        read_attempts(preparation, results[2]);
    }
    return status;
}

static void queue_throttles(
    struct store *store,
    const struct preparation *preparation,
    struct arena *arena,
    struct parameters *parameters) {
    struct array keys = keys_of(preparation, arena);
    struct array failures, blocked, last;
    array_begin(&failures, arena, ELEMENT_INT4, preparation->throttle_count);
    array_begin(&blocked, arena, ELEMENT_TIMESTAMPTZ, preparation->throttle_count);
    array_begin(&last, arena, ELEMENT_TIMESTAMPTZ, preparation->throttle_count);
    for (size_t i = 0; i < preparation->throttle_count; i++) {
        const struct throttle *throttle = &preparation->throttles[i].throttle;
        array_add_int4(&failures, (int32_t)throttle->failures);
        if (throttle->blocked_until_us == 0) {
            array_add_null(&blocked);
        } else {
            array_add_time(&blocked, throttle->blocked_until_us);
        }
        array_add_time(&last, throttle->last_attempt_us);
    }
    parameters_add_array(parameters, &keys);
    parameters_add_array(parameters, &failures);
    parameters_add_array(parameters, &blocked);
    parameters_add_array(parameters, &last);
    pipeline_queue(store->pipeline, STATEMENT_UPDATE_THROTTLES, parameters);
}

static void queue_reservations(
    struct store *store,
    const struct preparation *preparation,
    struct arena *arena,
    struct parameters *parameters) {
    struct array partitions, offsets, keys;
    array_begin(&partitions, arena, ELEMENT_INT4, preparation->reservation_count);
    array_begin(&offsets, arena, ELEMENT_INT8, preparation->reservation_count);
    array_begin(&keys, arena, ELEMENT_BYTEA, preparation->reservation_count);
    for (size_t i = 0; i < preparation->reservation_count; i++) {
        array_add_int4(&partitions, preparation->reservations[i].partition);
        array_add_int8(&offsets, preparation->reservations[i].offset);
        array_add_bytes(&keys, key_bytes(&preparation->reservations[i].key));
    }
    parameters_add_text(parameters, store->topic);
    parameters_add_array(parameters, &partitions);
    parameters_add_array(parameters, &offsets);
    parameters_add_array(parameters, &keys);
    parameters_add_time(parameters, arena, preparation->now_us);
    pipeline_queue(store->pipeline, STATEMENT_INSERT_ATTEMPTS, parameters);
}

enum status store_note_attempts(
    struct store *store, const struct preparation *preparation, struct arena *arena) {
    struct parameters throttles = {.count = 0};
    struct parameters reservations = {.count = 0};
    struct parameters closing = {.count = 0};
    if (preparation->throttle_count > 0) {
        queue_throttles(store, preparation, arena, &throttles);
    }
    if (preparation->reservation_count > 0) {
        queue_reservations(store, preparation, arena, &reservations);
    }
    if (preparation->closing.count > 0) {
        parameters_add_uuids(
            &closing, arena, preparation->closing.items, preparation->closing.count);
        parameters_add_time(&closing, arena, preparation->now_us);
        pipeline_queue(store->pipeline, STATEMENT_ANNOUNCE_ENDS, &closing);
    }
    return pipeline_run(store->pipeline, NULL);
}

/* Ids are MD5 of words, because SQL has that too; orders come from a generator of our own, the same
 * in every run. */
#include "bench.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct uuid plan_id(const struct plan *plan, const char *kind, size_t number) {
    char text[160];
    struct uuid id;
    size_t size = 0;
    int length = snprintf(text, sizeof text, "%s.%s.%zu", plan->run, kind, number);
    if (EVP_Q_digest(NULL, "MD5", NULL, text, (size_t)length, id.bytes, &size) != 1) {
        die("no MD5");
    }
    return id;
}

struct uuid plan_slot_id(const struct plan *plan, size_t number) {
    struct uuid id = plan_id(plan, "slot", number);
    uint64_t time_ms = plan->slots_from_ms + number;
    if (plan->slots_from_ms > 0) {
        for (size_t i = 0; i < 6; i++) {
            id.bytes[i] = (uint8_t)(time_ms >> (40 - 8 * i));
        }
        id.bytes[6] = (uint8_t)(0x70 | (id.bytes[6] & 0x0f));
        id.bytes[8] = (uint8_t)(0x80 | (id.bytes[8] & 0x0f));
    }
    return id;
}

static uint64_t next_random(uint64_t *state) {
    uint64_t mixed = *state += 0x9e3779b97f4a7c15;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    return mixed ^ (mixed >> 31);
}

static void shuffle(uint32_t *numbers, size_t count, uint64_t seed) {
    for (size_t i = count; i > 1; i--) {
        size_t other = (size_t)(next_random(&seed) % i);
        uint32_t kept = numbers[i - 1];
        numbers[i - 1] = numbers[other];
        numbers[other] = kept;
    }
}

static uint32_t *ascending(size_t count) {
    uint32_t *numbers = calloc(count + 1, sizeof *numbers);
    if (numbers == NULL) {
        die("no memory");
    }
    for (size_t i = 0; i < count; i++) {
        numbers[i] = (uint32_t)i;
    }
    return numbers;
}

uint32_t *plan_patients(const struct plan *plan, size_t first, size_t count) {
    uint32_t *patients = calloc(count + 1, sizeof *patients);
    if (patients == NULL) {
        die("no memory");
    }
    size_t done = 0;
    while (done < count) {
        size_t block = (first + done) / plan->patients;
        size_t from = (first + done) % plan->patients;
        size_t piece = plan->patients - from < count - done ? plan->patients - from : count - done;
        uint32_t *order = ascending(plan->patients);
        shuffle(order, plan->patients, block);
        memcpy(patients + done, order + from, piece * sizeof *order);
        free(order);
        done += piece;
    }
    return patients;
}

uint32_t *plan_order(size_t count) {
    uint32_t *order = ascending(count);
    shuffle(order, count, 0x736c6f74);
    return order;
}

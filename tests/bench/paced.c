/* Bookings at an even pace, and how long each took. */
#include "base/time.h"
#include "bench.h"

#include <stdlib.h>

enum { WAIT_MS = 1, SILENCE_MAX_US = 60000000, LEAD_PART = 5 };

struct run {
    const struct pace *pace;
    struct requests *requests;
    struct outcomes *outcomes;
    int64_t *times_us; /* one a booking; 0: no outcome yet */
    int64_t began_us;
    size_t sent, answered;
};

static int64_t due_us(const struct run *run, size_t number) {
    return run->began_us + (int64_t)number * TIME_SECOND_US / (int64_t)run->pace->per_second;
}

static void send_due(struct run *run, const uint32_t *patients) {
    const struct pace *pace = run->pace;
    int64_t now_us = time_monotonic_us();
    for (; run->sent < pace->count && due_us(run, run->sent) <= now_us; run->sent++) {
        requests_book_numbered(
            run->requests,
            plan_slot_id(&pace->plan, pace->first_slot + run->sent),
            pace->tokens[patients[run->sent]],
            run->sent + 1);
    }
}

/* False: none came. */
static bool take_answer(struct run *run) {
    uint64_t number = 0;
    if (!outcomes_poll(run->outcomes, WAIT_MS, &number)) {
        return false;
    }
    if (number == 0 || number > run->sent || run->times_us[number - 1] != 0) {
        die("an outcome came that nobody waits for");
    }
    run->times_us[number - 1] = time_monotonic_us() - due_us(run, number - 1);
    run->answered++;
    return true;
}

static void send_and_read(struct run *run) {
    uint32_t *patients = plan_patients(&run->pace->plan, run->pace->first_slot, run->pace->count);
    int64_t heard_us = time_monotonic_us();
    run->began_us = heard_us;
    while (run->answered < run->pace->count) {
        send_due(run, patients);
        requests_poll(run->requests);
        if (take_answer(run)) {
            heard_us = time_monotonic_us();
        } else if (time_monotonic_us() - heard_us > SILENCE_MAX_US || !workers_are_running()) {
            die("after %zu of %zu outcomes none came any more", run->answered, run->pace->count);
        }
    }
    free(patients);
}

static struct paced times_of(const struct run *run) {
    size_t lead = run->pace->count / LEAD_PART;
    size_t count = run->pace->count - lead;
    return (struct paced){.times = percentiles_of(run->times_us + lead, count), .counted = count};
}

struct paced measure_paced(const struct settings *settings, const struct pace *pace) {
    struct run run = {
        .pace = pace,
        .requests = requests_new(settings, NULL, "5"),
        .outcomes = outcomes_new(settings, "10", "1"),
        .times_us = calloc(pace->count + 1, sizeof *run.times_us)};
    if (run.times_us == NULL) {
        die("no memory");
    }
    send_and_read(&run);
    struct paced paced = times_of(&run);
    requests_destroy(run.requests);
    outcomes_destroy(run.outcomes);
    free(run.times_us);
    return paced;
}

/* From /proc/self, which stays readable in a process that is not dumpable but for what says where
 * things lie. */
#include "base/process_metrics.h"

#include "base/time.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { START_TIME_FIELD = 22 }; /* of /proc/self/stat, counted from 1 */

static double start_time_s;
static pthread_once_t start_time_once = PTHREAD_ONCE_INIT;

/* The first bytes of a small file, as text. False: it cannot be read. */
static bool read_text(const char *path, char *text, size_t size) {
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return false;
    }
    size_t count = fread(text, 1, size - 1, file);
    (void)fclose(file);
    text[count] = '\0';
    return count > 0;
}

/* The field's text, given that the second one, a program's name, may hold blanks and parentheses.
 */
static const char *stat_field(const char *stat, int number) {
    const char *next = strrchr(stat, ')');
    for (int field = 2; next != NULL && field < number; field++) {
        next = strchr(next + 1, ' ');
    }
    return next;
}

static void find_start_time(void) {
    char stat[1024];
    if (!read_text("/proc/self/stat", stat, sizeof stat)) {
        return;
    }
    const char *field = stat_field(stat, START_TIME_FIELD);
    struct timespec since_boot;
    if (field == NULL || clock_gettime(CLOCK_BOOTTIME, &since_boot) != 0) {
        return;
    }
    double started = (double)strtoull(field, NULL, 10) / (double)sysconf(_SC_CLK_TCK);
    double age = (double)since_boot.tv_sec + (double)since_boot.tv_nsec / 1e9 - started;
    start_time_s = (double)time_wall_us() / (double)TIME_SECOND_US - age;
}

static void write_metric(FILE *out, const char *name, const char *type, const char *help) {
    (void)fprintf(out, "# HELP %s %s\n# TYPE %s %s\n%s ", name, help, name, type, name);
}

static void write_memory(FILE *out) {
    char statm[256];
    if (!read_text("/proc/self/statm", statm, sizeof statm)) {
        return;
    }
    const char *resident = strchr(statm, ' ');
    if (resident != NULL) {
        write_metric(out, "process_resident_memory_bytes", "gauge", "Memory in RAM.");
        (void)fprintf(out, "%lld\n", strtoll(resident, NULL, 10) * sysconf(_SC_PAGESIZE));
    }
}

static void write_processor_time(FILE *out) {
    struct timespec used;
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) == 0) {
        write_metric(out, "process_cpu_seconds_total", "counter", "Processor time used.");
        (void)fprintf(out, "%.6f\n", (double)used.tv_sec + (double)used.tv_nsec / 1e9);
    }
}

static void write_start_time(FILE *out) {
    (void)pthread_once(&start_time_once, find_start_time);
    if (start_time_s > 0) {
        write_metric(out, "process_start_time_seconds", "gauge", "When it began, Unix time.");
        (void)fprintf(out, "%.3f\n", start_time_s);
    }
}

void process_metrics_write(FILE *out) {
    write_memory(out);
    write_processor_time(out);
    write_start_time(out);
}

/* The files are read again and again, because they are replaced while the worker runs. */
#include "app/certificates.h"

#include "base/certificate.h"
#include "base/metrics.h"
#include "base/time.h"

#include <libpq-fe.h>

#include <string.h>

enum { MEASURE_US = 10000000, DAY_S = 86400 };

static void measure_file(const char *name, const char *path) {
    int64_t ends_at_us = 0;
    if (certificate_file_end(path, &ends_at_us)) {
        double left_us = (double)(ends_at_us - time_wall_us());
        metrics_set(METRIC_CERTIFICATE_DAYS, name, left_us / TIME_SECOND_US / DAY_S);
    } else {
        metrics_set(METRIC_CERTIFICATE_DAYS, name, -1);
    }
}

static void measure_kafka(const struct settings *settings, const char *property) {
    char name[KAFKA_PROPERTY_NAME_MAX + sizeof "kafka."] = "kafka.";
    const char *path = NULL;
    for (size_t i = 0; i < settings->kafka_count; i++) {
        if (strcmp(settings->kafka[i].name, property) == 0) {
            path = settings->kafka[i].value;
        }
    }
    if (path != NULL && path[0] != '\0') {
        (void)strncat(name, property, KAFKA_PROPERTY_NAME_MAX);
        measure_file(name, path);
    }
}

static void measure_database(const struct settings *settings) {
    PQconninfoOption *options = PQconninfoParse(settings->database_url, NULL);
    for (const PQconninfoOption *option = options; option != NULL && option->keyword != NULL;
         option++) {
        bool file =
            strcmp(option->keyword, "sslrootcert") == 0 || strcmp(option->keyword, "sslcert") == 0;
        if (file && option->val != NULL && option->val[0] == '/') {
            measure_file(option->keyword, option->val);
        }
    }
    PQconninfoFree(options);
}

void certificates_measure(const struct settings *settings) {
    static int64_t measured_us;
    int64_t now_us = time_monotonic_us();
    if (measured_us != 0 && now_us - measured_us < MEASURE_US) {
        return;
    }
    measured_us = now_us;
    measure_kafka(settings, "ssl.ca.location");
    measure_kafka(settings, "ssl.certificate.location");
    measure_database(settings);
}

/* What a clean `audit verify` leaves for node_exporter's textfile collector. */
#include "cli/audit_textfile.h"

#include "base/time.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char text[] =
    "# HELP slotkeeper_audit_clean_timestamp_seconds When audit verify last found nothing wrong.\n"
    "# TYPE slotkeeper_audit_clean_timestamp_seconds gauge\n"
    "slotkeeper_audit_clean_timestamp_seconds %lld\n";

static bool write_text(const char *path) {
    FILE *file = fopen(path, "we");
    if (file == NULL) {
        return false;
    }
    bool written = fprintf(file, text, (long long)(time_wall_us() / TIME_SECOND_US)) > 0;
    return fclose(file) == 0 && written;
}

enum status audit_textfile_write(const char *path, struct error *error) {
    char beside[PATH_MAX];
    int size = snprintf(beside, sizeof beside, "%s.new", path);
    if (size < 0 || (size_t)size >= sizeof beside) {
        return error_set(error, STATUS_INVALID, "the textfile's name is too long");
    }
    if (write_text(beside) && rename(beside, path) == 0) {
        return STATUS_OK;
    }
    enum status status =
        error_set(error, STATUS_INVALID, "%s cannot be written: %s", path, strerrordesc_np(errno));
    (void)unlink(beside);
    return status;
}

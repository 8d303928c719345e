/* The folder of schemas that other releases write with. */
#include "app/writer_schemas.h"

#include "base/log.h"
#include "base/metrics.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

enum { FILE_SIZE_MAX = 64 * 1024 };

static const char ending[] = ".avsc";

static int is_schema(const struct dirent *entry) {
    size_t size = strlen(entry->d_name);
    size_t ending_size = sizeof ending - 1;
    return size > ending_size && strcmp(entry->d_name + size - ending_size, ending) == 0;
}

static enum status read_file(const char *path, char *text, size_t *size, struct error *error) {
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return error_set(error, STATUS_INVALID, "cannot open %s: %s", path, strerrordesc_np(errno));
    }
    *size = fread(text, 1, FILE_SIZE_MAX + 1, file);
    bool failed = ferror(file) != 0;
    (void)fclose(file);
    return failed || *size > FILE_SIZE_MAX
               ? error_set(error, STATUS_INVALID, "%s: unreadable, or more than 64 KiB", path)
               : STATUS_OK;
}

static enum status add_file(
    struct schemas *schemas, const char *path, char *text, bool *added, struct error *error) {
    struct error reason;
    size_t size = 0;
    enum status status = read_file(path, text, &size, error);
    if (status != STATUS_OK) {
        return status;
    }
    status = schemas_add(schemas, view_of(text, size), added, &reason);
    return status == STATUS_OK ? STATUS_OK
                               : error_set(error, status, "%.200s: %s", path, reason.text);
}

static enum status add_named(
    struct schemas *schemas,
    const char *folder,
    const char *name,
    bool *added,
    struct error *error) {
    char path[PATH_MAX];
    int size = snprintf(path, sizeof path, "%s/%s", folder, name);
    if (size < 0 || (size_t)size >= sizeof path) {
        return error_set(error, STATUS_INVALID, "the path in schemas.dir is too long");
    }
    char *text = malloc(FILE_SIZE_MAX + 1);
    if (text == NULL) {
        return error_set(error, STATUS_FATAL, "no memory for a schema");
    }
    enum status status = add_file(schemas, path, text, added, error);
    free(text);
    return status;
}

enum status writer_schemas_read(
    struct schemas *schemas, const char *folder, size_t *count, struct error *error) {
    struct dirent **names = NULL;
    *count = 0;
    int found = scandir(folder, &names, is_schema, alphasort);
    if (found < 0) {
        return error_set(
            error, STATUS_INVALID, "cannot read the folder %s: %s", folder, strerrordesc_np(errno));
    }
    enum status status = STATUS_OK;
    for (int i = 0; i < found; i++) {
        bool added = false;
        if (status == STATUS_OK) {
            status = add_named(schemas, folder, names[i]->d_name, &added, error);
        }
        *count += added ? 1 : 0;
        free(names[i]);
    }
    free(names);
    return status;
}

void writer_schemas_reload(struct schemas *schemas, const char *folder) {
    struct error error;
    size_t count = 0;
    if (folder[0] == '\0') {
        return;
    }
    if (writer_schemas_read(schemas, folder, &count, &error) == STATUS_OK) {
        log_info(
            "writer schemas reloaded",
            LOG_TEXT("folder", folder),
            LOG_INT("added", (long long)count));
    } else {
        metrics_add(METRIC_SCHEMA_RELOADS_FAILED, "", 1);
        log_error("writer schemas not all reloaded", LOG_TEXT("detail", error.text));
    }
}

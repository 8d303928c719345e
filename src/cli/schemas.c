/* The schemas built in: all of them in a table, or the text of one. */
#include "wire/schemas.h"

#include "cli/cli.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum { FRAME_SIZE = 10, FRAME_TEXT_SIZE = 2 * FRAME_SIZE };

/* C3 01 and the fingerprint, its lowest byte first. */
static void frame_text(uint64_t fingerprint, char text[FRAME_TEXT_SIZE + 1]) {
    int size = snprintf(text, FRAME_TEXT_SIZE + 1, "c301");
    for (unsigned i = 0; i < sizeof fingerprint; i++) {
        unsigned byte = (unsigned)(fingerprint >> (8 * i)) & 0xffU;
        size += snprintf(text + size, (size_t)(FRAME_TEXT_SIZE + 1 - size), "%02x", byte);
    }
}

static int print_json(const struct schema *schema, bool with_text) {
    char fingerprint[17];
    char frame[FRAME_TEXT_SIZE + 1];
    (void)snprintf(fingerprint, sizeof fingerprint, "%016" PRIx64, schema_fingerprint(schema));
    frame_text(schema_fingerprint(schema), frame);
    json_t *object = json_pack(
        "{s:s, s:s, s:s}",
        "name",
        schema_full_name(schema),
        "fingerprint",
        fingerprint,
        "frame",
        frame);
    if (with_text) {
        (void)json_object_set_new(object, "schema", json_loads(schema_text(schema), 0, NULL));
    }
    int result = json_dumpf(object, stdout, JSON_COMPACT);
    (void)putchar('\n');
    json_decref(object);
    return result == 0 ? EXIT_DONE : EXIT_FAILED;
}

static int print_line(const struct schema *schema) {
    char frame[FRAME_TEXT_SIZE + 1];
    frame_text(schema_fingerprint(schema), frame);
    int size = printf(
        "%-44s %016" PRIx64 " %s\n", schema_full_name(schema), schema_fingerprint(schema), frame);
    return size > 0 ? EXIT_DONE : EXIT_FAILED;
}

static int print_all(const struct schemas *schemas, bool json) {
    int result = EXIT_DONE;
    if (!json) {
        (void)printf("%-44s %-16s %s\n", "schema", "fingerprint", "bytes before the body");
    }
    for (size_t i = 0; result == EXIT_DONE && i < schemas_count(schemas); i++) {
        const struct schema *schema = schemas_at(schemas, i);
        result = json ? print_json(schema, false) : print_line(schema);
    }
    return result;
}

static const struct schema *find(const struct schemas *schemas, const char *name) {
    for (size_t i = 0; i < schemas_count(schemas); i++) {
        const struct schema *schema = schemas_at(schemas, i);
        if (strcmp(schema_full_name(schema), name) == 0 || strcmp(schema_name(schema), name) == 0) {
            return schema;
        }
    }
    return NULL;
}

static int print_one(const struct cli *cli, const struct schemas *schemas) {
    const struct schema *schema = find(schemas, cli->argv[1]);
    if (schema == NULL) {
        return cli_usage_error(cli, "no schema of that name is built in");
    }
    if (cli->json) {
        return print_json(schema, true);
    }
    return fputs(schema_text(schema), stdout) >= 0 ? EXIT_DONE : EXIT_FAILED;
}

int cli_schemas(const struct cli *cli) {
    struct error error;
    if (cli->argc > 2) {
        return cli_usage_error(cli, "takes one NAME or none");
    }
    struct schemas *schemas = schemas_new(&error);
    if (schemas == NULL) {
        (void)fprintf(stderr, "slotkeeper: %s\n", error.text);
        return EXIT_FAILED;
    }
    int result = cli->argc == 1 ? print_all(schemas, cli->json) : print_one(cli, schemas);
    schemas_destroy(schemas);
    return result;
}

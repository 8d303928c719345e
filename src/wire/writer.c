/* Schemas that other releases write with, against our own of the same name. */
#include "wire/writer.h"

#include "wire/mapping.h"

struct needed_field {
    const char *name;
    enum type_kind kind;
};

/* What publishing asks a body for; of a token what the caller asks for. */
static const struct needed_field outcome_fields[] = {
    {"outcome_id", TYPE_STRING},
    {"code", TYPE_STRING},
    {"decided_at", TYPE_LONG},
    {NULL, TYPE_NULL},
};

static const struct needed_field event_fields[] = {
    {"event_id", TYPE_STRING},
    {"entity_id", TYPE_STRING},
    {"slot_id", TYPE_STRING},
    {"occurred_at", TYPE_LONG},
    {NULL, TYPE_NULL},
};

static const struct needed_field token_fields[] = {
    {"command_id", TYPE_STRING},
    {"account_id", TYPE_STRING},
    {"role", TYPE_ENUM},
    {"token", TYPE_STRING},
    {"expires_at", TYPE_LONG},
    {NULL, TYPE_NULL},
};

const struct command_definition *writer_definition(const struct schema *writer) {
    if (strcmp(writer->full_name, "slotkeeper.command.Credentials") == 0) {
        return &credentials_definition;
    }
    const struct command_definition *definition = command_definition_find(view_text(writer->name));
    if (definition == NULL) {
        return NULL;
    }
    return schema_is_in(writer, definition->lane == LANE_QUERIES ? "query" : "command") ? definition
                                                                                        : NULL;
}

static enum status judge_fields(
    const struct schema *writer, const struct needed_field *fields, struct error *error) {
    for (; fields->name != NULL; fields++) {
        size_t position = type_field(writer->type, fields->name);
        if (position == writer->type->member_count
            || type_unwrapped(writer->type->members[position].type)->kind != fields->kind) {
            return error_set(
                error,
                STATUS_INVALID,
                "schema %s: no field %s, or of another type",
                writer->full_name,
                fields->name);
        }
    }
    return STATUS_OK;
}

bool writer_null_branch(const struct type *type, size_t *branch) {
    *branch = 0;
    if (type->kind != TYPE_UNION) {
        return false;
    }
    while (*branch < type->member_count && type->members[*branch].type->kind != TYPE_NULL) {
        ++*branch;
    }
    return *branch < type->member_count;
}

static enum status judge_outcome(const struct schema *writer, struct error *error) {
    size_t position = type_field(writer->type, "result");
    size_t branch = 0;
    if (position == writer->type->member_count
        || !writer_null_branch(writer->type->members[position].type, &branch)) {
        return error_set(
            error, STATUS_INVALID, "schema %s: no result that may be null", writer->full_name);
    }
    return judge_fields(writer, outcome_fields, error);
}

static enum status judge_answer(const struct schema *writer, struct error *error) {
    if (strcmp(writer->full_name, "slotkeeper.event.Outcome") == 0) {
        return judge_outcome(writer, error);
    }
    if (strcmp(writer->full_name, "slotkeeper.event.AuditEvent") == 0) {
        return judge_fields(writer, event_fields, error);
    }
    if (strcmp(writer->full_name, "slotkeeper.event.Token") == 0) {
        return judge_fields(writer, token_fields, error);
    }
    return STATUS_OK;
}

enum status writer_judge(
    const struct schemas *schemas, const struct schema *writer, struct error *error) {
    const struct command_definition *definition = writer_definition(writer);
    const struct schema *own = schemas_by_name(schemas, writer->full_name);
    if (own == NULL) {
        return error_set(
            error,
            STATUS_INVALID,
            "schema %s: this release has none of that name",
            writer->full_name);
    }
    if (definition != NULL) {
        struct mapping mapping;
        return mapping_init(&mapping, writer, own, definition, error);
    }
    return judge_answer(writer, error);
}

const struct schema *writer_of(
    const struct schemas *schemas, const struct schema *own, uint64_t fingerprint) {
    if (fingerprint == own->fingerprint) {
        return own;
    }
    const struct schema *writer = schemas_by_fingerprint(schemas, fingerprint);
    return writer != NULL && strcmp(writer->full_name, own->full_name) == 0 ? writer : NULL;
}

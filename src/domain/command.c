/* The table of commands, and what makes two commands the same. */
#include "domain/command.h"

#include <assert.h>

/* One line a command: the file of that name under commands/ holds the rest. */
#define COMMANDS(COMMAND)                                                                          \
    COMMAND(publish_slot)                                                                          \
    COMMAND(withdraw_slot)                                                                         \
    COMMAND(book_slot)                                                                             \
    COMMAND(cancel_appointment)                                                                    \
    COMMAND(reschedule_appointment)                                                                \
    COMMAND(complete_appointment)                                                                  \
    COMMAND(mark_no_show)                                                                          \
    COMMAND(register_patient)                                                                      \
    COMMAND(register_doctor)                                                                       \
    COMMAND(log_in)                                                                                \
    COMMAND(change_password)                                                                       \
    COMMAND(reset_password)                                                                        \
    COMMAND(deactivate_account)                                                                    \
    COMMAND(reactivate_account)                                                                    \
    COMMAND(erase_account)                                                                         \
    COMMAND(purge_history)                                                                         \
    COMMAND(get_service_keys)                                                                      \
    COMMAND(list_open_slots)                                                                       \
    COMMAND(list_appointments)                                                                     \
    COMMAND(get_history)                                                                           \
    COMMAND(get_account)

#define COMMAND_EXTERN(name)  extern const struct command_definition command_##name;
#define COMMAND_POINTER(name) &command_##name,

COMMANDS(COMMAND_EXTERN)

const struct command_definition *const command_definitions[] = {COMMANDS(COMMAND_POINTER) NULL};

const struct command_definition credentials_definition = {
    .name = "Credentials",
    .fields =
        {
            {.name = "command", .type = FIELD_TEXT},
            {.name = "account_id", .type = FIELD_UUID, .nullable = true},
            {.name = "issued_at", .type = FIELD_TIME},
            {.name = "reply_key", .type = FIELD_BYTES},
            {.name = "login", .type = FIELD_TEXT, .nullable = true},
            {.name = "password", .type = FIELD_TEXT},
            {.name = "new_password", .type = FIELD_TEXT, .nullable = true},
        },
};

size_t command_definition_count(void) {
    return sizeof command_definitions / sizeof command_definitions[0] - 1;
}

const struct command_definition *command_definition_find(struct view name) {
    for (size_t i = 0; command_definitions[i] != NULL; i++) {
        if (view_is(name, command_definitions[i]->name)) {
            return command_definitions[i];
        }
    }
    return NULL;
}

static void hash_uuid(struct digester *digester, const struct value *value) {
    digester_add_sized(digester, view_of(value->as.uuid.bytes, sizeof value->as.uuid.bytes));
}

static void hash_time(struct digester *digester, const struct value *value) {
    uint64_t time_us = (uint64_t)value->as.time_us;
    uint8_t bytes[8];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(time_us >> (56 - 8 * i));
    }
    digester_add_sized(digester, view_of(bytes, sizeof bytes));
}

static void hash_bytes(struct digester *digester, const struct value *value) {
    digester_add_sized(digester, value->as.bytes);
}

static void hash_reason(struct digester *digester, const struct value *value) {
    assert(value->as.reason != REASON_NONE);
    digester_add_sized(digester, view_text(reason_symbol(value->as.reason)));
}

static void hash_int(struct digester *digester, const struct value *value) {
    uint32_t number = (uint32_t)value->as.number;
    const uint8_t bytes[4] = {
        (uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number};
    digester_add_sized(digester, view_of(bytes, sizeof bytes));
}

static void hash_state(struct digester *digester, const struct value *value) {
    digester_add_sized(digester, view_text(state_symbol(value->as.state)));
}

typedef void hash_value(struct digester *digester, const struct value *value);

static hash_value *const hash_value_of[] = {
    [FIELD_UUID] = hash_uuid,
    [FIELD_TIME] = hash_time,
    [FIELD_REASON] = hash_reason,
    [FIELD_TEXT] = hash_bytes,
    [FIELD_BYTES] = hash_bytes,
    [FIELD_INT] = hash_int,
    [FIELD_STATE] = hash_state};

/* The positions of the definition's fields in the order of their names; how many there are. */
static size_t sort_fields(
    const struct command_definition *definition, size_t order[COMMAND_FIELDS_MAX]) {
    size_t count = 0;
    for (; definition->fields[count].name != NULL; count++) {
        size_t place = count;
        const char *name = definition->fields[count].name;
        while (place > 0 && strcmp(definition->fields[order[place - 1]].name, name) > 0) {
            order[place] = order[place - 1];
            place--;
        }
        order[place] = count;
    }
    return count;
}

static void hash_command(const struct command *command, bool whole, struct digest *hash) {
    const struct command_definition *definition = command->definition;
    size_t order[COMMAND_FIELDS_MAX];
    size_t count = sort_fields(definition, order);
    struct digester digester;
    digester_begin(&digester);
    digester_add_sized(&digester, view_text(definition->name));
    for (size_t i = 0; i < count; i++) {
        const struct field *field = &definition->fields[order[i]];
        const struct value *value = &command->values[order[i]];
        if (value->present && (whole || !field->paging)) {
            digester_add_sized(&digester, view_text(field->name));
            hash_value_of[field->type](&digester, value);
        }
    }
    digester_end(&digester, hash);
}

void command_content_hash(const struct command *command, struct digest *hash) {
    hash_command(command, true, hash);
}

void command_filters_hash(const struct command *command, struct digest *hash) {
    hash_command(command, false, hash);
}

const struct value *command_value(const struct command *command, const char *field) {
    const struct field *fields = command->definition->fields;
    for (size_t i = 0; fields[i].name != NULL; i++) {
        if (strcmp(fields[i].name, field) == 0) {
            return &command->values[i];
        }
    }
    return NULL;
}

/* Tables of rows by id, and the lists of what changed. Only load takes memory from the arena; what
 * a decision may need is reserved in world_init, so that deciding never allocates. */
#include "domain/world.h"

#include "domain/command.h"

#include <assert.h>

/* Most appointments that one decision changes: the one given up, the new one, and a past one whose
 * seat the new one takes. */
enum { APPOINTMENTS_A_COMMAND = 3 };

void world_init(struct world *world, struct arena *arena, const struct world_sizes *sizes) {
    size_t commands = sizes->commands;
    *world = (struct world){
        .arena = arena,
        .commands_max = commands,
        .account_commands_max = sizes->account_commands,
        .slots_max = commands + sizes->holdings,
        .events_max = commands * COMMAND_EVENTS_MAX + sizes->holdings};
    uuid_map_init(&world->accounts, arena, sizes->accounts + sizes->account_commands);
    uuid_map_init(
        &world->logins, arena, sizes->account_commands == 0 ? 0 : sizes->accounts + commands);
    uuid_map_init(&world->slots, arena, sizes->slots + commands);
    uuid_map_init(&world->appointments, arena, sizes->appointments + commands);
    uuid_map_init(&world->recalls, arena, sizes->recalls + commands);
    world->new_accounts = ARENA_ARRAY(arena, struct account, sizes->account_commands);
    world->changed_accounts = ARENA_ARRAY(arena, struct account *, sizes->account_commands);
    world->new_slots = ARENA_ARRAY(arena, struct slot, commands);
    world->new_appointments = ARENA_ARRAY(arena, struct appointment, commands);
    world->new_recalls = ARENA_ARRAY(arena, struct recall, commands);
    world->changed_slots = ARENA_ARRAY(arena, struct slot *, world->slots_max);
    world->changed_appointments =
        ARENA_ARRAY(arena, struct appointment *, commands * APPOINTMENTS_A_COMMAND);
    world->events = ARENA_ARRAY(arena, struct audit_event, world->events_max);
}

/* The row under `id`, or a zeroed one of `size` bytes. */
static void *put(
    struct world *world, struct uuid_map *map, struct uuid id, size_t size, bool *is_new) {
    void *row = uuid_map_get(map, id);
    *is_new = row == NULL;
    if (*is_new) {
        row = arena_take(world->arena, size);
        uuid_map_put(map, id, row);
    }
    return row;
}

struct account *world_put_account(struct world *world, struct uuid account_id, bool *is_new) {
    struct account *account =
        put(world, &world->accounts, account_id, sizeof(struct account), is_new);
    account->account_id = account_id;
    return account;
}

struct slot *world_put_slot(struct world *world, struct uuid slot_id, bool *is_new) {
    struct slot *slot = put(world, &world->slots, slot_id, sizeof(struct slot), is_new);
    slot->slot_id = slot_id;
    return slot;
}

struct appointment *world_put_appointment(
    struct world *world, struct uuid appointment_id, bool *is_new) {
    struct appointment *appointment =
        put(world, &world->appointments, appointment_id, sizeof(struct appointment), is_new);
    appointment->appointment_id = appointment_id;
    return appointment;
}

/* A digest, because both halves are chosen by clients, and nobody must be able to aim at the answer
 * of somebody else. */
static struct uuid recall_key(struct uuid caller, struct uuid command_id) {
    struct uuid pair[2] = {caller, command_id};
    struct digest digest;
    digest_of(view_of(pair, sizeof pair), &digest);
    return uuid_of_digest(&digest);
}

struct recall *world_put_recall(struct world *world, struct uuid caller, struct uuid command_id) {
    struct recall *recall = arena_take(world->arena, sizeof *recall);
    uuid_map_put(&world->recalls, recall_key(caller, command_id), recall);
    return recall;
}

void world_link_patient(struct world *world, struct appointment *appointment) {
    struct account *patient = world_account(world, appointment->patient_id);
    if (patient != NULL && appointment->state == STATE_BOOKED) {
        appointment->next_of_patient = patient->appointments;
        patient->appointments = appointment;
    }
}

void world_link_doctor(struct world *world, struct slot *slot) {
    struct account *doctor = world_account(world, slot->doctor_id);
    if (doctor != NULL && !slot->withdrawn) {
        slot->next_of_doctor = doctor->calendar;
        doctor->calendar = slot;
    }
}

static struct uuid login_key(struct view login) {
    struct digest digest;
    digest_of(login, &digest);
    return uuid_of_digest(&digest);
}

void world_link_login(struct world *world, struct account *account) {
    uuid_map_put(&world->logins, login_key(account->login), account);
}

struct account *world_account(const struct world *world, struct uuid account_id) {
    return uuid_map_get(&world->accounts, account_id);
}

struct account *world_account_by_login(const struct world *world, struct view login) {
    return uuid_map_get(&world->logins, login_key(login));
}

struct slot *world_slot(const struct world *world, struct uuid slot_id) {
    struct slot *slot = uuid_map_get(&world->slots, slot_id);
    return slot == NULL || slot->purged ? NULL : slot;
}

bool world_slot_id_used(const struct world *world, struct uuid slot_id) {
    return uuid_map_get(&world->slots, slot_id) != NULL;
}

struct appointment *world_appointment(const struct world *world, struct uuid appointment_id) {
    return uuid_map_get(&world->appointments, appointment_id);
}

struct recall *world_recall(const struct world *world, struct uuid caller, struct uuid command_id) {
    return uuid_map_get(&world->recalls, recall_key(caller, command_id));
}

static void list_account(struct world *world, struct account *account, enum change change) {
    assert(world->changed_account_count < world->account_commands_max);
    account->change = change;
    world->changed_accounts[world->changed_account_count++] = account;
}

static void list_slot(struct world *world, struct slot *slot, enum change change) {
    assert(world->changed_slot_count < world->slots_max);
    slot->change = change;
    world->changed_slots[world->changed_slot_count++] = slot;
}

static void list_appointment(
    struct world *world, struct appointment *appointment, enum change change) {
    assert(world->changed_appointment_count < world->commands_max * APPOINTMENTS_A_COMMAND);
    appointment->change = change;
    world->changed_appointments[world->changed_appointment_count++] = appointment;
}

struct account *world_new_account(struct world *world, struct uuid account_id, struct view login) {
    assert(world->new_account_count < world->account_commands_max);
    struct account *account = &world->new_accounts[world->new_account_count++];
    account->account_id = account_id;
    account->login = login;
    uuid_map_put(&world->accounts, account_id, account);
    world_link_login(world, account);
    list_account(world, account, CHANGE_INSERT);
    return account;
}

struct slot *world_new_slot(struct world *world, struct uuid slot_id) {
    assert(world->new_slot_count < world->commands_max);
    struct slot *slot = &world->new_slots[world->new_slot_count++];
    slot->slot_id = slot_id;
    uuid_map_put(&world->slots, slot_id, slot);
    list_slot(world, slot, CHANGE_INSERT);
    return slot;
}

struct appointment *world_new_appointment(struct world *world, struct uuid appointment_id) {
    assert(world->new_appointment_count < world->commands_max);
    struct appointment *appointment = &world->new_appointments[world->new_appointment_count++];
    appointment->appointment_id = appointment_id;
    uuid_map_put(&world->appointments, appointment_id, appointment);
    list_appointment(world, appointment, CHANGE_INSERT);
    return appointment;
}

struct recall *world_new_recall(struct world *world, struct uuid caller, struct uuid command_id) {
    assert(world->new_recall_count < world->commands_max);
    struct recall *recall = &world->new_recalls[world->new_recall_count++];
    uuid_map_put(&world->recalls, recall_key(caller, command_id), recall);
    return recall;
}

struct audit_event *world_new_event(struct world *world) {
    assert(world->event_count < world->events_max);
    return &world->events[world->event_count++];
}

void world_mark_account(struct world *world, struct account *account) {
    if (account->change == CHANGE_NONE) {
        list_account(world, account, CHANGE_UPDATE);
    }
}

void world_mark_slot(struct world *world, struct slot *slot) {
    if (slot->change == CHANGE_NONE) {
        list_slot(world, slot, CHANGE_UPDATE);
    }
}

void world_mark_appointment(struct world *world, struct appointment *appointment) {
    if (appointment->change == CHANGE_NONE) {
        list_appointment(world, appointment, CHANGE_UPDATE);
    }
}

/* The audit chain's canonical form and the minted ids, against values that were computed apart from
 * this code (docs/audit.md has the few lines of Python that do it). */
#include "domain_fixture.h"

static const char cluster_id[] = "5L6g3nShT-eMCtK--X86sw";
static const char topic[] = "scheduling.slot-commands";

static struct uuid uuid_from(const char *text) {
    struct uuid uuid;
    assert_true(uuid_parse(view_text(text), &uuid));
    return uuid;
}

static void assert_uuid_text(struct uuid uuid, const char *expected) {
    char text[UUID_TEXT_SIZE + 1];
    uuid_format(uuid, text);
    assert_string_equal(text, expected);
}

static void assert_hash(const struct digest *digest, const char *expected) {
    char text[DIGEST_TEXT_SIZE + 1];
    digest_format(digest, text);
    assert_string_equal(text, expected);
}

/* Ids. ---------------------------------------------------------------------------------------- */

static struct uuid outcome_id_at(int64_t generation, int32_t partition, int64_t offset) {
    return outcome_id_of(view_text(cluster_id), generation, view_text(topic), partition, offset);
}

static void ids_are_the_documented_ones(void **state) {
    (void)state;
    struct uuid outcome_id = outcome_id_at(0, 3, 42);
    assert_uuid_text(outcome_id, "aabdaf00-9176-8eb6-8f57-d5cddf09a2dd");
    assert_uuid_text(outcome_id_at(0, 3, 41), "c6742921-f93c-8245-930d-415aeb8c6508");
    assert_uuid_text(outcome_id_at(2, 3, 42), "2bea99b5-239e-8f9b-89dd-f71b4399f7bc");
    assert_uuid_text(
        outcome_id_of(view_text(""), 0, view_text(""), -1, -1),
        "85ab7d6e-5c15-86e0-979f-09442717edda");
    assert_uuid_text(event_id_of(outcome_id, 0), "787d737d-b0a4-8dc5-899c-df084db1bbc8");
    assert_uuid_text(event_id_of(outcome_id, 1), "d492367f-d4bc-8b73-8945-8f36991c7674");
    assert_uuid_text(event_id_of(outcome_id, 255), "e3607bf6-ef48-8603-90d1-5c3934c622dc");
    assert_uuid_text(appointment_id_of(outcome_id), "135602c7-2770-8385-a6a3-0b28eef10a85");
    assert_uuid_text(account_id_of(outcome_id), "4f009e08-fbfa-82c5-ab87-cff50e4a33b9");
}

/* A deactivation withdraws every slot to come. */
static void a_decision_may_have_any_number_of_events(void **state) {
    (void)state;
    struct uuid outcome_id = outcome_id_at(0, 3, 42);
    assert_uuid_text(event_id_of(outcome_id, 256), "9f7a0b98-b9d1-81c7-8aaf-ab3c0b0f6372");
    assert_uuid_text(event_id_of(outcome_id, 10000), "d3b240c6-42a8-8ffa-8afb-6d7186d62245");
    assert_uuid_text(event_id_of(outcome_id, 65536), "852216fe-1891-8a89-8b18-df727cc515cc");
    assert_uuid_text(event_id_of(outcome_id, 1000000), "1d7d94fc-8f44-82d9-93c5-63dfbb20fd1e");
    assert_uuid_text(event_id_of(outcome_id, UINT32_MAX), "428b4730-ce46-84d1-b803-ec38d9297e07");
}

static void every_part_of_a_position_counts(void **state) {
    (void)state;
    const struct uuid ids[] = {
        outcome_id_at(0, 3, 42),
        outcome_id_at(1, 3, 42),
        outcome_id_at(0, 4, 42),
        outcome_id_at(0, 3, 43),
        outcome_id_of(view_text("other"), 0, view_text(topic), 3, 42),
        outcome_id_of(view_text(cluster_id), 0, view_text("other"), 3, 42),
    };
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        for (size_t k = 0; k < i; k++) {
            assert_false(uuid_equal(ids[i], ids[k]));
        }
    }
}

static void a_replay_mints_the_same(void **state) {
    (void)state;
    assert_uuid(outcome_id_at(0, 3, 42), outcome_id_at(0, 3, 42));
    assert_uuid(appointment_id_of(id(5)), appointment_id_of(id(5)));
    assert_uuid(account_id_of(id(5)), account_id_of(id(5)));
    assert_uuid(event_id_of(id(5), 1), event_id_of(id(5), 1));
    assert_false(uuid_equal(event_id_of(id(5), 0), event_id_of(id(6), 0)));
    assert_false(uuid_equal(appointment_id_of(id(5)), appointment_id_of(id(6))));
    assert_false(uuid_equal(account_id_of(id(5)), account_id_of(id(6))));
    assert_false(uuid_equal(account_id_of(id(5)), appointment_id_of(id(5))));
}

/* Chain. -------------------------------------------------------------------------------------- */

static struct audit_event published_event(void) {
    struct uuid slot_id = uuid_from("6f1c2a34-58b7-4d0e-9a61-0c5d7e8f9012");
    return (struct audit_event){
        .event_id = event_id_of(outcome_id_at(0, 3, 41), 0),
        .entity = ENTITY_SLOT,
        .entity_id = slot_id,
        .has_slot_id = true,
        .slot_id = slot_id,
        .new_state = STATE_OPEN,
        .actor_id = uuid_from("d0c70000-0000-4000-8000-000000000001"),
        .actor_role = ROLE_DOCTOR,
        .command_id = uuid_from("c0000000-0000-4000-8000-000000000001"),
        .occurred_at_us = NOW_US};
}

static struct audit_event booked_event(void) {
    struct uuid outcome_id = outcome_id_at(0, 3, 42);
    return (struct audit_event){
        .event_id = event_id_of(outcome_id, 0),
        .entity = ENTITY_APPOINTMENT,
        .entity_id = appointment_id_of(outcome_id),
        .has_slot_id = true,
        .slot_id = uuid_from("6f1c2a34-58b7-4d0e-9a61-0c5d7e8f9012"),
        .new_state = STATE_BOOKED,
        .actor_id = uuid_from("9a71e470-0000-4000-8000-000000000002"),
        .actor_role = ROLE_PATIENT,
        .command_id = uuid_from("c0000000-0000-4000-8000-000000000002"),
        .occurred_at_us = NOW_US + 250000};
}

static void a_chain_has_the_documented_hashes(void **state) {
    (void)state;
    struct chain chain = {0};
    struct audit_event published = published_event();
    audit_chain_append(&chain, &published);
    assert_int_equal(published.sequence, 1);
    assert_hash(
        &published.previous_hash,
        "0000000000000000000000000000000000000000000000000000000000000000");
    assert_hash(
        &published.hash, "d1ec37d4d1687b3fc4830921f513bd5ff955f059d8138ada83a3cc0cf26d1daf");

    struct audit_event booked = booked_event();
    audit_chain_append(&chain, &booked);
    assert_int_equal(booked.sequence, 2);
    assert_true(digest_equal(&booked.previous_hash, &published.hash));
    assert_hash(&booked.hash, "87b6e9450abeef7d47d9a5a14ab772796c3ed88dfa4e6fc7d531737667c5e5e4");
    assert_int_equal(chain.sequence, 2);
    assert_true(digest_equal(&chain.head, &booked.hash));
}

/* An event with every field set and numbers at their ends. */
static struct audit_event full_event(void) {
    struct uuid doctor = uuid_from("d0c70000-0000-4000-8000-000000000001");
    struct uuid patient = uuid_from("9a71e470-0000-4000-8000-000000000002");
    struct audit_event event = {
        .event_id = event_id_of(outcome_id_at(0, 3, 42), 1),
        .entity = ENTITY_ACCOUNT,
        .entity_id = doctor,
        .sequence = INT64_MAX,
        .has_old_state = true,
        .old_state = STATE_CANCELLED,
        .new_state = STATE_NOSHOW,
        .actor_id = doctor,
        .actor_role = ROLE_ADMIN,
        .command_id = patient,
        .reason = REASON_DOCTOR_DEACTIVATED,
        .has_related_id = true,
        .related_id = uuid_from("6f1c2a34-58b7-4d0e-9a61-0c5d7e8f9012"),
        .detail = "slots=3 \xe2\x80\x94 \xc3\xbc",
        .occurred_at_us = INT64_MIN};
    for (size_t i = 0; i < sizeof event.previous_hash.bytes; i++) {
        event.previous_hash.bytes[i] = (uint8_t)i;
    }
    return event;
}

static void every_kind_of_value_has_the_documented_form(void **state) {
    (void)state;
    struct audit_event event = full_event();
    struct digest hash;
    audit_event_hash(&event, &hash);
    assert_hash(&hash, "78d7d07b1376c8348adede1e15ec5456134ad92584bd69451d8f2bcb41dad6c8");
    event.detail = "";
    event.sequence = 0;
    event.occurred_at_us = -1;
    audit_event_hash(&event, &hash);
    assert_hash(&hash, "16f75f160e72c13bd93dea7f392f0f44303260b7dd736ad7d10d50b15c626737");
}

/* One change each; the hash must notice every one of them. */
#define CHANGE(number, change)                                                                     \
    static void change_##number(struct audit_event *event) {                                       \
        change;                                                                                    \
    }

CHANGE(0, event->previous_hash.bytes[31] ^= 1)
CHANGE(1, event->event_id.bytes[15] ^= 1)
CHANGE(2, event->entity = ENTITY_SLOT)
CHANGE(3, event->entity_id.bytes[0] ^= 1)
CHANGE(4, event->has_slot_id = true)
CHANGE(5, event->sequence--)
CHANGE(6, event->has_old_state = false)
CHANGE(7, event->old_state = STATE_BOOKED)
CHANGE(8, event->new_state = STATE_FULFILLED)
CHANGE(9, event->actor_id.bytes[7] ^= 1)
CHANGE(10, event->actor_role = ROLE_DOCTOR)
CHANGE(11, event->command_id.bytes[7] ^= 1)
CHANGE(12, event->reason = REASON_NONE)
CHANGE(13, event->reason = REASON_OTHER)
CHANGE(14, event->has_related_id = false)
CHANGE(15, event->related_id.bytes[3] ^= 1)
CHANGE(16, event->detail = NULL)
CHANGE(17, event->detail = "")
CHANGE(18, event->occurred_at_us++)
CHANGE(19, (void)event) /* nothing: the event itself */

static void (*const all_changes[])(struct audit_event *) = {
    change_0,  change_1,  change_2,  change_3,  change_4,  change_5,  change_6,
    change_7,  change_8,  change_9,  change_10, change_11, change_12, change_13,
    change_14, change_15, change_16, change_17, change_18, change_19};

static void the_hash_covers_every_field(void **state) {
    (void)state;

    enum { CHANGES = sizeof all_changes / sizeof all_changes[0] };
    struct digest hashes[CHANGES];
    for (unsigned i = 0; i < CHANGES; i++) {
        struct audit_event event = full_event();
        all_changes[i](&event);
        audit_event_hash(&event, &hashes[i]);
        for (unsigned k = 0; k < i; k++) {
            assert_false(digest_equal(&hashes[i], &hashes[k]));
        }
    }
}

static void the_hash_itself_is_not_covered(void **state) {
    (void)state;
    struct audit_event event = full_event();
    struct digest before;
    struct digest after;
    audit_event_hash(&event, &before);
    event.hash.bytes[0] = 0xff;
    audit_event_hash(&event, &after);
    assert_true(digest_equal(&before, &after));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_the_documented_ones),
        cmocka_unit_test(a_decision_may_have_any_number_of_events),
        cmocka_unit_test(every_part_of_a_position_counts),
        cmocka_unit_test(a_replay_mints_the_same),
        cmocka_unit_test(a_chain_has_the_documented_hashes),
        cmocka_unit_test(every_kind_of_value_has_the_documented_form),
        cmocka_unit_test(the_hash_covers_every_field),
        cmocka_unit_test(the_hash_itself_is_not_covered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

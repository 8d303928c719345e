/* What `audit verify` remembers of a database, and how it reads an event back. */
/* cmocka.h needs these before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "cli/audit_event.h"
#include "cli/audit_purge.h"
#include "cli/audit_set.h"
#include "wire/codec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct uuid uuid_of(unsigned number) {
    struct uuid uuid = {{0}};
    memcpy(uuid.bytes + 12, &number, sizeof number);
    return uuid;
}

static void a_full_set_finds_all_and_takes_no_more(void **state) {
    (void)state;

    enum { CHAINS = 500, LENGTH = 3 };
    struct audit_set *set = audit_set_new((size_t)CHAINS * LENGTH);
    assert_non_null(set);
    for (unsigned i = 0; i < CHAINS * LENGTH; i++) {
        struct audit_place place = {uuid_of(i / LENGTH), false, i % LENGTH + 1};
        struct audit_entry *entry = audit_set_put(set, &place, 0);
        assert_non_null(entry);
        memcpy(entry->hash, &i, sizeof i);
    }
    struct audit_place more = {uuid_of(CHAINS), false, 1};
    assert_null(audit_set_put(set, &more, 0));
    assert_null(audit_set_find(set, &more));
    for (unsigned i = 0; i < CHAINS * LENGTH; i++) {
        struct audit_place place = {uuid_of(i / LENGTH), false, i % LENGTH + 1};
        struct audit_entry *entry = audit_set_find(set, &place);
        assert_non_null(entry);
        assert_memory_equal(entry->hash, &i, sizeof i);
    }
    audit_set_destroy(set);
}

static void an_empty_set_finds_nothing(void **state) {
    (void)state;
    struct audit_set *set = audit_set_new(0);
    struct audit_place place = {uuid_of(1), false, 1};
    size_t at = 0;
    assert_non_null(set);
    assert_null(audit_set_find(set, &place));
    assert_null(audit_set_put(set, &place, 0));
    assert_null(audit_set_next(set, &at));
    audit_set_destroy(set);
}

/* A client may choose an account's id for a slot. */
static void slots_and_accounts_do_not_mix(void **state) {
    (void)state;
    struct audit_set *set = audit_set_new(3);
    struct audit_place slot = {uuid_of(7), false, 1};
    struct audit_place account = {uuid_of(7), true, 1};
    struct audit_place marker = {uuid_of(7), false, 0};
    assert_non_null(audit_set_put(set, &slot, 0));
    assert_null(audit_set_find(set, &account));
    assert_null(audit_set_find(set, &marker));
    assert_null(audit_set_put(set, &slot, AUDIT_UNPUBLISHED));
    assert_non_null(audit_set_put(set, &account, AUDIT_UNPUBLISHED));
    assert_non_null(audit_set_put(set, &marker, AUDIT_PURGED));
    assert_false(audit_entry_marked(audit_set_find(set, &slot), AUDIT_UNPUBLISHED));
    assert_true(audit_entry_marked(audit_set_find(set, &account), AUDIT_UNPUBLISHED));
    assert_true(audit_entry_marked(audit_set_find(set, &marker), AUDIT_PURGED));
    audit_set_destroy(set);
}

static void marks_do_not_hide_an_entry(void **state) {
    (void)state;
    struct audit_set *set = audit_set_new(1);
    struct audit_place place = {uuid_of(9), true, AUDIT_SEQUENCE_MAX};
    struct audit_entry *entry = audit_set_put(set, &place, AUDIT_UNPUBLISHED);
    assert_non_null(entry);
    assert_false(audit_entry_marked(entry, AUDIT_SEEN));
    audit_entry_mark(entry, AUDIT_SEEN);
    assert_true(audit_entry_marked(entry, AUDIT_SEEN));
    assert_true(audit_entry_marked(entry, AUDIT_UNPUBLISHED));
    assert_false(audit_entry_marked(entry, AUDIT_PURGED));
    assert_ptr_equal(audit_set_find(set, &place), entry);
    struct audit_place back = audit_entry_place(entry);
    assert_int_equal(audit_place_compare(&back, &place), 0);
    audit_set_destroy(set);
}

static void next_gives_each_entry_once(void **state) {
    (void)state;

    enum { COUNT = 100 };

    bool seen[COUNT + 1] = {false};
    struct audit_set *set = audit_set_new(COUNT);
    for (int i = 1; i <= COUNT; i++) {
        struct audit_place place = {uuid_of(1), false, i};
        assert_non_null(audit_set_put(set, &place, 0));
    }
    size_t at = 0;
    int count = 0;
    for (struct audit_entry *entry = audit_set_next(set, &at); entry != NULL;
         entry = audit_set_next(set, &at)) {
        int64_t sequence = audit_entry_place(entry).sequence;
        assert_in_range(sequence, 1, COUNT);
        assert_false(seen[sequence]);
        seen[sequence] = true;
        count++;
    }
    assert_int_equal(count, COUNT);
    audit_set_destroy(set);
}

static void places_are_in_order(void **state) {
    (void)state;
    const struct audit_place places[] = {
        {uuid_of(1), false, 1},
        {uuid_of(1), false, 2},
        {uuid_of(2), false, 1},
        {uuid_of(1), true, 1},
    };
    for (size_t i = 0; i < 4; i++) {
        for (size_t k = 0; k < 4; k++) {
            int order = audit_place_compare(&places[i], &places[k]);
            assert_int_equal(order < 0, i < k);
            assert_int_equal(order > 0, i > k);
        }
    }
}

static const struct audit_event full_event = {
    .entity = ENTITY_APPOINTMENT,
    .has_slot_id = true,
    .has_old_state = true,
    .old_state = STATE_BOOKED,
    .new_state = STATE_CANCELLED,
    .actor_role = ROLE_DOCTOR,
    .reason = REASON_RESCHEDULED,
    .has_related_id = true,
    .detail = "a \"detail\"",
    .occurred_at_us = 1894698000123456,
};

/* Through the wire and its JSON and back: the hash, which covers every field, stays the same. */
static void assert_round_trip(struct audit_event event) {
    struct error error;
    struct schemas *schemas = schemas_new(&error);
    struct codec *codec = codec_new(schemas, LANE_SLOTS, 65536, &error);
    struct arena *arena = arena_new(1024 * 1024);
    struct chain chain = {.sequence = 4, .head = {{1, 2, 3}}};
    audit_chain_append(&chain, &event);
    struct view body = codec_encode_event(codec, arena, &event);
    const struct schema *schema = schemas_by_fingerprint(schemas, codec_event_fingerprint(codec));
    const char *text = codec_to_json(codec, arena, schema, body);
    assert_non_null(text);
    json_t *object = json_loads(text, 0, NULL);
    struct audit_event back;
    struct digest hash;
    assert_true(audit_event_from_json(object, &back));
    assert_int_equal(back.sequence, 5);
    audit_event_hash(&back, &hash);
    assert_true(digest_equal(&hash, &event.hash));
    assert_true(digest_equal(&hash, &back.hash));
    json_decref(object);
    arena_destroy(arena);
    codec_destroy(codec);
    schemas_destroy(schemas);
}

static void events_come_back_as_they_were(void **state) {
    (void)state;
    struct audit_event event = full_event;
    event.event_id = uuid_random();
    event.entity_id = uuid_random();
    event.slot_id = uuid_random();
    event.actor_id = uuid_random();
    event.command_id = uuid_random();
    event.related_id = uuid_random();
    assert_round_trip(event);
    event.has_old_state = false;
    event.has_related_id = false;
    event.detail = NULL;
    event.reason = REASON_NONE;
    assert_round_trip(event);
    event.has_slot_id = false;
    event.entity = ENTITY_ACCOUNT;
    event.new_state = STATE_ACTIVE;
    assert_round_trip(event);
}

static json_t *event_json(void) {
    return json_pack(
        "{s:s, s:s, s:s, s:n, s:i, s:n, s:s, s:s, s:s, s:s, s:n, s:n, s:n, s:s, s:s, s:s}",
        "event_id",
        "33515ecd-d88d-8b22-87cd-ed8158059828",
        "entity",
        "ACCOUNT",
        "entity_id",
        "33515ecd-d88d-8b22-87cd-ed8158059828",
        "slot_id",
        "sequence",
        1,
        "old_state",
        "new_state",
        "ACTIVE",
        "actor_id",
        "33515ecd-d88d-8b22-87cd-ed8158059828",
        "actor_role",
        "ADMIN",
        "command_id",
        "33515ecd-d88d-8b22-87cd-ed8158059828",
        "reason",
        "related_id",
        "detail",
        "occurred_at",
        "2030-01-15T09:00:00.000000Z",
        "previous_hash",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "hash",
        "0000000000000000000000000000000000000000000000000000000000000001");
}

static void what_is_no_event_is_refused(void **state) {
    (void)state;

    static const struct {
        const char *name;
        const char *value; /* NULL: the field goes */
    } wrong[] = {
        {"event_id", NULL},
        {"event_id", "x"},
        {"entity", "HOSPITAL"},
        {"entity", NULL},
        {"slot_id", "x"},
        {"sequence", "1"},
        {"sequence", NULL},
        {"old_state", "ASLEEP"},
        {"new_state", NULL},
        {"actor_role", "NURSE"},
        {"command_id", NULL},
        {"reason", "MOON"},
        {"related_id", "x"},
        {"occurred_at", "today"},
        {"occurred_at", NULL},
        {"hash", "00"},
        {"hash", NULL},
        {"previous_hash", "zz"},
    };
    struct audit_event event;
    json_t *object = event_json();
    assert_true(audit_event_from_json(object, &event));
    json_decref(object);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        object = event_json();
        if (wrong[i].value == NULL) {
            (void)json_object_del(object, wrong[i].name);
        } else {
            (void)json_object_set_new(object, wrong[i].name, json_string(wrong[i].value));
        }
        assert_false(audit_event_from_json(object, &event));
        json_decref(object);
    }
    assert_false(audit_event_from_json(NULL, &event));
}

/* An event's detail for two slots with chains of 1 and 3 events, whose heads are given bytes. */
static void purge_detail(char text[PURGE_RECORD_TEXT_SIZE], int64_t slots) {
    struct purge_record record = {
        .before_us = 1767225600000000, .slots = slots, .appointments = 7, .events = 4};
    struct digester digester;
    digester_begin(&digester);
    purge_heads_add(&digester, uuid_of(1), &(struct chain){.sequence = 1, .head = {{0xa1}}});
    purge_heads_add(&digester, uuid_of(2), &(struct chain){.sequence = 3, .head = {{0xa2}}});
    digester_end(&digester, &record.heads);
    purge_record_format(&record, text);
}

/* Whether that detail tells the truth of the two slots, the second of which ends so. */
static bool is_true(const char *detail, bool has_event, int64_t last_sequence, uint8_t last_head) {
    struct audit_purge purge = {.has_event = has_event};
    audit_purge_begin(&purge, detail == NULL ? view_of(NULL, 0) : view_text(detail));
    audit_purge_add(&purge, uuid_of(1), &(struct chain){.sequence = 1, .head = {{0xa1}}});
    audit_purge_add(
        &purge, uuid_of(2), &(struct chain){.sequence = last_sequence, .head = {{last_head}}});
    return audit_purge_is_true(&purge);
}

static void a_purge_is_what_its_event_says(void **state) {
    (void)state;
    char detail[PURGE_RECORD_TEXT_SIZE];
    char longer[PURGE_RECORD_TEXT_SIZE + 64];
    purge_detail(detail, 2);
    assert_true(is_true(detail, true, 3, 0xa2));
    assert_false(is_true(detail, false, 3, 0xa2));
    assert_false(is_true(detail, true, 4, 0xa2));
    assert_false(is_true(detail, true, 3, 0xa3));
    assert_false(is_true(NULL, true, 3, 0xa2));
    assert_false(is_true("", true, 3, 0xa2));
    assert_false(is_true(detail + 1, true, 3, 0xa2));
    (void)snprintf(longer, sizeof longer, "%s ", detail);
    assert_false(is_true(longer, true, 3, 0xa2));
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    assert_false(is_true(longer, true, 3, 0xa2));
    (void)snprintf(longer, sizeof longer, "before=-%s", detail + strlen("before="));
    assert_false(is_true(longer, true, 3, 0xa2));
    purge_detail(detail, 3);
    assert_false(is_true(detail, true, 3, 0xa2));
}

static void a_purge_of_nothing_is_true(void **state) {
    (void)state;
    char detail[PURGE_RECORD_TEXT_SIZE];
    struct audit_purge purge = {.has_event = true};
    struct purge_record record = {.before_us = 1};
    digest_of(view_of(NULL, 0), &record.heads);
    purge_record_format(&record, detail);
    audit_purge_begin(&purge, view_text(detail));
    assert_true(audit_purge_is_true(&purge));
}

static void a_false_purge_is_named(void **state) {
    (void)state;
    struct audit_purge purge = {
        .event_id = uuid_of(9),
        .account_id = uuid_of(8),
        .sequence = 5,
        .first_slot_id = uuid_of(7)};
    struct audit_finding finding = audit_purge_finding(&purge);
    assert_int_equal(finding.kind, AUDIT_UNACCOUNTED);
    assert_false(finding.place.account);
    assert_true(uuid_equal(finding.place.chain_id, uuid_of(7)));
    purge.has_event = true;
    finding = audit_purge_finding(&purge);
    assert_true(finding.place.account);
    assert_true(uuid_equal(finding.place.chain_id, uuid_of(8)));
    assert_int_equal(finding.place.sequence, 5);
    assert_true(uuid_equal(finding.event_id, uuid_of(9)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_set_finds_all_and_takes_no_more),
        cmocka_unit_test(an_empty_set_finds_nothing),
        cmocka_unit_test(slots_and_accounts_do_not_mix),
        cmocka_unit_test(marks_do_not_hide_an_entry),
        cmocka_unit_test(next_gives_each_entry_once),
        cmocka_unit_test(places_are_in_order),
        cmocka_unit_test(events_come_back_as_they_were),
        cmocka_unit_test(what_is_no_event_is_refused),
        cmocka_unit_test(a_purge_is_what_its_event_says),
        cmocka_unit_test(a_purge_of_nothing_is_true),
        cmocka_unit_test(a_false_purge_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

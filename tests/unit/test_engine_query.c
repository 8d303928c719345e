/* Queries: read and answered, never saved; and the service's keys. */
#include "engine_account_fixture.h"

enum { ASKED_MAX = 64 };

static struct {
    enum status look_status;
    enum status publish_status;
    enum status read_status;
    size_t poisoned_after; /* a page with this limit is refused */
    size_t slots;          /* open ones that are there, an hour each */
    bool exists;           /* the slot or appointment of a history */
    struct page asked[ASKED_MAX];
    size_t asked_count;
    struct view outcomes[ASKED_MAX];
} outside;

static enum status double_look(
    void *self,
    const struct uuid_list *accounts,
    struct arena *arena,
    struct world *world,
    int64_t *now_us) {
    const struct world_sizes sizes = {.accounts = accounts->count};
    assert_ptr_equal(self, &desk);
    write_journal("look(%zu) ", accounts->count);
    world_init(world, arena, &sizes);
    for (size_t i = 0; i < accounts->count; i++) {
        unsigned person = accounts->items[i].bytes[15];
        if (person == PATIENT || person == DOCTOR || person == ADMIN) {
            put_account(world, person);
        }
    }
    *now_us = NOW_US;
    return outside.look_status;
}

static void fill_slots(struct page *page, struct arena *arena) {
    page->slots = ARENA_ARRAY(arena, struct slot_result, (size_t)page->limit);
    for (size_t i = 0; i < outside.slots; i++) {
        int64_t starts_at_us = at(60 * (int64_t)i);
        if (starts_at_us <= page->after.at) {
            continue;
        }
        if (page->count == (size_t)page->limit) {
            page->more = true;
            return;
        }
        page->last = (struct page_position){starts_at_us, id(0x500 + (unsigned)i)};
        page->slots[page->count++] = (struct slot_result){
            .slot_id = page->last.id, .starts_at_us = starts_at_us, .state = STATE_OPEN};
    }
}

static enum status double_read(
    void *self, struct page *const *pages, size_t count, struct arena *arena) {
    assert_ptr_equal(self, &desk);
    write_journal("read(%zu) ", count);
    for (size_t i = 0; i < count; i++) {
        if (outside.poisoned_after != 0 && (size_t)pages[i]->limit == outside.poisoned_after) {
            return STATUS_POISON;
        }
    }
    for (size_t i = 0; i < count; i++) {
        assert_true(outside.asked_count < ASKED_MAX);
        outside.asked[outside.asked_count++] = *pages[i];
        pages[i]->exists = outside.exists;
        if (pages[i]->kind == PAGE_OPEN_SLOTS) {
            fill_slots(pages[i], arena);
        }
    }
    return outside.read_status;
}

static enum status publish_and_keep(
    void *self, const struct answer *answers, size_t count, struct arena *arena) {
    for (size_t i = 0; i < count; i++) {
        outside.outcomes[i] = arena_copy(engine_arena(clinic.engine), answers[i].outcome);
    }
    enum status status = double_publish(self, answers, count, arena);
    return status == STATUS_OK ? outside.publish_status : status;
}

static int open_queries(void **state) {
    return open_lane(state, LANE_QUERIES);
}

static int empty_queries(void **state) {
    const struct store_port store = {.self = &desk, .look = double_look, .read = double_read};
    const struct bus_port bus = {.self = &desk, .publish = publish_and_keep};
    int result = empty_desk(state);
    memset(&outside, 0, sizeof outside);
    engine_connect(clinic.engine, &store, &bus, view_text(CLUSTER));
    return result;
}

#define QUERY_TEST(function) cmocka_unit_test_setup(function, empty_queries)

static struct request *given_query(void) {
    const struct field_text none[] = {{NULL, NULL}};
    return given_record(0, value_of("slotkeeper.query.GetServiceKeys", none, 0));
}

static struct request *get_service_keys(void) {
    struct request *request = given_query();
    given_header(request, "kafka_replyTopic", view_text(REPLY_PREFIX "mine"));
    return request;
}

static void assert_moved(int64_t offset) {
    assert_int_equal(clinic.partitions[0].next_offset, offset);
    assert_int_equal(clinic.partitions[0].published_offset, offset);
}

static void the_keys_are_told(void **state) {
    (void)state;
    (void)get_service_keys();
    assert_int_equal(run(), STATUS_OK);
    assert_journal("look(0) publish(1) ");
    assert_string_equal(code_text(desk.published[0].code), "");
    assert_int_equal(desk.published[0].decided_at_us, NOW_US);
    assert_false(desk.published[0].recallable);
    const struct schema *schema = schemas_by_name(clinic.schemas, "slotkeeper.event.Outcome");
    char *text = codec_to_json(
        engine_codec(clinic.engine), engine_arena(clinic.engine), schema, outside.outcomes[0]);
    assert_non_null(text);
    assert_non_null(strstr(text, hex_of(view_of(desk.seal_key, SEAL_KEY_SIZE))));
    assert_null(strstr(text, "\"oct\""));
    assert_moved(101);
}

static void what_cannot_be_answered_with_them(void **state) {
    (void)state;
    (void)garbage();
    (void)given_query();
    (void)book(PATIENT, 1);
    assert_int_equal(run(), STATUS_OK);
    assert_string_equal(code_text(desk.published[0].code), "MALFORMED");
    assert_string_equal(code_text(desk.published[1].code), "REPLY_TOPIC_REQUIRED");
    assert_string_equal(code_text(desk.published[2].code), "UNKNOWN_SCHEMA");
    assert_true(desk.published[0].dead_letter.needed && desk.published[2].dead_letter.needed);
    assert_false(desk.published[1].dead_letter.needed);
    assert_moved(103);
}

static void a_query_expires_as_a_command_does(void **state) {
    (void)state;
    struct request *late = get_service_keys();
    given_header(late, "ce_expirytime", view_text(time_text(NOW_US - TIME_SECOND_US)));
    struct request *early = get_service_keys();
    given_header(early, "ce_expirytime", view_text(time_text(NOW_US + TIME_SECOND_US)));
    struct request *old = get_service_keys();
    old->record.append_time_us = NOW_US - DAY_US - 1;
    assert_int_equal(run(), STATUS_OK);
    assert_string_equal(code_text(desk.published[0].code), "EXPIRED");
    assert_string_equal(code_text(desk.published[1].code), "");
    assert_string_equal(code_text(desk.published[2].code), "EXPIRED");
}

static void what_is_not_published_is_not_passed(void **state) {
    (void)state;
    (void)get_service_keys();
    outside.publish_status = STATUS_RETRY;
    assert_int_equal(run(), STATUS_RETRY);
    assert_moved(100);
    outside.look_status = STATUS_LOST;
    assert_int_equal(run(), STATUS_LOST);
    assert_journal("look(0) ");
    assert_moved(100);
}

/* Lists. --------------------------------------------------------------------------------------- */

static struct request *list(unsigned person, const char *limit, const char *cursor) {
    const struct field_text fields[] = {
        {"from", time_text(0)},
        {"until", time_text(at(1000000))},
        {"limit", limit},
        {"cursor", cursor}};
    struct request *request =
        given_record(0, value_of("slotkeeper.query.ListOpenSlots", fields, 4));
    given_header(request, "authorization", token_of(person));
    given_header(request, "kafka_replyTopic", view_text(REPLY_PREFIX "mine"));
    return request;
}

static struct request *history(unsigned person, const char *cursor) {
    const struct field_text fields[] = {{"slot_id", id_text(7)}, {"cursor", cursor}};
    struct request *request = given_record(0, value_of("slotkeeper.query.GetHistory", fields, 2));
    given_header(request, "authorization", token_of(person));
    given_header(request, "kafka_replyTopic", view_text(REPLY_PREFIX "mine"));
    return request;
}

static json_t *result_of(size_t index) {
    const struct schema *schema = schemas_by_name(clinic.schemas, "slotkeeper.event.Outcome");
    json_t *outcome = json_loads(
        codec_to_json(
            engine_codec(clinic.engine),
            engine_arena(clinic.engine),
            schema,
            outside.outcomes[index]),
        0,
        NULL);
    json_t *result = json_incref(json_object_get(outcome, "result"));
    json_decref(outcome);
    return result;
}

/* Its next_cursor in the arena; NULL: null. The number of items. */
static size_t page_of(size_t index, const char **next_cursor) {
    json_t *page = result_of(index);
    size_t count = json_array_size(json_object_get(page, "items"));
    const char *text = json_string_value(json_object_get(page, "next_cursor"));
    *next_cursor = text == NULL ? NULL : arena_text(engine_arena(clinic.engine), view_text(text));
    json_decref(page);
    return count;
}

/* What a batch left behind goes, but for the arena, which holds the cursors. */
static void next_batch(void) {
    clinic.count = 0;
    desk.published_count = outside.asked_count = 0;
}

#define assert_published(index, text)                                                              \
    assert_string_equal(code_text(desk.published[index].code), text)

static void pages_join(void **state) {
    (void)state;
    const char *cursor = "null";
    size_t seen = 0;
    int pages = 0;
    outside.slots = 25;
    do {
        next_batch();
        (void)list(PATIENT, "10", cursor);
        assert_int_equal(run(), STATUS_OK);
        assert_published(0, "");
        seen += page_of(0, &cursor);
        pages++;
    } while (cursor != NULL);
    assert_int_equal(pages, 3);
    assert_int_equal(seen, 24); /* the first began before now */
}

static void a_cursor_belongs_to_its_list(void **state) {
    (void)state;
    const char *cursor = NULL;
    outside.slots = 25;
    outside.exists = true;
    (void)list(PATIENT, "10", "null");
    assert_int_equal(run(), STATUS_OK);
    assert_int_equal(page_of(0, &cursor), 10);
    assert_non_null(cursor);
    next_batch();
    (void)list(PATIENT, "5", cursor); /* the limit may change */
    (void)list(DOCTOR, "10", cursor);
    (void)history(PATIENT, cursor);
    (void)list(PATIENT, "10", "00");
    assert_int_equal(run(), STATUS_OK);
    assert_published(0, "");
    assert_published(1, "CURSOR_INVALID");
    assert_published(2, "CURSOR_INVALID");
    assert_published(3, "CURSOR_INVALID");
    assert_false(desk.published[1].dead_letter.needed);
}

/* That there is nothing comes before what is wrong with the cursor. */
static void a_bad_cursor_tells_nothing(void **state) {
    (void)state;
    (void)history(PATIENT, "00");
    assert_int_equal(run(), STATUS_OK);
    assert_published(0, "SLOT_NOT_FOUND");
}

static void who_asks_is_looked_at_once(void **state) {
    (void)state;
    (void)list(PATIENT, "10", "null");
    (void)list(PATIENT, "10", "null");
    (void)list(DOCTOR, "10", "null");
    (void)list(PATIENT_2, "10", "null"); /* has no account */
    assert_int_equal(run(), STATUS_OK);
    assert_journal("look(3) read(3) publish(4) ");
    assert_published(3, "UNAUTHENTICATED");
    assert_moved(104);
}

static void without_a_reply_topic_nothing_is_read(void **state) {
    (void)state;
    struct request *request = list(PATIENT, "10", "null");
    request->record.header_count--;
    assert_int_equal(run(), STATUS_OK);
    assert_journal("look(1) publish(1) ");
    assert_published(0, "REPLY_TOPIC_REQUIRED");
}

/* 2,000 rows a slice: ten pages of 200. */
static void large_pages_are_answered_in_slices(void **state) {
    (void)state;
    for (int i = 0; i < 12; i++) {
        (void)list(PATIENT, "1000", "null");
    }
    assert_int_equal(run(), STATUS_OK);
    assert_journal("look(1) read(10) publish(10) look(1) read(2) publish(2) ");
    assert_moved(112);
}

static void a_page_that_is_refused_alone_is_internal(void **state) {
    (void)state;
    outside.poisoned_after = 7;
    (void)list(PATIENT, "6", "null");
    (void)list(PATIENT, "7", "null");
    (void)list(PATIENT, "8", "null");
    assert_int_equal(run(), STATUS_OK);
    assert_journal("look(1) read(3) read(1) read(1) read(1) read(1) publish(3) ");
    assert_published(0, "");
    assert_published(1, "INTERNAL");
    assert_published(2, "");
    assert_true(desk.published[1].dead_letter.needed);
}

static void a_reader_in_trouble_is_waited_for(void **state) {
    (void)state;
    (void)list(PATIENT, "6", "null");
    outside.read_status = STATUS_RETRY;
    assert_int_equal(run(), STATUS_RETRY);
    outside.read_status = STATUS_CONFLICT;
    assert_int_equal(run(), STATUS_RETRY);
    assert_moved(100);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        QUERY_TEST(the_keys_are_told),
        QUERY_TEST(what_cannot_be_answered_with_them),
        QUERY_TEST(a_query_expires_as_a_command_does),
        QUERY_TEST(what_is_not_published_is_not_passed),
        QUERY_TEST(pages_join),
        QUERY_TEST(a_cursor_belongs_to_its_list),
        QUERY_TEST(a_bad_cursor_tells_nothing),
        QUERY_TEST(who_asks_is_looked_at_once),
        QUERY_TEST(without_a_reply_topic_nothing_is_read),
        QUERY_TEST(large_pages_are_answered_in_slices),
        QUERY_TEST(a_page_that_is_refused_alone_is_internal),
        QUERY_TEST(a_reader_in_trouble_is_waited_for),
    };
    return cmocka_run_group_tests(tests, open_queries, close_desk);
}

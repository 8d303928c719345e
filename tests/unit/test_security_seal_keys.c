/* The folder of sealing keys: what is refused whole, rotation, and threads in the middle of it. */
#include "seal_fixture.h"

#include <dirent.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <sys/stat.h>

enum { BOX_SIZE = SEAL_BLOCK_SIZE + SEAL_OVERHEAD };

static struct seal_fixture fixture;

static const char *path_of(const char *name) {
    return seal_fixture_path(&fixture, name);
}

static struct seal_keys *keys_of_folder(void) {
    struct error error = {""};
    struct seal_keys *keys = seal_keys_new(fixture.folder, &error);
    if (keys == NULL) {
        fail_msg("%s", error.text);
    }
    return keys;
}

static enum seal_result open_one(struct seal_keys *keys, const char *kid) {
    uint8_t box[SEAL_CONTENT_MAX + SEAL_OVERHEAD];
    uint8_t content[SEAL_CONTENT_MAX];
    size_t size = 0;
    assert_true(seal_request(seal_fixture_public(&fixture, kid), view_text("x"), box, &size));
    return seal_keys_open(keys, view_text(kid), view_of(box, size), content, &size);
}

static enum seal_result open_unknown(struct seal_keys *keys, const char *kid) {
    uint8_t content[SEAL_CONTENT_MAX];
    size_t size = 0;
    return seal_keys_open(keys, view_text(kid), view_of("", 0), content, &size);
}

/* The kids announced, with a blank after each. */
static const char *announced_by(struct seal_keys *keys) {
    static char text[SEAL_KEYS_MAX * (KEY_ID_SIZE_MAX + 1) + 1];
    struct seal_public items[SEAL_KEYS_MAX];
    size_t count = seal_keys_announced(keys, items);
    text[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        strcat(strcat(text, items[i].kid), " ");
        assert_memory_equal(
            items[i].key, seal_fixture_public(&fixture, items[i].kid), SEAL_KEY_SIZE);
    }
    return text;
}

static void write_bytes(const char *name, size_t size) {
    static const uint8_t bytes[64] = {9};
    FILE *file = fopen(path_of(name), "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* Neither a new process nor a running one takes the folder, and the sentence has `word`. */
static void assert_refused(const char *word) {
    struct error error = {""};
    assert_null(seal_keys_new(fixture.folder, &error));
    if (strstr(error.text, word) == NULL) {
        fail_msg("no %s in: %s", word, error.text);
    }
}

/* ---- which keys are announced ---- */

static void without_a_list_all_are_announced_by_name(void **state) {
    (void)state;
    seal_fixture_add(&fixture, "b");
    seal_fixture_add(&fixture, "a-2");
    seal_fixture_add(&fixture, "Z_1");
    struct seal_keys *keys = keys_of_folder();
    assert_string_equal(announced_by(keys), "Z_1 a-2 b ");
    seal_keys_destroy(keys);
}

static void the_list_says_which_and_in_what_order(void **state) {
    (void)state;
    seal_fixture_add(&fixture, "a");
    seal_fixture_add(&fixture, "b");
    seal_fixture_add(&fixture, "c");
    seal_fixture_announce(&fixture, "c\na\n");
    struct seal_keys *keys = keys_of_folder();
    assert_string_equal(announced_by(keys), "c a ");
    assert_int_equal(open_one(keys, "b"), SEAL_OPENED); /* the overlap of a rotation */
    seal_fixture_announce(&fixture, "b");               /* no line end */
    struct error error = {""};
    assert_int_equal(seal_keys_reload(keys, &error), STATUS_OK);
    assert_string_equal(announced_by(keys), "b ");
    seal_keys_destroy(keys);
}

static void a_broken_list_is_refused(void **state) {
    static const char *const lists[] = {
        "b\n",
        "a\nb\n",
        "a\n\n",
        "\na\n",
        "a\na\n",
        "a \n",
        "a\r\n",
        "../a\n",
        "/etc/passwd\n",
        "\n",
    };
    (void)state;
    seal_fixture_add(&fixture, "a");
    struct seal_keys *keys = keys_of_folder();
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        struct error error = {""};
        seal_fixture_announce(&fixture, lists[i]);
        assert_refused("/announced");
        assert_int_equal(seal_keys_reload(keys, &error), STATUS_INVALID);
        assert_int_equal(seal_keys_reloads_failed(keys), i + 1);
        assert_string_equal(announced_by(keys), "a ");
    }
    seal_fixture_announce(&fixture, "");
    assert_refused("/announced");
    (void)unlink(path_of("announced"));
    assert_int_equal(mkdir(path_of("announced"), 0700), 0);
    assert_refused("/announced");
    seal_keys_destroy(keys);
}

/* ---- what is refused ---- */

static void a_pair_is_whole_or_the_folder_refused(void **state) {
    (void)state;
    seal_fixture_add(&fixture, "a");
    seal_fixture_add(&fixture, "b");
    write_bytes("c.key", 32); /* without .pub: not yet, or no more, a pair */
    seal_keys_destroy(keys_of_folder());
    write_bytes("c.pub", 32);
    assert_refused("/c.pub");
    write_bytes("c.pub", 31);
    assert_refused("/c.pub");
    write_bytes("c.pub", 33);
    assert_refused("/c.pub");
    write_bytes("c.pub", 0);
    assert_refused("/c.pub");
    (void)unlink(path_of("c.pub"));
    assert_int_equal(rename(path_of("b.key"), path_of("b.kept")), 0);
    assert_refused("/b.key");
    write_bytes("b.key", 31);
    assert_refused("/b.key");
    assert_int_equal(rename(path_of("b.kept"), path_of("b.key")), 0);
    seal_keys_destroy(keys_of_folder());
    assert_int_equal(rename(path_of("b.key"), path_of("x.key")), 0);
    assert_int_equal(rename(path_of("a.key"), path_of("b.key")), 0);
    assert_int_equal(rename(path_of("x.key"), path_of("a.key")), 0);
    assert_refused("/a.pub");
}

static void names_are_key_ids(void **state) {
    static const char *const names[] = {"a b.pub", ".pub", "..pub", "\xc3\xa4.pub"};
    (void)state;
    seal_fixture_add(&fixture, "a");
    write_bytes("notes.txt", 5);
    write_bytes("a.pub.old", 5);
    seal_keys_destroy(keys_of_folder());
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        write_bytes(names[i], 32);
        assert_refused(names[i]);
        (void)unlink(path_of(names[i]));
    }
}

static void sixteen_keys_are_the_most(void **state) {
    static char kids[SEAL_KEYS_MAX + 1][8];
    (void)state;
    for (size_t i = 0; i < SEAL_KEYS_MAX; i++) {
        (void)snprintf(kids[i], sizeof kids[i], "k%02zu", i);
        seal_fixture_add(&fixture, kids[i]);
    }
    struct seal_keys *keys = keys_of_folder();
    struct seal_public items[SEAL_KEYS_MAX];
    assert_int_equal(seal_keys_announced(keys, items), SEAL_KEYS_MAX);
    assert_int_equal(open_one(keys, "k15"), SEAL_OPENED);
    (void)strcpy(kids[SEAL_KEYS_MAX], "k16");
    seal_fixture_add(&fixture, kids[SEAL_KEYS_MAX]);
    assert_refused("16");
    seal_keys_destroy(keys);
}

static void an_empty_or_missing_folder_is_refused(void **state) {
    struct error error = {""};
    (void)state;
    assert_null(seal_keys_new(fixture.folder, &error));
    assert_non_null(strstr(error.text, fixture.folder));
    assert_int_equal(mkdir(fixture.folder, 0700), 0);
    assert_refused(fixture.folder);
    seal_keys_destroy(NULL);
}

/* ---- rotation ---- */

/* Folders are stamped by a clock of a few milliseconds: two changes in one tick look the same. */
static void wait_for_the_next_tick(void) {
    struct stat about;
    struct timespec now;
    assert_int_equal(stat(fixture.folder, &about), 0);
    do {
        (void)usleep(500);
        assert_int_equal(clock_gettime(CLOCK_REALTIME_COARSE, &now), 0);
    } while (now.tv_sec == about.st_mtim.tv_sec && now.tv_nsec == about.st_mtim.tv_nsec);
}

static void a_broken_folder_leaves_the_old_keys_in_force(void **state) {
    struct error error = {""};
    (void)state;
    seal_fixture_add(&fixture, "a");
    struct seal_keys *keys = keys_of_folder();
    seal_fixture_add(&fixture, "b");
    write_bytes("b.pub", 32);
    (void)unlink(path_of("a.pub"));
    (void)unlink(path_of("a.key"));
    assert_int_equal(seal_keys_reload(keys, &error), STATUS_INVALID);
    assert_non_null(strstr(error.text, "b.pub"));
    assert_int_equal(open_one(keys, "a"), SEAL_OPENED);
    assert_int_equal(open_unknown(keys, "b"), SEAL_KEY_UNKNOWN);
    assert_true(seal_keys_reloads_failed(keys) >= 1);
    seal_keys_destroy(keys);
}

static void a_new_key_is_found_by_its_first_box_and_an_old_one_goes(void **state) {
    struct error error = {""};
    (void)state;
    seal_fixture_add(&fixture, "a");
    struct seal_keys *keys = keys_of_folder();
    for (int i = 0; i < 3; i++) { /* within a second, though others asked for nonsense before */
        static const char *const kids[] = {"b", "c", "d"};
        assert_int_equal(open_unknown(keys, "nonsense"), SEAL_KEY_UNKNOWN);
        wait_for_the_next_tick();
        seal_fixture_add(&fixture, kids[i]);
        assert_int_equal(open_one(keys, kids[i]), SEAL_OPENED);
    }
    (void)unlink(path_of("a.pub"));
    assert_int_equal(open_one(keys, "a"), SEAL_OPENED); /* until the folder is read again */
    assert_int_equal(seal_keys_reload(keys, &error), STATUS_OK);
    uint8_t content[SEAL_CONTENT_MAX];
    size_t size = 0;
    assert_int_equal(
        seal_keys_open(keys, view_text("a"), view_of("", 0), content, &size), SEAL_KEY_UNKNOWN);
    seal_keys_destroy(keys);
}

/* Each reading of a broken folder counts as failed, which shows how many there were. */
static void unknown_ids_read_the_folder_once_a_second(void **state) {
    (void)state;
    seal_fixture_add(&fixture, "a");
    struct seal_keys *keys = keys_of_folder();
    write_bytes("a.key", 31); /* content only: the folder itself looks the same */
    int64_t begin_us = time_monotonic_us();
    uint64_t asked = 0;
    while (seal_keys_reloads_failed(keys) < 2) {
        assert_int_equal(open_unknown(keys, "nobody"), SEAL_KEY_UNKNOWN);
        asked++;
    }
    assert_true(time_monotonic_us() - begin_us >= TIME_SECOND_US);
    assert_true(asked > 100);
    uint64_t before = seal_keys_reloads_failed(keys);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(open_unknown(keys, "../../etc/passwd"), SEAL_KEY_UNKNOWN);
    }
    assert_int_equal(seal_keys_reloads_failed(keys), before);
    seal_keys_destroy(keys);
}

/* Ill-formed ids are refused before the folder is looked at, even when that would read it. */
static void ill_formed_ids_never_touch_the_folder(void **state) {
    (void)state;
    seal_fixture_add(&fixture, "a");
    struct seal_keys *keys = keys_of_folder();
    wait_for_the_next_tick();
    write_bytes("b.pub", 1);
    assert_int_equal(open_unknown(keys, "../a"), SEAL_KEY_UNKNOWN);
    assert_int_equal(seal_keys_reloads_failed(keys), 0);
    assert_int_equal(open_unknown(keys, "b"), SEAL_KEY_UNKNOWN);
    assert_int_equal(seal_keys_reloads_failed(keys), 1);
    seal_keys_destroy(keys);
}

/* ---- threads ---- */

enum { OPENERS = 3, ROTATIONS = 40 };

struct opener {
    pthread_t thread;
    struct seal_keys *keys;
    atomic_size_t opened;
    atomic_size_t refused;
};

static atomic_size_t newest; /* the place in fixture.kids of the key that is announced */
static atomic_bool stop;

static bool open_newest(struct seal_keys *keys) {
    size_t i = atomic_load(&newest);
    struct view kid = view_text(fixture.kids[i]);
    uint8_t box[SEAL_CONTENT_MAX + SEAL_OVERHEAD];
    uint8_t content[SEAL_CONTENT_MAX];
    size_t size = 0;
    return seal_request(fixture.public_keys[i], view_text("x"), box, &size)
           && seal_keys_open(keys, kid, view_of(box, size), content, &size) == SEAL_OPENED;
}

static void *open_all_the_time(void *context) {
    struct opener *opener = context;
    while (!atomic_load(&stop)) {
        bool opened = open_newest(opener->keys);
        (void)atomic_fetch_add(opened ? &opener->opened : &opener->refused, 1);
    }
    return NULL;
}

static size_t rounds_of(struct opener *opener) {
    return atomic_load(&opener->opened) + atomic_load(&opener->refused);
}

/* Until nobody seals to an older key than the newest any more. */
static void wait_for_all(struct opener openers[OPENERS]) {
    size_t before[OPENERS];
    for (size_t i = 0; i < OPENERS; i++) {
        before[i] = rounds_of(&openers[i]);
    }
    for (size_t i = 0; i < OPENERS; i++) {
        while (rounds_of(&openers[i]) < before[i] + 2) {
            (void)usleep(100);
        }
    }
}

/* A key comes, is used, and the one before it goes. */
static void rotate(struct seal_keys *keys, struct opener openers[OPENERS], size_t turn) {
    static char kids[ROTATIONS + 1][16];
    struct error error = {""};
    char name[32];
    (void)snprintf(kids[turn], sizeof kids[turn], "turn-%zu", turn);
    wait_for_the_next_tick();
    seal_fixture_add(&fixture, kids[turn]);
    atomic_store(&newest, turn);
    wait_for_all(openers);
    (void)snprintf(name, sizeof name, "%s.pub", fixture.kids[turn - 1]);
    assert_int_equal(unlink(path_of(name)), 0);
    assert_int_equal(seal_keys_reload(keys, &error), STATUS_OK);
}

static void a_rotation_under_load_refuses_nobody(void **state) {
    struct opener openers[OPENERS] = {0};
    (void)state;
    seal_fixture_add(&fixture, "turn-0");
    struct seal_keys *keys = keys_of_folder();
    for (size_t i = 0; i < OPENERS; i++) {
        openers[i].keys = keys;
        assert_int_equal(
            pthread_create(&openers[i].thread, NULL, open_all_the_time, &openers[i]), 0);
    }
    for (size_t turn = 1; turn <= ROTATIONS; turn++) {
        rotate(keys, openers, turn);
    }
    atomic_store(&stop, true);
    for (size_t i = 0; i < OPENERS; i++) {
        (void)pthread_join(openers[i].thread, NULL);
        assert_int_equal(atomic_load(&openers[i].refused), 0);
    }
    assert_int_equal(seal_keys_reloads_failed(keys), 0);
    seal_keys_destroy(keys);
}

/* ---- the operator's side ---- */

static void assert_admin(enum status status, enum status expected, const struct error *error) {
    if (status != expected) {
        fail_msg("%s: %s", status_name(status), error->text);
    }
}

static void generate(const char *kid, bool announced_expected) {
    struct error error = {""};
    bool announced = !announced_expected;
    assert_admin(seal_folder_generate(fixture.folder, kid, &announced, &error), STATUS_OK, &error);
    assert_int_equal(announced, announced_expected);
}

static bool list_is(const char *text) {
    struct error error = {""};
    struct key_bytes bytes;
    assert_int_equal(key_file_read(path_of("announced"), 4096, &bytes, &error), STATUS_OK);
    bool same = view_is(key_bytes_view(&bytes), text);
    key_bytes_clean_up(&bytes);
    return same;
}

static void a_rotation_step_by_step(void **state) {
    struct error error = {""};
    (void)state;
    generate("old", true);
    assert_true(list_is("old\n"));
    generate("new", false);
    assert_true(list_is("old\n"));
    assert_admin(seal_folder_destroy_pair(fixture.folder, "old", &error), STATUS_INVALID, &error);
    assert_admin(seal_folder_retire(fixture.folder, "old", &error), STATUS_INVALID, &error);
    assert_admin(seal_folder_retire(fixture.folder, "new", &error), STATUS_INVALID, &error);
    assert_admin(seal_folder_announce(fixture.folder, "new", &error), STATUS_OK, &error);
    assert_true(list_is("new\nold\n"));
    assert_admin(seal_folder_retire(fixture.folder, "old", &error), STATUS_OK, &error);
    assert_true(list_is("new\n"));
    assert_int_equal(access(path_of("old.key"), F_OK), 0);
    assert_admin(seal_folder_destroy_pair(fixture.folder, "old", &error), STATUS_OK, &error);
    assert_int_not_equal(access(path_of("old.key"), F_OK), 0);
    assert_int_not_equal(access(path_of("old.pub"), F_OK), 0);
    assert_admin(seal_folder_destroy_pair(fixture.folder, "old", &error), STATUS_INVALID, &error);
    assert_admin(seal_folder_announce(fixture.folder, "old", &error), STATUS_INVALID, &error);
}

/* A folder made without a list has all keys announced; a new one must not be before its time. */
static void a_key_beside_others_without_a_list_is_not_announced(void **state) {
    (void)state;
    seal_fixture_add(&fixture, "b");
    seal_fixture_add(&fixture, "a");
    generate("c", false);
    assert_true(list_is("a\nb\n"));
}

static void the_secret_is_overwritten_before_it_goes(void **state) {
    static const uint8_t zeros[SEAL_KEY_SIZE];
    struct error error = {""};
    struct key_bytes bytes;
    (void)state;
    generate("a", true);
    generate("b", false);
    assert_int_equal(link(path_of("b.key"), path_of("b.seen")), 0);
    assert_admin(seal_folder_destroy_pair(fixture.folder, "b", &error), STATUS_OK, &error);
    assert_int_equal(key_file_read(path_of("b.seen"), 64, &bytes, &error), STATUS_OK);
    assert_int_equal(bytes.size, SEAL_KEY_SIZE);
    assert_memory_equal(bytes.data, zeros, sizeof zeros);
    key_bytes_clean_up(&bytes);
    write_bytes("c.key", 32); /* left by a crash in between */
    assert_admin(seal_folder_destroy_pair(fixture.folder, "c", &error), STATUS_OK, &error);
    assert_int_not_equal(access(path_of("c.key"), F_OK), 0);
}

static void a_full_or_broken_folder_takes_no_key(void **state) {
    struct error error = {""};
    bool announced = false;
    (void)state;
    for (int i = 0; i < SEAL_KEYS_MAX; i++) {
        char kid[8];
        (void)snprintf(kid, sizeof kid, "k%d", i);
        generate(kid, i == 0);
    }
    assert_int_equal(
        seal_folder_generate(fixture.folder, "more", &announced, &error), STATUS_INVALID);
    assert_int_not_equal(access(path_of("more.key"), F_OK), 0);
    assert_admin(seal_folder_destroy_pair(fixture.folder, "k3", &error), STATUS_OK, &error);
    write_bytes("k4.pub", 32);
    assert_int_equal(
        seal_folder_generate(fixture.folder, "more", &announced, &error), STATUS_INVALID);
    assert_int_equal(seal_folder_announce(fixture.folder, "k5", &error), STATUS_INVALID);
    assert_non_null(strstr(error.text, "k4.pub"));
    assert_true(list_is("k0\n"));
}

static int set_up(void **state) {
    (void)state;
    seal_fixture_init(&fixture);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    return seal_fixture_clean_up(&fixture);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(without_a_list_all_are_announced_by_name),
        TEST(the_list_says_which_and_in_what_order),
        TEST(a_broken_list_is_refused),
        TEST(a_pair_is_whole_or_the_folder_refused),
        TEST(names_are_key_ids),
        TEST(sixteen_keys_are_the_most),
        TEST(an_empty_or_missing_folder_is_refused),
        TEST(a_broken_folder_leaves_the_old_keys_in_force),
        TEST(a_new_key_is_found_by_its_first_box_and_an_old_one_goes),
        TEST(unknown_ids_read_the_folder_once_a_second),
        TEST(ill_formed_ids_never_touch_the_folder),
        TEST(a_rotation_under_load_refuses_nobody),
        TEST(a_rotation_step_by_step),
        TEST(a_key_beside_others_without_a_list_is_not_announced),
        TEST(the_secret_is_overwritten_before_it_goes),
        TEST(a_full_or_broken_folder_takes_no_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Every allocation fails in turn. Loading settings and keys says so and leaves nothing behind; a
 * batch is answered as it would have been, or the process ends and its successor answers it: never
 * is a record answered otherwise because memory was short. */
#include "app/settings.h"
#include "failing_malloc.h"
#include "outside_fixture.h"
#include "security/secrets.h"
#include "security/signer.h"
#include "wire/schema.h"

/* AddressSanitizer would take what an ended process leaves for leaks. */
const char *__asan_default_options(void);

const char *__asan_default_options(void) {
    return "detect_leaks=0";
}

/* OpenSSL 3.0 leaves a piece behind when it does not get the copy of an algorithm's name. */
enum { OPENSSL_LEAKS = 1 };

static struct {
    char folder[64];
    char path[256];
    struct error error;
    void *made;
    enum status status;
    struct settings settings;
    struct schemas *schemas;
} tried;

static const char *path_of(const char *name) {
    (void)snprintf(tried.path, sizeof tried.path, "%s/%s", tried.folder, name);
    return tried.path;
}

static void begin(void) {
    tried.error.text[0] = '\0';
    tried.made = NULL;
}

/* It is there, or it is said why not. */
static void assert_made_or_said(bool failed) {
    assert_true(tried.made != NULL || (failed && tried.error.text[0] != '\0'));
}

/* Settings and keys. --------------------------------------------------------------------------- */

static void load_settings(void) {
    static const char *const sets[] = {"token.ttl=90m", "kafka.client.id=x"};
    tried.status = settings_load(&tried.settings, path_of("conf"), sets, 2, &tried.error);
}

static void check_settings(bool failed) {
    if (tried.status == STATUS_OK) {
        assert_int_equal(tried.settings.token_ttl_us, 90 * MINUTE_US);
        assert_int_equal(tried.settings.slot_duration_min_us, 7 * MINUTE_US);
    } else {
        assert_true(failed && tried.error.text[0] != '\0');
    }
}

static void settings_load_or_say_why(void **state) {
    (void)state;
    const struct trial trial = {.prepare = begin, .act = load_settings, .clean_up = check_settings};
    assert_true(fail_every(&trial, 1) >= 1);
}

static void load_verifier(void) {
    const struct token_settings settings = {
        .jwks_file = clinic.keys.jwks_file,
        .issuer = FIXTURE_ISSUER,
        .audience = FIXTURE_AUDIENCE,
        .max_ttl_s = FIXTURE_TTL_MAX,
        .cache_entries_max = 100,
    };
    tried.made = token_verifier_new(&settings, &tried.error);
}

static void drop_verifier(bool failed) {
    assert_made_or_said(failed);
    token_verifier_destroy(tried.made);
}

static void the_keys_of_tokens_load_or_say_why(void **state) {
    (void)state;
    const struct trial trial = {.prepare = begin, .act = load_verifier, .clean_up = drop_verifier};
    assert_true(fail_every(&trial, 1) > 20);
}

static void load_secrets(void) {
    tried.made = secrets_load(path_of("secret"), &tried.error);
}

static void drop_secrets(bool failed) {
    assert_made_or_said(failed);
    secrets_destroy(tried.made);
}

static void secrets_load_or_say_why(void **state) {
    (void)state;
    const struct trial trial = {
        .prepare = begin,
        .act = load_secrets,
        .clean_up = drop_secrets,
        .library_leaks = OPENSSL_LEAKS};
    assert_true(fail_every(&trial, 1) > 5);
}

static void load_seal_keys(void) {
    tried.made = seal_keys_new(path_of("seal"), &tried.error);
}

static void drop_seal_keys(bool failed) {
    assert_made_or_said(failed);
    seal_keys_destroy(tried.made);
}

static void sealing_keys_load_or_say_why(void **state) {
    (void)state;
    const struct trial trial = {
        .prepare = begin, .act = load_seal_keys, .clean_up = drop_seal_keys};
    assert_true(fail_every(&trial, 1) > 2);
}

static void load_signer(void) {
    const struct signer_settings settings = {
        .key_file = path_of("key"),
        .kid = "hs",
        .jwks_file = clinic.keys.jwks_file,
        .issuer = FIXTURE_ISSUER,
        .audience = FIXTURE_AUDIENCE,
    };
    tried.made = signer_new(&settings, &tried.error);
}

static void drop_signer(bool failed) {
    assert_made_or_said(failed);
    signer_destroy(tried.made);
}

static void the_signing_key_loads_or_says_why(void **state) {
    (void)state;
    const struct trial trial = {.prepare = begin, .act = load_signer, .clean_up = drop_signer};
    assert_true(fail_every(&trial, 1) > 20);
}

/* Schemas. ------------------------------------------------------------------------------------- */

static void load_schemas(void) {
    tried.made = schemas_new(&tried.error);
}

static void drop_schemas(bool failed) {
    assert_made_or_said(failed);
    schemas_destroy(tried.made);
}

/* There are some fifteen thousand; each costs all that come before it. */
static void schemas_load_or_say_why(void **state) {
    (void)state;
    const struct trial trial = {.prepare = begin, .act = load_schemas, .clean_up = drop_schemas};
    assert_true(fail_every(&trial, 97) > 1000);
}

static void load_codec(void) {
    tried.made = codec_new(clinic.schemas, LANE_SLOTS, (size_t)64 * 1024, &tried.error);
}

static void drop_codec(bool failed) {
    assert_made_or_said(failed);
    codec_destroy(tried.made);
}

static void a_codec_is_made_or_says_why(void **state) {
    (void)state;
    const struct trial trial = {.prepare = begin, .act = load_codec, .clean_up = drop_codec};
    assert_true(fail_every(&trial, 1) > 100);
}

static void load_engine(void) {
    const struct engine_settings settings = clinic_settings();
    const struct engine_security security = {.verifier = clinic.verifier};
    tried.made = engine_new(&settings, clinic.schemas, &security, &tried.error);
}

static void drop_engine(bool failed) {
    assert_made_or_said(failed);
    engine_destroy(tried.made);
}

static void an_engine_is_made_or_says_why(void **state) {
    (void)state;
    const struct trial trial = {.prepare = begin, .act = load_engine, .clean_up = drop_engine};
    assert_true(fail_every(&trial, 1) > 100);
}

/* A batch. ------------------------------------------------------------------------------------- */

static void open_batch(void) {
    begin();
    load_verifier();
    clinic.verifier = tried.made;
    load_engine();
    clinic.engine = tried.made;
    assert_true(clinic.verifier != NULL && clinic.engine != NULL);
    (void)connect_clinic(NULL);
    given_slots(3);
    (void)book(PATIENT, 1);
    (void)book(PATIENT_2, 1);
    (void)garbage();
    (void)publish_slot(DOCTOR, 9, at(600), at(630));
    (void)withdraw(DOCTOR, 2);
}

static void run_batch(void) {
    tried.status = engine_run(clinic.engine, clinic.requests, clinic.count);
}

static void check_batch(bool failed) {
    static const enum code expected[] = {
        CODE_ACCEPTED, CODE_SLOT_TAKEN, CODE_MALFORMED, CODE_ACCEPTED, CODE_ACCEPTED};

    assert_true(tried.status == STATUS_OK || failed);
    if (tried.status == STATUS_OK) {
        assert_int_equal(outside.published_count, sizeof expected / sizeof expected[0]);
    }
    for (size_t i = 0; i < outside.published_count; i++) {
        assert_string_equal(code_text(outside.published[i].code), code_text(expected[i]));
    }
    engine_destroy(clinic.engine);
    token_verifier_destroy(clinic.verifier);
}

static void no_record_is_answered_otherwise(void **state) {
    (void)state;
    struct engine *engine = clinic.engine;
    struct token_verifier *verifier = clinic.verifier;
    const struct trial trial = {
        .prepare = open_batch,
        .act = run_batch,
        .clean_up = check_batch,
        .library_leaks = OPENSSL_LEAKS};
    assert_true(fail_every(&trial, 1) > 100);
    clinic.engine = engine;
    clinic.verifier = verifier;
}

/* ---------------------------------------------------------------------------------------------- */

static int open_all(void **state) {
    struct error error = {""};
    assert_int_equal(open_clinic(state), 0);
    (void)strcpy(tried.folder, "/tmp/slotkeeper-memory-XXXXXX");
    assert_non_null(mkdtemp(tried.folder));
    write_text(path_of("conf"), "slot.duration_min = 7m\n");
    write_text(path_of("secret"), "0123456789abcdef0123456789abcdef");
    assert_int_equal(seal_pair_generate(path_of("seal"), "seal", &error), STATUS_OK);
    const struct key_pair *pair = &fixture_key(&clinic.keys, "hs")->pair;
    assert_int_equal(
        key_file_create(path_of("key"), 0600, key_bytes_view(&pair->secret), &error), STATUS_OK);
    return 0;
}

static int close_all(void **state) {
    assert_int_equal(remove_folder(tried.folder), 0);
    return close_clinic(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_load_or_say_why),
        cmocka_unit_test(the_keys_of_tokens_load_or_say_why),
        cmocka_unit_test(secrets_load_or_say_why),
        cmocka_unit_test(sealing_keys_load_or_say_why),
        cmocka_unit_test(the_signing_key_loads_or_says_why),
        cmocka_unit_test(schemas_load_or_say_why),
        cmocka_unit_test(a_codec_is_made_or_says_why),
        cmocka_unit_test(an_engine_is_made_or_says_why),
        cmocka_unit_test(no_record_is_answered_otherwise),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}

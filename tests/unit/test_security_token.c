/* The verifier over time: what the cache may answer, and keys that come and go. */
#include "token_fixture.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>

static struct fixture fixture; /* ec, ec-2, hs, rsa */

static bool verify_at(struct token_verifier *verifier, const char *token, int64_t at_s) {
    struct claims claims;
    return token_verify(verifier, view_text(token), at_s * TIME_SECOND_US, &claims);
}

static bool verify(struct token_verifier *verifier, const char *token) {
    return verify_at(verifier, token, FIXTURE_AT_S);
}

static struct token_statistics statistics_of(struct token_verifier *verifier) {
    struct token_statistics statistics;
    token_verifier_statistics(verifier, &statistics);
    return statistics;
}

static char *honest_token(const char *kid, int64_t jti) {
    char payload[1024];
    return fixture_token(&fixture, kid, fixture_payload(payload, jti));
}

/* ---- cache ---- */

static void a_token_is_verified_once(void **state) {
    (void)state;
    fixture_publish(&fixture, 0, 4);
    struct token_verifier *verifier = fixture_verifier(&fixture, 100);
    char *token = honest_token("ec", 1);
    for (uint64_t i = 0; i < 5; i++) {
        assert_true(verify(verifier, token));
        assert_int_equal(statistics_of(verifier).cache_hits, i);
        assert_int_equal(statistics_of(verifier).cache_misses, 1);
    }
    free(token);
    token_verifier_destroy(verifier);
}

static void a_hit_is_judged_at_its_own_time(void **state) {
    (void)state;
    struct token_verifier *verifier = fixture_verifier(&fixture, 100);
    char *token = honest_token("hs", 1);
    assert_true(verify(verifier, token));
    assert_true(verify_at(verifier, token, FIXTURE_AT_S + 3544));
    assert_false(verify_at(verifier, token, FIXTURE_AT_S + 3545));
    assert_true(verify_at(verifier, token, FIXTURE_AT_S - 65));
    assert_false(verify_at(verifier, token, FIXTURE_AT_S - 66));
    assert_true(verify(verifier, token));
    assert_int_equal(statistics_of(verifier).cache_misses, 1);
    free(token);
    token_verifier_destroy(verifier);
}

static void a_hit_keeps_not_before(void **state) {
    char payload[1024];
    (void)state;
    struct token_verifier *verifier = fixture_verifier(&fixture, 100);
    (void)fixture_payload(payload, 1);
    (void)snprintf(strrchr(payload, '}'), 64, ",\"nbf\":%lld}", (long long)(FIXTURE_AT_S + 100));
    char *token = fixture_token(&fixture, "hs", payload);
    assert_true(verify_at(verifier, token, FIXTURE_AT_S + 100));
    assert_true(verify_at(verifier, token, FIXTURE_AT_S + 95));
    assert_false(verify_at(verifier, token, FIXTURE_AT_S + 94));
    assert_int_equal(statistics_of(verifier).cache_hits, 2);
    free(token);
    token_verifier_destroy(verifier);
}

static void what_was_refused_is_not_remembered(void **state) {
    (void)state;
    struct token_verifier *verifier = fixture_verifier(&fixture, 100);
    char *token = honest_token("ec", 1);
    assert_false(verify_at(verifier, token, FIXTURE_AT_S - 3600));
    assert_true(verify(verifier, token));
    token[strlen(token) - 20] ^= 1;
    assert_false(verify(verifier, token));
    assert_false(verify(verifier, token));
    assert_int_equal(statistics_of(verifier).cache_hits, 0);
    free(token);
    token_verifier_destroy(verifier);
}

static void a_full_cache_forgets_and_stays_right(void **state) {
    static const size_t sizes[] = {0, 1, 3, 8, 50};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct token_verifier *verifier = fixture_verifier(&fixture, sizes[i]);
        for (int64_t jti = 0; jti < 200; jti++) {
            char *token = honest_token("hs", jti % 100);
            assert_true(verify(verifier, token));
            free(token);
        }
        struct token_statistics statistics = statistics_of(verifier);
        assert_int_equal(statistics.cache_hits + statistics.cache_misses, 200);
        assert_true(statistics.cache_hits <= sizes[i]);
        token_verifier_destroy(verifier);
    }
}

static void the_least_recently_used_makes_room(void **state) {
    (void)state;
    struct token_verifier *verifier = fixture_verifier(&fixture, 8);
    char *kept = honest_token("hs", 1000);
    for (int64_t jti = 0; jti < 50; jti++) {
        char *token = honest_token("hs", jti);
        assert_true(verify(verifier, kept));
        assert_true(verify(verifier, token));
        free(token);
    }
    assert_int_equal(statistics_of(verifier).cache_hits, 49);
    free(kept);
    token_verifier_destroy(verifier);
}

/* ---- keys ---- */

static void a_key_that_is_gone_ends_its_tokens(void **state) {
    struct error error = {""};
    (void)state;
    fixture_publish(&fixture, 0, 2);
    struct token_verifier *verifier = fixture_verifier(&fixture, 100);
    char *token = honest_token("ec", 1);
    assert_true(verify(verifier, token));
    assert_true(verify(verifier, token));
    fixture_publish(&fixture, 1, 1);
    assert_int_equal(token_verifier_reload(verifier, &error), STATUS_OK);
    assert_false(verify(verifier, token));
    free(token);
    token_verifier_destroy(verifier);
}

static void another_key_under_the_same_kid_ends_its_tokens(void **state) {
    struct error error = {""};
    struct fixture other;
    (void)state;
    fixture_publish(&fixture, 0, 1);
    struct token_verifier *verifier = fixture_verifier(&fixture, 100);
    char *token = honest_token("ec", 1);
    assert_true(verify(verifier, token));
    fixture_folder(&other);
    fixture_add(&other, "ec", "ES256");
    fixture_publish(&other, 0, 1);
    assert_int_equal(rename(other.jwks_file, fixture.jwks_file), 0);
    assert_int_equal(token_verifier_reload(verifier, &error), STATUS_OK);
    assert_false(verify(verifier, token));
    fixture_clean_up(&other);
    free(token);
    token_verifier_destroy(verifier);
}

static void a_broken_file_leaves_the_old_keys(void **state) {
    static const char *const broken[] = {"", "{", "{\"keys\":[]}", "{\"keys\":[{\"kid\":\"x\"}]}"};
    (void)state;
    fixture_publish(&fixture, 0, 2);
    struct token_verifier *verifier = fixture_verifier(&fixture, 100);
    char *token = honest_token("ec", 1);
    assert_true(verify(verifier, token));
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        struct error error = {""};
        write_text(fixture.jwks_file, broken[i]);
        assert_int_equal(token_verifier_reload(verifier, &error), STATUS_INVALID);
        assert_non_null(strstr(error.text, fixture.jwks_file));
        assert_int_equal(statistics_of(verifier).reloads_failed, i + 1);
        assert_true(verify(verifier, token));
    }
    assert_int_equal(statistics_of(verifier).cache_hits, sizeof broken / sizeof broken[0]);
    free(token);
    token_verifier_destroy(verifier);
}

static void a_file_without_keys_makes_no_verifier(void **state) {
    struct error error = {""};
    struct token_settings settings = {.jwks_file = "/none/such", .issuer = "", .audience = ""};
    (void)state;
    assert_null(token_verifier_new(&settings, &error));
    assert_non_null(strstr(error.text, "/none/such"));
    write_text(fixture.jwks_file, "{\"keys\":[]}");
    settings.jwks_file = fixture.jwks_file;
    assert_null(token_verifier_new(&settings, &error));
    assert_non_null(strstr(error.text, fixture.jwks_file));
}

static void the_same_file_again_empties_nothing(void **state) {
    struct error error = {""};
    (void)state;
    fixture_publish(&fixture, 0, 2);
    struct token_verifier *verifier = fixture_verifier(&fixture, 100);
    char *token = honest_token("ec", 1);
    assert_true(verify(verifier, token));
    fixture_publish(&fixture, 0, 2);
    assert_int_equal(token_verifier_reload(verifier, &error), STATUS_OK);
    assert_true(verify(verifier, token));
    assert_int_equal(statistics_of(verifier).cache_hits, 1);
    free(token);
    token_verifier_destroy(verifier);
}

/* Also straight after another unknown kid: no window in which a rotation refuses. */
static void a_new_key_is_found_at_once(void **state) {
    (void)state;
    fixture_publish(&fixture, 0, 1);
    struct token_verifier *verifier = fixture_verifier(&fixture, 100);
    char *early = honest_token("hs", 1);
    char *token = honest_token("ec-2", 1);
    assert_false(verify(verifier, early));
    assert_false(verify(verifier, token));
    fixture_publish(&fixture, 0, 2);
    assert_true(verify(verifier, token));
    assert_false(verify(verifier, early));
    fixture_publish(&fixture, 0, 3);
    assert_true(verify(verifier, early));
    assert_int_equal(statistics_of(verifier).reloads_failed, 0);
    free(early);
    free(token);
    token_verifier_destroy(verifier);
}

static void unknown_kids_read_a_broken_file_once(void **state) {
    (void)state;
    fixture_publish(&fixture, 0, 1);
    struct token_verifier *verifier = fixture_verifier(&fixture, 100);
    write_text(fixture.jwks_file, "broken");
    int64_t start_us = time_monotonic_us();
    for (int64_t jti = 0; jti < 200; jti++) {
        char *token = honest_token("hs", jti);
        assert_false(verify(verifier, token));
        free(token);
    }
    uint64_t seconds = (uint64_t)((time_monotonic_us() - start_us) / TIME_SECOND_US);
    uint64_t failed = statistics_of(verifier).reloads_failed;
    assert_in_range(failed, 1, 1 + seconds);
    token_verifier_destroy(verifier);
}

/* The JWK Set is written over itself: the same inode, size and time, as a coarse clock has it. */
static void publish_in_place(size_t key, const struct timespec *modified) {
    const struct timespec times[2] = {{.tv_nsec = UTIME_NOW}, *modified};
    char *jwk = json_dumps(fixture.keys[key].pair.jwk, JSON_COMPACT);
    FILE *file = fopen(fixture.jwks_file, "r+");
    assert_non_null(file);
    assert_int_equal(fprintf(file, "{\"keys\":[%s]}%*s", jwk, 900 - (int)strlen(jwk), ""), 911);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(utimensat(AT_FDCWD, fixture.jwks_file, times, 0), 0);
    free(jwk);
}

static void a_second_later_the_file_is_read_anyway(void **state) {
    const struct timespec modified = {FIXTURE_AT_S, 0};
    (void)state;
    write_text(fixture.jwks_file, "");
    publish_in_place(0, &modified);
    struct token_verifier *verifier = fixture_verifier(&fixture, 100);
    char *token = honest_token("ec-2", 1);
    publish_in_place(1, &modified);
    assert_false(verify(verifier, token));
    assert_int_equal(usleep(1100 * 1000), 0);
    assert_true(verify(verifier, token));
    free(token);
    token_verifier_destroy(verifier);
}

/* Any issuer and any audience: but the claims must be there. */
static bool any_issuer_believes(struct token_verifier *verifier, const char *issuer_and_audience) {
    char payload[1024];
    (void)snprintf(
        payload,
        sizeof payload,
        "{%s\"sub\":\"%s\",\"role\":\"admin\",\"iat\":%lld,\"exp\":%lld,\"jti\":\"c\"}",
        issuer_and_audience,
        FIXTURE_SUBJECT,
        (long long)FIXTURE_AT_S,
        (long long)FIXTURE_AT_S + 1);
    char *token = fixture_token(&fixture, "hs", payload);
    bool believed = verify(verifier, token);
    free(token);
    return believed;
}

static void issuer_and_audience_may_be_any(void **state) {
    struct error error = {""};
    (void)state;
    fixture_publish(&fixture, 0, 4);
    const struct token_settings settings = {
        .jwks_file = fixture.jwks_file, .issuer = "", .audience = "", .max_ttl_s = 3600};
    struct token_verifier *verifier = token_verifier_new(&settings, &error);
    assert_non_null(verifier);
    assert_true(any_issuer_believes(verifier, "\"iss\":\"a\",\"aud\":\"b\","));
    assert_true(any_issuer_believes(verifier, "\"iss\":\"\",\"aud\":[\"b\"],"));
    assert_false(any_issuer_believes(verifier, "\"iss\":\"a\","));
    assert_false(any_issuer_believes(verifier, "\"iss\":\"a\",\"aud\":[],"));
    assert_false(any_issuer_believes(verifier, "\"iss\":\"a\",\"aud\":[1],"));
    assert_false(any_issuer_believes(verifier, "\"iss\":\"a\",\"aud\":1,"));
    assert_false(any_issuer_believes(verifier, "\"aud\":\"b\","));
    assert_false(any_issuer_believes(verifier, "\"iss\":1,\"aud\":\"b\","));
    token_verifier_destroy(verifier);
}

static void no_header_is_no_token(void **state) {
    struct claims claims;
    (void)state;
    struct token_verifier *verifier = fixture_verifier(&fixture, 100);
    assert_false(token_verify(verifier, view_of(NULL, 0), FIXTURE_AT_US, &claims));
    assert_false(token_verify(verifier, view_text(""), FIXTURE_AT_US, &claims));
    assert_false(token_verify(verifier, view_text("Bearer"), -1, &claims));
    token_verifier_destroy(verifier);
}

/* ---- threads: run under ThreadSanitizer ---- */

enum { THREAD_TOKENS = 16, THREAD_ROUNDS = 400 };

struct crowd {
    struct token_verifier *verifier;
    char *tokens[THREAD_TOKENS];
};

static void *verify_many(void *argument) {
    struct crowd *crowd = argument;
    int refusals = 0;
    for (int i = 0; i < THREAD_ROUNDS; i++) {
        refusals += verify(crowd->verifier, crowd->tokens[i % THREAD_TOKENS]) ? 0 : 1;
    }
    return refusals == 0 ? NULL : crowd;
}

static void *rotate_many(void *argument) {
    struct crowd *crowd = argument;
    struct error error = {""};
    int failures = 0;
    for (int i = 0; i < THREAD_ROUNDS / 10; i++) {
        fixture_publish(&fixture, 0, i % 2 == 0 ? 3 : 4); /* the signing key stays */
        failures += token_verifier_reload(crowd->verifier, &error) == STATUS_OK ? 0 : 1;
    }
    return failures == 0 ? NULL : crowd;
}

static void rotation_under_load_refuses_nobody(void **state) {
    struct crowd crowd = {.verifier = NULL};
    pthread_t threads[3];
    (void)state;
    fixture_publish(&fixture, 0, 4);
    crowd.verifier = fixture_verifier(&fixture, 64);
    for (int64_t i = 0; i < THREAD_TOKENS; i++) {
        crowd.tokens[i] = honest_token(i % 2 == 0 ? "hs" : "ec", i);
    }
    assert_int_equal(pthread_create(&threads[0], NULL, verify_many, &crowd), 0);
    assert_int_equal(pthread_create(&threads[1], NULL, verify_many, &crowd), 0);
    assert_int_equal(pthread_create(&threads[2], NULL, rotate_many, &crowd), 0);
    for (size_t i = 0; i < 3; i++) {
        void *wrong = NULL;
        assert_int_equal(pthread_join(threads[i], &wrong), 0);
        assert_null(wrong);
    }
    for (size_t i = 0; i < THREAD_TOKENS; i++) {
        free(crowd.tokens[i]);
    }
    token_verifier_destroy(crowd.verifier);
}

/* A key is used the moment its file is there; half of the tokens bear kids that nobody has. */
static void *meet_a_new_key(void *argument) {
    struct crowd *crowd = argument;
    int wrong = 0;
    for (int i = 0; i < THREAD_TOKENS; i++) {
        bool known = i % 2 == 0;
        wrong += verify(crowd->verifier, crowd->tokens[i]) == known ? 0 : 1;
    }
    return wrong == 0 ? NULL : crowd;
}

static void threads_that_meet_a_new_key_all_find_it(void **state) {
    (void)state;
    for (size_t round = 0; round < 20; round++) {
        struct crowd crowd = {.verifier = NULL};
        pthread_t threads[3];
        fixture_publish(&fixture, 0, 1);
        crowd.verifier = fixture_verifier(&fixture, 64);
        for (int64_t i = 0; i < THREAD_TOKENS; i++) {
            crowd.tokens[i] = honest_token(i % 2 == 0 ? "ec-2" : "hs", i);
        }
        assert_false(verify(crowd.verifier, crowd.tokens[0]));
        fixture_publish(&fixture, 0, 2);
        for (size_t i = 0; i < 3; i++) {
            assert_int_equal(pthread_create(&threads[i], NULL, meet_a_new_key, &crowd), 0);
        }
        for (size_t i = 0; i < 3; i++) {
            void *wrong = NULL;
            assert_int_equal(pthread_join(threads[i], &wrong), 0);
            assert_null(wrong);
        }
        for (size_t i = 0; i < THREAD_TOKENS; i++) {
            free(crowd.tokens[i]);
        }
        token_verifier_destroy(crowd.verifier);
    }
}

static int set_up(void **state) {
    (void)state;
    fixture_folder(&fixture);
    fixture_add(&fixture, "ec", "ES256");
    fixture_add(&fixture, "ec-2", "ES256");
    fixture_add(&fixture, "hs", "HS256");
    fixture_add(&fixture, "rsa", "RS256");
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    fixture_clean_up(&fixture);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_is_verified_once),
        cmocka_unit_test(a_hit_is_judged_at_its_own_time),
        cmocka_unit_test(a_hit_keeps_not_before),
        cmocka_unit_test(what_was_refused_is_not_remembered),
        cmocka_unit_test(a_full_cache_forgets_and_stays_right),
        cmocka_unit_test(the_least_recently_used_makes_room),
        cmocka_unit_test(a_key_that_is_gone_ends_its_tokens),
        cmocka_unit_test(another_key_under_the_same_kid_ends_its_tokens),
        cmocka_unit_test(a_broken_file_leaves_the_old_keys),
        cmocka_unit_test(a_file_without_keys_makes_no_verifier),
        cmocka_unit_test(the_same_file_again_empties_nothing),
        cmocka_unit_test(a_new_key_is_found_at_once),
        cmocka_unit_test(unknown_kids_read_a_broken_file_once),
        cmocka_unit_test(a_second_later_the_file_is_read_anyway),
        cmocka_unit_test(issuer_and_audience_may_be_any),
        cmocka_unit_test(no_header_is_no_token),
        cmocka_unit_test(rotation_under_load_refuses_nobody),
        cmocka_unit_test(threads_that_meet_a_new_key_all_find_it),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

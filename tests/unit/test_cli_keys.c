/* `slotkeeper keys`: making keys and tokens, and what is said of wrong usage. */
#include "keys_fixture.h"

static void a_generated_key_signs_what_workers_believe(void **state) {
    static const char *const algorithms[] = {"ES256", "RS256", "HS256"};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        char line[128];
        char name[16];
        struct claims claims = {0};
        (void)snprintf(name, sizeof name, "%s.key", algorithms[i]);
        (void)snprintf(
            line, sizeof line, "generate --alg %s --kid k_%s-1", algorithms[i], algorithms[i]);
        use_key_file(name);
        assert_int_equal(keys(line), EXIT_DONE);
        assert_string_equal(output, "");
        assert_int_equal(mode_of(name), 0600);
        use_kid(line + strlen("generate --alg ES256 --kid "));
        assert_int_equal(keys("token --sub " SUBJECT " --role doctor --ttl 90"), EXIT_DONE);
        assert_one_line();
        assert_string_equal(errors, "");
        assert_true(worker_believes(output, &claims));
        assert_int_equal(claims.role, ROLE_DOCTOR);
        assert_int_equal(claims.expires_at_s - claims.issued_at_s, 90);
        assert_true(claims.has_version);
        assert_int_equal(claims.version, 1);
    }
    assert_int_equal(mode_of("jwks"), 0600);
    assert_int_equal(mode_of("HS256.key"), 0600);
}

static void the_public_set_shows_no_secret(void **state) {
    char private[OUTPUT_SIZE];
    (void)state;
    assert_int_equal(keys("jwks"), EXIT_DONE);
    assert_one_line();
    json_t *set = json_loads(output, JSON_REJECT_DUPLICATES, NULL);
    assert_int_equal(json_array_size(json_object_get(set, "keys")), 2);
    json_decref(set);
    assert_null(strstr(output, "\"oct\""));
    assert_null(strstr(output, "\"k\""));
    assert_null(strstr(output, "\"d\""));
    read_back("jwks", private);
    assert_non_null(strstr(private, "\"oct\""));
}

static void nothing_is_overwritten(void **state) {
    char before[OUTPUT_SIZE];
    char after[OUTPUT_SIZE];
    (void)state;
    use_key_file("ES256.key");
    read_back("ES256.key", before);
    assert_int_equal(keys("generate --alg ES256 --kid fresh"), EXIT_FAILED);
    assert_non_null(strstr(errors, "not overwritten"));
    read_back("ES256.key", after);
    assert_string_equal(before, after);
    assert_int_equal(keys("jwks"), EXIT_DONE);
    assert_null(strstr(output, "\"fresh\""));

    use_key_file("unused.key");
    assert_int_equal(keys("generate --alg ES256 --kid k_ES256-1"), EXIT_FAILED);
    assert_non_null(strstr(errors, "k_ES256-1"));
    assert_false(exists("unused.key"));
}

static void a_second_key_goes_beside_the_first(void **state) {
    char line[256];
    (void)state;
    use_key_file("ES256.key");
    (void)snprintf(line, sizeof line, "generate --alg ES256 --kid next --out %s/next.key", folder);
    assert_int_equal(keys(line), EXIT_DONE);
    assert_true(exists("next.key"));
    assert_int_equal(keys("jwks"), EXIT_DONE);
    assert_non_null(strstr(output, "\"next\""));
    (void)snprintf(line, sizeof line, "generate --alg HS512 --kid j --out %s/j.key --json", folder);
    assert_int_equal(keys(line), EXIT_DONE);
    assert_string_equal(output, "{\"kid\":\"j\",\"alg\":\"HS512\"}\n");
}

static void a_key_that_cannot_be_announced_goes_away(void **state) {
    char jwks_file[SETTINGS_TEXT_MAX];
    (void)state;
    memcpy(jwks_file, settings.token_jwks_file, sizeof jwks_file);
    use_key_file("lone.key");
    path_to(settings.token_jwks_file, sizeof settings.token_jwks_file, "no/folder/jwks");
    assert_int_equal(keys("generate --alg ES256 --kid lone"), EXIT_FAILED);
    assert_false(exists("lone.key"));
    memcpy(settings.token_jwks_file, jwks_file, sizeof jwks_file);
}

static void a_token_of_a_key_in_no_set_is_not_printed(void **state) {
    (void)state;
    use_key_file("nobody.key");
    write_text(settings.token_signing_key_file, "nobody's");
    assert_int_equal(keys("token --sub " SUBJECT " --role admin"), EXIT_FAILED);
    assert_string_equal(output, "");
    assert_non_null(strstr(errors, "not the private part"));
}

/* token.signing_kid is a hint: the key's own entry in the set says what it is. */
static void a_token_bears_the_kid_of_its_key(void **state) {
    static const char *const hints[] = {"", "next", "k_ES256-1", "nobody"};
    (void)state;
    use_key_file("next.key");
    for (size_t i = 0; i < 4; i++) {
        struct claims claims;
        use_kid(hints[i]);
        assert_int_equal(keys("token --sub " SUBJECT " --role admin"), EXIT_DONE);
        assert_one_line();
        assert_true(worker_believes(output, &claims));
        bool right = i < 2;
        assert_int_equal(strstr(errors, "token.signing_kid") == NULL, right);
    }
    use_kid("next");
}

static void lifetimes_are_seconds_or_durations(void **state) {
    static const struct {
        const char *text;
        int64_t ttl_s; /* 0: refused */
    } cases[] = {
        {"", 3600},
        {" --ttl 1", 1},
        {" --ttl 30s", 30},
        {" --ttl=15m", 900},
        {" --ttl 0", 0},
        {" --ttl 500ms", 0},
        {" --ttl -5", 0},
        {" --ttl 1e3", 0},
        {" --ttl x", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char line[128];
        struct claims claims = {0};
        (void)snprintf(
            line, sizeof line, "token --sub %s --role patient%s", SUBJECT, cases[i].text);
        int expected = cases[i].ttl_s == 0 ? EXIT_USAGE : EXIT_DONE;
        assert_int_equal(keys(line), expected);
        if (expected == EXIT_DONE) {
            assert_one_line();
            assert_true(worker_believes(output, &claims));
            assert_int_equal(claims.expires_at_s - claims.issued_at_s, cases[i].ttl_s);
        }
    }
    assert_int_equal(keys("token --sub " SUBJECT " --role patient --ttl 25h"), EXIT_DONE);
    assert_non_null(strstr(errors, "token.max_ttl"));
    assert_int_equal(keys("token --sub " SUBJECT " --role patient --json"), EXIT_DONE);
    assert_non_null(strstr(output, "{\"token\":\"ey"));
}

static void sealing_keys_are_two_files(void **state) {
    (void)state;
    assert_int_equal(keys("generate --seal --kid box-1"), EXIT_DONE);
    assert_int_equal(mode_of("seal/box-1.key"), 0600);
    assert_true(exists("seal/box-1.pub"));
    assert_int_equal(keys("generate --seal --kid box-1"), EXIT_FAILED);
    assert_int_equal(keys("generate --seal --kid box-2 --json"), EXIT_DONE);
    assert_string_equal(output, "{\"kid\":\"box-2\",\"announced\":false}\n");
}

static const char *const wrong_lines[] = {
    "",
    "frobnicate",
    "generate",
    "generate --alg ES256",
    "generate --kid a",
    "generate --alg none --kid a",
    "generate --alg es256 --kid a",
    "generate --alg ES384 --kid a",
    "generate --alg ES256 --seal --kid a",
    "generate --seal --kid a --out /tmp/x",
    "generate --alg ES256 --kid ../../etc/passwd",
    "generate --alg ES256 --kid a/b",
    "generate --seal --kid ../../etc/passwd",
    "generate --seal --kid .",
    "generate --alg ES256 --kid a extra",
    "generate --alg ES256 --kid",
    "list extra",
    "list --kid a",
    "activate",
    "activate --kid a",
    "activate --key /tmp/x",
    "activate --seal",
    "activate --seal --kid a --key /tmp/x",
    "activate --seal --kid ../../etc/passwd",
    "activate --kid ../../etc/passwd --key /tmp/x",
    "retire",
    "retire --kid ../../etc/passwd",
    "retire --seal --kid ../../etc/passwd",
    "retire --seal",
    "retire --kid a extra",
    "destroy --kid a",
    "destroy --seal",
    "destroy --seal --kid ../../etc/passwd",
    "jwks extra",
    "jwks --kid a",
    "token",
    "token --role admin",
    "token --sub 4b7f0a52-0f0e-4c5b-9f0e-6a1d2c3b4e5f",
    "token --sub nobody --role admin",
    "token --sub 4b7f0a52-0f0e-4c5b-9f0e-6a1d2c3b4e5f --role Admin",
    "token --sub 4b7f0a52-0f0e-4c5b-9f0e-6a1d2c3b4e5f --role root",
};

static bool is_wrong_usage(const char *line) {
    bool wrong = keys(line) == EXIT_USAGE && output[0] == '\0' && errors[0] != '\0';
    if (!wrong) {
        print_error("keys %s\n", line);
    }
    return wrong;
}

static void wrong_usage_is_said_and_nothing_done(void **state) {
    (void)state;
    use_key_file("never.key");
    for (size_t i = 0; i < sizeof wrong_lines / sizeof wrong_lines[0]; i++) {
        assert_true(is_wrong_usage(wrong_lines[i]));
    }
    assert_false(exists("never.key"));
}

static void help_is_help(void **state) {
    static const char *const lines[] = {"--help", "generate --help", "token -h", "jwks --help"};
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        assert_int_equal(keys(lines[i]), EXIT_DONE);
        assert_non_null(strstr(output, "generate --seal"));
        assert_string_equal(errors, "");
    }
}

static void what_is_not_set_is_named(void **state) {
    static const struct settings none;
    const struct settings all = settings;
    (void)state;
    settings = none;
    settings.token_ttl_us = TIME_SECOND_US;
    assert_int_equal(keys("generate --alg ES256 --kid a"), EXIT_USAGE);
    assert_non_null(strstr(errors, "token.jwks_file"));
    assert_int_equal(keys("generate --seal --kid a"), EXIT_USAGE);
    assert_non_null(strstr(errors, "seal.key_dir"));
    static const char *const others[] = {
        "jwks",
        "list",
        "activate --kid a --key /tmp/x",
        "activate --seal --kid a",
        "retire --kid a",
        "retire --seal --kid a",
        "destroy --seal --kid a",
    };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_int_equal(keys(others[i]), EXIT_USAGE);
        assert_non_null(strstr(errors, " is not set"));
    }
    assert_int_equal(keys("token --sub " SUBJECT " --role admin"), EXIT_USAGE);
    (void)snprintf(settings.token_jwks_file, sizeof settings.token_jwks_file, "/none");
    assert_int_equal(keys("generate --alg ES256 --kid a"), EXIT_USAGE);
    assert_non_null(strstr(errors, "token.signing_key_file"));
    assert_int_equal(keys("jwks"), EXIT_FAILED);
    settings = all;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_generated_key_signs_what_workers_believe),
        cmocka_unit_test(the_public_set_shows_no_secret),
        cmocka_unit_test(nothing_is_overwritten),
        cmocka_unit_test(a_second_key_goes_beside_the_first),
        cmocka_unit_test(a_key_that_cannot_be_announced_goes_away),
        cmocka_unit_test(a_token_of_a_key_in_no_set_is_not_printed),
        cmocka_unit_test(a_token_bears_the_kid_of_its_key),
        cmocka_unit_test(lifetimes_are_seconds_or_durations),
        cmocka_unit_test(sealing_keys_are_two_files),
        cmocka_unit_test(wrong_usage_is_said_and_nothing_done),
        cmocka_unit_test(help_is_help),
        cmocka_unit_test(what_is_not_set_is_named),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

/* How many servers a URL names; which of them is taken, tests/chaos/promotion sees. */
#include "postgres/connect.h"
#include "unit.h"

static void a_url_names_so_many_hosts(void **state) {
    (void)state;
    assert_int_equal(postgres_host_count("postgresql://worker@db.example/slotkeeper"), 1);
    assert_int_equal(postgres_host_count("postgresql://worker@one:1,two:2,three/slotkeeper"), 3);
    assert_int_equal(postgres_host_count("host=one,two port=5432 dbname=slotkeeper"), 2);
    assert_int_equal(postgres_host_count("hostaddr=127.0.0.1,::1 dbname=slotkeeper"), 2);
    assert_int_equal(postgres_host_count("dbname=slotkeeper"), 1);
    assert_int_equal(postgres_host_count("what is this"), 1);
}

/* Nobody listens on these ports: the sentence names those that were tried. */
static void the_first_hosts_are_left_out(void **state) {
    (void)state;
    static const char url[] = "host=127.0.0.1 port=1,2,3 dbname=slotkeeper user=worker";
    static const char several[] =
        "postgresql://worker@127.0.0.1:1,127.0.0.1:2,127.0.0.1:3/slotkeeper";
    struct error error;
    assert_null(postgres_connect(several, 0, &error));
    assert_non_null(strstr(error.text, "port 1 "));
    assert_non_null(strstr(error.text, "port 3 "));
    assert_null(postgres_connect(several, 2, &error));
    assert_null(strstr(error.text, "port 1 "));
    assert_null(strstr(error.text, "port 2 "));
    assert_non_null(strstr(error.text, "port 3 "));
    assert_null(postgres_connect(url, 0, &error)); /* libpq itself says what is wrong with it */
    assert_int_equal(postgres_host_count(url), 1);
}

static void an_unescaped_password_is_told_apart(void **state) {
    (void)state;
    struct error error;
    assert_null(postgres_connect("postgresql://worker:se@cret@127.0.0.1:1/slotkeeper", 0, &error));
    assert_null(strstr(error.text, "cret"));
    assert_non_null(strstr(error.text, "%40"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_url_names_so_many_hosts),
        cmocka_unit_test(the_first_hosts_are_left_out),
        cmocka_unit_test(an_unescaped_password_is_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

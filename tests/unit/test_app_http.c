/* The three pages over a real socket, and what hostile clients send instead. */
#include "app/http.h"
#include "base/metrics.h"
#include "base/time.h"
#include "unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

static bool is_alive;
static bool is_ready;

static bool alive(void *context, char *why, size_t size) {
    (void)snprintf(why, size, "thread %d stands still", *(int *)context);
    return is_alive;
}

static bool ready(void *context, char *why, size_t size) {
    (void)context;
    (void)snprintf(why, size, "PostgreSQL does not answer");
    return is_ready;
}

static int thread_number = 3;
static const struct http_probes probes = {alive, ready, &thread_number};
static struct http_server *server;
static char answer[256 * 1024];

static int start(void **state) {
    (void)state;
    is_alive = true;
    is_ready = true;
    struct error error;
    server = http_server_new("127.0.0.1:0", &probes, &error);
    return server == NULL ? -1 : 0;
}

static int stop(void **state) {
    (void)state;
    http_server_destroy(server);
    return 0;
}

/* ---- a client ---- */

static int connect_to_server(void) {
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval patience = {10, 0};
    (void)setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(http_server_port(server)),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(
        connect(descriptor, (const struct sockaddr *)(const void *)&address, sizeof address), 0);
    return descriptor;
}

static void send_text(int descriptor, const char *text, size_t size) {
    for (size_t sent = 0; sent < size;) {
        ssize_t count = send(descriptor, text + sent, size - sent, MSG_NOSIGNAL);
        if (count <= 0) {
            return; /* the server has hung up, which the answer shows */
        }
        sent += (size_t)count;
    }
}

static const char *receive_all(int descriptor) {
    size_t size = 0;
    ssize_t count = 0;
    do {
        count = recv(descriptor, answer + size, sizeof answer - 1 - size, 0);
        size += count > 0 ? (size_t)count : 0;
    } while (count > 0 && size < sizeof answer - 1);
    answer[size] = '\0';
    (void)close(descriptor);
    return answer;
}

static const char *ask(const char *request) {
    int descriptor = connect_to_server();
    send_text(descriptor, request, strlen(request));
    return receive_all(descriptor);
}

/* With "METHOD /path" and header lines. */
static const char *ask_for(const char *what, const char *headers) {
    char request[1024];
    (void)snprintf(
        request,
        sizeof request,
        "%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s\r\n",
        what,
        headers);
    return ask(request);
}

static int status_of(const char *text) {
    return strncmp(text, "HTTP/1.", 7) == 0 ? (int)strtol(text + 9, NULL, 10) : 0;
}

static const char *body_of(const char *text) {
    const char *blank = strstr(text, "\r\n\r\n");
    return blank == NULL ? "" : blank + 4;
}

/* ---- pages ---- */

static void livez_follows_the_probe(void **state) {
    (void)state;
    const char *text = ask_for("GET /livez", "");
    assert_int_equal(status_of(text), 200);
    assert_string_equal(body_of(text), "ok\n");
    is_alive = false;
    text = ask_for("GET /livez", "");
    assert_int_equal(status_of(text), 503);
    assert_string_equal(body_of(text), "thread 3 stands still\n");
    assert_int_equal(status_of(ask_for("GET /readyz", "")), 200);
}

static void readyz_follows_the_probe(void **state) {
    (void)state;
    assert_int_equal(status_of(ask_for("GET /readyz", "")), 200);
    is_ready = false;
    const char *text = ask_for("GET /readyz?verbose", "");
    assert_int_equal(status_of(text), 503);
    assert_non_null(strstr(text, "Content-Type: text/plain"));
    assert_string_equal(body_of(text), "PostgreSQL does not answer\n");
    assert_int_equal(status_of(ask_for("GET /livez", "")), 200);
}

static void metrics_are_the_rendered_text(void **state) {
    (void)state;
    metrics_set(METRIC_THREADS_READY, "", 4);
    const char *text = ask_for("GET /metrics", "");
    assert_int_equal(status_of(text), 200);
    assert_non_null(strstr(text, "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
    assert_non_null(strstr(body_of(text), "\nslotkeeper_threads_ready 4\n"));
    assert_non_null(strstr(body_of(text), "\nprocess_resident_memory_bytes "));
}

static void head_has_no_body(void **state) {
    (void)state;
    const char *text = ask_for("HEAD /livez", "");
    assert_int_equal(status_of(text), 200);
    assert_string_equal(body_of(text), "");
}

static void several_requests_on_one_connection(void **state) {
    (void)state;
    const char *text = ask("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
                           "GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert_int_equal(status_of(text), 200);
    assert_int_equal(status_of(body_of(text) + 3), 200);
}

/* ---- what is not served ---- */

static void other_paths_are_not_found(void **state) {
    (void)state;
    static const char *const paths[] = {
        "GET /",
        "GET /livez/",
        "GET /metrics/x",
        "GET //livez",
        "GET /LIVEZ",
        "POST /x",
        "GET /../livez",
        "GET /liv%00ez"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        print_message("%s\n", paths[i]);
        int status = status_of(ask_for(paths[i], ""));
        assert_true(status == 404 || status == 400);
    }
}

static void other_methods_are_not_allowed(void **state) {
    (void)state;
    static const char *const methods[] = {
        "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "BREW"};
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        char what[32];
        (void)snprintf(what, sizeof what, "%s /metrics", methods[i]);
        const char *text = ask_for(what, "");
        assert_int_equal(status_of(text), 405);
        assert_non_null(strstr(text, "Allow: GET, HEAD\r\n"));
    }
}

static void bodies_are_refused_unread(void **state) {
    (void)state;
    assert_int_equal(status_of(ask_for("GET /livez", "Content-Length: 100000000\r\n")), 413);
    assert_int_equal(status_of(ask_for("GET /livez", "Transfer-Encoding: chunked\r\n")), 413);
    assert_int_equal(status_of(ask_for("POST /livez", "Content-Length: 5\r\n")), 405);
    assert_int_equal(status_of(ask_for("GET /livez", "Content-Length: 0\r\n")), 200);
}

static void garbage_hurts_nobody(void **state) {
    (void)state;
    static const char *const garbage[] = {
        "\r\n\r\n\r\n",
        "GET\r\n\r\n",
        "\x16\x03\x01\x02\x01",
        "GET /livez HTTP/9.9\r\n\r\n",
        "GET /livez\r\n\r\n",
        "GET /livez HTTP/1.1\r\n\r\n"};
    for (size_t i = 0; i < sizeof garbage / sizeof garbage[0]; i++) {
        int descriptor = connect_to_server();
        send_text(descriptor, garbage[i], strlen(garbage[i]));
        assert_int_equal(status_of(ask_for("GET /livez", "")), 200);
        (void)shutdown(descriptor, SHUT_WR);
        assert_int_equal(status_of(ask_for("GET /livez", "")), 200);
        (void)close(descriptor);
    }
}

static void headers_are_bounded(void **state) {
    (void)state;
    static char request[1024 * 1024];
    memset(request, 'a', sizeof request);
    static const char begin[] = "GET /livez HTTP/1.1\r\nHost: x\r\nX: ";
    memcpy(request, begin, sizeof begin - 1);
    int descriptor = connect_to_server();
    send_text(descriptor, request, sizeof request);
    int status = status_of(receive_all(descriptor));
    assert_true(status == 0 || status >= 400);
    assert_int_equal(status_of(ask_for("GET /livez", "")), 200);
}

/* Who only connects is hung up on, so that the next one gets in. */
static void idle_connections_are_bounded_in_number_and_time(void **state) {
    (void)state;

    enum { COUNT = 40 };

    int idle[COUNT];
    for (int i = 0; i < COUNT; i++) {
        idle[i] = connect_to_server();
        send_text(idle[i], "GET ", 4);
    }
    int64_t began_us = time_monotonic_us();
    int status = 0;
    while (status != 200 && time_monotonic_us() < began_us + 10 * TIME_SECOND_US) {
        status = status_of(ask_for("GET /livez", ""));
        (void)usleep(100000);
    }
    assert_int_equal(status, 200);
    for (int i = 0; i < COUNT; i++) {
        (void)close(idle[i]);
    }
}

/* ---- starting ---- */

static void a_port_in_use_is_said(void **state) {
    (void)state;
    char address[64];
    (void)snprintf(address, sizeof address, "127.0.0.1:%d", http_server_port(server));
    struct error error;
    assert_null(http_server_new(address, &probes, &error));
    char expected[128];
    (void)snprintf(
        expected, sizeof expected, "cannot listen on %s: Address already in use", address);
    assert_string_equal(error.text, expected);
}

static void addresses_that_cannot_be(void **state) {
    (void)state;
    static const char *const addresses[] = {
        "9464", ":1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:99999", "[::1:1", "192.0.2.1:1", ""};
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        struct error error = {""};
        assert_null(http_server_new(addresses[i], &probes, &error));
        assert_true(error.text[0] != '\0');
    }
    char name[1000];
    memset(name, '1', sizeof name);
    memcpy(name + sizeof name - 3, ":1", 3);
    struct error error;
    assert_null(http_server_new(name, &probes, &error));
}

static void ipv6_and_names_are_taken(void **state) {
    (void)state;
    struct error error;
    struct http_server *second = http_server_new("[::1]:0", &probes, &error);
    if (second != NULL) { /* a machine may have no IPv6 */
        assert_int_not_equal(http_server_port(second), 0);
        http_server_destroy(second);
    }
    second = http_server_new("localhost:0", &probes, &error);
    assert_non_null(second);
    assert_int_not_equal(http_server_port(second), 0);
    http_server_destroy(second);
    http_server_destroy(NULL);
}

#define SERVED(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void) {
    const struct CMUnitTest tests[] = {
        SERVED(livez_follows_the_probe),
        SERVED(readyz_follows_the_probe),
        SERVED(metrics_are_the_rendered_text),
        SERVED(head_has_no_body),
        SERVED(several_requests_on_one_connection),
        SERVED(other_paths_are_not_found),
        SERVED(other_methods_are_not_allowed),
        SERVED(bodies_are_refused_unread),
        SERVED(garbage_hurts_nobody),
        SERVED(headers_are_bounded),
        SERVED(idle_connections_are_bounded_in_number_and_time),
        SERVED(a_port_in_use_is_said),
        SERVED(addresses_that_cannot_be),
        SERVED(ipv6_and_names_are_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

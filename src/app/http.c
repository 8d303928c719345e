/* Three pages over libmicrohttpd, from one thread. Whoever can reach the port may be hostile:
 * connections, memory and time are bounded, and a request with a body is refused unread. */
#include "app/http.h"

#include "app/listen_socket.h"
#include "base/metrics.h"

#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    CONNECTIONS_MAX = 32,
    CONNECTIONS_PER_ADDRESS_MAX = 16, /* one address cannot shut the others out */
    CONNECTION_MEMORY_MAX = 16 * 1024,
    CONNECTION_TIMEOUT_S = 5,
    WHY_SIZE_MAX = 512,
};

struct http_server {
    struct MHD_Daemon *daemon;
    struct http_probes probes;
    uint16_t port;
};

static const char plain_text[] = "text/plain; charset=utf-8";
static const char metrics_text[] = "text/plain; version=0.0.4; charset=utf-8";

/* ---- answers ---- */

/* Takes `response` in any case. */
static enum MHD_Result queue(
    struct MHD_Connection *connection,
    unsigned status,
    const char *content_type,
    struct MHD_Response *response) {
    if (response == NULL) {
        return MHD_NO;
    }
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED) {
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    }
    if (status == MHD_HTTP_CONTENT_TOO_LARGE) {
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    }
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result answer_line(
    struct MHD_Connection *connection, unsigned status, const char *line) {
    char body[WHY_SIZE_MAX + 2];
    int size = snprintf(body, sizeof body, "%.*s\n", WHY_SIZE_MAX, line);
    return queue(
        connection,
        status,
        plain_text,
        MHD_create_response_from_buffer((size_t)size, body, MHD_RESPMEM_MUST_COPY));
}

static enum MHD_Result answer_probe(
    const struct http_server *server,
    bool (*probe)(void *context, char *why, size_t size),
    struct MHD_Connection *connection) {
    char why[WHY_SIZE_MAX] = "";
    if (probe(server->probes.context, why, sizeof why)) {
        return answer_line(connection, MHD_HTTP_OK, "ok");
    }
    return answer_line(connection, MHD_HTTP_SERVICE_UNAVAILABLE, why);
}

static enum MHD_Result answer_livez(
    const struct http_server *server, struct MHD_Connection *connection) {
    return answer_probe(server, server->probes.alive, connection);
}

static enum MHD_Result answer_readyz(
    const struct http_server *server, struct MHD_Connection *connection) {
    return answer_probe(server, server->probes.ready, connection);
}

static enum MHD_Result answer_metrics(
    const struct http_server *server, struct MHD_Connection *connection) {
    (void)server;
    size_t size = 0;
    char *text = metrics_render(&size);
    if (text == NULL) {
        return answer_line(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "no memory");
    }
    struct MHD_Response *response =
        MHD_create_response_from_buffer(size, text, MHD_RESPMEM_MUST_FREE);
    if (response == NULL) {
        free(text);
    }
    return queue(connection, MHD_HTTP_OK, metrics_text, response);
}

/* ---- requests ---- */

static const struct page {
    const char *path;
    enum MHD_Result (*answer)(const struct http_server *server, struct MHD_Connection *connection);
} pages[] = {
    {"/livez", answer_livez},
    {"/readyz", answer_readyz},
    {"/metrics", answer_metrics},
};

static const struct page *page_find(const char *path) {
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        if (strcmp(pages[i].path, path) == 0) {
            return &pages[i];
        }
    }
    return NULL;
}

static bool is_read(const char *method) {
    return strcmp(method, MHD_HTTP_METHOD_GET) == 0 || strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
}

static enum MHD_Result refuse(
    struct MHD_Connection *connection, const char *path, const char *method) {
    if (page_find(path) == NULL) {
        return answer_line(connection, MHD_HTTP_NOT_FOUND, "no such page");
    }
    if (!is_read(method)) {
        return answer_line(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "GET only");
    }
    return answer_line(connection, MHD_HTTP_CONTENT_TOO_LARGE, "no body is taken");
}

static bool has_body(struct MHD_Connection *connection) {
    const char *length =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
    const char *encoding =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_TRANSFER_ENCODING);
    return encoding != NULL || (length != NULL && strcmp(length, "0") != 0);
}

/* Called when the headers are read and again when the request is whole. What is answered at the
 * first call closes the connection, and what follows on it is not read: right for a body alone.
 * NOLINTBEGIN(readability-function-size,readability-non-const-parameter): libmicrohttpd's type */
static enum MHD_Result on_request(
    void *context,
    struct MHD_Connection *connection,
    const char *path,
    const char *method,
    const char *version,
    const char *upload,
    size_t *upload_size,
    void **state) {
    (void)version;
    (void)upload;
    (void)upload_size;
    bool is_whole = *state != NULL;
    *state = connection;
    if (!is_whole) {
        return has_body(connection) ? refuse(connection, path, method) : MHD_YES;
    }
    const struct page *page = page_find(path);
    return page != NULL && is_read(method) ? page->answer(context, connection)
                                           : refuse(connection, path, method);
}

/* NOLINTEND(readability-function-size,readability-non-const-parameter) */

/* ---- the server ---- */

static struct MHD_Daemon *start(struct http_server *server, int descriptor) {
    return MHD_start_daemon(
        MHD_USE_AUTO_INTERNAL_THREAD,
        0,
        NULL,
        NULL,
        on_request,
        server,
        MHD_OPTION_LISTEN_SOCKET,
        descriptor,
        MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)CONNECTIONS_MAX,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT,
        (unsigned)CONNECTIONS_PER_ADDRESS_MAX,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)CONNECTION_MEMORY_MAX,
        MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)CONNECTION_TIMEOUT_S,
        MHD_OPTION_END);
}

struct http_server *http_server_new(
    const char *listen, const struct http_probes *probes, struct error *error) {
    int descriptor = listen_socket_open(listen, error);
    if (descriptor < 0) {
        return NULL;
    }
    struct http_server *server = calloc(1, sizeof *server);
    if (server != NULL) {
        server->probes = *probes;
        server->port = listen_socket_port(descriptor);
        server->daemon = start(server, descriptor);
    }
    if (server == NULL || server->daemon == NULL) {
        (void)error_set(error, STATUS_RETRY, "no HTTP server on %.128s", listen);
        (void)close(descriptor);
        free(server);
        return NULL;
    }
    return server;
}

uint16_t http_server_port(const struct http_server *server) {
    return server->port;
}

void http_server_destroy(struct http_server *server) {
    if (server == NULL) {
        return;
    }
    MHD_stop_daemon(server->daemon);
    free(server);
}

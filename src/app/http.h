/* What monitors ask a worker over HTTP: /livez, /readyz and /metrics, nothing else. */
#ifndef SLOTKEEPER_APP_HTTP_H
#define SLOTKEEPER_APP_HTTP_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Called from the server's thread. False: *why says so in one line for an operator; it becomes the
 * body of a 503. Neither may wait for anything. */
struct http_probes {
    bool (*alive)(void *context, char *why, size_t size); /* the process's threads make progress */
    bool (*ready)(void *context, char *why, size_t size); /* it can take work */
    void *context;
};

struct http_server;

/* Listens on "host:port" (an IPv6 address in brackets; port 0: any free one) and answers from a
 * thread of its own. *probes is copied; its context must live until http_server_destroy. NULL with
 * *error set. */
struct http_server *http_server_new(
    const char *listen, const struct http_probes *probes, struct error *error) MUST_USE;
/* The port that it really listens on. */
uint16_t http_server_port(const struct http_server *server);
/* Waits for answers under way. NULL is allowed. */
void http_server_destroy(struct http_server *server);

#endif

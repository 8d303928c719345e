/* getaddrinfo, socket, bind, listen: each with its own sentence when it fails. */
#include "app/listen_socket.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 32, HOST_SIZE_MAX = 256 };

/* Digits only: getaddrinfo takes an empty port, and one above 65535 modulo 65536. */
static bool is_port(const char *text) {
    size_t size = strspn(text, "0123456789");
    return size > 0 && size <= 5 && text[size] == '\0' && strtol(text, NULL, 10) <= UINT16_MAX;
}

/* Splits at the last colon and takes brackets off. False: not of that form. */
static bool split(const char *address, char host[HOST_SIZE_MAX], const char **port) {
    const char *colon = strrchr(address, ':');
    if (colon == NULL || colon == address || colon - address >= HOST_SIZE_MAX
        || !is_port(colon + 1)) {
        return false;
    }
    size_t size = (size_t)(colon - address);
    bool brackets = address[0] == '[' && address[size - 1] == ']';
    (void)snprintf(
        host,
        HOST_SIZE_MAX,
        "%.*s",
        (int)(brackets ? size - 2 : size),
        brackets ? address + 1 : address);
    *port = colon + 1;
    return true;
}

static int open_at(const struct addrinfo *where, const char *address, struct error *error) {
    int descriptor = socket(where->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) {
        (void)error_set(
            error, STATUS_RETRY, "no socket for %.128s: %s", address, strerrordesc_np(errno));
        return -1;
    }
    int on = 1;
    (void)setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(descriptor, where->ai_addr, where->ai_addrlen) != 0
        || listen(descriptor, BACKLOG) != 0) {
        (void)error_set(
            error, STATUS_INVALID, "cannot listen on %.128s: %s", address, strerrordesc_np(errno));
        (void)close(descriptor);
        return -1;
    }
    return descriptor;
}

int listen_socket_open(const char *address, struct error *error) {
    char host[HOST_SIZE_MAX];
    const char *port;
    if (!split(address, host, &port)) {
        (void)error_set(error, STATUS_INVALID, "%.128s is not host:port", address);
        return -1;
    }
    const struct addrinfo hints = {
        .ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int result = getaddrinfo(host, port, &hints, &found);
    if (result != 0) {
        (void)error_set(error, STATUS_INVALID, "%.128s: %s", address, gai_strerror(result));
        return -1;
    }
    int descriptor = open_at(found, address, error);
    freeaddrinfo(found);
    return descriptor;
}

uint16_t listen_socket_port(int descriptor) {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } bound = {.v6 = {.sin6_port = 0}};

    socklen_t size = sizeof bound;
    if (getsockname(descriptor, &bound.any, &size) != 0) {
        return 0;
    }
    return ntohs(bound.any.sa_family == AF_INET6 ? bound.v6.sin6_port : bound.v4.sin_port);
}

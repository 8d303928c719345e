/* A TCP socket that listens on "host:port". */
#ifndef SLOTKEEPER_APP_LISTEN_SOCKET_H
#define SLOTKEEPER_APP_LISTEN_SOCKET_H

#include "base/status.h"

#include <stdint.h>

/* A descriptor, or -1 with *error set. An IPv6 address stands in brackets; port 0: any free one. */
int listen_socket_open(const char *address, struct error *error) MUST_USE;
/* The port that it is bound to, 0 if the system does not say. */
uint16_t listen_socket_port(int descriptor);

#endif

/* When certificates end. */
#ifndef SLOTKEEPER_BASE_CERTIFICATE_H
#define SLOTKEEPER_BASE_CERTIFICATE_H

#include "base/status.h"

#include <openssl/types.h>
#include <stdbool.h>
#include <stdint.h>

/* False: its time cannot be read. */
bool certificate_end(const X509 *certificate, int64_t *ends_at_us) MUST_USE;

/* Of all certificates in a PEM file, the first to end. False: it cannot be read, or has none. */
bool certificate_file_end(const char *path, int64_t *ends_at_us) MUST_USE;

#endif

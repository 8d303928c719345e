/* What a clean `audit verify` leaves for node_exporter's textfile collector. */
#ifndef SLOTKEEPER_CLI_AUDIT_TEXTFILE_H
#define SLOTKEEPER_CLI_AUDIT_TEXTFILE_H

#include "base/status.h"

/* Puts the file there as a whole, or leaves the one that is there: it is written beside it, as
 * PATH.new, and renamed. STATUS_INVALID with *error naming it. */
enum status audit_textfile_write(const char *path, struct error *error) MUST_USE;

#endif

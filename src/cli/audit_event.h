/* An audit event as codec_to_json shows it, back to fields. */
#ifndef SLOTKEEPER_CLI_AUDIT_EVENT_H
#define SLOTKEEPER_CLI_AUDIT_EVENT_H

#include "domain/outcome.h"

#include <jansson.h>

/* `detail` stays the object's. False: not an event, or one with words unknown to this program. */
bool audit_event_from_json(const json_t *object, struct audit_event *event) MUST_USE;

#endif

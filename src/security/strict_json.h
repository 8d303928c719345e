/* JSON from outside, read so that two readers cannot disagree about it: one object, no member
 * twice, valid UTF-8, no NUL, nothing after it, and no deeper than the caller allows. */
#ifndef SLOTKEEPER_SECURITY_STRICT_JSON_H
#define SLOTKEEPER_SECURITY_STRICT_JSON_H

#include "base/status.h"
#include "base/view.h"

#include <jansson.h>

/* NULL: not such a text; *line (unless NULL) is where it broke, 0 if it is nested too deeply. The
 * caller releases the object with json_decref. */
json_t *strict_json_object(struct view text, size_t depth_max, int *line) MUST_USE;

/* The string member `name` as a view into the object; data NULL: absent, or not a string. */
struct view strict_json_text(const json_t *object, const char *name) MUST_USE;

/* Overwrites the string member `name`, which held a secret, before the object is released. */
void strict_json_wipe_text(const json_t *object, const char *name);

#endif

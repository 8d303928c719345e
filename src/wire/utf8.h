/* Text from outside. */
#ifndef SLOTKEEPER_WIRE_UTF8_H
#define SLOTKEEPER_WIRE_UTF8_H

#include "base/view.h"

/* UTF-8 without NUL, overlong forms and surrogates, up to U+10FFFF. */
bool utf8_is_text(struct view bytes);

#endif

/* What librdkafka's threads say of connections that fail. They say it with every attempt, in every
 * client and for as long as it lasts; one line a minute is enough of it. And whoever meets only the
 * consequence, a call that timed out, finds the cause here. One memory for the whole process, whose
 * clients all speak to one cluster. Any thread may call. */
#ifndef SLOTKEEPER_KAFKA_TROUBLE_H
#define SLOTKEEPER_KAFKA_TROUBLE_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TROUBLE_TEXT_SIZE = 384 };

/* Keeps the sentence, cut to TROUBLE_TEXT_SIZE, without librdkafka's thread name before it and its
 * counts behind it. True: it was not said within the last minute, so it is worth a line. `cause`:
 * it says why, and is what trouble_last tells. `now_us` is monotonic. */
bool trouble_is_news(const char *text, bool cause, int64_t now_us) MUST_USE;

/* The last cause, or "" if that was said half a minute ago or longer. */
void trouble_last(char text[TROUBLE_TEXT_SIZE], int64_t now_us);

#endif

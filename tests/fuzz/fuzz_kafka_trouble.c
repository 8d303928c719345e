/* What librdkafka says of its connections, parts of which come from a broker. */
#include "fuzz.h"
#include "kafka/trouble.h"

#define MINUTE_US INT64_C(60000000)

static int64_t now_us = MINUTE_US;

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char last[TROUBLE_TEXT_SIZE];
    char *text = calloc(1, size + 1);
    assert(text != NULL);
    memcpy(text, data, size);
    now_us += MINUTE_US;
    (void)trouble_is_news(text, true, now_us);
    assert(!trouble_is_news(text, true, now_us + 1));
    trouble_last(last, now_us + 1);
    assert(strlen(last) < TROUBLE_TEXT_SIZE && strstr(last, " (after ") == NULL);
    assert(strstr(text, last) != NULL || strlen(last) == TROUBLE_TEXT_SIZE - 1);
    free(text);
    return 0;
}

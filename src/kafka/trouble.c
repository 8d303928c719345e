/* A few sentences and when each was last worth a line; the one silent for longest makes room. */
#include "kafka/trouble.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define SILENCE_US INT64_C(60000000)
#define FRESH_US   INT64_C(30000000)

enum { SENTENCES_MAX = 16 };

struct sentence {
    char text[TROUBLE_TEXT_SIZE];
    int64_t told_us; /* 0 with an empty text: a free place */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct sentence sentences[SENTENCES_MAX];
static struct sentence last;

/* "[thrd:main]: what happened (after 3ms in state CONNECT, 2 identical error(s) suppressed)" */
static void cut(char to[TROUBLE_TEXT_SIZE], const char *text) {
    const char *end_of_thread = strncmp(text, "[thrd:", 6) == 0 ? strstr(text, "]: ") : NULL;
    (void)snprintf(
        to, TROUBLE_TEXT_SIZE, "%s", end_of_thread == NULL ? text : end_of_thread + strlen("]: "));
    char *counts = strstr(to, " (after ");
    if (counts != NULL) {
        *counts = '\0';
    }
}

/* Its place, or that of the oldest one. */
static struct sentence *place_of(const char *text) {
    struct sentence *oldest = &sentences[0];
    for (size_t i = 0; i < SENTENCES_MAX; i++) {
        if (strcmp(sentences[i].text, text) == 0) {
            return &sentences[i];
        }
        if (sentences[i].told_us < oldest->told_us) {
            oldest = &sentences[i];
        }
    }
    return oldest;
}

bool trouble_is_news(const char *text, bool cause, int64_t now_us) {
    struct sentence said = {.told_us = now_us};
    cut(said.text, text);
    (void)pthread_mutex_lock(&lock);
    struct sentence *place = place_of(said.text);
    bool news = strcmp(place->text, said.text) != 0 || now_us - place->told_us >= SILENCE_US;
    if (news) {
        *place = said;
    }
    if (cause) {
        last = said;
    }
    (void)pthread_mutex_unlock(&lock);
    return news;
}

void trouble_last(char text[TROUBLE_TEXT_SIZE], int64_t now_us) {
    (void)pthread_mutex_lock(&lock);
    bool fresh = now_us - last.told_us < FRESH_US;
    (void)snprintf(text, TROUBLE_TEXT_SIZE, "%s", fresh ? last.text : "");
    (void)pthread_mutex_unlock(&lock);
}

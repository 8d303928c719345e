/* The signing key in force. Who signs holds the lock for reading, which takes well below a
 * millisecond; a reload reads and checks both files first and then waits for those only. */
#include "security/signer.h"

#include "base/log.h"
#include "security/signing_key.h"
#include "security/statement.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct signer {
    char *key_file;
    char *jwks_file;
    char *kid;
    char *issuer;
    char *audience;
    pthread_rwlock_t lock;
    struct signing_key current; /* under lock */
    pthread_mutex_t reload_lock;
    bool has_warned; /* under reload_lock */
    atomic_uint_fast64_t reloads_failed;
};

static bool copy_settings(struct signer *signer, const struct signer_settings *settings) {
    signer->key_file = strdup(settings->key_file);
    signer->jwks_file = strdup(settings->jwks_file);
    signer->kid = strdup(settings->kid);
    signer->issuer = strdup(settings->issuer);
    signer->audience = strdup(settings->audience);
    return signer->key_file != NULL && signer->jwks_file != NULL && signer->kid != NULL
           && signer->issuer != NULL && signer->audience != NULL;
}

static void init_locks(struct signer *signer) {
    pthread_rwlockattr_t attributes;
    (void)pthread_rwlockattr_init(&attributes);
    /* or a steady stream of tokens would keep a new key out */
    (void)pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    (void)pthread_rwlock_init(&signer->lock, &attributes);
    (void)pthread_rwlockattr_destroy(&attributes);
    (void)pthread_mutex_init(&signer->reload_lock, NULL);
}

static void put_in_force(struct signer *signer, struct signing_key *key) {
    (void)pthread_rwlock_wrlock(&signer->lock);
    struct signing_key old = signer->current;
    signer->current = *key;
    (void)pthread_rwlock_unlock(&signer->lock);
    *key = old;
}

/* Under reload_lock. */
static void warn_of_hint(struct signer *signer, const char *kid) {
    if (signer->kid[0] == '\0' || signer->has_warned || strcmp(signer->kid, kid) == 0) {
        return;
    }
    signer->has_warned = true;
    log_warning(
        "the signing key is not the one that token.signing_kid names; its own kid is used",
        LOG_TEXT("kid", kid));
}

enum status signer_reload(struct signer *signer, struct error *error) {
    struct signing_key key;
    (void)pthread_mutex_lock(&signer->reload_lock);
    enum status status =
        signing_key_load(signer->key_file, signer->jwks_file, signer->kid, &key, error);
    if (status == STATUS_OK) {
        warn_of_hint(signer, key.kid);
        put_in_force(signer, &key);
    } else {
        (void)atomic_fetch_add(&signer->reloads_failed, 1);
    }
    signing_key_clean_up(&key);
    (void)pthread_mutex_unlock(&signer->reload_lock);
    return status;
}

struct signer *signer_new(const struct signer_settings *settings, struct error *error) {
    struct signer *signer = calloc(1, sizeof *signer);
    if (signer == NULL) {
        (void)error_set(error, STATUS_RETRY, "no memory for the signing key");
        return NULL;
    }
    init_locks(signer);
    enum status status = copy_settings(signer, settings)
                             ? signer_reload(signer, error)
                             : error_set(error, STATUS_RETRY, "no memory for the signing key");
    if (status != STATUS_OK) {
        signer_destroy(signer);
        return NULL;
    }
    return signer;
}

void signer_destroy(struct signer *signer) {
    if (signer == NULL) {
        return;
    }
    signing_key_clean_up(&signer->current);
    (void)pthread_rwlock_destroy(&signer->lock);
    (void)pthread_mutex_destroy(&signer->reload_lock);
    free(signer->key_file);
    free(signer->jwks_file);
    free(signer->kid);
    free(signer->issuer);
    free(signer->audience);
    free(signer);
}

uint64_t signer_reloads_failed(const struct signer *signer) {
    return atomic_load(&signer->reloads_failed);
}

void signer_key(
    struct signer *signer,
    char kid[KEY_ID_SIZE_MAX + 1],
    const struct token_algorithm **algorithm) {
    (void)pthread_rwlock_rdlock(&signer->lock);
    memcpy(kid, signer->current.kid, KEY_ID_SIZE_MAX + 1);
    *algorithm = signer->current.algorithm;
    (void)pthread_rwlock_unlock(&signer->lock);
}

static enum status made(const char *text, const char *what, struct error *error) {
    return text != NULL ? STATUS_OK : error_set(error, STATUS_RETRY, "no memory for %s", what);
}

enum status signer_token(
    struct signer *signer, const struct claims *claims, char **token, struct error *error) {
    const struct signing_names names = {signer->issuer, signer->audience};
    (void)pthread_rwlock_rdlock(&signer->lock);
    *token = signing_key_token(&signer->current, &names, claims);
    (void)pthread_rwlock_unlock(&signer->lock);
    return made(*token, "a token", error);
}

/* NOLINTNEXTLINE(readability-function-size): six things are what a statement takes */
enum status signer_statement(
    struct signer *signer,
    const struct seal_public *keys,
    size_t count,
    int64_t now_s,
    char **statement,
    struct error *error) {
    const struct signing_names names = {signer->issuer, STATEMENT_AUDIENCE};
    (void)pthread_rwlock_rdlock(&signer->lock);
    *statement = signing_key_statement(&signer->current, &names, keys, count, now_s);
    (void)pthread_rwlock_unlock(&signer->lock);
    return made(*statement, "a statement", error);
}

enum status signer_public_jwks(struct signer *signer, char **text, struct error *error) {
    (void)pthread_rwlock_rdlock(&signer->lock);
    *text = strdup(signer->current.public_jwks);
    (void)pthread_rwlock_unlock(&signer->lock);
    return made(*text, "the public keys", error);
}

/* The keys, hashing threads and rates that all threads of a worker share, and their reload. */
#include "app/keyring.h"

#include "base/log.h"
#include "base/metrics.h"
#include "base/time.h"
#include "security/rate_limiter.h"
#include "security/secrets.h"
#include "security/signer.h"

#include <stdlib.h>

enum { KIB = 1024 };

struct keyring {
    const struct settings *settings;
    struct engine_security security;
    struct token_statistics measured;
    uint64_t measured_failures; /* reloads of the signing and sealing keys that failed */
};

static enum status require(
    const char *name, const char *value, const char *needed_by, struct error *error) {
    return value[0] != '\0'
               ? STATUS_OK
               : error_set(error, STATUS_INVALID, "%s is not set, which %s need", name, needed_by);
}

static enum status open_verifier(struct keyring *keyring, struct error *error) {
    const struct settings *settings = keyring->settings;
    const struct token_settings tokens = {
        .jwks_file = settings->token_jwks_file,
        .issuer = settings->token_issuer,
        .audience = settings->token_audience,
        .max_ttl_s = settings->token_max_ttl_us / TIME_SECOND_US,
        .leeway_s = settings->token_leeway_us / TIME_SECOND_US,
        .cache_entries_max = (size_t)settings->token_cache_max,
    };
    keyring->security.verifier = token_verifier_new(&tokens, error);
    return keyring->security.verifier == NULL ? STATUS_FATAL : STATUS_OK;
}

static const char needed_by[] = "account.threads and query.threads";

/* Not a key, but as much one for all threads. */
static enum status open_rate(struct keyring *keyring, struct error *error) {
    const struct rate_settings rate = {
        .per_second = keyring->settings->rate_per_second,
        .burst = keyring->settings->rate_burst,
        .callers_max = (size_t)keyring->settings->rate_callers_max,
    };
    if (rate.per_second == 0 || rate.burst == 0) {
        return STATUS_OK;
    }
    keyring->security.rate = rate_limiter_new(&rate);
    return keyring->security.rate != NULL
               ? STATUS_OK
               : error_set(error, STATUS_FATAL, "no memory for the rates of callers");
}

static enum status open_pairs(struct keyring *keyring, struct error *error) {
    const struct settings *settings = keyring->settings;
    const struct signer_settings signing = {
        .key_file = settings->token_signing_key_file,
        .kid = settings->token_signing_kid,
        .jwks_file = settings->token_jwks_file,
        .issuer = settings->token_issuer,
        .audience = settings->token_audience,
    };
    enum status status =
        require("token.signing_key_file", settings->token_signing_key_file, needed_by, error);
    if (status == STATUS_OK) {
        status = require("seal.key_dir", settings->seal_key_dir, needed_by, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    keyring->security.signer = signer_new(&signing, error);
    if (keyring->security.signer == NULL) {
        return STATUS_FATAL;
    }
    keyring->security.seal_keys = seal_keys_new(settings->seal_key_dir, error);
    return keyring->security.seal_keys == NULL ? STATUS_FATAL : STATUS_OK;
}

static enum status open_secrets(struct keyring *keyring, struct error *error) {
    const char *path = keyring->settings->secret_file;
    enum status status = require("secret.file", path, needed_by, error);
    if (status != STATUS_OK) {
        return status;
    }
    keyring->security.secrets = secrets_load(path, error);
    return keyring->security.secrets == NULL ? STATUS_FATAL : STATUS_OK;
}

static enum status open_hasher(struct keyring *keyring, struct error *error) {
    const struct settings *settings = keyring->settings;
    const struct hash_parameters parameters = {
        .memory_kib = (uint32_t)(settings->password_memory / KIB),
        .passes = (uint32_t)settings->password_passes,
        .lanes = (uint32_t)settings->password_lanes,
    };
    keyring->security.hasher = hasher_new((size_t)settings->password_threads, &parameters, error);
    return keyring->security.hasher == NULL ? STATUS_FATAL : STATUS_OK;
}

struct keyring *keyring_new(const struct settings *settings, struct error *error) {
    struct keyring *keyring = calloc(1, sizeof *keyring);
    if (keyring == NULL) {
        (void)error_set(error, STATUS_FATAL, "no memory for keys");
        return NULL;
    }
    keyring->settings = settings;
    enum status status = open_verifier(keyring, error);
    if (status == STATUS_OK) {
        status = open_rate(keyring, error);
    }
    if (status == STATUS_OK && settings->account_threads + settings->query_threads > 0) {
        status = open_pairs(keyring, error);
        if (status == STATUS_OK) {
            status = open_secrets(keyring, error);
        }
    }
    if (status == STATUS_OK && settings->account_threads > 0) {
        status = open_hasher(keyring, error);
    }
    if (status != STATUS_OK) {
        keyring_destroy(keyring);
        return NULL;
    }
    return keyring;
}

void keyring_destroy(struct keyring *keyring) {
    if (keyring != NULL) {
        hasher_destroy(keyring->security.hasher);
        secrets_destroy(keyring->security.secrets);
        seal_keys_destroy(keyring->security.seal_keys);
        signer_destroy(keyring->security.signer);
        rate_limiter_destroy(keyring->security.rate);
        token_verifier_destroy(keyring->security.verifier);
        free(keyring);
    }
}

const struct engine_security *keyring_security(const struct keyring *keyring) {
    return &keyring->security;
}

static void report(const char *what, const char *path, enum status status, struct error *error) {
    if (status == STATUS_OK) {
        log_info("keys reloaded", LOG_TEXT("keys", what), LOG_TEXT("file", path));
    } else {
        log_error(
            "keys not reloaded, the old ones stay in force",
            LOG_TEXT("keys", what),
            LOG_TEXT("detail", error->text));
    }
}

/* What opens boxes and verifies tokens before what asks for boxes and signs tokens. */
void keyring_reload(struct keyring *keyring) {
    const struct settings *settings = keyring->settings;
    const struct engine_security *security = &keyring->security;
    struct error error;
    enum status status = token_verifier_reload(security->verifier, &error);
    report("verifying", settings->token_jwks_file, status, &error);
    if (security->seal_keys != NULL) {
        status = seal_keys_reload(security->seal_keys, &error);
        report("sealing", settings->seal_key_dir, status, &error);
    }
    if (security->signer != NULL) {
        status = signer_reload(security->signer, &error);
        report("signing", settings->token_signing_key_file, status, &error);
    }
}

static uint64_t pair_failures(const struct engine_security *security) {
    return (security->signer == NULL ? 0 : signer_reloads_failed(security->signer))
           + (security->seal_keys == NULL ? 0 : seal_keys_reloads_failed(security->seal_keys));
}

void keyring_measure(struct keyring *keyring) {
    struct token_statistics *before = &keyring->measured;
    struct token_statistics now;
    token_verifier_statistics(keyring->security.verifier, &now);
    uint64_t failures = pair_failures(&keyring->security);
    metrics_add(METRIC_TOKEN_CACHE_HITS, "", (double)(now.cache_hits - before->cache_hits));
    metrics_add(METRIC_TOKEN_CACHE_MISSES, "", (double)(now.cache_misses - before->cache_misses));
    metrics_add(
        METRIC_KEY_RELOADS_FAILED,
        "",
        (double)(now.reloads_failed - before->reloads_failed + failures - keyring->measured_failures));
    *before = now;
    keyring->measured_failures = failures;
    if (keyring->security.hasher != NULL) {
        metrics_set(METRIC_PASSWORDS_WAITING, "", (double)hasher_waiting(keyring->security.hasher));
    }
}

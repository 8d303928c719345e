/* The keys, hashing threads and rates that all threads of a worker share, and their reload. */
#ifndef SLOTKEEPER_APP_KEYRING_H
#define SLOTKEEPER_APP_KEYRING_H

#include "app/settings.h"
#include "engine/engine.h"

struct keyring;

/* Signals are blocked before: it starts threads. What a lane without threads would need is not
 * opened. NULL with *error set, naming the setting or the file that is wrong. The settings outlive
 * it. */
struct keyring *keyring_new(const struct settings *settings, struct error *error) MUST_USE;
void keyring_destroy(struct keyring *keyring);

/* For engine_new; valid as long as the keyring. */
const struct engine_security *keyring_security(const struct keyring *keyring);

/* Reads every key file again and logs what came of it. What is wrong stays as it was. */
void keyring_reload(struct keyring *keyring);

/* Brings the metrics of keys, tokens and hashing up to date. */
void keyring_measure(struct keyring *keyring);

#endif

/* RegisterDoctor: an admin makes an account for a doctor. */
#include "domain/decision.h"

static enum code decide(struct decision *decision) {
    return decide_registration(decision, ROLE_DOCTOR);
}

const struct command_definition command_register_doctor = {
    .name = "RegisterDoctor",
    .roles = ROLE_BIT(ROLE_ADMIN),
    .lane = LANE_ACCOUNTS,
    .credentials = CREDENTIALS_BESIDE_TOKEN,
    .fields = {CREDENTIALS_FIELDS},
    .decide = decide,
};

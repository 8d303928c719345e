/* RegisterPatient: anyone makes an account for himself. */
#include "domain/decision.h"

static enum code decide(struct decision *decision) {
    return decide_registration(decision, ROLE_PATIENT);
}

const struct command_definition command_register_patient = {
    .name = "RegisterPatient",
    .lane = LANE_ACCOUNTS,
    .credentials = CREDENTIALS_ONLY,
    .fields = {CREDENTIALS_FIELDS},
    .decide = decide,
};

/* Outcome codes: one row each, with its status and its one sentence, which never holds data. */
#ifndef SLOTKEEPER_DOMAIN_CODE_H
#define SLOTKEEPER_DOMAIN_CODE_H

#include "domain/types.h"

/* CODE(name, status, sentence) in the order of contract.md. CODE_ACCEPTED's text is empty. */
#define CODES(CODE)                                                                                \
    CODE(MALFORMED, INVALID, "The record's bytes or headers cannot be read.")                      \
    CODE(UNKNOWN_SCHEMA, INVALID, "The record names a schema that this topic does not take.")      \
    CODE(INTERNAL, INVALID, "The service failed on this record; its operators have been alerted.") \
    CODE(                                                                                          \
        UNAUTHENTICATED,                                                                           \
        REFUSED,                                                                                   \
        "The request needs a genuine, current token of an existing account.")                      \
    CODE(KEY_UNKNOWN, REFUSED, "The request is sealed to a key that the service does not have.")   \
    CODE(                                                                                          \
        SEAL_INVALID,                                                                              \
        REFUSED,                                                                                   \
        "The sealed part does not open, is not of this request, or is too old.")                   \
    CODE(FORBIDDEN_ROLE, REFUSED, "The caller's role may not send this command.")                  \
    CODE(                                                                                          \
        RATE_LIMITED,                                                                              \
        REFUSED,                                                                                   \
        "The caller sends too fast; retry_after_ms says when to ask again.")                       \
    CODE(                                                                                          \
        COMMAND_ID_REUSED,                                                                         \
        REFUSED,                                                                                   \
        "The caller has used this command_id for a command of other content.")                     \
    CODE(EXPIRED, REFUSED, "The request was decided after its expiry or its maximum age.")         \
    CODE(ACCOUNT_INACTIVE, REFUSED, "The account is not active.")                                  \
    CODE(SLOT_EXISTS, REFUSED, "The slot_id has been used before.")                                \
    CODE(                                                                                          \
        SLOT_INVALID_RANGE,                                                                        \
        REFUSED,                                                                                   \
        "The slot must end after it starts and be neither too short nor too long.")                \
    CODE(SLOT_IN_PAST, REFUSED, "The slot starts too soon or lies in the past.")                   \
    CODE(SLOT_TOO_FAR, REFUSED, "The slot lies beyond the booking horizon.")                       \
    CODE(SLOT_LIMIT_REACHED, REFUSED, "The doctor has as many slots to come as are allowed.")      \
    CODE(SLOT_OVERLAP, REFUSED, "The slot overlaps another slot of the doctor.")                   \
    CODE(SLOT_NOT_FOUND, REFUSED, "There is no such slot.")                                        \
    CODE(SLOT_WITHDRAWN, REFUSED, "The slot has been withdrawn.")                                  \
    CODE(SLOT_HAS_APPOINTMENT, REFUSED, "The slot has an appointment.")                            \
    CODE(SLOT_TAKEN, REFUSED, "The slot is taken.")                                                \
    CODE(PATIENT_OVERLAP, REFUSED, "The patient has another appointment at that time.")            \
    CODE(                                                                                          \
        BOOKING_LIMIT_REACHED,                                                                     \
        REFUSED,                                                                                   \
        "The patient has as many appointments to come as are allowed.")                            \
    CODE(APPOINTMENT_NOT_FOUND, REFUSED, "There is no such appointment.")                          \
    CODE(ALREADY_CANCELLED, REFUSED, "The appointment has been cancelled.")                        \
    CODE(ALREADY_FULFILLED, REFUSED, "The appointment has been completed.")                        \
    CODE(ALREADY_NOSHOW, REFUSED, "The appointment has been marked as a no-show.")                 \
    CODE(REASON_REQUIRED, REFUSED, "A doctor or an admin must give a reason for cancelling.")      \
    CODE(CANCEL_TOO_LATE, REFUSED, "It is too late to cancel the appointment.")                    \
    CODE(COMPLETE_TOO_EARLY, REFUSED, "The appointment has not started.")                          \
    CODE(NOSHOW_TOO_EARLY, REFUSED, "It is too early to mark the appointment as a no-show.")       \
    CODE(                                                                                          \
        LOGIN_THROTTLED,                                                                           \
        REFUSED,                                                                                   \
        "There were too many attempts; retry_after_ms says when to ask again.")                    \
    CODE(                                                                                          \
        LOGIN_INVALID,                                                                             \
        REFUSED,                                                                                   \
        "A login is 3 to 254 of a-z, digits, dot, underscore, at sign, plus and minus.")           \
    CODE(                                                                                          \
        PASSWORD_WEAK,                                                                             \
        REFUSED,                                                                                   \
        "A password has 12 to 128 characters and is not one that many people use.")                \
    CODE(LOGIN_TAKEN, REFUSED, "The login is taken.")                                              \
    CODE(LOGIN_FAILED, REFUSED, "The login, the password or the account does not allow this.")     \
    CODE(ACCOUNT_NOT_FOUND, REFUSED, "There is no such account.")                                  \
    CODE(ACCOUNT_ERASED, REFUSED, "The account has been erased.")                                  \
    CODE(ACCOUNT_ACTIVE, REFUSED, "The account is active.")                                        \
    CODE(LAST_ADMIN, REFUSED, "The last active admin cannot be deactivated.")                      \
    CODE(                                                                                          \
        HAS_UPCOMING_APPOINTMENTS, REFUSED, "The account has appointments that are still booked.") \
    CODE(RETENTION_MINIMUM, REFUSED, "History as young as this must be kept.")                     \
    CODE(REPLY_TOPIC_REQUIRED, REFUSED, "A query must name a reply topic that can be used.")       \
    CODE(                                                                                          \
        CURSOR_INVALID,                                                                            \
        REFUSED,                                                                                   \
        "The cursor is not of this caller and query, or too old: begin with the first page.")

#define CODE_ENUM(name, status, sentence) CODE_##name,

enum code { CODE_ACCEPTED, CODES(CODE_ENUM) CODE_COUNT };

#undef CODE_ENUM

const char *code_text(enum code code); /* "" for CODE_ACCEPTED */
enum outcome_status code_status(enum code code);
const char *code_sentence(enum code code); /* "" for CODE_ACCEPTED */
/* False: no such code. "" is CODE_ACCEPTED. */
bool code_parse(struct view text, enum code *code) MUST_USE;

#endif

/* Bytes to commands, outcomes and events to bytes. One codec a thread: it reuses its Avro values.
 */
#ifndef SLOTKEEPER_WIRE_CODEC_H
#define SLOTKEEPER_WIRE_CODEC_H

#include "domain/command.h"
#include "domain/outcome.h"
#include "wire/record.h"
#include "wire/schemas.h"

struct codec;

/* Commands of other lanes are UNKNOWN_SCHEMA to it; all else it does is the same for every lane.
 * `record_size_max`: a larger value is MALFORMED, unread. NULL with *error set: a schema built in
 * lacks what a command definition or an event needs; a defect of the build, found at start. The
 * schemas must outlive it. */
struct codec *codec_new(
    const struct schemas *schemas,
    enum lane lane,
    size_t record_size_max,
    struct error *error) MUST_USE;
void codec_destroy(struct codec *codec);

struct decoded {
    enum framing_kind
        framing; /* of the reply; what cannot be recognised is answered FRAMING_SINGLE_OBJECT */
    bool has_command_id;      /* readable, whatever else is wrong */
    struct command command;   /* definition NULL unless the code is CODE_ACCEPTED */
    const char *command_name; /* full name, static; NULL: unreadable */
};

/* CODE_ACCEPTED, CODE_MALFORMED or CODE_UNKNOWN_SCHEMA. The bytes are walked against the writer's
 * schema, with bounds, before avro-c sees them. UNKNOWN_SCHEMA is all but the definitions of the
 * codec's lane: those of LANE_QUERIES in the namespace slotkeeper.query, those of the other lanes
 * in slotkeeper.command. Texts and bytes of the command are copies in the arena: it holds no view
 * into the record. */
enum code codec_decode_command(
    struct codec *codec,
    struct arena *arena,
    const struct record *record,
    const struct request_headers *headers,
    struct decoded *decoded) MUST_USE;

/* What a sealed box holds: the single-object encoding of slotkeeper.command.Credentials, without
 * padding. False: no such bytes, or a reply_key of another size. The command is of
 * credentials_definition; its texts and bytes are views into `content`, and nothing of it is copied
 * anywhere, so that the caller who wipes `content` has wiped all there is. */
bool codec_decode_credentials(
    struct codec *codec, struct view content, struct command *command) MUST_USE;

/* The caller's side of it: what goes into the box. */
struct credentials_content {
    struct uuid command_id;
    const char *command; /* full name */
    bool has_account_id;
    struct uuid account_id;
    int64_t issued_at_us;
    const uint8_t *reply_key; /* 32 bytes */
    struct view login;        /* data NULL: null; texts are UTF-8 without NUL */
    struct view password;
    struct view new_password; /* data NULL: null */
};

/* Writes what codec_decode_credentials reads, and keeps no copy: the caller wipes `content`. False:
 * more than size_max bytes; a part is in `content` then. */
bool codec_write_credentials(
    const struct codec *codec,
    const struct credentials_content *credentials,
    uint8_t *content,
    size_t size_max,
    size_t *size) MUST_USE;

/* The content of Session.sealed. */
struct token_record {
    struct uuid command_id;
    struct uuid account_id;
    enum role role;
    const char *token;
    int64_t expires_at_us;
};

/* The single-object encoding of slotkeeper.event.Token, in the arena. The codec keeps nothing of
 * it: the one copy is the caller's to wipe. */
struct view codec_encode_token(
    struct codec *codec, struct arena *arena, const struct token_record *token) MUST_USE;

/* The caller's side of it. `token` is a view into `content`, nothing of it is copied. False: not
 * such bytes. */
struct token_content {
    struct uuid command_id;
    struct uuid account_id;
    enum role role;
    struct view token;
    int64_t expires_at_us;
};

bool codec_read_token(
    struct codec *codec, struct view content, struct token_content *token) MUST_USE;

/* Bare Avro bodies, in the arena; and the fingerprint of the schema they were written with. */
struct view codec_encode_outcome(
    struct codec *codec, struct arena *arena, const struct outcome *outcome) MUST_USE;
struct view codec_encode_event(
    struct codec *codec, struct arena *arena, const struct audit_event *event) MUST_USE;
uint64_t codec_outcome_fingerprint(const struct codec *codec);
uint64_t codec_event_fingerprint(const struct codec *codec);

/* Reads back what codec_encode_outcome wrote, of this release or another: the fields that headers
 * repeat. False: an unknown writer, or not such bytes. */
struct outcome_summary {
    struct uuid outcome_id;
    enum code code;
    int64_t decided_at_us;
};

bool codec_read_outcome(
    struct codec *codec,
    uint64_t fingerprint,
    struct view body,
    struct outcome_summary *summary) MUST_USE;

/* The same outcome with result null: for an outcome that has to go where others read it. The body
 * must be one that codec_read_outcome reads (asserted). */
struct view codec_outcome_without_result(
    const struct codec *codec,
    struct arena *arena,
    uint64_t fingerprint,
    struct view body) MUST_USE;

/* event_id and occurred_at, key of the chain (slot id, or account id), likewise. */
struct event_summary {
    struct uuid event_id;
    struct uuid chain_id;
    int64_t occurred_at_us;
};

bool codec_read_event(
    struct codec *codec,
    uint64_t fingerprint,
    struct view body,
    struct event_summary *summary) MUST_USE;

/* Any schema's record, bare body to one JSON object in the arena (uuids and enums as text,
 * timestamps as RFC 3339, bytes and fixed as hexadecimal), for people; NULL: not such bytes. */
char *codec_to_json(
    struct codec *codec,
    struct arena *arena,
    const struct schema *schema,
    struct view body) MUST_USE;

/* The reverse, for `send`: field values as text (times RFC 3339, "null"), defaults for what is not
 * named. STATUS_INVALID with *error naming the field. */
struct field_text {
    const char *name;
    const char *text;
};
enum status codec_from_text(
    struct codec *codec,
    struct arena *arena,
    const struct schema *schema,
    const struct field_text *fields,
    size_t field_count,
    struct view *body,
    struct error *error) MUST_USE;

/* Single-object framing around a bare body, in the arena. */
struct view frame_single_object(
    struct arena *arena, uint64_t fingerprint, struct view body) MUST_USE;
/* The schema and bare body of a single-object framed value; false: not framed so. */
bool unframe_single_object(struct view value, uint64_t *fingerprint, struct view *body) MUST_USE;

#endif

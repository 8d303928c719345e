/* A batch of records through a whole engine: whatever they hold, each is answered once. The first
 * byte is the lane; then records: a byte that says who sends it and how, two of length, the value.
 */
#include "fuzz_clinic.h"

enum { RECORDS_MAX = 8 };

enum { /* bits of a record's first byte; the two lowest are the sender, 3 is nobody */
       SENDER = 3,
       REPLIES = 4, /* names a reply topic */
       SEALED = 8,  /* the value is credentials: see credentials_of */
       AGAIN = 16   /* the value is that of the record before */
};

static struct request requests[RECORDS_MAX];

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    open_clinic();
    return 0;
}

static const char *hex_of(struct view bytes) {
    char *text = arena_take(engine_arena(clinic.engine), 2 * bytes.size + 1);
    return sodium_bin2hex(text, 2 * bytes.size + 1, bytes.data, bytes.size);
}

static const char *id_text(struct uuid uuid) {
    char text[UUID_TEXT_SIZE + 1];
    uuid_format(uuid, text);
    return arena_text(engine_arena(clinic.engine), view_text(text));
}

static const struct command_definition *sealable(uint8_t number) {
    const struct command_definition *found[8] = {NULL};
    size_t count = 0;
    for (size_t i = 0; command_definitions[i] != NULL; i++) {
        if (command_definitions[i]->credentials != CREDENTIALS_NEVER) {
            found[count++] = command_definitions[i];
        }
    }
    return found[number % count];
}

/* The request around a box, which is for the account `account` if the command names one. */
static struct view framed(
    const struct command_definition *definition, struct view box, unsigned account) {
    char name[80];
    struct view body;
    struct error error;
    bool names = false;
    (void)snprintf(name, sizeof name, "slotkeeper.command.%s", definition->name);
    for (size_t i = 0; definition->fields[i].name != NULL; i++) {
        names = names || strcmp(definition->fields[i].name, "account_id") == 0;
    }
    const struct schema *schema = schemas_by_name(clinic.schemas, name);
    const struct field_text fields[] = {
        {"command_id", id_text(id(0x8000 + account))},
        {"key_id", "seal"},
        {"sealed", hex_of(box)},
        {"account_id", id_text(id(account))}};
    enum status status = codec_from_text(
        engine_codec(clinic.engine),
        engine_arena(clinic.engine),
        schema,
        fields,
        names ? 4 : 3,
        &body,
        &error);
    assert(status == STATUS_OK);
    return frame_single_object(engine_arena(clinic.engine), schema_fingerprint(schema), body);
}

/* A command, an account, and two lines and a rest: login, password, new password; a line "-" is
 * null. What does not fit a box is sent as it is. */
static struct view credentials_of(struct view input) {
    struct arena *arena = engine_arena(clinic.engine);
    const struct command_definition *definition = sealable(fuzz_take_byte(&input));
    unsigned account = people[fuzz_take_byte(&input) % PEOPLE];
    struct view login = fuzz_take_until(&input, '\n');
    struct view password = fuzz_take_until(&input, '\n');
    static const struct view null = {NULL, 0};
    char name[80];
    uint8_t content[SEAL_CONTENT_MAX];
    uint8_t *box = arena_take(arena, SEAL_CONTENT_MAX + SEAL_OVERHEAD);
    size_t size = 0;
    (void)snprintf(name, sizeof name, "slotkeeper.command.%s", definition->name);
    const struct credentials_content credentials = {
        .command_id = id(0x8000 + account),
        .command = name,
        .has_account_id =
            definition->password != PASSWORD_OF_NOBODY && strcmp(definition->name, "LogIn") != 0,
        .account_id = id(account),
        .issued_at_us = AT_US,
        .reply_key = fuzz_public_key,
        .login = view_is(login, "-") ? null : login,
        .password = password,
        .new_password = view_is(input, "-") ? null : input,
    };
    if (!codec_write_credentials(
            engine_codec(clinic.engine), &credentials, content, sizeof content, &size)
        || !seal_request(fuzz_public_key, view_of(content, size), box, &size)) {
        return password;
    }
    return framed(definition, view_of(box, size), account);
}

static void add_header(struct record *record, const char *name, struct view value) {
    record->headers[record->header_count++] =
        (struct header){.name = view_text(name), .value = value};
}

static struct view value_of(uint8_t how, struct view input, size_t number) {
    if ((how & AGAIN) != 0 && number > 0) {
        return requests[number - 1].record.value;
    }
    return (how & SEALED) != 0 ? credentials_of(input) : input;
}

/* The next record off the input. */
static void take_record(struct view *input, size_t number) {
    struct arena *arena = engine_arena(clinic.engine);
    uint8_t how = fuzz_take_byte(input);
    size_t size = (size_t)fuzz_take_byte(input) << 8U;
    size |= fuzz_take_byte(input);
    struct view value = value_of(how, fuzz_take(input, size), number);
    struct record record = {
        .partition = clinic.partition.number,
        .offset = clinic.partition.next_offset + (int64_t)number,
        .append_time_us = AT_US + (int64_t)number,
        .key = view_text("key"),
        .value = value,
        .headers = ARENA_ARRAY(arena, struct header, RECORD_HEADERS_MAX),
    };
    if ((how & SENDER) < PEOPLE) {
        add_header(&record, "authorization", view_text(clinic.tokens[how & SENDER]));
    }
    if ((how & REPLIES) != 0) {
        add_header(&record, "kafka_replyTopic", view_text("scheduling.replies.mine"));
    }
    requests[number] = (struct request){.partition = &clinic.partition, .record = record};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct view input = view_of(data, size);
    size_t count = 0;
    clinic.engine = clinic.lanes[fuzz_take_byte(&input) % LANE_COUNT];
    clinic.partition = (struct partition){.number = 3, .last_offset = -1};
    clinic.answered = 0;
    arena_reset(engine_arena(clinic.engine));
    while (input.size > 0 && count < RECORDS_MAX) {
        take_record(&input, count++);
    }
    if (count > 0) {
        enum status status = engine_run(clinic.engine, requests, count);
        assert(status == STATUS_OK);
        assert(clinic.answered == count);
        assert(clinic.partition.next_offset == (int64_t)count);
        assert(clinic.partition.published_offset == (int64_t)count);
    }
    return 0;
}

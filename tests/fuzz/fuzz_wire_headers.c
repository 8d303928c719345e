/* A record's headers, and the framing that they and the value say. An input is lines: each a
 * header's name, '=' and its value, without '=' a null one; behind an empty line the value. */
#include "fuzz.h"
#include "wire/framing.h"

static struct header headers[RECORD_HEADERS_MAX];

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    return 0;
}

static struct header header_of(struct view line) {
    struct view rest = line;
    struct view name = fuzz_take_until(&rest, '=');
    bool null = name.size == line.size;
    return (struct header){
        .name = fuzz_exact(name), .value = null ? view_of(NULL, 0) : fuzz_exact(rest)};
}

static size_t read_lines(struct view *input, bool *too_many) {
    size_t count = 0;
    while (input->size > 0) {
        struct view line = fuzz_take_until(input, '\n');
        if (line.size == 0) {
            break;
        }
        *too_many = count == RECORD_HEADERS_MAX;
        if (*too_many) {
            break;
        }
        headers[count++] = header_of(line);
    }
    return count;
}

/* What is echoed is absent or stands in one of the headers' values. */
static void check_view(const struct record *record, struct view view) {
    bool found = view.size == 0;
    for (size_t i = 0; i < record->header_count; i++) {
        struct view value = record->headers[i].value;
        found = found || (value.data != NULL && fuzz_is_inside(view, value));
    }
    assert(found);
}

static void check_headers(const struct record *record, const struct request_headers *read) {
    const struct view views[] = {
        read->authorization,
        read->correlation_id,
        read->reply_topic,
        read->traceparent,
        read->tracestate,
        read->schema_id,
    };
    for (size_t i = 0; i < sizeof views / sizeof views[0]; i++) {
        check_view(record, views[i]);
    }
    assert(read->correlation_id.size <= RECORD_CORRELATION_BYTES_MAX);
    assert(!read->has_reply_partition || read->reply_partition >= 0);
    assert(!read->has_reply_partition || read->reply_topic.data != NULL);
    assert(!read->traceparent_valid || read->traceparent.size == 55);
    assert(!read->expiry_unreadable || read->expires_at_us < 0);
}

static void check_absent(const struct request_headers *read) {
    assert(read->authorization.data == NULL && read->correlation_id.data == NULL);
    assert(read->reply_topic.data == NULL && !read->has_reply_partition);
    assert(read->traceparent.data == NULL && read->tracestate.data == NULL);
    assert(read->schema_id.data == NULL && read->expires_at_us < 0);
}

static void check_framing(struct view value, struct view schema_id) {
    struct framed framed;
    uint8_t again[FRAMING_SINGLE_OBJECT_SIZE];
    if (!framing_read(value, schema_id, &framed)) {
        return;
    }
    assert(fuzz_is_inside(framed.body, value));
    if (framed.kind == FRAMING_SINGLE_OBJECT) {
        framing_write(again, framed.fingerprint);
        assert(memcmp(again, value.data, sizeof again) == 0);
        assert(framed.body.size + sizeof again == value.size);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct view input = view_of(data, size);
    struct record record = {.headers = headers};
    struct request_headers read;
    bool too_many = false;
    size_t count = read_lines(&input, &too_many);
    record.header_count = too_many ? 0 : count;
    record.headers_too_many = too_many;
    if (request_headers_read(&record, &read) == CODE_ACCEPTED) {
        check_headers(&record, &read);
        check_framing(input, read.schema_id);
    } else {
        check_absent(&read);
    }
    for (size_t i = 0; i < count; i++) {
        fuzz_drop(headers[i].name);
        fuzz_drop(headers[i].value);
    }
    return 0;
}

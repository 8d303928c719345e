/* version, expiry, position's time or sequence, position's id; then the MAC of these. */
#include "engine/page_cursor.h"

#include "base/time.h"

enum {
    VERSION = 1,
    EXPIRY_AT = 1,
    TIME_AT = 9,
    ID_AT = 17,
    MAC_AT = 33,
};

#define GOOD_FOR_US (INT64_C(24) * 3600 * TIME_SECOND_US)

static void put_long(uint8_t *bytes, int64_t number) {
    uint64_t raw = (uint64_t)number;
    for (size_t i = 0; i < 8; i++) {
        bytes[i] = (uint8_t)(raw >> (56 - 8 * i));
    }
}

static int64_t get_long(const uint8_t *bytes) {
    uint64_t raw = 0;
    for (size_t i = 0; i < 8; i++) {
        raw = raw << 8 | bytes[i];
    }
    return (int64_t)raw;
}

static void seal(
    const struct secrets *secrets,
    const struct cursor_scope *scope,
    const uint8_t *bytes,
    struct digest *mac) {
    const struct view parts[] = {
        view_of(scope->caller.bytes, sizeof scope->caller.bytes),
        view_of(scope->filters.bytes, sizeof scope->filters.bytes),
        view_of(bytes, MAC_AT),
    };
    secrets_mac(secrets, SECRET_CURSOR, parts, sizeof parts / sizeof parts[0], mac);
}

struct view page_cursor_make(
    const struct secrets *secrets,
    const struct cursor_scope *scope,
    const struct page_position *position,
    struct arena *arena) {
    uint8_t *bytes = arena_take(arena, PAGE_CURSOR_SIZE);
    struct digest mac;
    bytes[0] = VERSION;
    put_long(bytes + EXPIRY_AT, scope->now_us + GOOD_FOR_US);
    put_long(bytes + TIME_AT, position->at);
    memcpy(bytes + ID_AT, position->id.bytes, sizeof position->id.bytes);
    seal(secrets, scope, bytes, &mac);
    memcpy(bytes + MAC_AT, mac.bytes, sizeof mac.bytes);
    return view_of(bytes, PAGE_CURSOR_SIZE);
}

/* Takes as long wherever they differ. */
static bool is_mac(const struct digest *mac, const uint8_t *bytes) {
    uint8_t difference = 0;
    for (size_t i = 0; i < sizeof mac->bytes; i++) {
        difference |= (uint8_t)(mac->bytes[i] ^ bytes[i]);
    }
    return difference == 0;
}

bool page_cursor_read(
    const struct secrets *secrets,
    const struct cursor_scope *scope,
    struct view cursor,
    struct page_position *position) {
    struct digest mac;
    if (cursor.size != PAGE_CURSOR_SIZE) {
        return false;
    }
    seal(secrets, scope, cursor.data, &mac);
    if (!is_mac(&mac, cursor.data + MAC_AT) || cursor.data[0] != VERSION
        || get_long(cursor.data + EXPIRY_AT) < scope->now_us) {
        return false;
    }
    position->at = get_long(cursor.data + TIME_AT);
    memcpy(position->id.bytes, cursor.data + ID_AT, sizeof position->id.bytes);
    return true;
}

/* UUID text and the two ways in which we make them. */
#include "base/uuid.h"

#include <openssl/rand.h>
#include <stdlib.h>

static int hex_value(uint8_t character) {
    if (character >= '0' && character <= '9') {
        return character - '0';
    }
    if (character >= 'a' && character <= 'f') {
        return character - 'a' + 10;
    }
    if (character >= 'A' && character <= 'F') {
        return character - 'A' + 10;
    }
    return -1;
}

static bool is_dash_position(size_t position) {
    return position == 8 || position == 13 || position == 18 || position == 23;
}

bool uuid_parse(struct view text, struct uuid *uuid) {
    if (text.size != UUID_TEXT_SIZE) {
        return false;
    }
    size_t position = 0;
    for (size_t i = 0; i < sizeof uuid->bytes; i++) {
        if (is_dash_position(position) && text.data[position++] != '-') {
            return false;
        }
        int high = hex_value(text.data[position]);
        int low = hex_value(text.data[position + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        uuid->bytes[i] = (uint8_t)(high << 4 | low);
        position += 2;
    }
    return true;
}

void uuid_format(struct uuid uuid, char text[UUID_TEXT_SIZE + 1]) {
    static const char digits[] = "0123456789abcdef";
    size_t position = 0;
    for (size_t i = 0; i < sizeof uuid.bytes; i++) {
        if (is_dash_position(position)) {
            text[position++] = '-';
        }
        text[position++] = digits[uuid.bytes[i] >> 4];
        text[position++] = digits[uuid.bytes[i] & 15];
    }
    text[position] = '\0';
}

static struct uuid with_version(struct uuid uuid, unsigned version) {
    uuid.bytes[6] = (uint8_t)((uuid.bytes[6] & 0x0fU) | version << 4);
    uuid.bytes[8] = (uint8_t)((uuid.bytes[8] & 0x3fU) | 0x80U);
    return uuid;
}

struct uuid uuid_random(void) {
    struct uuid uuid;
    if (RAND_bytes(uuid.bytes, sizeof uuid.bytes) != 1) {
        abort();
    }
    return with_version(uuid, 4);
}

struct uuid uuid_of_digest(const struct digest *digest) {
    struct uuid uuid;
    memcpy(uuid.bytes, digest->bytes, sizeof uuid.bytes);
    return with_version(uuid, 8);
}

/* CRC-64-AVRO: a Rabin fingerprint, bit by bit; schemas are fingerprinted once, at start. */
#include "wire/schemas.h"

#define CRC64_EMPTY UINT64_C(0xc15d213aa4d7a795)

uint64_t crc64_avro(struct view bytes) {
    uint64_t fingerprint = CRC64_EMPTY;
    for (size_t i = 0; i < bytes.size; i++) {
        fingerprint ^= bytes.data[i];
        for (int bit = 0; bit < 8; bit++) {
            fingerprint = fingerprint >> 1U ^ ((fingerprint & 1U) != 0 ? CRC64_EMPTY : 0);
        }
    }
    return fingerprint;
}

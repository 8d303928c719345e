/* A librdkafka property as the settings pass it through, without librdkafka's headers. */
#ifndef SLOTKEEPER_KAFKA_PROPERTY_H
#define SLOTKEEPER_KAFKA_PROPERTY_H

#include <stddef.h>

enum { KAFKA_PROPERTY_NAME_MAX = 128, KAFKA_PROPERTY_VALUE_MAX = 1024 };

struct kafka_property {
    char name[KAFKA_PROPERTY_NAME_MAX];
    char value[KAFKA_PROPERTY_VALUE_MAX];
};

struct kafka_properties {
    const struct kafka_property *items; /* the last of a name wins */
    size_t count;
};

#endif

/* The table of topics: names, what they take, what they need, and how a cluster differs. */
/* cmocka.h needs these before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "kafka/topics.h"

#include <stdio.h>
#include <string.h>

static const struct topic_plan plan = {
    .prefix = "scheduling",
    .partitions = 12,
    .replication_factor = 3,
    .command_age_max_us = INT64_C(24) * 3600 * 1000000,
};

/* A cluster as `topics create` leaves it. */
static struct topics_found perfect(void) {
    struct topics_found found;
    memset(&found, 0, sizeof found);
    for (size_t i = 0; i < TOPIC_COUNT; i++) {
        struct topic_found *topic = &found.topics[i];
        topic->partitions = plan.partitions;
        topic->replication_factor = plan.replication_factor;
        topic->config_count = topic_configs(&plan, (enum topic)i, topic->configs);
    }
    return found;
}

static const char *config_value(enum topic topic, const char *name) {
    static struct topic_config configs[TOPIC_CONFIGS_MAX];
    size_t count = topic_configs(&plan, topic, configs);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(configs[i].name, name) == 0) {
            return configs[i].value;
        }
    }
    return NULL;
}

static bool is_vital(enum topic topic, const char *name) {
    struct topic_config configs[TOPIC_CONFIGS_MAX];
    size_t count = topic_configs(&plan, topic, configs);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(configs[i].name, name) == 0) {
            return configs[i].vital;
        }
    }
    return false;
}

static void names_are_the_contracts(void **state) {
    (void)state;

    static const struct {
        enum topic topic;
        const char *name;
    } names[] = {
        {TOPIC_SLOT_COMMANDS, "scheduling.slot-commands"},
        {TOPIC_ACCOUNT_COMMANDS, "scheduling.account-commands"},
        {TOPIC_QUERIES, "scheduling.queries"},
        {TOPIC_SLOT_COMMANDS_DLT, "scheduling.slot-commands-dlt"},
        {TOPIC_ACCOUNT_COMMANDS_DLT, "scheduling.account-commands-dlt"},
        {TOPIC_QUERIES_DLT, "scheduling.queries-dlt"},
        {TOPIC_OUTCOMES, "scheduling.outcomes"},
        {TOPIC_AUDIT, "scheduling.audit"},
        {TOPIC_REPLIES_CLI, "scheduling.replies.cli"},
    };

    assert_int_equal(sizeof names / sizeof names[0], TOPIC_COUNT);
    for (size_t i = 0; i < TOPIC_COUNT; i++) {
        struct topic_name name = topic_name("scheduling", names[i].topic);
        assert_string_equal(name.text, names[i].name);
        enum topic found;
        assert_true(topic_find(names[i].name + sizeof "scheduling", &found));
        assert_int_equal(found, names[i].topic);
    }
    enum topic found;
    assert_false(topic_find("elephants", &found));
    assert_false(topic_find("scheduling.audit", &found));
}

static void every_request_topic_has_its_dead_letters(void **state) {
    (void)state;
    assert_int_equal(topic_dead_letters(TOPIC_SLOT_COMMANDS), TOPIC_SLOT_COMMANDS_DLT);
    assert_int_equal(topic_dead_letters(TOPIC_ACCOUNT_COMMANDS), TOPIC_ACCOUNT_COMMANDS_DLT);
    assert_int_equal(topic_dead_letters(TOPIC_QUERIES), TOPIC_QUERIES_DLT);
    int count = 0;
    for (size_t i = 0; i < TOPIC_COUNT; i++) {
        count += topic_takes_requests((enum topic)i) ? 1 : 0;
    }
    assert_int_equal(count, 3);
}

/* Made in the order of the enum: nothing that requests rely on comes after them. */
static void request_topics_are_made_last(void **state) {
    (void)state;
    bool requests = false;
    for (size_t i = 0; i < TOPIC_COUNT; i++) {
        assert_true(!requests || topic_takes_requests((enum topic)i));
        requests = topic_takes_requests((enum topic)i);
    }
}

static void schemas_have_one_topic(void **state) {
    (void)state;
    enum topic topic;
    assert_true(topic_of_schema("slotkeeper.command.BookSlot", &topic));
    assert_int_equal(topic, TOPIC_SLOT_COMMANDS);
    assert_true(topic_of_schema("slotkeeper.command.MarkNoShow", &topic));
    assert_int_equal(topic, TOPIC_SLOT_COMMANDS);
    assert_true(topic_of_schema("slotkeeper.command.RegisterPatient", &topic));
    assert_int_equal(topic, TOPIC_ACCOUNT_COMMANDS);
    assert_true(topic_of_schema("slotkeeper.command.PurgeHistory", &topic));
    assert_int_equal(topic, TOPIC_ACCOUNT_COMMANDS);
    assert_true(topic_of_schema("slotkeeper.query.GetServiceKeys", &topic));
    assert_int_equal(topic, TOPIC_QUERIES);
    assert_false(topic_of_schema("slotkeeper.command.Credentials", &topic));
    assert_false(topic_of_schema("slotkeeper.event.Outcome", &topic));
    assert_false(topic_of_schema("BookSlot", &topic));
}

/* Nobody's command goes nowhere: the files are the list. */
static void every_command_and_query_has_a_topic(void **state) {
    (void)state;
    FILE *list = popen("cd " SOURCE_DIR "/schemas && ls command/*.avsc query/*.avsc", "re");
    char line[128];
    int count = 0;
    assert_non_null(list);
    while (fgets(line, sizeof line, list) != NULL) {
        char full_name[192];
        char folder[32];
        char name[96];
        assert_int_equal(sscanf(line, "%31[^/]/%95[^.]", folder, name), 2);
        if (strcmp(name, "Credentials") != 0) {
            enum topic topic;
            (void)snprintf(full_name, sizeof full_name, "slotkeeper.%s.%s", folder, name);
            assert_true(topic_of_schema(full_name, &topic));
            count++;
        }
    }
    assert_int_equal(pclose(list), 0);
    assert_int_equal(count, 7 + 9 + 5);
}

static void requests_are_kept_twice_their_maximum_age(void **state) {
    (void)state;
    assert_string_equal(config_value(TOPIC_SLOT_COMMANDS, "retention.ms"), "172800000");
    assert_string_equal(config_value(TOPIC_QUERIES, "message.timestamp.type"), "LogAppendTime");
    assert_string_equal(config_value(TOPIC_QUERIES, "compression.type"), "uncompressed");
    assert_string_equal(config_value(TOPIC_QUERIES, "max.message.bytes"), "2097152");
    assert_true(is_vital(TOPIC_SLOT_COMMANDS, "message.timestamp.type"));
    assert_true(is_vital(TOPIC_SLOT_COMMANDS, "compression.type"));
    assert_false(is_vital(TOPIC_SLOT_COMMANDS, "retention.ms"));
}

static void audit_is_kept_for_ever(void **state) {
    (void)state;
    assert_string_equal(config_value(TOPIC_AUDIT, "retention.ms"), "-1");
    assert_string_equal(config_value(TOPIC_AUDIT, "retention.bytes"), "-1");
    assert_string_equal(config_value(TOPIC_AUDIT, "cleanup.policy"), "delete");
    assert_null(config_value(TOPIC_OUTCOMES, "retention.ms"));
}

static void what_was_made_does_not_differ(void **state) {
    (void)state;
    struct topic_difference differences[TOPIC_DIFFERENCES_MAX];
    struct topics_found found = perfect();
    assert_int_equal(topics_compare(&plan, &found, differences), 0);
}

static void a_missing_topic_is_one_difference(void **state) {
    (void)state;
    struct topic_difference differences[TOPIC_DIFFERENCES_MAX];
    struct topics_found found = perfect();
    memset(&found.topics[TOPIC_AUDIT], 0, sizeof found.topics[TOPIC_AUDIT]);
    assert_int_equal(topics_compare(&plan, &found, differences), 1);
    assert_int_equal(differences[0].topic, TOPIC_AUDIT);
    assert_string_equal(differences[0].what, "topic");
    assert_string_equal(differences[0].is, "missing");
}

static void nothing_there_is_a_difference_each(void **state) {
    (void)state;
    struct topic_difference differences[TOPIC_DIFFERENCES_MAX];
    struct topics_found found;
    memset(&found, 0, sizeof found);
    assert_int_equal(topics_compare(&plan, &found, differences), TOPIC_COUNT);
}

static void a_configuration_that_differs_is_named(void **state) {
    (void)state;
    struct topic_difference differences[TOPIC_DIFFERENCES_MAX];
    struct topics_found found = perfect();
    struct topic_found *topic = &found.topics[TOPIC_SLOT_COMMANDS];
    for (size_t i = 0; i < topic->config_count; i++) {
        if (strcmp(topic->configs[i].name, "compression.type") == 0) {
            (void)snprintf(topic->configs[i].value, sizeof topic->configs[i].value, "producer");
        }
    }
    assert_int_equal(topics_compare(&plan, &found, differences), 1);
    assert_int_equal(differences[0].topic, TOPIC_SLOT_COMMANDS);
    assert_string_equal(differences[0].what, "compression.type");
    assert_string_equal(differences[0].is, "producer");
    assert_string_equal(differences[0].should_be, "uncompressed");
}

static void fewer_replicas_differ_more_do_not(void **state) {
    (void)state;
    struct topic_difference differences[TOPIC_DIFFERENCES_MAX];
    struct topics_found found = perfect();
    found.topics[TOPIC_OUTCOMES].replication_factor = 4;
    found.topics[TOPIC_AUDIT].replication_factor = 2;
    assert_int_equal(topics_compare(&plan, &found, differences), 1);
    assert_int_equal(differences[0].topic, TOPIC_AUDIT);
    assert_string_equal(differences[0].what, "replication.factor");
    assert_string_equal(differences[0].is, "2");
    assert_string_equal(differences[0].should_be, "3");
}

static void more_partitions_than_requests_do_no_harm(void **state) {
    (void)state;
    struct topic_difference differences[TOPIC_DIFFERENCES_MAX];
    struct topics_found found = perfect();
    found.topics[TOPIC_AUDIT].partitions = 24;
    found.topics[TOPIC_SLOT_COMMANDS_DLT].partitions = 24;
    assert_int_equal(topics_compare(&plan, &found, differences), 0);
}

/* A request topic that grew takes its -dlt, and all that answers go to, along. */
static void a_grown_request_topic_wants_its_followers(void **state) {
    (void)state;
    struct topic_difference differences[TOPIC_DIFFERENCES_MAX];
    struct topics_found found = perfect();
    found.topics[TOPIC_QUERIES].partitions = 16;
    assert_int_equal(topic_partitions_needed(&plan, &found, TOPIC_QUERIES_DLT), 16);
    assert_int_equal(topic_partitions_needed(&plan, &found, TOPIC_SLOT_COMMANDS_DLT), 12);
    assert_int_equal(topic_partitions_needed(&plan, &found, TOPIC_AUDIT), 16);
    assert_int_equal(topic_partitions_needed(&plan, &found, TOPIC_OUTCOMES), 16);
    assert_int_equal(topic_partitions_needed(&plan, &found, TOPIC_QUERIES), 12);
    assert_int_equal(topics_compare(&plan, &found, differences), 3);
    assert_int_equal(differences[0].topic, TOPIC_QUERIES_DLT);
    assert_int_equal(differences[1].topic, TOPIC_AUDIT);
    assert_int_equal(differences[2].topic, TOPIC_QUERIES);
}

static void followers_of_a_missing_request_topic_follow_the_plan(void **state) {
    (void)state;
    struct topics_found found;
    memset(&found, 0, sizeof found);
    assert_int_equal(topic_partitions_needed(&plan, &found, TOPIC_QUERIES_DLT), 12);
    assert_int_equal(topic_partitions_needed(&plan, &found, TOPIC_AUDIT), 12);
    found.topics[TOPIC_QUERIES].partitions = 5;
    assert_int_equal(topic_partitions_needed(&plan, &found, TOPIC_QUERIES_DLT), 5);
    assert_int_equal(topic_partitions_needed(&plan, &found, TOPIC_AUDIT), 12);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_the_contracts),
        cmocka_unit_test(every_request_topic_has_its_dead_letters),
        cmocka_unit_test(request_topics_are_made_last),
        cmocka_unit_test(schemas_have_one_topic),
        cmocka_unit_test(every_command_and_query_has_a_topic),
        cmocka_unit_test(requests_are_kept_twice_their_maximum_age),
        cmocka_unit_test(audit_is_kept_for_ever),
        cmocka_unit_test(what_was_made_does_not_differ),
        cmocka_unit_test(a_missing_topic_is_one_difference),
        cmocka_unit_test(nothing_there_is_a_difference_each),
        cmocka_unit_test(a_configuration_that_differs_is_named),
        cmocka_unit_test(fewer_replicas_differ_more_do_not),
        cmocka_unit_test(more_partitions_than_requests_do_no_harm),
        cmocka_unit_test(a_grown_request_topic_wants_its_followers),
        cmocka_unit_test(followers_of_a_missing_request_topic_follow_the_plan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

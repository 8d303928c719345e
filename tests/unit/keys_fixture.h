/* `slotkeeper keys`, called as main calls it: exit status, standard output, and the files, in a
 * folder of the test's own. */
#ifndef TESTS_UNIT_KEYS_FIXTURE_H
#define TESTS_UNIT_KEYS_FIXTURE_H

#include "cli/cli.h"
#include "token_fixture.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { ARGUMENTS_MAX = 16, OUTPUT_SIZE = 16 * 1024 };

#define SUBJECT "4b7f0a52-0f0e-4c5b-9f0e-6a1d2c3b4e5f"

static char folder[64];
static struct settings settings;
static char output[OUTPUT_SIZE];
static char errors[OUTPUT_SIZE];

static inline void path_to(char *path, size_t size, const char *name) {
    assert_true((size_t)snprintf(path, size, "%s/%s", folder, name) < size);
}

static inline void read_back(const char *name, char text[OUTPUT_SIZE]) {
    char path[256];
    path_to(path, sizeof path, name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    text[fread(text, 1, OUTPUT_SIZE - 1, file)] = '\0';
    (void)fclose(file);
}

static inline void redirect(int from, const char *name) {
    char path[256];
    path_to(path, sizeof path, name);
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0 || dup2(file, from) != from) {
        _exit(99);
    }
}

static inline int run_in_child(bool json, int argc, char **argv) {
    const struct cli cli = {&settings, json, argc, argv};
    pid_t child = fork();
    int status = 0;
    if (child == 0) {
        redirect(STDOUT_FILENO, "stdout");
        redirect(STDERR_FILENO, "stderr");
        int result = cli_keys(&cli);
        (void)fflush(NULL);
        _exit(result);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* The exit status of `keys` and the words of `line`; the outputs are left in output and errors. */
static inline int keys(const char *line) {
    char words[512];
    char *argv[ARGUMENTS_MAX] = {words};
    char *rest = NULL;
    int argc = 0;
    assert_true((size_t)snprintf(words, sizeof words, "keys %s", line) < sizeof words);
    for (char *word = strtok_r(words, " ", &rest); word != NULL;
         word = strtok_r(NULL, " ", &rest)) {
        argv[argc++] = word;
    }
    bool json = strstr(line, "--json") != NULL; /* main takes it out; here it comes last */
    int result = run_in_child(json, json ? argc - 1 : argc, argv);
    read_back("stdout", output);
    read_back("stderr", errors);
    return result;
}

static inline void use_key_file(const char *name) {
    path_to(settings.token_signing_key_file, sizeof settings.token_signing_key_file, name);
}

static inline void use_kid(const char *kid) {
    (void)snprintf(settings.token_signing_kid, sizeof settings.token_signing_kid, "%s", kid);
}

static inline bool exists(const char *name) {
    char path[256];
    path_to(path, sizeof path, name);
    return access(path, F_OK) == 0;
}

static inline mode_t mode_of(const char *name) {
    char path[256];
    struct stat about;
    path_to(path, sizeof path, name);
    assert_int_equal(stat(path, &about), 0);
    return about.st_mode & 07777;
}

static inline bool worker_believes(const char *token, struct claims *claims) {
    struct error error;
    char authorization[OUTPUT_SIZE + 8];
    const struct token_settings as_worker = {
        .jwks_file = settings.token_jwks_file,
        .issuer = settings.token_issuer,
        .audience = settings.token_audience,
        .max_ttl_s = settings.token_max_ttl_us / TIME_SECOND_US,
        .leeway_s = 5,
    };
    struct token_verifier *verifier = token_verifier_new(&as_worker, &error);
    assert_non_null(verifier);
    (void)snprintf(authorization, sizeof authorization, "Bearer %s", token);
    bool believed = token_verify(verifier, view_text(authorization), time_wall_us(), claims);
    token_verifier_destroy(verifier);
    return believed;
}

/* The output is one line; takes its end off. */
static inline void assert_one_line(void) {
    char *end = strchr(output, '\n');
    assert_non_null(end);
    assert_string_equal(end, "\n");
    *end = '\0';
}

static inline int set_up(void **state) {
    (void)state;
    (void)strcpy(folder, "/tmp/slotkeeper-keys-XXXXXX");
    assert_non_null(mkdtemp(folder));
    path_to(settings.token_jwks_file, sizeof settings.token_jwks_file, "jwks");
    path_to(settings.seal_key_dir, sizeof settings.seal_key_dir, "seal");
    (void)strcpy(settings.token_issuer, "https://issuer.example");
    (void)strcpy(settings.token_audience, "slotkeeper");
    settings.token_ttl_us = 3600 * TIME_SECOND_US;
    settings.token_max_ttl_us = 86400 * TIME_SECOND_US;
    return 0;
}

static inline int tear_down(void **state) {
    (void)state;
    return remove_folder(folder);
}

#endif

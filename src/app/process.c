/* Keys, tokens and passwords pass through this process: nothing may write its memory to a disk. */
#include "app/process.h"

#include "base/log.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>

/* Each thread's arena of its own would keep what one large batch once took. */
enum { MALLOC_ARENAS = 2 };

static void check(int result, const char *what) {
    if (result != 0) {
        log_warning(
            "the system refuses a hardening step", LOG_TEXT("step", what), LOG_INT("errno", errno));
    }
}

void process_harden(void) {
    check(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), "PR_SET_DUMPABLE");
    check(setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}), "RLIMIT_CORE");
    check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS");
    check(signal(SIGPIPE, SIG_IGN) == SIG_ERR, "SIGPIPE");
    /* This one saves memory only, and a sanitizer's allocator does not know it.
     * NOLINTNEXTLINE(concurrency-mt-unsafe): there are no threads yet */
    (void)mallopt(M_ARENA_MAX, MALLOC_ARENAS);
}

/* watch.h - runs a program as a child, looks at it every so often, and ends as it ended.
 *
 * Signals that come to this process go on to the program; those that a terminal sends reach both, since
 * they share its foreground, and are not sent twice. When the program is stopped, this process stops
 * too, and goes on with it. */
#ifndef HAKMEM_TOOL_WATCH_H
#define HAKMEM_TOOL_WATCH_H

#include <stdbool.h>
#include <sys/types.h>

struct watch {
    char *const *argv;
    /* Called while the program runs, the first time when it may not have called main yet. How many
     * seconds until the next call. */
    double (*look)(void *context, pid_t program, double elapsed_s);
    void *context;

    int exec_error; /* results: errno when the program could not be started; else 0 */
    int wait_status;
    double wall_s, cpu_s, peak_rss_bytes, page_faults;
};

/* Returns when the program has ended. False, with errno, when no process could be made. */
bool watch_program(struct watch *watch);

/* Ends this process with the program's exit status, or by the same signal; leaves no core file. */
void watch_end_alike(int wait_status) __attribute__((noreturn));

#endif

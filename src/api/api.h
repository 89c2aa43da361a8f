/* api.h - what the files of the api floor share. */
#ifndef HAKMEM_API_API_H
#define HAKMEM_API_API_H

#include "base/config.h"

#define EXPORT __attribute__((visibility("default")))

/* options.c: reads the HAKMEM_ variables of `environment` (NULL: none); names what is wrong in a line
 * each. */
void options_read(char **environment) HIDDEN;

/* Prints the table of options (HAKMEM_HELP), or those that are not at their defaults (HAKMEM_VERBOSE). */
void options_print(bool all) HIDDEN;

/* The value of HAKMEM_REPORT_FILE; NULL: not set. */
const char *options_report_file(void) HIDDEN;

/* alarm.c: has the program warned before the kernel kills it for its cgroup's limit. */
void alarm_init(void) HIDDEN;

/* report.c: the report of HAKMEM_STATS and malloc_stats, the hit rates of HAKMEM_FRONT_STATS. */
void report_print(void) HIDDEN;
void report_print_front(void) HIDDEN;

/* foreign.c: what the next allocator's function of this name is (libc's), or NULL. */
void *foreign_function(const char *name) HIDDEN;

#endif

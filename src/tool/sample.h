/* sample.h - looks at a running process from outside, through /proc. */
#ifndef HAKMEM_TOOL_SAMPLE_H
#define HAKMEM_TOOL_SAMPLE_H

#include <stdbool.h>
#include <sys/types.h>

/* RSS of the process; 0 when it is gone. */
double sample_rss_bytes(pid_t process);

/* RSS of the process and the children that its main threads started, added up (pages that they
 * share count for each); 0 when it is gone. */
double sample_tree_rss_bytes(pid_t process);

/* Whether the file is in the process's memory map. */
bool sample_has_library(pid_t process, const char *path);

#endif

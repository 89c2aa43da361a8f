/* environment.h - the process's environment, as early as the first malloc.
 *
 * The loader allocates before libc has set `environ`. The kernel wrote the variables above the stack, and
 * glibc's loader says where that is. */
#ifndef HAKMEM_OS_ENVIRONMENT_H
#define HAKMEM_OS_ENVIRONMENT_H

#include "base/config.h"

/* A list of "NAME=value" that ends with NULL; NULL where there is none to be had, or none to be trusted: the
 * process has more rights than who started it. */
char **environment_early(void) HIDDEN;

#endif

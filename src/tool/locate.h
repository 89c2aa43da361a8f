/* locate.h - where this installation's library and benchmark programs are. */
#ifndef HAKMEM_TOOL_LOCATE_H
#define HAKMEM_TOOL_LOCATE_H

#include <stdbool.h>
#include <stddef.h>

enum { PATH_BYTES = 4096 };

/* libhakmem.so: what HAKMEM_LIB says, else beside this executable (a build tree), else in the lib
 * directories of the tree it is installed in. False, having printed where it looked, if nowhere. */
bool locate_library(char path[PATH_BYTES]);

/* A benchmark program: beside this executable, else in libexec/hakmem of its tree. */
bool locate_benchmark(const char *program, char path[PATH_BYTES]);

#endif

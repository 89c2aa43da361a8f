/* file.h - reading small files of /proc, /sys and the like without libc's help: no allocation, no errno. */
#ifndef HAKMEM_OS_FILE_H
#define HAKMEM_OS_FILE_H

#include "base/config.h"

/* Reads the start of a file, as far as there is room, and ends it with a 0. Returns the bytes read, or -1
 * when the file cannot be opened or read. */
long file_read(const char *path, char *text, size_t size) HIDDEN;

#endif

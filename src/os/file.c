#include "os/file.h"

#include <fcntl.h>

#include "os/syscall.h"

long file_read(const char *path, char *text, size_t size)
{
    long fd = syscall_raw(SYS_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC, 0, 0, 0);
    long got = 0, total = 0;
    if (fd < 0)
        return -1;
    while (total < (long)size - 1 &&
           (got = syscall_raw(SYS_read, fd, (long)text + total, (long)size - 1 - total, 0, 0, 0)) > 0)
        total += got;
    syscall_raw(SYS_close, fd, 0, 0, 0, 0, 0);
    text[total] = 0;
    return got < 0 && total == 0 ? -1 : total;
}

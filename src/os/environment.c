#include "os/environment.h"

#include <sys/auxv.h>
#include <unistd.h>

extern char **environ;

/* glibc's: where the kernel put argc, and behind it the arguments and the variables. */
extern void *__libc_stack_end __attribute__((weak));

static char **above_stack(void)
{
    if (!&__libc_stack_end || !__libc_stack_end)
        return NULL;
    const intptr_t *argc = __libc_stack_end;
    char **arguments = (char **)(argc + 1);
    return *argc >= 0 && *argc < INT32_MAX && !arguments[*argc] ? arguments + *argc + 1 : NULL;
}

char **environment_early(void)
{
    if (getauxval(AT_SECURE))
        return NULL;
    return environ ? environ : above_stack();
}

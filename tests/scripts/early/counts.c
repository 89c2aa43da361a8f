/* What the first calls of malloc call of libc: functions that may allocate themselves, or that do not work
 * before libc is up, must not be among them. Linked with -rdynamic, this program's are the ones they get. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *called;

#define COUNT(type, name, result)                                                                            \
    type counted_##name(void) __asm__(#name);                                                                \
    type counted_##name(void)                                                                                \
    {                                                                                                        \
        called = #name;                                                                                      \
        return result;                                                                                       \
    }

COUNT(void *, dlsym, NULL)
COUNT(void *, dlvsym, NULL)
COUNT(void *, dlopen, NULL)
COUNT(int, dladdr, 0)
COUNT(char *, getenv, NULL)
COUNT(char *, secure_getenv, NULL)
COUNT(int, pthread_once, 0)
COUNT(long, sysconf, 4096)
COUNT(void *, fopen, NULL)
COUNT(int, printf, 0)
COUNT(int, fprintf, 0)
COUNT(int, vfprintf, 0)
COUNT(int, snprintf, 0)
COUNT(int, vsnprintf, 0)
COUNT(size_t, fwrite, 0)
COUNT(int, fputs, 0)
COUNT(int, open, -1)
COUNT(ssize_t, read, -1)
COUNT(void *, sbrk, NULL)
COUNT(void *, mmap, NULL)
COUNT(int, sigaction, -1)
COUNT(int, pthread_create, 11)
COUNT(void *, setlocale, NULL)

static const char *called_by_first;

static void allocate_first(int argc, char **argv, char **environment)
{
    (void)argc, (void)argv, (void)environment;
    called = NULL;
    free(NULL);
    void *small = malloc(100), *zeroed = calloc(1, 2000), *large = malloc(200000), *huge = malloc(5000000);
    small = realloc(small, 50000);
    free(small);
    free(zeroed);
    free(large);
    free(huge);
    called_by_first = called;
}

__attribute__((section(".preinit_array"), used)) static void (*preinit)(int, char **,
                                                                        char **) = allocate_first;

int main(void)
{
    static const char ok[] = "ok\n", wrong[] = "the first calls of malloc call ";
    if (!called_by_first)
        return write(STDOUT_FILENO, ok, sizeof ok - 1) < 0;
    if (write(STDERR_FILENO, wrong, sizeof wrong - 1) > 0 &&
        write(STDERR_FILENO, called_by_first, strlen(called_by_first)) > 0)
        return EXIT_FAILURE;
    return EXIT_FAILURE;
}

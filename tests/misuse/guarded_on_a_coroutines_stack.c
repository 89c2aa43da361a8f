/* expect: double free of BLOCK */
/* env: HAKMEM_GUARD_RATE=1 */
/* What called the first function on a stack that the program made may be any number, and the stack may end
 * there. Only if neither is looked at is the double free reached. */
#include <setjmp.h>

#include "guarded.h"

enum { STACK_BYTES = 64 * 1024 };
static jmp_buf back;

static void run(void)
{
    for (size_t size = 16; size < 1000; size += 16)
        free(malloc(size));
    _longjmp(back, 1);
}

static void switch_to(char *top, uintptr_t caller)
{
#if defined(__x86_64__)
    __asm__ volatile("mov %0, %%rsp\n\tpush %1\n\tjmp *%2" : : "r"(top), "r"(caller), "r"(run));
#else
    __asm__ volatile("mov sp, %0\n\tmov x30, %1\n\tbr %2" : : "r"(top), "r"(caller), "r"(run));
#endif
}

static void *make_and_free(void *top)
{
    if (!_setjmp(back))
        switch_to(top, 0xdeaddeaddeaddead);
    return NULL;
}

int main(void)
{
    char *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    pthread_t thread;
    make_and_free(stack + STACK_BYTES);
    if (pthread_create(&thread, NULL, make_and_free, stack + STACK_BYTES) != 0)
        return 1;
    pthread_join(thread, NULL);
    char *block = malloc(48);
    say("BLOCK", block);
    free(block);
    free(block);
    return 0;
}

/* expect: double free of BLOCK */
/* env: HAKMEM_GUARD_RATE=1 */
/* The child of a fork makes and frees guarded blocks, its parent's too. */
#include <sys/wait.h>

#include "guarded.h"

int main(void)
{
    char *block = guarded_to_the_right(48);
    int status;
    pid_t child = fork();
    if (child == 0) {
        alarm(200);
        free(block);
        for (int i = 0; i < 100; i++)
            free(malloc(48));
        _exit(0);
    }
    if (waitpid(child, &status, 0) != child || status != 0)
        return 1;
    say("BLOCK", block);
    free(block);
    free(block);
    return 0;
}

/* plain [STATUS]: allocates, and ends with the status; without one, waits to be killed. */
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    void *volatile block = malloc(1000);
    if (argc > 1)
        return block ? atoi(argv[1]) : 1;
    for (;;)
        pause();
}

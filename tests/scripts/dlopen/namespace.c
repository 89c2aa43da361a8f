/* Loads a library into namespaces of its own, with a libc and so a malloc of its own.
 *
 *     namespace PLUGIN     prints "ok"; 77: no such thing here */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __GLIBC__
enum { NAMESPACES = 5, ROUNDS = 2000 };

int main(int argc, char **argv)
{
    for (int i = 0; i < NAMESPACES; i++) {
        void *library = argc == 2 ? dlmopen(LM_ID_NEWLM, argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
        void *(*make)(size_t) = library ? (void *(*)(size_t))dlsym(library, "plugin_make") : NULL;
        void (*destroy)(void *) = library ? (void (*)(void *))dlsym(library, "plugin_destroy") : NULL;
        if (!make || !destroy) {
            fprintf(stderr, "namespace: %s\n", dlerror());
            return EXIT_FAILURE;
        }
        for (size_t round = 0; round < ROUNDS; round++) {
            void *theirs = make(round * 10), *ours = malloc(round * 10);
            memset(theirs, 1, round * 10);
            memset(ours, 2, round * 10);
            destroy(theirs);
            free(ours);
        }
        if (i % 2 && dlclose(library) != 0)
            return EXIT_FAILURE;
    }
    return puts("ok") < 0;
}
#else
int main(void)
{
    return 77;
}
#endif

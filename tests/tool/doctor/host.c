/* host PLUGIN: opens a library so that it does not see the names before it. */
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    void *volatile block = malloc(1000);
    void *plugin = argc > 1 ? dlopen(argv[1], RTLD_NOW | RTLD_DEEPBIND) : NULL;
    void (*use)(void) = plugin ? (void (*)(void))(uintptr_t)dlsym(plugin, "plugin_use") : NULL;
    if (use)
        use();
    return !use || !block;
}

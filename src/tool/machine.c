/* machine.c - processor, cores, kernel, date. */
#define _GNU_SOURCE 1

#include "machine.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

/* The first "model name : X" of /proc/cpuinfo; architectures without one keep their own name. */
static void processor_read(char *processor, size_t size, const char *architecture)
{
    char line[256];
    FILE *file = fopen("/proc/cpuinfo", "re");
    snprintf(processor, size, "%s", architecture);
    while (file && fgets(line, sizeof line, file)) {
        char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) == 0 && colon) {
            line[strcspn(line, "\n")] = '\0';
            snprintf(processor, size, "%.90s", colon + 2);
            break;
        }
    }
    if (file)
        fclose(file);
}

void machine_read(struct machine *machine)
{
    struct utsname name;
    struct tm utc;
    time_t now = time(NULL);
    memset(&name, 0, sizeof name);
    uname(&name);
    processor_read(machine->processor, sizeof machine->processor, name.machine);
    snprintf(machine->kernel, sizeof machine->kernel, "%s %s", name.sysname, name.release);
    machine->cores = sysconf(_SC_NPROCESSORS_ONLN);
    gmtime_r(&now, &utc);
    strftime(machine->date, sizeof machine->date, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

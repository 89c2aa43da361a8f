/* doctor.h - what `hakmem doctor` looks at, and what it finds.
 *
 *     doctor.c          the command, and the order of the checks
 *     findings.c        findings as lines and as JSON
 *     doctor_target.c   the process: what it has mapped, its environment, its rights
 *     doctor_library.c  is HAKMEM in it, and in use
 *     doctor_symbols.c  whose malloc each object of it calls
 *     doctor_objects.c  those objects (libelf); doctor_objects_none.c without libelf
 *     doctor_options.c  HAKMEM_ variables
 *     doctor_limits.c   limits of the process and of its cgroup
 *     doctor_system.c   the kernel
 *     doctor_launch.c   a program that is started to be looked at */
#ifndef HAKMEM_TOOL_DOCTOR_H
#define HAKMEM_TOOL_DOCTOR_H

#include "findings.h"
#include "reader/reader.h"

#include <stdarg.h>

struct doctor_mapping {
    uint64_t start, end, offset;
    unsigned long long inode; /* 0: no file */
    bool executable, deleted; /* deleted: the file is gone or another one by now */
    const char *path;         /* "" when it has none */
};

struct target {
    const char *root; /* before the paths of /proc and /sys: "", but in tests */
    int pid;
    char *maps_text, *environment; /* what the next ones point into */
    size_t environment_bytes;
    struct doctor_mapping *mappings;
    size_t mapping_count;
    char program[READER_NAME_BYTES]; /* path of its executable */
    bool secure;                     /* setuid, file capabilities: the dynamic linker ignores LD_PRELOAD */
    bool is_static;                  /* no dynamic linker in it */
    const char *library;             /* path of libhakmem.so in it; NULL: it is not mapped */
    struct reader *reader;           /* of HAKMEM's records; NULL: there are none, as reader_error says */
    char reader_error[READER_ERROR_BYTES];
    bool followed; /* calls of malloc and its kin were followed, and */
    bool all_here; /* all of them lead to HAKMEM */
};

/* What can be seen of a process. False, with `error` saying why, when it is not there or not ours. */
bool target_open(struct target *target, int pid, char error[READER_ERROR_BYTES]);
void target_close(struct target *target);

/* The value of a variable in the environment that it was started with; NULL: none. */
const char *target_variable(const struct target *target, const char *name);

/* The mapping that holds an address; NULL: none. */
const struct doctor_mapping *target_mapping(const struct target *target, uint64_t address);

/* The text of a file, its path behind target->root; NULL when it cannot be read. To be freed. */
char *target_file(const struct target *target, size_t *length, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The number behind `label` in a text of lines such as "VmSize:  1234 kB"; false: there is none. */
bool text_number(const char *text, const char *label, unsigned long long *number);

/* What follows the last slash. */
const char *path_base(const char *path);

/* ---- checks; each adds findings */

void check_library(const struct target *target, struct findings *findings);
void check_symbols(struct target *target, struct findings *findings);
void check_image(const struct target *target, struct findings *findings);
void check_allocators(const struct target *target, struct findings *findings);
void check_options(const struct target *target, struct findings *findings);
void check_limits(const struct target *target, struct findings *findings);
void check_cgroup(const struct target *target, struct findings *findings);
void check_system(const struct target *target, struct findings *findings);

/* ---- programs */

/* What an ELF file is. */
struct program_facts {
    bool is_elf;
    bool is_foreign; /* for another machine than this command */
};

/* False when it cannot be told: no such file, or built without libelf. */
bool program_describe(const char *path, struct program_facts *facts);

/* Starts a program under HAKMEM, and calls `look` once: when it is about to end, or after so many seconds,
 * after which it is ended. False, with findings, when it could not be looked at. */
struct launch {
    char **argv;
    double seconds;
    bool quiet; /* its standard output goes to standard error */
    bool (*look)(int pid, void *argument);
    void *argument;
};
bool launch_and_look(const struct launch *launch, struct findings *findings);

#endif

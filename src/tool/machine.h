/* machine.h - where and when the figures were measured. */
#ifndef HAKMEM_TOOL_MACHINE_H
#define HAKMEM_TOOL_MACHINE_H

struct machine {
    char processor[96];
    long cores;
    char kernel[160];
    char date[32]; /* ISO 8601, UTC */
};

void machine_read(struct machine *machine);

#endif

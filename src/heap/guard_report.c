/* What is said of a guarded block: lines that `hakmem symbolize` adds functions to. */
#include "base/log.h"
#include "heap/guard_slots.h"
#include "os/file.h"
#include "os/maps.h"
#include "os/syscall.h"

enum { NAME_BYTES = 20 };

void guard_note_event(struct guard_event *event, uintptr_t from, uintptr_t frame)
{
    event->thread = (int)syscall_raw(SYS_gettid, 0, 0, 0, 0, 0, 0);
    stack_take(&event->stack, from, frame);
}

/* The thread's name, while it lives; else nothing. */
static void read_name(int thread, char *name, size_t size)
{
    char path[64];
    log_format(path, sizeof path, "/proc/self/task/%d/comm", thread);
    long length = file_read(path, name, size);
    name[length > 0 && name[length - 1] == '\n' ? length - 1 : 0] = '\0';
}

static void print_frame(unsigned number, uintptr_t address)
{
    struct module module;
    if (maps_module(address, &module))
        log_row("    #%u %p %s+0x%lx", number, (void *)address, module.path,
                (unsigned long)(address - module.base));
    else
        log_row("    #%u %p", number, (void *)address);
}

void guard_print_event(const char *what, const struct guard_event *event)
{
    char name[NAME_BYTES];
    read_name(event->thread, name, sizeof name);
    log_row("  %s by thread %d%s%s:", what, event->thread, *name ? " " : "", name);
    for (unsigned i = 0; i < event->stack.depth && i < STACK_FRAMES; i++)
        print_frame(i, event->stack.frames[i]);
}

void guard_print_history(const struct guard_slot *slot)
{
    if (slot->made.thread)
        guard_print_event("allocated", &slot->made);
    if (slot->freed.thread)
        guard_print_event("freed", &slot->freed);
    log_row("  for functions and lines: hakmem symbolize < THIS-OUTPUT");
}

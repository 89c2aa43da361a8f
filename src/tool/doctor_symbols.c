/* doctor_symbols.c - whose malloc each object of a process calls.
 *
 * Where a slot leads is read from the process. The object that lies there is HAKMEM, or defines the name
 * itself and serves those calls in HAKMEM's place, or neither: then the call was not made yet, or goes
 * through a stub. */
#define _GNU_SOURCE 1

#include "doctor_objects.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

enum { SAID_MOST = 4 };

/* ---- where calls lead */

/* Objects whose calls of malloc lead to one that is not HAKMEM. */
struct diversion {
    const struct object *to;
    unsigned name; /* one that they call */
    size_t count;  /* objects that do */
    struct text from;
};

struct tally {
    size_t here, open;               /* slots that lead to HAKMEM; and nowhere yet */
    const struct object *serves_new; /* whose operator new or delete is not HAKMEM's; NULL: nobody's */
    struct diversion *diversions;
    size_t diversion_count;
};

static bool slot_read(const struct target *target, const struct slot *slot, uint64_t *leads_to)
{
    struct iovec local = {leads_to, sizeof *leads_to},
                 remote = {(void *)(uintptr_t)slot->address, sizeof *leads_to};
    return process_vm_readv(target->pid, &local, 1, &remote, 1, 0) == (ssize_t)sizeof *leads_to;
}

static struct diversion *diversion_to(struct tally *tally, const struct object *to, unsigned name)
{
    for (size_t i = 0; i < tally->diversion_count; i++)
        if (tally->diversions[i].to == to)
            return &tally->diversions[i];
    tally->diversions = memory_resize(tally->diversions, tally->diversion_count + 1,
                                      sizeof *tally->diversions);
    struct diversion *diversion = &tally->diversions[tally->diversion_count++];
    *diversion = (struct diversion){.to = to, .name = name};
    return diversion;
}

static void note_diversion(struct tally *tally, const struct object *from, const struct object *to,
                           unsigned name)
{
    struct diversion *diversion = diversion_to(tally, to, name);
    if (++diversion->count <= SAID_MOST)
        text_add(&diversion->from, "%s%s", diversion->count > 1 ? ", " : "", path_base(from->first->path));
}

/* An allocator calls itself, and that is all right if nobody else does. */
static void follow_slots(const struct objects *objects, const struct object *from, struct tally *tally)
{
    bool noted = false;
    for (size_t i = 0; i < from->slot_count; i++) {
        uint64_t leads_to;
        unsigned name = from->slots[i].name;
        if (!slot_read(objects->target, &from->slots[i], &leads_to))
            continue;
        const struct object *to = object_at(objects, leads_to);
        if (to && to->is_home) {
            tally->here++;
        } else if (!to || !object_defines(to, name)) {
            tally->open++;
        } else if (name >= NAME_FIRST_OPERATOR) {
            tally->serves_new = to;
        } else if (!noted && to != from) {
            note_diversion(tally, from, to, name);
            noted = true;
        }
    }
}

/* ---- what to say */

static void say_diversion(const struct diversion *diversion, struct findings *findings)
{
    const struct object *to = diversion->to;
    const char *why =
        "that library comes before HAKMEM: leave it out of LD_PRELOAD, or link the program without it";
    char others[48] = "";
    if (to->is_program)
        why = "the program's own allocator comes before HAKMEM";
    else if (strncmp(path_base(to->first->path), "libc.", 5) == 0)
        why = "opened with RTLD_DEEPBIND or dlmopen, or linked with -Bsymbolic";
    if (diversion->count > SAID_MOST)
        snprintf(others, sizeof others, " and %zu others", diversion->count - SAID_MOST);
    finding_add(findings, FINDING_PROBLEM, "symbols", "%s%s call%s %s of %s, not HAKMEM's: %s",
                diversion->from.data, others, diversion->count == 1 ? "s" : "", symbol_names[diversion->name],
                path_base(to->first->path), why);
}

static void say_own(const struct object *object, struct findings *findings)
{
    if (object->is_home)
        return;
    if (object->is_program && object_has_malloc(object))
        finding_add(findings, FINDING_PROBLEM, "symbols",
                    "%s defines malloc itself: its own allocator serves it, and HAKMEM is idle there",
                    object->first->path);
    else if (object->hides && !object_defines(object, NAME_MALLOC))
        finding_add(findings, FINDING_NOTE, "symbols",
                    "%s has %s inside under other names: what it allocates so is not HAKMEM's",
                    object->first->path, object->hides);
}

static bool program_serves_itself(const struct objects *objects)
{
    for (size_t i = 0; i < objects->count; i++)
        if (objects->item[i].is_program && !objects->item[i].is_home && object_has_malloc(&objects->item[i]))
            return true;
    return false;
}

static void say_tally(const struct objects *objects, const struct tally *tally, bool all_here,
                      struct findings *findings)
{
    for (size_t i = 0; i < tally->diversion_count; i++)
        say_diversion(&tally->diversions[i], findings);
    if (tally->serves_new && !tally->diversion_count)
        finding_add(findings, FINDING_NOTE, "symbols",
                    "operator new or delete is %s's own: served by HAKMEM as far as it calls malloc",
                    path_base(tally->serves_new->first->path));
    if (all_here)
        finding_add(findings, FINDING_OK, "symbols",
                    "malloc, free and their kin lead to HAKMEM in all of %zu objects (%zu bindings%s)",
                    objects->count, tally->here, tally->open ? "; others were not needed yet" : "");
}

static void say_unread(const struct objects *objects, struct findings *findings)
{
    size_t unread = 0;
    const struct object *first = NULL;
    for (size_t i = 0; i < objects->count; i++)
        if (!objects->item[i].read && !objects->item[i].is_home && unread++ == 0)
            first = &objects->item[i];
    if (first)
        finding_add(findings, FINDING_NOTE, "symbols",
                    "%zu file%s could not be read, %s among them: deleted, or "
                    "replaced since",
                    unread, unread == 1 ? "" : "s", first->first->path);
}

static void tally_free(struct tally *tally)
{
    for (size_t i = 0; i < tally->diversion_count; i++)
        text_free(&tally->diversions[i].from);
    free(tally->diversions);
}

void check_symbols(struct target *target, struct findings *findings)
{
    struct objects objects;
    struct tally tally = {0};
    if (!target->library && !target->reader)
        return;
    if (!objects_open(&objects, target)) {
        finding_add(findings, FINDING_NOTE, "symbols",
                    "this command was built without libelf: whose malloc is called was not looked at");
        return;
    }
    for (size_t i = 0; i < objects.count; i++) {
        say_own(&objects.item[i], findings);
        if (!objects.item[i].is_home)
            follow_slots(&objects, &objects.item[i], &tally);
    }
    target->followed = true;
    target->all_here = tally.diversion_count == 0 && !program_serves_itself(&objects);
    say_tally(&objects, &tally, target->all_here, findings);
    say_unread(&objects, findings);
    tally_free(&tally);
    objects_close(&objects);
}

/* doctor_objects_none.c - where the command was built without libelf. */
#include "doctor_objects.h"

const char *const symbol_names[NAMES] = {NULL};

bool objects_open(struct objects *objects, const struct target *target)
{
    *objects = (struct objects){.target = target};
    return false;
}

void objects_close(struct objects *objects)
{
    (void)objects;
}

const struct object *object_at(const struct objects *objects, uint64_t address)
{
    (void)objects;
    (void)address;
    return NULL;
}

bool program_describe(const char *path, struct program_facts *facts)
{
    (void)path;
    *facts = (struct program_facts){false, false};
    return false;
}

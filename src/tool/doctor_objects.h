/* doctor_objects.h - the programs and libraries in a process, and where their calls of malloc are bound.
 *
 * The dynamic linker writes into each object where its calls of malloc and its kin go: the slots of
 * relocations. Only doctor_objects.c knows ELF, by libelf; doctor_objects_none.c is there where that is
 * missing. */
#ifndef HAKMEM_TOOL_DOCTOR_OBJECTS_H
#define HAKMEM_TOOL_DOCTOR_OBJECTS_H

#include "doctor.h"

/* The names that matter, by number. Those from NAME_FIRST_OPERATOR on, operator new and delete, may well be
 * a program's own, as they call malloc in the end. */
enum { NAME_MALLOC, NAME_FREE, NAME_FIRST_OPERATOR = 11, NAMES = 25 };

extern const char *const symbol_names[NAMES];

struct slot {
    uint64_t address; /* in the process */
    unsigned name;
};

struct object {
    const struct doctor_mapping *first; /* its first mapping, of the file's start */
    uint64_t end;                       /* of its last one */
    uint64_t bias;                      /* of its addresses */
    uint64_t defined;                   /* a bit for each of the names that it defines for others */
    bool read;                          /* its file could be read */
    bool is_home;                       /* HAKMEM is in it */
    bool is_program;
    const char *hides; /* an allocator in it under other names; NULL: none */
    struct slot *slots;
    size_t slot_count;
};

struct objects {
    const struct target *target;
    struct object *item;
    size_t count;
};

/* Every file of the process that has code in it. False: this was built without libelf. */
bool objects_open(struct objects *objects, const struct target *target);
void objects_close(struct objects *objects);

/* The object that an address lies in; NULL: none. */
const struct object *object_at(const struct objects *objects, uint64_t address);

static inline bool object_defines(const struct object *object, unsigned name)
{
    return object->defined >> name & 1;
}

static inline bool object_has_malloc(const struct object *object)
{
    return object_defines(object, NAME_MALLOC) && object_defines(object, NAME_FREE);
}

#endif

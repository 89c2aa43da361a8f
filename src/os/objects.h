/* objects.h - the program and the shared objects it has loaded. Takes the loader's lock; allocates nothing.
 */
#ifndef HAKMEM_OS_OBJECTS_H
#define HAKMEM_OS_OBJECTS_H

#include "base/config.h"

enum { OBJECT_NAME_BYTES = 64 };

/* An object, other than the one this code is in and other than a C++ runtime's library, that exports a
 * function of this name: the end of its file's name, "" for the program. False: there is none. Of objects
 * without a GNU hash table (linked by ld --hash-style=sysv) nothing is known. */
bool objects_other_with(const char *function, char name[OBJECT_NAME_BYTES]) HIDDEN COLD;

#endif

/* version.h - HAKMEM's version as a string, from the numbers in the public header. */
#ifndef HAKMEM_BASE_VERSION_H
#define HAKMEM_BASE_VERSION_H

#include "hakmem.h"

#define VERSION_STRING_OF(x) #x
#define VERSION_STRING(x) VERSION_STRING_OF(x)

#define HAKMEM_VERSION_STRING                                                                                \
    VERSION_STRING(HAKMEM_VERSION_MAJOR)                                                                     \
    "." VERSION_STRING(HAKMEM_VERSION_MINOR) "." VERSION_STRING(HAKMEM_VERSION_PATCH)

#endif

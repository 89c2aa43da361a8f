/* map_page.h - the page of `hakmem map`. */
#ifndef HAKMEM_TOOL_MAP_PAGE_H
#define HAKMEM_TOOL_MAP_PAGE_H

#include "map_recording.h"

#include <stdbool.h>
#include <stddef.h>

struct map_page {
    const struct map_recording *recording;
    const struct reader_snapshot *last; /* of the recording's last frame */
    const char *colour;                 /* how it is coloured at first */
    size_t detail_bytes;                /* most bits of blocks taken in */
};

/* False, having said why, when the file cannot be written. */
bool map_page_write(const struct map_page *map, const char *path);

/* "Heap of NAME". The caller frees it. */
char *map_title(const struct reader_snapshot *snapshot);

#endif

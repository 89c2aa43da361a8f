/* map_recording.h - the heap's cells over a while: those of the first moment, and for each later one the
 * cells that changed. */
#ifndef HAKMEM_TOOL_MAP_RECORDING_H
#define HAKMEM_TOOL_MAP_RECORDING_H

#include "map_cells.h"

struct map_frame {
    uint64_t at_ms; /* since the first */
    size_t units;
    size_t changes; /* cells that differ from the frame before */
    struct map_totals totals;
};

struct map_recording {
    struct map_cells first, last;
    uint64_t first_ms; /* when that was, since 1970 */
    struct map_frame *frame;
    size_t frames, frame_room;
    uint32_t *change_unit; /* of all frames, one after the other */
    struct map_cell *change;
    size_t changes, change_room;
    bool cut; /* the limit was reached */
};

/* Takes in a look. False, once `limit_bytes` of changes are full: the recording then ends before it. */
bool map_recording_add(struct map_recording *recording, const struct reader_snapshot *snapshot,
                       const struct map_totals *totals, size_t limit_bytes);
void map_recording_free(struct map_recording *recording);

#endif

/* map_picture.h - the heap as a picture for a report: the map of the last look, with legend and figures. */
#ifndef HAKMEM_TOOL_MAP_PICTURE_H
#define HAKMEM_TOOL_MAP_PICTURE_H

#include "map_recording.h"
#include "picture.h"

/* `by` is "occupancy", "class", "owner" or "age". The caller frees the picture. */
void map_picture_draw(struct picture *picture, const struct map_recording *recording,
                      const struct reader_snapshot *snapshot, const char *by);

#endif

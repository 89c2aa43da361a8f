/* map_recording.c - compares each look with the one before. */
#include "map_recording.h"

#include "text.h"

#include <stdlib.h>
#include <string.h>

static size_t change_bytes(const struct map_recording *recording)
{
    return recording->changes * (sizeof *recording->change + sizeof *recording->change_unit);
}

static void change_add(struct map_recording *recording, size_t unit, const struct map_cell *cell)
{
    if (recording->changes == recording->change_room) {
        recording->change_room = recording->change_room * 2 + 1024;
        recording->change = memory_resize(recording->change, recording->change_room,
                                          sizeof *recording->change);
        recording->change_unit = memory_resize(recording->change_unit, recording->change_room,
                                               sizeof *recording->change_unit);
    }
    recording->change_unit[recording->changes] = (uint32_t)unit;
    recording->change[recording->changes++] = *cell;
}

/* Cells beyond the shorter's end count as all zero. The number of changes. */
static size_t changes_find(struct map_recording *recording, const struct map_cells *now)
{
    static const struct map_cell nothing;
    const struct map_cells *before = &recording->last;
    size_t units = now->units > before->units ? now->units : before->units, found = recording->changes;
    for (size_t unit = 0; unit < units; unit++) {
        const struct map_cell *old = unit < before->units ? &before->cell[unit] : &nothing;
        const struct map_cell *new = unit < now->units ? &now->cell[unit] : &nothing;
        if (memcmp(old, new, sizeof *new) != 0)
            change_add(recording, unit, new);
    }
    return recording->changes - found;
}

static void frame_add(struct map_recording *recording, const struct map_frame *frame)
{
    if (recording->frames == recording->frame_room) {
        recording->frame_room = recording->frame_room * 2 + 16;
        recording->frame = memory_resize(recording->frame, recording->frame_room, sizeof *recording->frame);
    }
    recording->frame[recording->frames++] = *frame;
}

static void last_replace(struct map_recording *recording, const struct map_cells *now)
{
    if (recording->frames > 1)
        map_cells_free(&recording->last);
    recording->last = *now;
}

static uint64_t elapsed_ms(const struct map_recording *recording, const struct reader_snapshot *snapshot)
{
    return snapshot->taken_ms > recording->first_ms ? snapshot->taken_ms - recording->first_ms : 0;
}

bool map_recording_add(struct map_recording *recording, const struct reader_snapshot *snapshot,
                       const struct map_totals *totals, size_t limit_bytes)
{
    struct map_cells now;
    struct map_frame frame = {.units = snapshot->units, .totals = *totals};
    map_cells_make(&now, snapshot);
    if (recording->frames == 0) {
        recording->first_ms = snapshot->taken_ms;
        recording->first = recording->last = now;
        frame_add(recording, &frame);
        return true;
    }
    frame.at_ms = elapsed_ms(recording, snapshot);
    frame.changes = changes_find(recording, &now);
    if (change_bytes(recording) > limit_bytes) {
        recording->changes -= frame.changes;
        recording->cut = true;
        map_cells_free(&now);
        return false;
    }
    last_replace(recording, &now);
    frame_add(recording, &frame);
    return true;
}

void map_recording_free(struct map_recording *recording)
{
    if (recording->frames > 1)
        map_cells_free(&recording->last);
    map_cells_free(&recording->first);
    free(recording->frame);
    free(recording->change);
    free(recording->change_unit);
    *recording = (struct map_recording){.frames = 0};
}

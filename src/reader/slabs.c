/* slabs.c - slabs and their maps.
 *
 * Records are read in groups of SuperSlabs, then the maps that do not lie in them. A slab's own
 * invariants (slab.h) tell whether its record and its maps belong together; one for which they do not
 * hold changed meanwhile, and is read again. */
#include <string.h>

#include "reader/build.h"

enum { GROUP_SUPERSLABS = 256, TRIES = 6, MAP_WORDS = SLAB_MAP_BYTES / 8, MAPS_AT_ONCE = 1024 };

/* A slab as read, with the words of its two maps. */
struct raw_slab {
    struct slab record;
    uint64_t words[MAP_WORDS], remote[MAP_WORDS];
};

static bool is_slab_tag(uint32_t tag)
{
    return tag >= TAG_OWNED && tag % TAG_OWNED < SIZE_CLASSES;
}

static uint64_t record_address(const struct build *build, size_t unit)
{
    return build->image.slabs + unit / SUPERSLAB_UNITS * SLAB_META_BYTES +
           unit % SUPERSLAB_UNITS * SLAB_RECORD_BYTES;
}

static uint64_t map_address(const struct build *build, size_t unit)
{
    return build->image.slabs + unit / SUPERSLAB_UNITS * SLAB_META_BYTES +
           (uint64_t)SUPERSLAB_UNITS * SLAB_RECORD_BYTES + unit % SUPERSLAB_UNITS * SLAB_MAP_BYTES;
}

/* ---- one slab's parts */

/* Whether the record is of a slab that begins at the unit, as its tag says. */
static bool is_head(const struct slab *record, size_t unit, uint32_t tag)
{
    return record->unit_offset == 0 && record->unit == unit && record->size_class == tag % TAG_OWNED &&
           record->owner == tag >> TAG_OWNER_LOG2 &&
           record->blocks == reader_class_blocks(record->size_class) && record->free_blocks <= record->blocks;
}

static bool has_inline_maps(const struct slab *record)
{
    return record->blocks <= SLAB_INLINE_WORDS * 64;
}

static unsigned words_of(unsigned blocks)
{
    return (blocks + 63) / 64;
}

static uint64_t remote_summary(const struct slab *record)
{
    return *(const uint64_t *)&record->remote_summary;
}

/* The pieces that have to be read beside the record; returns how many. */
static size_t want_maps(const struct build *build, struct raw_slab *raw, size_t unit,
                        struct source_piece *pieces)
{
    size_t count = 0, bytes = words_of(raw->record.blocks) * 8;
    if (has_inline_maps(&raw->record)) {
        memcpy(raw->words, raw->record.words_inline, sizeof raw->record.words_inline);
        memcpy(raw->remote, &raw->record.remote_inline, sizeof raw->record.remote_inline);
        return 0;
    }
    if (raw->record.summary)
        pieces[count++] = (struct source_piece){map_address(build, unit), raw->words, bytes};
    if (remote_summary(&raw->record) && unit < build->image.remote_units)
        pieces[count++] = (struct source_piece){build->image.remote_maps + unit * SLAB_MAP_BYTES, raw->remote,
                                                bytes};
    return count;
}

static uint64_t valid_bits(unsigned blocks, unsigned word)
{
    return bits_below((unsigned)size_min(64, blocks - 64 * word));
}

/* The invariants of slab.h. */
static bool holds_together(const struct raw_slab *raw)
{
    unsigned free_blocks = 0, words = words_of(raw->record.blocks);
    for (unsigned w = 0; w < words; w++) {
        uint64_t bits = raw->words[w];
        if (bits & ~valid_bits(raw->record.blocks, w) || (raw->record.summary >> w & 1) != (bits != 0) ||
            bits & raw->remote[w])
            return false;
        free_blocks += bit_count(bits);
    }
    return free_blocks == raw->record.free_blocks && raw->record.state >= SLAB_FULL &&
           raw->record.state <= SLAB_PARTIAL;
}

/* Reads it anew until it holds together; false when there is no such slab any more. */
static bool read_again(struct build *build, struct raw_slab *raw, size_t unit, bool *torn)
{
    struct source_piece pieces[2];
    *torn = true;
    for (int tries = 0; *torn && tries < TRIES; tries++) {
        uint32_t tag = 0;
        memset(raw, 0, sizeof *raw);
        source_read(build->reader, build->image.tags + unit * sizeof tag, &tag, sizeof tag);
        source_read(build->reader, record_address(build, unit), &raw->record, sizeof raw->record);
        if (!is_slab_tag(tag) || !is_head(&raw->record, unit, tag))
            return false;
        source_read_many(build->reader, pieces, want_maps(build, raw, unit, pieces));
        *torn = !holds_together(raw);
    }
    return true;
}

/* ---- into the snapshot */

static unsigned count_bits(const uint64_t *map, unsigned words)
{
    unsigned bits = 0;
    for (unsigned w = 0; w < words; w++)
        bits += bit_count(map[w]);
    return bits;
}

static bool keep_map(struct build *build, uint64_t **map, const uint64_t *words, unsigned count)
{
    *map = build_take(build, count, sizeof **map);
    if (*map)
        memcpy(*map, words, count * sizeof **map);
    return *map != NULL;
}

static bool keep_slab(struct build *build, struct raw_slab *raw, size_t unit, bool torn)
{
    struct reader_snapshot *snapshot = build->snapshot;
    unsigned words = words_of(raw->record.blocks);
    for (unsigned w = 0; w < words; w++) {
        raw->words[w] &= valid_bits(raw->record.blocks, w);
        raw->remote[w] &= valid_bits(raw->record.blocks, w) & ~raw->words[w];
    }
    struct reader_slab *slab = &snapshot->slabs[snapshot->slab_count++];
    *slab = (struct reader_slab){
        .unit = (uint32_t)unit,
        .heap = raw->record.owner,
        .blocks = raw->record.blocks,
        .free_blocks = (uint16_t)count_bits(raw->words, words),
        .published_blocks = (uint16_t)count_bits(raw->remote, words),
        .size_class = raw->record.size_class,
        .units = (uint8_t)reader_class_units(raw->record.size_class),
        .list = raw->record.state,
        .torn = torn,
    };
    snapshot->skipped.slabs += torn;
    return (!slab->free_blocks || keep_map(build, &slab->free_map, raw->words, words)) &&
           (!slab->published_blocks || keep_map(build, &slab->published_map, raw->remote, words));
}

static bool settle_slab(struct build *build, struct raw_slab *raw, size_t unit)
{
    bool torn = false;
    if (!holds_together(raw) && !read_again(build, raw, unit, &torn))
        return true;
    return keep_slab(build, raw, unit, torn);
}

/* ---- groups */

struct batch {
    struct raw_slab raw[MAPS_AT_ONCE];
    uint32_t unit[MAPS_AT_ONCE];
    struct source_piece pieces[2 * MAPS_AT_ONCE];
    size_t count, piece_count;
};

static bool flush_batch(struct build *build, struct batch *batch)
{
    bool done = true;
    source_read_many(build->reader, batch->pieces, batch->piece_count);
    for (size_t i = 0; done && i < batch->count; i++)
        done = settle_slab(build, &batch->raw[i], batch->unit[i]);
    batch->count = batch->piece_count = 0;
    return done;
}

static bool add_unit(struct build *build, struct batch *batch, size_t unit, const struct slab *record)
{
    struct raw_slab *raw = &batch->raw[batch->count];
    memset(raw->words, 0, sizeof raw->words);
    memset(raw->remote, 0, sizeof raw->remote);
    raw->record = *record;
    batch->unit[batch->count++] = (uint32_t)unit;
    batch->piece_count += want_maps(build, raw, unit, batch->pieces + batch->piece_count);
    return batch->count < MAPS_AT_ONCE || flush_batch(build, batch);
}

/* Whether a unit of a slab is not its first: those have nothing of their own. */
static bool is_inner(const struct slab *records, size_t index, uint32_t tag)
{
    unsigned offset = records[index].unit_offset;
    return offset > 0 && offset < reader_class_units(tag % TAG_OWNED) && offset <= index &&
           records[index - offset].unit_offset == 0;
}

static bool add_superslab(struct build *build, struct batch *batch, size_t first, const struct slab *records)
{
    for (size_t i = 0; i < SUPERSLAB_UNITS && first + i < build->image.units; i++) {
        uint32_t tag = build->tags[first + i];
        bool torn;
        if (!is_slab_tag(tag) || is_inner(records, i, tag) ||
            i + reader_class_units(tag % TAG_OWNED) > SUPERSLAB_UNITS ||
            first + i + reader_class_units(tag % TAG_OWNED) > build->image.units)
            continue;
        if (is_head(&records[i], first + i, tag)) {
            if (!add_unit(build, batch, first + i, &records[i]))
                return false;
            continue;
        }
        struct raw_slab again;
        if (!read_again(build, &again, first + i, &torn)) {
            build->snapshot->skipped.records++;
            continue;
        }
        if (!flush_batch(build, batch) || !keep_slab(build, &again, first + i, torn))
            return false;
    }
    return true;
}

static bool has_slabs(const struct build *build, size_t superslab)
{
    size_t first = superslab * SUPERSLAB_UNITS;
    for (size_t i = first; i < first + SUPERSLAB_UNITS && i < build->image.units; i++)
        if (is_slab_tag(build->tags[i]))
            return true;
    return false;
}

static bool read_group(struct build *build, struct batch *batch, size_t from, size_t to,
                       struct slab (*records)[SUPERSLAB_UNITS])
{
    struct source_piece pieces[GROUP_SUPERSLABS] = {{0}};
    size_t superslabs[GROUP_SUPERSLABS], count = 0;
    for (size_t s = from; s < to; s++)
        if (has_slabs(build, s)) {
            superslabs[count] = s;
            pieces[count] = (struct source_piece){record_address(build, s * SUPERSLAB_UNITS), records[count],
                                                  sizeof records[count]};
            count++;
        }
    build->snapshot->skipped.unreadable_bytes += source_read_many(build->reader, pieces, count);
    for (size_t i = 0; i < count; i++)
        if (!add_superslab(build, batch, superslabs[i] * SUPERSLAB_UNITS, records[i]))
            return false;
    return true;
}

static size_t count_slab_units(const struct build *build)
{
    size_t count = 0;
    for (size_t unit = 0; unit < build->image.units; unit++)
        count += is_slab_tag(build->tags[unit]);
    return count;
}

bool build_slabs(struct build *build)
{
    size_t superslabs = build->snapshot->superslab_count;
    struct batch *batch = build_take(build, 1, sizeof *batch);
    struct slab(*records)[SUPERSLAB_UNITS] = build_take(build, GROUP_SUPERSLABS, sizeof *records);
    build->snapshot->slabs = build_take(build, count_slab_units(build), sizeof *build->snapshot->slabs);
    if (!batch || !records || !build->snapshot->slabs)
        return false;
    for (size_t from = 0; from < superslabs; from += GROUP_SUPERSLABS)
        if (!read_group(build, batch, from, size_min(from + GROUP_SUPERSLABS, superslabs), records))
            return false;
    return flush_batch(build, batch);
}

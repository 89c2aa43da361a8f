/* The image reader on a core file of any bytes: it must give an error or a snapshot whose parts sum. */
#include <stdlib.h>

#include "reader/advice.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look_around(const struct reader_snapshot *snapshot)
{
    for (uint64_t at = snapshot->base; at < snapshot->base + (64 << 20); at += 40961) {
        const struct reader_slab *slab = reader_find_slab(snapshot, at);
        if (slab && reader_slab_live(slab) > slab->blocks)
            abort();
        reader_find_run(snapshot, at);
        reader_find_huge(snapshot, at);
        reader_find_cached(snapshot, at);
        reader_find_mapping(snapshot, at);
    }
}

static void take_apart(struct reader_snapshot *snapshot)
{
    struct reader_parts parts;
    struct reader_advice advice;
    struct reader_growth growth;
    uint64_t sum = 0;
    if (!reader_take_apart(snapshot, &parts))
        return;
    for (size_t i = 0; i < snapshot->guarded_count; i++)
        if (reader_find_guarded(snapshot, snapshot->guarded[i].block) != &snapshot->guarded[i])
            abort();
    for (int part = 0; part < READER_PARTS; part++)
        sum += parts.bytes[part];
    if (sum != parts.sum_bytes)
        abort();
    reader_growth_measure(snapshot, snapshot, &growth);
    reader_advise(snapshot, &parts, &growth, &advice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char error[READER_ERROR_BYTES];
    struct reader *reader = reader_open_core_bytes(data, size, error);
    struct reader_snapshot *snapshot = reader ? reader_snapshot(reader, READER_ALL, error) : NULL;
    if (snapshot) {
        look_around(snapshot);
        take_apart(snapshot);
    }
    reader_snapshot_free(snapshot);
    reader_close(reader);
    return 0;
}

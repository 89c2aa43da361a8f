#include "heap/quarantine.h"

#include "os/lock.h"

enum { RING_BLOCKS = 2 * QUARANTINE_BLOCKS }; /* there is room for threads that put at once */

static struct {
    struct lock lock;
    size_t oldest, count; /* [lock: quarantine] */
    size_t bytes;         /* [lock: quarantine] of all */
    struct quarantined ring[RING_BLOCKS];
} quarantine;

bool quarantine_put(const struct quarantined *entry)
{
    lock_acquire(&quarantine.lock, LOCK_QUARANTINE);
    bool room = quarantine.count < RING_BLOCKS;
    if (room) {
        quarantine.ring[(quarantine.oldest + quarantine.count++) % RING_BLOCKS] = *entry;
        quarantine.bytes += entry->usable;
    }
    lock_release(&quarantine.lock, LOCK_QUARANTINE);
    return room;
}

/* The newest stays, however large it is. [lock: quarantine] */
static bool is_over(void)
{
    return quarantine.count > QUARANTINE_BLOCKS ||
           (quarantine.bytes > QUARANTINE_BYTES && quarantine.count > 1);
}

bool quarantine_take(struct quarantined *entry, bool all)
{
    lock_acquire(&quarantine.lock, LOCK_QUARANTINE);
    bool taken = quarantine.count > 0 && (all || is_over());
    if (taken) {
        *entry = quarantine.ring[quarantine.oldest];
        quarantine.oldest = (quarantine.oldest + 1) % RING_BLOCKS;
        quarantine.count--;
        quarantine.bytes -= entry->usable;
    }
    lock_release(&quarantine.lock, LOCK_QUARANTINE);
    return taken;
}

void quarantine_visit(void (*visit)(const struct quarantined *entry, void *argument), void *argument)
{
    lock_acquire(&quarantine.lock, LOCK_QUARANTINE);
    for (size_t i = 0; i < quarantine.count; i++)
        visit(&quarantine.ring[(quarantine.oldest + i) % RING_BLOCKS], argument);
    lock_release(&quarantine.lock, LOCK_QUARANTINE);
}

bool quarantine_find(uintptr_t address, struct quarantined *found)
{
    for (size_t i = 0; i < RING_BLOCKS && i < quarantine.count; i++) {
        *found = quarantine.ring[(quarantine.oldest + i) % RING_BLOCKS];
        if (address - (uintptr_t)found->block < found->usable)
            return true;
    }
    return false;
}

void quarantine_fork_prepare(void)
{
    lock_fork_acquire(&quarantine.lock);
}

void quarantine_fork_parent(void)
{
    lock_fork_release(&quarantine.lock);
}

void quarantine_fork_child(void)
{
    lock_fork_reset(&quarantine.lock);
}

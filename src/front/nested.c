#include "front/nested.h"

#include "base/bits.h"
#include "os/vm.h"

enum { NESTED_BLOCKS = 256, WAITING_BLOCKS = 256 };

/* `block` 0: a free entry, or, when taken, one that is being made or unmade. */
struct nested_block {
    _Atomic bool taken;
    uintptr_t mapping;
    size_t mapped_bytes;
    _Atomic uintptr_t block;
};

static struct nested_block blocks[NESTED_BLOCKS];
static _Atomic uint32_t live;
static _Atomic uintptr_t waiting[WAITING_BLOCKS];
_Atomic uint32_t nested_waiting;

static struct nested_block *take_entry(void)
{
    for (int i = 0; i < NESTED_BLOCKS; i++)
        if (!atomic_load_explicit(&blocks[i].taken, memory_order_relaxed) &&
            !atomic_exchange_explicit(&blocks[i].taken, true, memory_order_acquire))
            return &blocks[i];
    return NULL;
}

static struct nested_block *find(const void *p)
{
    if (likely(atomic_load_explicit(&live, memory_order_relaxed) == 0))
        return NULL;
    for (int i = 0; i < NESTED_BLOCKS; i++)
        if (atomic_load_explicit(&blocks[i].block, memory_order_acquire) == (uintptr_t)p)
            return &blocks[i];
    return NULL;
}

void *nested_malloc(size_t size, size_t align)
{
    size_t page = vm_page_bytes(), room = align > page ? align : 0;
    struct nested_block *entry = size <= PAYLOAD_MAX / 2 && room <= PAYLOAD_MAX / 2 ? take_entry() : NULL;
    if (!entry)
        return NULL;
    entry->mapped_bytes = align_up(size_max(size, 1) + room, page);
    entry->mapping = vm_map(entry->mapped_bytes);
    if (!entry->mapping) {
        atomic_store_explicit(&entry->taken, false, memory_order_release);
        return NULL;
    }
    uintptr_t block = align_up(entry->mapping, align);
    atomic_fetch_add_explicit(&live, 1, memory_order_relaxed);
    atomic_store_explicit(&entry->block, block, memory_order_release);
    return (void *)block;
}

bool nested_free_own(void *p)
{
    uintptr_t block = (uintptr_t)p;
    struct nested_block *entry = find(p);
    if (!entry || !atomic_compare_exchange_strong(&entry->block, &block, 0))
        return false;
    vm_unmap(entry->mapping, entry->mapped_bytes);
    atomic_fetch_sub_explicit(&live, 1, memory_order_relaxed);
    atomic_store_explicit(&entry->taken, false, memory_order_release);
    return true;
}

size_t nested_usable_size(const void *p)
{
    const struct nested_block *entry = find(p);
    return entry ? entry->mapping + entry->mapped_bytes - (uintptr_t)p : 0;
}

void nested_free(void *p)
{
    for (int i = 0; i < WAITING_BLOCKS; i++) {
        uintptr_t none = 0;
        if (atomic_compare_exchange_strong(&waiting[i], &none, (uintptr_t)p)) {
            atomic_fetch_add_explicit(&nested_waiting, 1, memory_order_release);
            return;
        }
    }
}

void *nested_take_waiting(void)
{
    for (int i = 0; i < WAITING_BLOCKS; i++) {
        uintptr_t p = atomic_load_explicit(&waiting[i], memory_order_relaxed);
        if (p && atomic_compare_exchange_strong(&waiting[i], &p, 0)) {
            atomic_fetch_sub_explicit(&nested_waiting, 1, memory_order_relaxed);
            return (void *)p;
        }
    }
    return NULL;
}

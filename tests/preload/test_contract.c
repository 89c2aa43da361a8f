/* What glibc promises of malloc and its kin, to the letter. Passes with glibc's own malloc too. */
#include "blocks.h"
#include "check.h"
#include "glibc_names.h"

#include <dirent.h>
#include <fcntl.h>
#include <wchar.h>

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)

static const size_t beyond_limit[] = {(size_t)PTRDIFF_MAX + 1,
                                      (size_t)PTRDIFF_MAX + 4096,
                                      SIZE_MAX - 4096,
                                      SIZE_MAX - 64,
                                      SIZE_MAX - 15,
                                      SIZE_MAX - 1,
                                      SIZE_MAX};

/* One or more sizes of every regime: small, medium, wide, runs, huge. */
static const size_t regimes[] = {1,        24,        100,         1000,     1024,     1025,
                                 3000,     8 * KIB,   8 * KIB + 1, 20 * KIB, 32 * KIB, 32 * KIB + 1,
                                 64 * KIB, 100 * KIB, 500 * KIB,   MIB,      MIB + 1,  3 * MIB,
                                 5 * MIB,  33 * MIB,  100 * MIB};

#define FOR_EACH(item, array)                                                                                \
    for (__typeof__(&(array)[0]) item = (array); item < (array) + sizeof(array) / sizeof *(array); item++)

static void *must(void *block)
{
    CHECK(block != NULL);
    return block;
}

static void refused(void *block)
{
    CHECK(opaque(block) == NULL);
    CHECK_THAT(errno == ENOMEM, "errno is %d", errno);
    errno = 0;
}

/* --- sizes and alignment -------------------------------------------------------------------------- */

static void malloc_aligns_every_size_to_16(void)
{
    for (size_t size = 0; size <= 4096; size++) {
        void *a = must(malloc(opaque_size(size))), *b = must(malloc(opaque_size(size)));
        CHECK_THAT(is_aligned(a, 16) && is_aligned(b, 16), "size %zu: %p and %p", size, a, b);
        free(a);
        free(b);
    }
    for (size_t size = 4096; size < 200 * MIB; size += size / 7 + 1) {
        void *block = must(malloc(size));
        CHECK_THAT(is_aligned(block, 16), "size %zu: %p", size, block);
        free(block);
    }
}

static void calloc_and_realloc_align_to_16(void)
{
    for (size_t size = 1; size < 4 * MIB; size += size / 9 + 1) {
        void *block = must(calloc(1, size));
        CHECK(is_aligned(block, 16));
        block = must(realloc(block, size * 2));
        CHECK(is_aligned(block, 16));
        free(block);
    }
}

static void blocks_of_size_zero_are_unique(void)
{
    void *blocks[100];
    for (int i = 0; i < 100; i += 5) {
        blocks[i] = must(malloc(opaque_size(0)));
        blocks[i + 1] = must(calloc(opaque_size(0), 8));
        blocks[i + 2] = must(calloc(8, opaque_size(0)));
        blocks[i + 3] = must(realloc(NULL, opaque_size(0)));
        blocks[i + 4] = must(aligned_alloc(64, opaque_size(0)));
    }
    for (int i = 0; i < 100; i++)
        for (int j = 0; j < i; j++)
            CHECK(blocks[i] != blocks[j]);
    for (int i = 0; i < 100; i++)
        free(blocks[i]);
}

static void blocks_of_every_regime_are_writable_and_apart(void)
{
    void *blocks[sizeof regimes / sizeof *regimes][2];
    size_t count = sizeof regimes / sizeof *regimes;
    for (size_t i = 0; i < 2 * count; i++) {
        blocks[i / 2][i % 2] = must(malloc(regimes[i / 2]));
        block_fill(blocks[i / 2][i % 2], regimes[i / 2], i);
    }
    for (size_t i = 0; i < 2 * count; i++) {
        CHECK(block_holds(blocks[i / 2][i % 2], regimes[i / 2], i));
        free(blocks[i / 2][i % 2]);
    }
}

/* --- what cannot be had --------------------------------------------------------------------------- */

static void malloc_beyond_ptrdiff_max_is_enomem(void)
{
    FOR_EACH(size, beyond_limit) refused(malloc(opaque_size(*size)));
    void *most = malloc(opaque_size(PTRDIFF_MAX)); /* allowed, but no machine has it */
    CHECK(most == NULL && errno == ENOMEM);
}

static void calloc_beyond_ptrdiff_max_is_enomem(void)
{
    FOR_EACH(size, beyond_limit)
    {
        refused(calloc(opaque_size(*size), 1));
        refused(calloc(1, opaque_size(*size)));
    }
}

static void calloc_overflow_is_enomem(void)
{
    refused(calloc(opaque_size(SIZE_MAX), 2));
    refused(calloc(2, opaque_size(SIZE_MAX)));
    refused(calloc(opaque_size((size_t)1 << 32), opaque_size((size_t)1 << 32)));
    refused(calloc(opaque_size(((size_t)1 << 32) + 1), opaque_size((size_t)1 << 32)));
    refused(calloc(opaque_size(SIZE_MAX / 16 + 2), 16));
    refused(calloc(opaque_size(SIZE_MAX), opaque_size(SIZE_MAX)));
}

static void realloc_beyond_ptrdiff_max_is_enomem_and_keeps_the_block(void)
{
    FOR_EACH(old, regimes)
    {
        if (*old > 5 * MIB)
            continue;
        void *block = must(malloc(*old));
        block_fill(block, *old, 7);
        FOR_EACH(size, beyond_limit)
        {
            refused(realloc(opaque(block), opaque_size(*size)));
            refused(reallocarray(opaque(block), opaque_size(*size), 1));
        }
        CHECK(block_holds(block, *old, 7));
        free(block);
    }
    FOR_EACH(size, beyond_limit) refused(realloc(NULL, opaque_size(*size)));
}

static void reallocarray_overflow_is_enomem_and_keeps_the_block(void)
{
    void *block = must(malloc(100));
    block_fill(block, 100, 8);
    refused(reallocarray(opaque(block), opaque_size(SIZE_MAX), 2));
    refused(reallocarray(opaque(block), opaque_size(SIZE_MAX / 8 + 2), 8));
    refused(reallocarray(opaque(block), opaque_size((size_t)1 << 32), opaque_size((size_t)1 << 32)));
    refused(reallocarray(NULL, opaque_size(SIZE_MAX), opaque_size(SIZE_MAX)));
    CHECK(block_holds(block, 100, 8));
    free(block);
}

static void aligned_forms_beyond_ptrdiff_max_are_enomem(void)
{
    for (size_t alignment = 8; alignment <= 64 * MIB; alignment *= 2)
        FOR_EACH(size, beyond_limit)
        {
            refused(memalign(opaque_size(alignment), opaque_size(*size)));
            refused(aligned_alloc(opaque_size(alignment), opaque_size(*size)));
            void *untouched = &untouched;
            errno = 55;
            int error = posix_memalign(&untouched, opaque_size(alignment), opaque_size(*size));
            CHECK(errno == 55);
            CHECK_THAT(error == ENOMEM, "alignment %zu, size %zu: %d", alignment, *size, error);
            CHECK(untouched == &untouched);
        }
}

static void valloc_and_pvalloc_near_size_max_do_not_wrap(void)
{
    FOR_EACH(size, beyond_limit)
    {
        refused(valloc(opaque_size(*size)));
        refused(pvalloc(opaque_size(*size)));
    }
    for (size_t less = 0; less <= 2 * 4096; less += 256) {
        refused(valloc(opaque_size(SIZE_MAX - less)));
        refused(pvalloc(opaque_size(SIZE_MAX - less)));
    }
}

static void a_terabyte_is_served_or_enomem(void)
{
    for (size_t size = (size_t)1 << 36; size <= (size_t)1 << 50; size <<= 1) {
        errno = 0;
        char *block = malloc(opaque_size(size));
        if (block == NULL)
            CHECK(errno == ENOMEM);
        if (block != NULL)
            block[0] = block[size - 1] = 1;
        free(block);
    }
    free(must(malloc(1000)));
}

/* --- calloc --------------------------------------------------------------------------------------- */

static void calloc_is_zero_after_dirty_reuse(void)
{
    FOR_EACH(size, regimes)
    {
        int rounds = *size > 10 * MIB ? 2 : *size > MIB ? 5 : 30;
        for (int round = 0; round < rounds; round++) {
            void *dirty[8];
            int count = *size > MIB ? 1 : 8;
            for (int i = 0; i < count; i++)
                memset(dirty[i] = must(malloc(*size)), 0xa5, *size);
            for (int i = 0; i < count; i++)
                free(dirty[i]);
            for (int i = 0; i < count; i++) {
                dirty[i] = must(calloc(1, *size));
                CHECK_THAT(block_is_zero(dirty[i], *size), "size %zu, round %d", *size, round);
                memset(dirty[i], 0x5a, *size);
            }
            for (int i = 0; i < count; i++)
                free(dirty[i]);
        }
    }
}

static void calloc_multiplies(void)
{
    for (size_t count = 1; count < 2000; count += 37) {
        unsigned char *block = must(calloc(count, 24));
        CHECK(block_is_zero(block, count * 24));
        CHECK(malloc_usable_size(block) >= count * 24);
        free(block);
    }
}

/* --- realloc -------------------------------------------------------------------------------------- */

static void realloc_of_null_allocates(void)
{
    FOR_EACH(size, regimes)
    {
        void *block = must(realloc(NULL, *size));
        CHECK(malloc_usable_size(block) >= *size);
        block_fill(block, *size, 1);
        free(block);
    }
}

static size_t resident_bytes(void)
{
    unsigned long pages = 0;
    char text[128] = "";
    int file = open("/proc/self/statm", O_RDONLY);
    if (read(file, text, sizeof text - 1) < 0 || sscanf(text, "%*u %lu", &pages) != 1)
        SKIP("no /proc");
    close(file);
    return pages * 4096;
}

static void realloc_to_zero_frees_and_returns_null(void)
{
    size_t before = resident_bytes();
    FOR_EACH(size, regimes)
    {
        for (size_t total = 0; total < 300 * MIB && total < *size * 3000; total += *size) {
            void *block = must(malloc(*size));
            memset(block, 1, *size);
            CHECK(realloc(opaque(block), opaque_size(0)) == NULL);
        }
    }
    size_t after = resident_bytes();
    CHECK_THAT(after < before + 256 * MIB, "%zu MiB more are resident", (after - before) / MIB);
}

static void realloc_keeps_the_contents_between_all_regimes(void)
{
    FOR_EACH(from, regimes)
    {
        FOR_EACH(to, regimes)
        {
            if (*from + *to > 30 * MIB && (*from == *to || *from < 5 * MIB || *to < 5 * MIB))
                continue;
            size_t kept = *from < *to ? *from : *to;
            void *block = must(malloc(*from));
            block_fill(block, *from, *from);
            block = must(realloc(block, *to));
            CHECK_THAT(block_holds(block, kept, *from), "from %zu to %zu", *from, *to);
            CHECK(malloc_usable_size(block) >= *to);
            block_fill(block, *to, *to);
            CHECK(block_holds(block, *to, *to));
            free(block);
        }
    }
}

static void realloc_grows_and_shrinks_step_by_step(void)
{
    size_t size = 1, previous = 1;
    char *block = must(malloc(size));
    block_fill(block, size, 3);
    while (size < 20 * MIB) {
        previous = size, size += size / 5 + 1;
        block = must(realloc(block, size));
        CHECK_THAT(block_holds(block, previous, 3), "from %zu to %zu", previous, size);
        block_fill(block, size, 3);
    }
    while (size > 1) {
        size -= size / 4 + 1;
        if (size == 0)
            size = 1;
        block = must(realloc(block, size));
        CHECK_THAT(block_holds(block, size, 3), "down to %zu", size);
    }
    free(block);
}

static void realloc_of_many_huge_blocks_keeps_them_apart(void)
{
    enum { BLOCKS = 6 };
    void *blocks[BLOCKS];
    size_t sizes[BLOCKS];
    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = must(malloc(sizes[i] = MIB + MIB / 2));
        block_fill(blocks[i], sizes[i], i);
    }
    for (int round = 0; round < 5; round++)
        for (size_t i = 0; i < BLOCKS; i++) {
            size_t size = sizes[i] + (i + 1) * 300 * KIB;
            blocks[i] = must(realloc(blocks[i], size));
            CHECK(block_holds(blocks[i], sizes[i], i));
            block_fill(blocks[i], sizes[i] = size, i);
        }
    for (size_t i = 0; i < BLOCKS; i++) {
        CHECK(block_holds(blocks[i], sizes[i], i));
        free(blocks[i]);
    }
}

static void realloc_of_an_aligned_block_keeps_the_contents(void)
{
    for (size_t alignment = 16; alignment <= 4 * MIB; alignment *= 4) {
        void *block = must(memalign(alignment, 5000));
        block_fill(block, 5000, alignment);
        block = must(realloc(block, 500000));
        CHECK(block_holds(block, 5000, alignment));
        block = must(realloc(block, 100));
        CHECK(block_holds(block, 100, alignment));
        free(block);
    }
}

static void reallocarray_resizes(void)
{
    char *block = must(reallocarray(NULL, 100, 10));
    block_fill(block, 1000, 4);
    block = must(reallocarray(block, 100, 1000));
    CHECK(block_holds(block, 1000, 4));
    CHECK(malloc_usable_size(block) >= 100000);
    free(block);
}

/* --- free ----------------------------------------------------------------------------------------- */

static void free_keeps_errno(void)
{
    FOR_EACH(size, regimes)
    {
        void *blocks[64];
        int count = *size > MIB ? 2 : 64;
        for (int i = 0; i < count; i++)
            blocks[i] = must(malloc(*size));
        for (int i = 0; i < count; i++) {
            errno = 1000 + i;
            free(blocks[i]);
            CHECK_THAT(errno == 1000 + i, "size %zu", *size);
        }
    }
    errno = 77;
    free(NULL);
    CHECK(errno == 77);
}

static void free_of_many_in_any_order(void)
{
    enum { BLOCKS = 20000 };
    static void *blocks[BLOCKS];
    uint64_t random = 5;
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < BLOCKS; i++)
            block_fill(blocks[i] = must(malloc(i % 700)), i % 700, i);
        for (size_t i = BLOCKS; i-- > 1;) {
            size_t j = random_below(&random, i + 1);
            void *swapped = blocks[i];
            blocks[i] = blocks[j], blocks[j] = swapped;
        }
        for (size_t i = 0; i < BLOCKS; i++)
            free(blocks[i]);
    }
}

static void sized_forms_of_free_work_if_present(void)
{
    void (*sized)(void *, size_t) = (void (*)(void *, size_t))dlsym(RTLD_DEFAULT, "free_sized");
    void (*aligned_sized)(void *, size_t, size_t) = (void (*)(void *, size_t, size_t))dlsym(
        RTLD_DEFAULT, "free_aligned_sized");
    if (sized == NULL || aligned_sized == NULL) {
        CHECK(!hakmem_is_here());
        SKIP("this libc has neither free_sized nor free_aligned_sized");
    }
    sized(NULL, 100);
    aligned_sized(NULL, 64, 128);
    FOR_EACH(size, regimes)
    {
        for (int i = 0; i < 20; i++) {
            errno = 99;
            sized(must(malloc(*size)), *size);
            aligned_sized(must(aligned_alloc(256, *size)), 256, *size);
            CHECK(errno == 99);
        }
    }
}

/* --- alignment ------------------------------------------------------------------------------------ */

static void every_alignment_serves_every_regime(void)
{
    FOR_EACH(size, regimes)
    {
        if (*size > 5 * MIB)
            continue;
        for (size_t alignment = 16; alignment <= 2 * MIB; alignment *= 2) {
            void *blocks[3] = {must(memalign(alignment, *size)), must(aligned_alloc(alignment, *size)), NULL};
            CHECK(posix_memalign(&blocks[2], alignment, *size) == 0);
            for (int i = 0; i < 3; i++) {
                CHECK_THAT(is_aligned(blocks[i], alignment), "%p for %zu", blocks[i], alignment);
                CHECK(malloc_usable_size(blocks[i]) >= *size);
                memset(blocks[i], i, *size);
            }
            for (int i = 0; i < 3; i++)
                free(blocks[i]);
        }
    }
}

static void aligned_blocks_lie_apart(void)
{
    enum { BLOCKS = 400 };
    static struct {
        void *block;
        size_t size;
    } live[BLOCKS];
    uint64_t random = 9;
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < BLOCKS; i++) {
            size_t alignment = (size_t)16 << random_below(&random, 14);
            live[i].size = random_below(&random, random_below(&random, 20) ? 3000 : 300000);
            live[i].block = must(memalign(alignment, live[i].size));
            CHECK(is_aligned(live[i].block, alignment));
            block_fill(live[i].block, live[i].size, i);
        }
        for (size_t i = 0; i < BLOCKS; i++) {
            CHECK(block_holds(live[i].block, live[i].size, i));
            free(live[i].block);
        }
    }
}

static void posix_memalign_refuses_a_bad_alignment(void)
{
    static const size_t bad[] = {0,  1,  2,   3,    4,    7,     9,        12,
                                 24, 48, 100, 4095, 4097, 12288, SIZE_MAX, SIZE_MAX - 7};
    FOR_EACH(alignment, bad)
    {
        void *untouched = &untouched;
        errno = 55;
        CHECK_THAT(posix_memalign(&untouched, opaque_size(*alignment), 100) == EINVAL, "%zu", *alignment);
        CHECK(untouched == &untouched);
        CHECK(errno == 55);
    }
}

static void memalign_takes_an_alignment_that_is_no_power_of_two(void)
{
    static const size_t odd[] = {0, 1, 2, 3, 5, 7, 17, 24, 33, 48, 65, 100, 1000, 4097, 70000, 3 * MIB};
    FOR_EACH(alignment, odd)
    {
        for (int i = 0; i < 2; i++) {
            size_t asked = opaque_size(*alignment);
            void *block = i ? memalign(asked, 300) : aligned_alloc(asked, 300);
            if (block == NULL) {
                CHECK(errno == EINVAL);
                continue;
            }
            size_t power = 16;
            while (power < *alignment)
                power *= 2;
            CHECK_THAT(is_aligned(block, power), "%p for %zu", block, *alignment);
            memset(block, 1, 300);
            free(block);
        }
    }
}

static void vast_alignments_are_served_or_refused(void)
{
    for (int shift = 22; shift < 64; shift++) {
        size_t alignment = (size_t)1 << shift;
        errno = 0;
        char *block = memalign(alignment, 100);
        CHECK_THAT(block != NULL || errno == ENOMEM || errno == EINVAL, "2^%d: errno %d", shift, errno);
        CHECK(is_aligned(block, alignment));
        if (block != NULL)
            block[0] = block[99] = 1;
        free(block);
        void *other = &other;
        int error = posix_memalign(&other, alignment, 5 * MIB);
        CHECK_THAT(error == 0 || error == ENOMEM || error == EINVAL, "2^%d: %d", shift, error);
        if (error != 0)
            CHECK(other == &other);
        if (error == 0)
            CHECK(is_aligned(other, alignment)), free(other);
    }
    refused(aligned_alloc(opaque_size((size_t)1 << 46), opaque_size((size_t)1 << 46)));
}

static void valloc_and_pvalloc_give_whole_pages(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    for (size_t size = 0; size < 300000; size += size / 3 + 1) {
        void *a = must(valloc(size)), *b = must(pvalloc(size));
        CHECK(is_aligned(a, page) && is_aligned(b, page));
        size_t whole = (size + page - 1) / page * page;
        CHECK(malloc_usable_size(a) >= size && malloc_usable_size(b) >= whole);
        memset(a, 1, size);
        memset(b, 2, whole);
        free(a);
        free(b);
    }
}

/* --- usable size ---------------------------------------------------------------------------------- */

static void usable_size_is_enough_stable_and_writable(void)
{
    CHECK(malloc_usable_size(NULL) == 0);
    for (size_t size = 0; size < 6 * MIB; size += size / 20 + 1) {
        void *neighbours[2] = {must(malloc(size)), must(malloc(size))};
        void *block = must(malloc(size));
        size_t usable = malloc_usable_size(block);
        CHECK_THAT(usable >= size, "%zu of %zu", usable, size);
        block_fill(neighbours[0], size, 1);
        block_fill(neighbours[1], size, 2);
        block_fill(block, usable, 3);
        CHECK(malloc_usable_size(block) == usable);
        CHECK(block_holds(neighbours[0], size, 1) && block_holds(neighbours[1], size, 2));
        CHECK(block_holds(block, usable, 3));
        free(block);
        free(neighbours[0]);
        free(neighbours[1]);
    }
}

static void usable_size_of_aligned_blocks_is_writable(void)
{
    for (size_t alignment = 32; alignment <= 2 * MIB; alignment *= 2)
        for (size_t size = 1; size < 5 * MIB; size = size * 3 + 5) {
            void *block = must(memalign(alignment, size));
            size_t usable = malloc_usable_size(block);
            CHECK(usable >= size);
            block_fill(block, usable, size);
            CHECK(malloc_usable_size(block) == usable);
            CHECK(block_holds(block, usable, size));
            free(block);
        }
}

/* --- glibc's own ---------------------------------------------------------------------------------- */

static void mallopt_returns_1(void)
{
    CHECK(mallopt(M_MMAP_THRESHOLD, 1 << 20) == 1);
    CHECK(mallopt(M_TRIM_THRESHOLD, 1 << 20) == 1);
    CHECK(mallopt(M_ARENA_MAX, 4) == 1);
    CHECK(mallopt(M_CHECK_ACTION, 3) == 1);
    free(must(malloc(100)));
}

#ifdef __GLIBC__
/* The struct's two parts of live memory, as glibc counts them. */
#define LIVE(info) ((size_t)(info).uordblks + (size_t)(info).hblkhd)

static void mallinfo_counts_what_is_live(void)
{
    enum { BLOCKS = 400 };
    static void *blocks[BLOCKS];
    size_t before = LIVE(mallinfo2());
    for (size_t i = 0; i < BLOCKS; i++)
        blocks[i] = must(malloc(10000));
    size_t during = LIVE(mallinfo2());
    CHECK_THAT(during >= before + BLOCKS * 10000ul, "from %zu to %zu", before, during);
    CHECK_THAT(during <= before + BLOCKS * 12000ul, "from %zu to %zu", before, during);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    size_t old_form = LIVE(mallinfo());
#pragma GCC diagnostic pop
    CHECK_THAT(old_form == during, "%zu, not %zu", old_form, during);
    for (size_t i = 0; i < BLOCKS; i++)
        free(blocks[i]);
    CHECK(LIVE(mallinfo2()) < during - BLOCKS * 9000ul);
}
#else
static void mallinfo_counts_what_is_live(void)
{
    SKIP("mallinfo is glibc's");
}
#endif

static void malloc_info_writes_xml(void)
{
    enum { BLOCKS = 100 };
    void *blocks[BLOCKS]; /* more than are guarded, however many are sampled */
    for (size_t i = 0; i < BLOCKS; i++)
        blocks[i] = malloc(100);
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    CHECK(malloc_info(0, stream) == 0);
    fclose(stream);
    CHECK(strncmp(text, "<malloc", 7) == 0);
    CHECK(strstr(text, "</malloc>") != NULL);
    CHECK(strstr(text, "<size from=\"") != NULL);
    CHECK(strstr(text, "<total type=\"rest\" count=\"") != NULL);
    CHECK(strstr(text, "<system type=\"current\" size=\"") != NULL);
    free(text);
    for (size_t i = 0; i < BLOCKS; i++)
        free(blocks[i]);
    CHECK(malloc_info(1, stdout) != 0);
}

static void malloc_stats_writes_to_stderr(void)
{
    char text[200] = "";
    FILE *file = tmpfile();
    int saved = dup(STDERR_FILENO);
    CHECK(file != NULL && saved >= 0);
    dup2(fileno(file), STDERR_FILENO);
    malloc_stats();
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    rewind(file);
    CHECK(fread(text, 1, sizeof text - 1, file) > 10);
    fclose(file);
}

static void malloc_trim_returns_0_or_1_and_keeps_blocks(void)
{
    enum { BLOCKS = 3000 };
    static void *blocks[BLOCKS];
    for (size_t i = 0; i < BLOCKS; i++)
        block_fill(blocks[i] = must(malloc(4000)), 4000, i);
    for (size_t i = 0; i < BLOCKS; i++)
        if (i % 3)
            free(blocks[i]);
    int gave = malloc_trim(0);
    CHECK(gave == 0 || gave == 1);
    for (size_t i = 0; i < BLOCKS; i += 3) {
        CHECK(block_holds(blocks[i], 4000, i));
        free(blocks[i]);
    }
    malloc_trim(100000);
    void *zero = must(calloc(1000, 1000));
    CHECK(block_is_zero(zero, 1000000));
    free(zero);
}

/* --- the names ------------------------------------------------------------------------------------ */

static void aliases_serve_and_free_the_same_blocks(void)
{
    static const char *const takes_size[] = {"malloc",        "valloc",        "pvalloc",
                                             "__libc_malloc", "__libc_valloc", "__libc_pvalloc"};
    static const char *const frees[] = {"free", "cfree", "__libc_free", "__libc_cfree"};
    FOR_EACH(take, takes_size)
    {
        FOR_EACH(give_back, frees)
        {
            void *(*allocate)(size_t) = (void *(*)(size_t))dlsym(RTLD_DEFAULT, *take);
            void (*release)(void *) = (void (*)(void *))dlsym(RTLD_DEFAULT, *give_back);
            if (allocate == NULL || release == NULL) {
                CHECK_THAT(!hakmem_is_here(), "%s or %s is missing", *take, *give_back);
                continue;
            }
            for (size_t size = 1; size < MIB; size *= 5) {
                void *block = must(allocate(size));
                CHECK(malloc_usable_size(block) >= size);
                memset(block, 1, size);
                release(block);
            }
        }
    }
}

static void aliases_of_the_other_entry_points_work(void)
{
    void *(*zeroed)(size_t, size_t) = (void *(*)(size_t, size_t))dlsym(RTLD_DEFAULT, "__libc_calloc");
    void *(*resize)(void *, size_t) = (void *(*)(void *, size_t))dlsym(RTLD_DEFAULT, "__libc_realloc");
    void *(*align)(size_t, size_t) = (void *(*)(size_t, size_t))dlsym(RTLD_DEFAULT, "__libc_memalign");
    int (*posix)(void **, size_t, size_t) = (int (*)(void **, size_t, size_t))dlsym(RTLD_DEFAULT,
                                                                                    "__posix_memalign");
    if (!zeroed || !resize || !align)
        SKIP("this libc has no __libc_ names");
    void *block = must(zeroed(100, 10));
    CHECK(block_is_zero(block, 1000));
    block = must(resize(block, 100000));
    CHECK(block_is_zero(block, 1000));
    free(block);
    block = must(align(4096, 100));
    CHECK(is_aligned(block, 4096));
    free(block);
    CHECK(posix != NULL || !hakmem_is_here());
    if (posix == NULL)
        return;
    CHECK(posix(&block, 64, 100) == 0 && is_aligned(block, 64));
    free(block);
    CHECK(posix(&block, 3, 100) == EINVAL);
}

static const char *provider_of(const char *name)
{
    Dl_info info;
    void *function = dlsym(RTLD_DEFAULT, name);
    if (function == NULL || dladdr(function, &info) == 0)
        return "nobody";
    const char *slash = strrchr(info.dli_fname, '/');
    const char *file = slash ? slash + 1 : info.dli_fname;
    return strncmp(file, "ld-musl", 7) == 0 ? "libc" : file;
}

static void provided_by(const char *name, const char *expected)
{
    const char *provider = provider_of(name);
    CHECK_THAT(strncmp(provider, expected, strlen(expected)) == 0, "%s comes from %s", name, provider);
}

static void every_allocating_name_is_served_by_one_library(void)
{
    static const char *const names[] = {"malloc",
                                        "calloc",
                                        "realloc",
                                        "free",
                                        "reallocarray",
                                        "posix_memalign",
                                        "aligned_alloc",
                                        "memalign",
                                        "valloc",
                                        "pvalloc",
                                        "malloc_usable_size",
                                        "malloc_info",
                                        "malloc_stats",
                                        "malloc_trim",
                                        "mallopt",
                                        "__libc_malloc",
                                        "__libc_calloc",
                                        "__libc_realloc",
                                        "__libc_free",
                                        "__libc_memalign",
                                        "__libc_valloc",
                                        "__libc_pvalloc"};
    static const char *const only_hakmem[] = {"cfree",
                                              "free_sized",
                                              "free_aligned_sized",
                                              "__libc_cfree",
                                              "__posix_memalign",
                                              "_Znwm",
                                              "_Znam",
                                              "_ZnwmRKSt9nothrow_t",
                                              "_ZnamRKSt9nothrow_t",
                                              "_ZnwmSt11align_val_t",
                                              "_ZnamSt11align_val_t",
                                              "_ZnwmSt11align_val_tRKSt9nothrow_t",
                                              "_ZnamSt11align_val_tRKSt9nothrow_t",
                                              "_ZdlPv",
                                              "_ZdaPv",
                                              "_ZdlPvm",
                                              "_ZdaPvm",
                                              "_ZdlPvRKSt9nothrow_t",
                                              "_ZdaPvRKSt9nothrow_t",
                                              "_ZdlPvSt11align_val_t",
                                              "_ZdaPvSt11align_val_t",
                                              "_ZdlPvmSt11align_val_t",
                                              "_ZdaPvmSt11align_val_t",
                                              "_ZdlPvSt11align_val_tRKSt9nothrow_t",
                                              "_ZdaPvSt11align_val_tRKSt9nothrow_t"};
    const char *expected = hakmem_is_here() ? "libhakmem.so" : "libc";
    FOR_EACH(name, names)
    provided_by(*name, expected);
#ifdef __GLIBC__
    provided_by("mallinfo", expected);
    provided_by("mallinfo2", expected);
#endif
    if (!hakmem_is_here())
        return;
    FOR_EACH(name, only_hakmem)
    provided_by(*name, expected);
}

static void strdup_and_kin_stay_with_libc(void)
{
    static const char *const names[] = {
        "strdup",         "strndup", "wcsdup", "getline",        "getdelim",    "asprintf", "vasprintf",
        "realpath",       "scandir", "getcwd", "open_memstream", "tempnam",     "fopen",    "dlsym",
        "pthread_create", "mmap",    "fork",   "sbrk",           "__cxa_atexit"};
    FOR_EACH(name, names)
    provided_by(*name, "libc");
#ifdef __GLIBC__
    provided_by("__strdup", "libc");
    provided_by("__strndup", "libc");
    provided_by("canonicalize_file_name", "libc");
#endif
}

/* --- blocks that libc makes ----------------------------------------------------------------------- */

static void give_back(void *block)
{
    CHECK(block != NULL);
    __typeof__(hakmem_owns) *owns = HAKMEM(hakmem_owns);
    if (owns != NULL)
        CHECK_THAT(owns(block), "%p is not HAKMEM's", block);
    free(block);
}

static void strings_that_libc_makes_can_be_freed(void)
{
    give_back(strdup("a"));
    give_back(strndup("abcdef", 3));
    give_back(wcsdup(L"wide"));
    give_back(getcwd(NULL, 0));
    give_back(get_current_dir_name());
    give_back(realpath("/proc/self/../self", NULL));
#ifdef __GLIBC__
    give_back(canonicalize_file_name("/"));
#endif
    char *text = NULL;
    CHECK(asprintf(&text, "%0*d", 3000, 7) == 3000);
    give_back(text);
}

static void streams_make_blocks_that_can_be_freed(void)
{
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    for (int i = 0; i < 5000; i++)
        fprintf(stream, "line %d\n", i);
    fclose(stream);
    CHECK(length > 40000);
    stream = fmemopen(text, length, "r");
    char *line = NULL;
    size_t room = 0, lines = 0;
    while (getline(&line, &room, stream) > 0)
        lines++;
    CHECK(lines == 5000);
    fclose(stream);
    give_back(line);
    give_back(text);
    line = malloc(1), room = 1; /* getline grows a block of ours */
    stream = fopen("/proc/self/maps", "r");
    CHECK(getdelim(&line, &room, '\n', stream) > 1);
    fclose(stream);
    give_back(line);
    char *word = NULL;
    CHECK(sscanf("hello world", "%ms", &word) == 1);
    give_back(word);
}

static void directories_make_blocks_that_can_be_freed(void)
{
    struct dirent **names;
    int count = scandir("/proc/self", &names, NULL, alphasort);
    CHECK(count > 5);
    for (int i = 0; i < count; i++)
        give_back(names[i]);
    give_back(names);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(malloc_aligns_every_size_to_16),
        TEST(calloc_and_realloc_align_to_16),
        TEST(blocks_of_size_zero_are_unique),
        TEST(blocks_of_every_regime_are_writable_and_apart),
        TEST(malloc_beyond_ptrdiff_max_is_enomem),
        TEST(calloc_beyond_ptrdiff_max_is_enomem),
        TEST(calloc_overflow_is_enomem),
        TEST(realloc_beyond_ptrdiff_max_is_enomem_and_keeps_the_block),
        TEST(reallocarray_overflow_is_enomem_and_keeps_the_block),
        TEST(aligned_forms_beyond_ptrdiff_max_are_enomem),
        TEST(valloc_and_pvalloc_near_size_max_do_not_wrap),
        TEST(a_terabyte_is_served_or_enomem),
        TEST(calloc_is_zero_after_dirty_reuse),
        TEST(calloc_multiplies),
        TEST(realloc_of_null_allocates),
        TEST(realloc_to_zero_frees_and_returns_null),
        TEST(realloc_keeps_the_contents_between_all_regimes),
        TEST(realloc_grows_and_shrinks_step_by_step),
        TEST(realloc_of_many_huge_blocks_keeps_them_apart),
        TEST(realloc_of_an_aligned_block_keeps_the_contents),
        TEST(reallocarray_resizes),
        TEST(free_keeps_errno),
        TEST(free_of_many_in_any_order),
        TEST(sized_forms_of_free_work_if_present),
        TEST(every_alignment_serves_every_regime),
        TEST(aligned_blocks_lie_apart),
        TEST(posix_memalign_refuses_a_bad_alignment),
        TEST(memalign_takes_an_alignment_that_is_no_power_of_two),
        TEST(vast_alignments_are_served_or_refused),
        TEST(valloc_and_pvalloc_give_whole_pages),
        TEST(usable_size_is_enough_stable_and_writable),
        TEST(usable_size_of_aligned_blocks_is_writable),
        TEST(mallopt_returns_1),
        TEST(mallinfo_counts_what_is_live),
        TEST(malloc_info_writes_xml),
        TEST(malloc_stats_writes_to_stderr),
        TEST(malloc_trim_returns_0_or_1_and_keeps_blocks),
        TEST(aliases_serve_and_free_the_same_blocks),
        TEST(aliases_of_the_other_entry_points_work),
        TEST(every_allocating_name_is_served_by_one_library),
        TEST(strdup_and_kin_stay_with_libc),
        TEST(strings_that_libc_makes_can_be_freed),
        TEST(streams_make_blocks_that_can_be_freed),
        TEST(directories_make_blocks_that_can_be_freed),
    };
    return RUN_TESTS(argc, argv, tests);
}

/* A program linked with HAKMEM, shared or static, and the functions of hakmem.h. */
#include "glibc_names.h"
#include "preload/blocks.h"
#include "preload/check.h"

#include <pthread.h>

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)

static void *must(void *block)
{
    CHECK(block != NULL);
    return block;
}

/* --- linked at all -------------------------------------------------------------------------------- */

static void every_entry_point_is_hakmems(void)
{
    void *blocks[] = {malloc(100),
                      calloc(10, 10),
                      realloc(NULL, 100),
                      reallocarray(NULL, 10, 10),
                      memalign(64, 100),
                      aligned_alloc(64, 128),
                      valloc(100),
                      pvalloc(100),
                      NULL};
    CHECK(posix_memalign(&blocks[8], 64, 100) == 0);
    for (size_t i = 0; i < 9; i++) {
        CHECK_THAT(hakmem_owns(blocks[i]), "block %zu, %p", i, blocks[i]);
        CHECK(hakmem_usable_size(blocks[i]) >= 100);
        free(blocks[i]);
    }
}

static void libc_allocates_from_hakmem(void)
{
    char *text = strdup("hello");
    CHECK(hakmem_owns(text));
    free(text);
    FILE *stream = fopen("/dev/null", "r");
    CHECK(stream != NULL && hakmem_owns(stream));
    fclose(stream);
    char *path = realpath("/", NULL);
    CHECK(hakmem_owns(path));
    free(path);
}

/* --- version, sizes, owns ------------------------------------------------------------------------- */

static void the_version_is_the_headers(void)
{
    char expected[40];
    snprintf(expected, sizeof expected, "%d.%d.%d", HAKMEM_VERSION_MAJOR, HAKMEM_VERSION_MINOR,
             HAKMEM_VERSION_PATCH);
    CHECK_THAT(strcmp(hakmem_version(), expected) == 0, "%s, not %s", hakmem_version(), expected);
    CHECK(hakmem_version() == hakmem_version());
}

static void good_size_is_the_usable_size_of_malloc(void)
{
    for (size_t size = 0; size <= MIB; size++) {
        void *block = must(malloc(opaque_size(size)));
        size_t good = hakmem_good_size(size), usable = hakmem_usable_size(block);
        CHECK_THAT(good == usable && good >= size, "size %zu: good %zu, usable %zu", size, good, usable);
        CHECK(malloc_usable_size(block) == usable);
        free(block);
    }
    for (size_t size = MIB; size < 300 * MIB; size += size / 3 + 4095) {
        void *block = must(malloc(size));
        CHECK_THAT(hakmem_good_size(size) == hakmem_usable_size(block), "size %zu", size);
        free(block);
    }
}

static void good_size_wastes_nothing_and_at_most_an_eighth(void)
{
    for (size_t size = 1; size <= 32 * KIB; size++) {
        size_t good = hakmem_good_size(size);
        CHECK_THAT(hakmem_good_size(good) == good, "size %zu: good %zu, of it %zu", size, good,
                   hakmem_good_size(good));
        CHECK_THAT(good - size <= 15 || (good - size) * 8 <= good, "size %zu: good %zu", size, good);
        CHECK(good % 16 == 0);
    }
}

static void good_size_of_what_cannot_exist_is_0(void)
{
    CHECK(hakmem_good_size((size_t)PTRDIFF_MAX + 1) == 0);
    CHECK(hakmem_good_size(SIZE_MAX - 15) == 0);
    CHECK(hakmem_good_size(SIZE_MAX) == 0);
}

static void usable_size_of_what_is_not_ours_is_0(void)
{
    static char object[100];
    char local[100];
    errno = 66;
    CHECK(hakmem_usable_size(NULL) == 0);
    CHECK(hakmem_usable_size(object) == 0);
    CHECK(hakmem_usable_size(opaque(local)) == 0);
    CHECK(hakmem_usable_size((void *)(uintptr_t)16) == 0);
    CHECK(hakmem_usable_size((void *)UINTPTR_MAX) == 0);
    CHECK(hakmem_usable_size((void *)(UINTPTR_MAX / 2)) == 0);
    CHECK(errno == 66);
}

static void owns_blocks_and_nothing_else(void)
{
    static char object[100];
    char local[100];
    static const size_t sizes[] = {0, 1, 1000, 30 * KIB, 100 * KIB, MIB, 5 * MIB};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char *block = must(malloc(sizes[i]));
        CHECK(hakmem_owns(block));
        CHECK(hakmem_owns(block + sizes[i] / 2));
        if (sizes[i] > 0)
            CHECK(hakmem_owns(block + sizes[i] - 1));
        free(block);
    }
    CHECK(!hakmem_owns(NULL));
    CHECK(!hakmem_owns(object));
    CHECK(!hakmem_owns(opaque(local)));
    CHECK(!hakmem_owns((void *)(uintptr_t)&owns_blocks_and_nothing_else));
    CHECK(!hakmem_owns((void *)(uintptr_t)1));
    CHECK(!hakmem_owns((void *)UINTPTR_MAX));
}

/* --- stats ---------------------------------------------------------------------------------------- */

static struct hakmem_stats stats_now(void)
{
    struct hakmem_stats stats;
    CHECK(hakmem_stats_read(&stats, sizeof stats));
    return stats;
}

static void stats_count_live_blocks_exactly(void)
{
    enum { BLOCKS = 1000 };
    static void *blocks[BLOCKS];
    free(malloc(1)); /* the first call may have libc allocate too: musl's pthread_atfork does */
    hakmem_option_set("HAKMEM_SCAVENGER", "0"); /* libc has blocks for a thread */
    struct hakmem_stats before = stats_now();
    uint64_t usable = 0;
    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = must(malloc(i * i % 50000 + (i == 500 ? 3 * MIB : 0)));
        usable += hakmem_usable_size(blocks[i]);
    }
    struct hakmem_stats during = stats_now();
    CHECK(during.live_blocks == before.live_blocks + BLOCKS);
    CHECK_THAT(during.live_bytes == before.live_bytes + usable, "%zu more bytes, not %zu",
               (size_t)(during.live_bytes - before.live_bytes), (size_t)usable);
    CHECK(during.mapped_bytes >= during.live_bytes);
    CHECK(during.superslabs >= during.superslabs_in_use && during.superslabs_in_use > 0);
    CHECK(during.metadata_bytes > 0 && during.heaps >= 1);
    for (size_t i = 0; i < BLOCKS; i++)
        free(blocks[i]);
    struct hakmem_stats after = stats_now();
    CHECK(after.live_blocks == before.live_blocks && after.live_bytes == before.live_bytes);
}

static void *leave_blocks(void *blocks)
{
    for (size_t i = 0; i < 100; i++)
        ((void **)blocks)[i] = must(malloc(200));
    return NULL;
}

static void stats_count_the_blocks_of_ended_threads(void)
{
    static void *blocks[100];
    pthread_t thread;
    uint64_t before = stats_now().live_blocks;
    CHECK(pthread_create(&thread, NULL, leave_blocks, blocks) == 0);
    pthread_join(thread, NULL);
    uint64_t during = stats_now().live_blocks;
    CHECK_THAT(during >= before + 100 && during <= before + 110, "%zu blocks, before %zu", (size_t)during,
               (size_t)before);
    for (size_t i = 0; i < 100; i++)
        free(blocks[i]);
    CHECK(stats_now().live_blocks == during - 100);
}

static void stats_fill_no_more_than_they_are_given(void)
{
    struct {
        uint64_t live_bytes, live_blocks, guard;
    } shorter = {0, 0, 0x1234567890abcdef};
    void *block = must(malloc(1));
    CHECK(hakmem_stats_read((struct hakmem_stats *)(void *)&shorter, 16));
    free(block);
    CHECK(shorter.live_blocks > 0 && shorter.guard == 0x1234567890abcdef);
    CHECK(hakmem_stats_read((struct hakmem_stats *)(void *)&shorter, 0));
    struct {
        struct hakmem_stats stats;
        uint64_t more;
    } longer = {.more = 5};
    CHECK(hakmem_stats_read(&longer.stats, sizeof longer));
    CHECK(longer.stats.live_blocks > 0);
    CHECK(!hakmem_stats_read(NULL, sizeof longer));
}

/* --- trim ----------------------------------------------------------------------------------------- */

static size_t resident_bytes(void)
{
    size_t pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    CHECK(file != NULL && fscanf(file, "%*u %zu", &pages) == 1);
    fclose(file);
    return pages * 4096;
}

static void trim_gives_back_what_is_free(void)
{
    enum { BLOCKS = 40000 };
    static void *blocks[BLOCKS];
    void *kept = must(malloc(1000));
    block_fill(kept, 1000, 6);
    for (size_t i = 0; i < BLOCKS; i++)
        memset(blocks[i] = must(malloc(1000)), 1, 1000);
    void *large = memset(must(malloc(20 * MIB)), 1, 20 * MIB);
    size_t before = resident_bytes();
    for (size_t i = 0; i < BLOCKS; i++)
        free(blocks[i]);
    free(large);
    size_t given = hakmem_trim(), after = resident_bytes();
    CHECK_THAT(after + 50 * MIB < before, "resident were %zu KiB and are %zu KiB; trim says %zu",
               before / KIB, after / KIB, given);
    CHECK(block_holds(kept, 1000, 6));
    free(kept);
    void *zero = must(calloc(20, MIB));
    CHECK(block_is_zero(zero, 20 * MIB));
    free(zero);
}

static void trim_twice_gives_little(void)
{
    free(must(malloc(10 * MIB)));
    hakmem_trim();
    CHECK(hakmem_trim() <= 64 * KIB);
}

/* --- walk ----------------------------------------------------------------------------------------- */

struct count {
    size_t blocks, stop_after, wanted_seen;
    const void *wanted, *last;
    size_t wanted_usable;
};

static bool count_block(void *block, size_t usable, void *argument)
{
    struct count *count = argument;
    CHECK((uintptr_t)block > (uintptr_t)count->last);
    CHECK(usable > 0);
    count->last = block;
    count->blocks++;
    if (block == count->wanted) {
        count->wanted_seen++;
        count->wanted_usable = usable;
    }
    return count->blocks != count->stop_after;
}

static void walk_visits_each_live_block_once(void)
{
    static const size_t sizes[] = {0, 1, 16, 100, 1000, 3000, 20 * KIB, 32 * KIB, 100 * KIB, MIB, 5 * MIB};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        void *block = must(malloc(sizes[i]));
        struct count count = {.wanted = block};
        CHECK(hakmem_walk(count_block, &count));
        CHECK_THAT(count.wanted_seen == 1, "a block of %zu bytes is seen %zu times", sizes[i],
                   count.wanted_seen);
        CHECK(count.wanted_usable == hakmem_usable_size(block));
        free(block);
        count = (struct count){.wanted = block};
        CHECK(hakmem_walk(count_block, &count));
        CHECK_THAT(count.wanted_seen == 0, "a free block of %zu bytes is seen", sizes[i]);
    }
}

static void walk_stops_when_it_is_told(void)
{
    void *blocks[10];
    for (int i = 0; i < 10; i++)
        blocks[i] = must(malloc(100));
    struct count count = {.stop_after = 3};
    CHECK(!hakmem_walk(count_block, &count));
    CHECK(count.blocks == 3);
    for (int i = 0; i < 10; i++)
        free(blocks[i]);
}

static void walk_counts_what_stats_count(void)
{
    struct count count = {0};
    CHECK(hakmem_walk(count_block, &count));
    CHECK(count.blocks == stats_now().live_blocks);
}

/* --- options -------------------------------------------------------------------------------------- */

static const char *option(const char *name)
{
    static char value[32];
    CHECK_THAT(hakmem_option_get(name, value, sizeof value), "no option %s", name);
    return value;
}

static void options_have_their_defaults(void)
{
    static const char *const defaults[][3] = {
#define NUMBER ""
#define MEBIBYTES ""
#define OPTION(field, name, default_value, minimum, maximum, form, when, help) {name, #default_value, form},
#include "base/options.def"
#undef OPTION
    };
    for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++)
        if (getenv(defaults[i][0]) == NULL && !*defaults[i][2])
            CHECK(strcmp(option(defaults[i][0]), defaults[i][1]) == 0);
}

static void an_option_can_be_set(void)
{
    CHECK(hakmem_option_set("HAKMEM_FC_CAP", "64"));
    CHECK(strcmp(option("HAKMEM_FC_CAP"), "64") == 0);
    CHECK(hakmem_option_set("HAKMEM_TINY_FRONT_DIRECT", "0"));
    void *blocks[2000];
    for (int i = 0; i < 2000; i++)
        blocks[i] = must(malloc(100));
    for (int i = 0; i < 2000; i++)
        free(blocks[i]);
    CHECK(hakmem_option_set("HAKMEM_FC_CAP", "4096"));
    CHECK(hakmem_option_set("HAKMEM_TINY_FRONT_DIRECT", "1"));
    for (int i = 0; i < 2000; i++)
        blocks[i] = must(malloc(100));
    for (int i = 0; i < 2000; i++)
        free(blocks[i]);
    CHECK(hakmem_option_set("HAKMEM_SS_LRU_SIZE", "0"));
    free(must(malloc(50 * MIB)));
    CHECK(stats_now().superslabs_lru == 0);
}

static void unknown_options_are_enoent(void)
{
    char value[32] = "as before";
    errno = 0;
    CHECK(!hakmem_option_get("HAKMEM_NO_SUCH_OPTION", value, sizeof value) && errno == ENOENT);
    CHECK(strcmp(value, "as before") == 0);
    errno = 0;
    CHECK(!hakmem_option_set("HAKMEM_NO_SUCH_OPTION", "1") && errno == ENOENT);
    errno = 0;
    CHECK(!hakmem_option_set("HAKMEM_FC_CA", "64") && errno == ENOENT);
    errno = 0;
    CHECK(!hakmem_option_set("HAKMEM_FC_CAPS", "64") && errno == ENOENT);
    errno = 0;
    CHECK(!hakmem_option_set("", "64") && errno == ENOENT);
}

static void wrong_values_are_einval_and_change_nothing(void)
{
    static const char *const wrong[] = {"",
                                        "x",
                                        "3",
                                        "4097",
                                        "-1",
                                        "64x",
                                        "0x40",
                                        " 64",
                                        "64 ",
                                        "1e2",
                                        "99999999999999999999",
                                        "18446744073709551680"};
    CHECK(hakmem_option_set("HAKMEM_FC_CAP", "128"));
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        errno = 0;
        bool set = hakmem_option_set("HAKMEM_FC_CAP", wrong[i]);
        CHECK_THAT(!set && errno == EINVAL, "\"%s\": %s, errno %d", wrong[i], set ? "set" : "refused", errno);
        CHECK(strcmp(option("HAKMEM_FC_CAP"), "128") == 0);
    }
    CHECK(hakmem_option_set("HAKMEM_FC_CAP", "4") && hakmem_option_set("HAKMEM_FC_CAP", "4096"));
}

static void options_of_the_start_are_eperm(void)
{
    errno = 0;
    CHECK(!hakmem_option_set("HAKMEM_SS_PREWARM", "1") && errno == EPERM);
    errno = 0;
    CHECK(!hakmem_option_set("HAKMEM_FRONT_STATS", "1") && errno == EPERM);
    CHECK(strcmp(option("HAKMEM_SS_PREWARM"), "0") == 0);
}

static void short_buffers_are_erange(void)
{
    char value[8] = "xxxxxxx";
    CHECK(hakmem_option_set("HAKMEM_FC_CAP", "1234"));
    errno = 0;
    CHECK(!hakmem_option_get("HAKMEM_FC_CAP", value, 4) && errno == ERANGE);
    CHECK(value[4] == 'x');
    errno = 0;
    CHECK(!hakmem_option_get("HAKMEM_FC_CAP", value, 0) && errno == ERANGE);
    CHECK(hakmem_option_get("HAKMEM_FC_CAP", value, 5) && strcmp(value, "1234") == 0);
    CHECK(value[5] == 'x');
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(every_entry_point_is_hakmems),
        TEST(libc_allocates_from_hakmem),
        TEST(the_version_is_the_headers),
        TEST(good_size_is_the_usable_size_of_malloc),
        TEST(good_size_wastes_nothing_and_at_most_an_eighth),
        TEST(good_size_of_what_cannot_exist_is_0),
        TEST(usable_size_of_what_is_not_ours_is_0),
        TEST(owns_blocks_and_nothing_else),
        TEST(stats_count_live_blocks_exactly),
        TEST(stats_count_the_blocks_of_ended_threads),
        TEST(stats_fill_no_more_than_they_are_given),
        TEST(trim_gives_back_what_is_free),
        TEST(trim_twice_gives_little),
        TEST(walk_visits_each_live_block_once),
        TEST(walk_stops_when_it_is_told),
        TEST(walk_counts_what_stats_count),
        TEST(options_have_their_defaults),
        TEST(an_option_can_be_set),
        TEST(unknown_options_are_enoent),
        TEST(wrong_values_are_einval_and_change_nothing),
        TEST(options_of_the_start_are_eperm),
        TEST(short_buffers_are_erange),
    };
    return RUN_TESTS(argc, argv, tests);
}

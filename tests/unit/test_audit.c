/* heap/audit.c and what HAKMEM_ON_ERROR does: misuse that a fast path took in is found on the next slow path,
 * and a program that goes on after it never has two owners of one block. */
#include "unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "front/front.h"
#include "heap/audit.h"
#include "heap/fastcache.h"
#include "heap/misuse.h"

enum { BYTES = 48, MANY = 3000 };

static void go_on_after_misuse(uint32_t policy)
{
    atomic_store(&options.on_error, policy);
}

/* Frees p, another, and p again: the fast path takes all three. */
static void *free_twice_of(size_t size)
{
    void *p = front_malloc(size), *other = front_malloc(size);
    front_free(p);
    front_free(other);
    front_free(p);
    return p;
}

static void *free_twice(void)
{
    return free_twice_of(BYTES);
}

/* In the FastCache: what finds it full is looked at at once. */
static void make_room(size_t size)
{
    for (int i = 0; i < 4; i++)
        EXPECT(front_malloc(size));
}

/* A class without a FastCache yet gets one. */
static void use_another_class(void)
{
    front_free(front_malloc(1000));
}

static int compare(const void *a, const void *b)
{
    uintptr_t x = *(const uintptr_t *)a, y = *(const uintptr_t *)b;
    return (x > y) - (x < y);
}

/* Many blocks of the class, none of which overlaps another. */
static void expect_one_owner_each(void)
{
    static uintptr_t blocks[MANY];
    for (size_t i = 0; i < MANY; i++)
        blocks[i] = (uintptr_t)front_malloc(BYTES);
    qsort(blocks, MANY, sizeof *blocks, compare);
    for (size_t i = 1; i < MANY; i++)
        EXPECT(blocks[i] >= blocks[i - 1] + BYTES);
    for (size_t i = 0; i < MANY; i++)
        front_free((void *)blocks[i]);
    unit_validate();
}

static void twice_then_another_class(void *unused)
{
    (void)unused;
    free_twice();
    use_another_class();
}

static void double_free_is_found_when_a_class_gets_its_fastcache(void **state)
{
    (void)state;
    unit_expect_abort(twice_then_another_class, NULL, "double free of");
}

/* More classes than one audit looks at: the next ones go on where it ended. */
static void twice_among_many_classes(void *unused)
{
    enum { USED = 40 };
    (void)unused;
    for (unsigned c = 0; c < USED; c++)
        front_free(front_malloc(class_size(c)));
    make_room(class_size(USED / 2));
    free_twice_of(class_size(USED / 2));
    for (unsigned c = USED; c < USED + USED / 8 + 1; c++)
        front_free(front_malloc(class_size(c)));
}

static void double_free_is_found_when_some_more_classes_get_their_fastcache(void **state)
{
    (void)state;
    unit_expect_abort(twice_among_many_classes, NULL, "double free of");
}

static void twice_then_some_refills(void *unused)
{
    (void)unused;
    use_another_class();
    make_room(BYTES);
    free_twice();
    for (int i = 0; i < FASTCACHE_DECAY_MISSES * FASTCACHE_START_BLOCKS; i++)
        EXPECT(front_malloc(1000));
}

static void double_free_is_found_after_some_refills_of_another_class(void **state)
{
    (void)state;
    unit_expect_abort(twice_then_some_refills, NULL, "double free of");
}

static void inside_then_another_class(void *unused)
{
    (void)unused;
    char *p = front_malloc(BYTES);
    front_free(p + 16);
    use_another_class();
}

static void free_inside_is_found_when_a_class_gets_its_fastcache(void **state)
{
    (void)state;
    unit_expect_abort(inside_then_another_class, NULL, "which lies inside the block at");
}

static void never_given_out(void *unused)
{
    (void)unused;
    char *p = front_malloc(BYTES);
    front_free(p + 500 * BYTES); /* of the same slab, and free */
    use_another_class();
}

static void free_of_a_block_that_is_free_is_found_when_a_class_gets_its_fastcache(void **state)
{
    (void)state;
    unit_expect_abort(never_given_out, NULL, "double free of");
}

/* As if the block had been freed twice, and its slab released and used for another class between. */
static void of_another_class(void *unused)
{
    (void)unused;
    void *other = front_malloc(4 * BYTES);
    front_free(front_malloc(BYTES));
    *++tls_heap->top[class_of_size(BYTES)] = other;
    use_another_class();
}

static void a_block_whose_slab_changed_its_class_is_found_when_a_class_gets_its_fastcache(void **state)
{
    (void)state;
    unit_expect_abort(of_another_class, NULL, "its memory is free already");
}

static void fill_until_full(void *unused)
{
    (void)unused;
    void *p = front_malloc(BYTES), *last = front_malloc(BYTES);
    unsigned size_class = class_of_size(BYTES);
    while (tls_heap->top[size_class] + 2 < tls_heap->limit[size_class]) { /* as if all were freed */
        void *other = front_malloc(4 * BYTES);
        *++tls_heap->top[size_class] = other;
    }
    front_free(p);
    front_free(last);
    front_free(p);
}

static void double_free_is_found_when_the_fastcache_is_full(void **state)
{
    (void)state;
    unit_expect_abort(fill_until_full, NULL, "double free of");
}

static void at_once(void *unused)
{
    (void)unused;
    void *p = front_malloc(BYTES);
    front_free(p);
    front_free(p);
}

static void double_free_at_once_is_found_at_once(void **state)
{
    (void)state;
    unit_expect_abort(at_once, NULL, "double free of");
}

static void misaligned(void *unused)
{
    (void)unused;
    front_free((char *)front_malloc(BYTES) + 8);
}

static void free_of_a_misaligned_pointer_is_found_at_once(void **state)
{
    (void)state;
    unit_expect_abort(misaligned, NULL, "offset 8)");
}

/* ---- going on */

ISOLATED(after_a_warning_nobody_gets_a_block_twice)
{
    go_on_after_misuse(ON_ERROR_WARN);
    free_twice();
    use_another_class();
    expect_one_owner_each();
}

ISOLATED(after_a_warning_a_block_freed_twice_at_once_is_given_out_once)
{
    go_on_after_misuse(ON_ERROR_WARN);
    at_once(NULL);
    void *one = front_malloc(BYTES), *other = front_malloc(BYTES);
    EXPECT(one != other);
}

/* The audit takes out the block in question, not the one on top. */
ISOLATED(after_a_warning_nobody_gets_a_block_twice_though_another_was_freed_since)
{
    go_on_after_misuse(ON_ERROR_WARN);
    void *third = front_malloc(BYTES);
    free_twice();
    front_free(third);
    use_another_class();
    EXPECT(front_malloc(BYTES) == third);
    front_free(third);
    expect_one_owner_each();
}

ISOLATED(after_a_warning_nobody_gets_the_inside_of_a_block)
{
    go_on_after_misuse(ON_ERROR_WARN);
    char *p = front_malloc(BYTES);
    front_free(p + 16);
    front_free(p + 8);
    front_free((char *)front_malloc(100000) + 5 * UNIT_BYTES / 4);
    use_another_class();
    expect_one_owner_each();
}

static void free_all(void *blocks)
{
    for (size_t i = 0; i < MANY; i++)
        front_free(((void **)blocks)[i]);
}

ISOLATED(after_a_warning_a_double_free_from_another_thread_changes_nothing)
{
    go_on_after_misuse(ON_ERROR_IGNORE);
    static void *blocks[MANY];
    for (size_t i = 0; i < MANY; i++)
        blocks[i] = front_malloc(BYTES);
    unit_in_thread(free_all, blocks);
    registry_reclaim();
    unit_in_thread(free_all, blocks);
    registry_reclaim(); /* before the blocks are given out again: no allocator tells a late double free */
    expect_one_owner_each();
}

static void two_mistakes(void *policy)
{
    go_on_after_misuse((uint32_t)(uintptr_t)policy);
    at_once(NULL);
    misaligned(NULL);
}

static void a_warning_is_a_line_and_ignoring_is_none(void **state)
{
    (void)state;
    char output[2048];
    assert_int_equal(unit_catch_output(two_mistakes, (void *)ON_ERROR_WARN, output, sizeof output), 0);
    assert_non_null(strstr(output, "double free of"));
    assert_non_null(strstr(output, "which lies inside"));
    assert_int_equal(unit_catch_output(two_mistakes, (void *)ON_ERROR_IGNORE, output, sizeof output), 0);
    assert_string_equal(output, "");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(double_free_is_found_when_some_more_classes_get_their_fastcache),
    cmocka_unit_test(double_free_at_once_is_found_at_once),
    cmocka_unit_test(free_of_a_misaligned_pointer_is_found_at_once),
    cmocka_unit_test(double_free_is_found_when_a_class_gets_its_fastcache),
    cmocka_unit_test(double_free_is_found_after_some_refills_of_another_class),
    cmocka_unit_test(free_inside_is_found_when_a_class_gets_its_fastcache),
    cmocka_unit_test(free_of_a_block_that_is_free_is_found_when_a_class_gets_its_fastcache),
    cmocka_unit_test(a_block_whose_slab_changed_its_class_is_found_when_a_class_gets_its_fastcache),
    cmocka_unit_test(double_free_is_found_when_the_fastcache_is_full),
    cmocka_unit_test(after_a_warning_nobody_gets_a_block_twice),
    cmocka_unit_test(after_a_warning_a_block_freed_twice_at_once_is_given_out_once),
    cmocka_unit_test(after_a_warning_nobody_gets_a_block_twice_though_another_was_freed_since),
    cmocka_unit_test(after_a_warning_nobody_gets_the_inside_of_a_block),
    cmocka_unit_test(after_a_warning_a_double_free_from_another_thread_changes_nothing),
    cmocka_unit_test(a_warning_is_a_line_and_ignoring_is_none),
};

UNIT_MAIN(tests)

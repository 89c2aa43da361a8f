/* The reader's size classes are the allocator's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "reader/reader.h"
#include "region/classes.h"

static void classes_are_the_allocators(void **state)
{
    (void)state;
    assert_int_equal(READER_CLASSES, SIZE_CLASSES);
    for (unsigned c = 0; c < SIZE_CLASSES; c++)
        assert_int_equal(reader_class_bytes(c), class_size(c));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(classes_are_the_allocators)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

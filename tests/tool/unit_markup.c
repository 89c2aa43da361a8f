/* unit_markup.c - whatever a name or an argument holds, a report stays well-formed. */
#include "markup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void adds(void (*add)(struct text *, const char *), const char *source, const char *expected)
{
    struct text text = {NULL, 0, 0};
    add(&text, source);
    assert_string_equal(text.data, expected);
    text_free(&text);
}

static void test_xml_escapes_markup(void **state)
{
    (void)state;
    adds(markup_add_xml, "a<b>&\"c\"", "a&lt;b&gt;&amp;&quot;c&quot;");
}

static void test_xml_keeps_characters(void **state)
{
    (void)state;
    adds(markup_add_xml, "1.04× é € \xF0\x9F\x98\x80", "1.04× é € \xF0\x9F\x98\x80");
}

static void test_xml_replaces_what_is_no_character(void **state)
{
    static const char *const wrong[] = {
        "\x01",             /* control */
        "\xFF",             /* never in UTF-8 */
        "\xC3",             /* cut off */
        "\xEF\xBF\xBF",     /* U+FFFF */
        "\xED\xA0\x80",     /* half a surrogate pair */
        "\xE0\x80\xAF",     /* too long for its character */
        "\xF4\x90\x80\x80", /* beyond Unicode */
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct text text = {NULL, 0, 0}, expected = {NULL, 0, 0};
        markup_add_xml(&text, wrong[i]);
        for (const char *byte = wrong[i]; *byte; byte++)
            text_add(&expected, "\xEF\xBF\xBD");
        assert_string_equal(text.data, expected.data);
        text_free(&text);
        text_free(&expected);
    }
}

static void test_cell_stays_one_cell(void **state)
{
    (void)state;
    adds(markup_add_cell, "a|b\nc*<d>", "a\\|b c\\*\\<d\\>");
}

static void test_shell_word_is_quoted_when_it_must_be(void **state)
{
    (void)state;
    adds(markup_add_shell_word, "--only=a,b", "--only=a,b");
    adds(markup_add_shell_word, "", "''");
    adds(markup_add_shell_word, "exit $?", "'exit $?'");
    adds(markup_add_shell_word, "it's", "'it'\\''s'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_xml_escapes_markup),
        cmocka_unit_test(test_xml_keeps_characters),
        cmocka_unit_test(test_xml_replaces_what_is_no_character),
        cmocka_unit_test(test_cell_stays_one_cell),
        cmocka_unit_test(test_shell_word_is_quoted_when_it_must_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

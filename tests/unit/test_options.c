/* api/options.c: the environment and the public setter, with every option of the table. */
#include "unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/api.h"
#include "hakmem.h"

enum when { START, ANY };

struct row {
    const char *name;
    _Atomic uint32_t *value;
    uint32_t initial, minimum, maximum;
    const char *form;
    enum when when;
};

#define NUMBER ""
#define MEBIBYTES "M"

static const struct row rows[] = {
#define OPTION(field, name, initial, minimum, maximum, form, when, help)                                     \
    {name, &options.field, initial, minimum, maximum, form, when},
#include "base/options.def"
#undef OPTION
};

enum { ROWS = sizeof rows / sizeof rows[0], OUTPUT_BYTES = 8192 };

/* One variable alone in the environment. */
static void read_one(void *variable)
{
    char *environment[] = {variable, NULL};
    options_read(environment);
}

static void read_value(const struct row *row, const char *value)
{
    char variable[100];
    snprintf(variable, sizeof variable, "%s=%s", row->name, value);
    read_one(variable);
}

static bool has_words(const struct row *row)
{
    return strchr(row->form, '|') != NULL;
}

/* A number as the option wants it written. */
static const char *text_of(const struct row *row, long number)
{
    static char text[40];
    const char *word = row->form;
    if (!has_words(row)) {
        snprintf(text, sizeof text, "%ld%s", number, number ? row->form : "");
        return text;
    }
    while (word && number-- > 0) {
        word = strchr(word, '|');
        word = word ? word + 1 : NULL;
    }
    snprintf(text, sizeof text, "%.*s", word ? (int)strcspn(word, "|") : 8, word ? word : "no such ");
    return text;
}

static void read_number(const struct row *row, long number)
{
    read_value(row, text_of(row, number));
}

static void expect_defaults(void)
{
    for (int i = 0; i < ROWS; i++)
        EXPECT(*rows[i].value == rows[i].initial);
}

/* ---- the environment */

ISOLATED(defaults_lie_in_their_range)
{
    expect_defaults();
    for (int i = 0; i < ROWS; i++) {
        EXPECT(rows[i].minimum <= rows[i].initial && rows[i].initial <= rows[i].maximum);
        EXPECT(strncmp(rows[i].name, "HAKMEM_", 7) == 0);
    }
}

ISOLATED(every_option_takes_every_end_of_its_range)
{
    for (int i = 0; i < ROWS; i++) {
        read_number(&rows[i], rows[i].minimum);
        EXPECT(*rows[i].value == rows[i].minimum);
        read_number(&rows[i], rows[i].maximum);
        EXPECT(*rows[i].value == rows[i].maximum);
    }
}

ISOLATED(no_environment_changes_nothing)
{
    char *empty[] = {NULL};
    options_read(NULL);
    options_read(empty);
    expect_defaults();
}

ISOLATED(variables_of_others_are_left_alone)
{
    char path[] = "PATH=/bin", no_value[] = "HAKMEM_FC_CAP", nothing[] = "", prefix[] = "HAKMEM=1",
         lower[] = "hakmem_fc_cap=8", command[] = "HAKMEM_LIB=/a/path";
    char *environment[] = {path, no_value, nothing, prefix, lower, command, NULL};
    options_read(environment);
    expect_defaults();
}

static void read_wrong_values(void *unused)
{
    static const char *const wrong[] = {
        "", "x", "-1", "+1", "1x", " 1", "1 ", "0x1", "1.0", "18446744073709551617", "on", "1,000"};
    (void)unused;
    for (int i = 0; i < ROWS; i++) {
        for (size_t j = 0; j < sizeof wrong / sizeof wrong[0]; j++)
            read_value(&rows[i], wrong[j]);
        read_number(&rows[i], (long)rows[i].maximum + 1);
        if (rows[i].minimum > 0)
            read_number(&rows[i], (long)rows[i].minimum - 1);
    }
    expect_defaults();
}

static void wrong_values_leave_the_default(void **state)
{
    (void)state;
    char output[OUTPUT_BYTES];
    assert_int_equal(unit_catch_output(read_wrong_values, NULL, output, sizeof output), 0);
    assert_non_null(strstr(output, "HAKMEM_TINY_FRONT_DIRECT=x is not"));
}

static void a_wrong_value_gets_one_line_with_range_and_default(void **state)
{
    (void)state;
    char output[OUTPUT_BYTES], variable[] = "HAKMEM_FC_CAP=3";
    assert_int_equal(unit_catch_output(read_one, variable, output, sizeof output), 0);
    assert_string_equal(
        output, "hakmem: HAKMEM_FC_CAP=3 is not a whole number in 4..4096; the default is used, 256\n");
}

static void a_wrong_word_gets_one_line_with_the_words(void **state)
{
    (void)state;
    char output[OUTPUT_BYTES], variable[] = "HAKMEM_THP=2";
    assert_int_equal(unit_catch_output(read_one, variable, output, sizeof output), 0);
    assert_string_equal(output,
                        "hakmem: HAKMEM_THP=2 is not one of auto|never|always; the default is used, auto\n");
}

ISOLATED(the_beginning_of_a_word_is_not_the_word)
{
    char beginning[] = "HAKMEM_THP=nev", longer[] = "HAKMEM_THP=nevermore", all[] = "HAKMEM_THP=auto|never";
    read_one(beginning);
    read_one(longer);
    read_one(all);
    EXPECT(options.thp == THP_AUTO);
}

static void a_size_without_its_unit_gets_one_line(void **state)
{
    (void)state;
    char output[OUTPUT_BYTES], variable[] = "HAKMEM_HARD_LIMIT=512";
    assert_int_equal(unit_catch_output(read_one, variable, output, sizeof output), 0);
    assert_string_equal(output, "hakmem: HAKMEM_HARD_LIMIT=512 is not a number with M, G or T behind it in "
                                "0..1073741824M; the default is used, 0\n");
}

ISOLATED(sizes_are_read_in_mebibytes)
{
    EXPECT(hakmem_option_set("HAKMEM_HARD_LIMIT", "512M") && options.hard_limit == 512);
    EXPECT(hakmem_option_set("HAKMEM_HARD_LIMIT", "4G") && options.hard_limit == 4096);
    EXPECT(hakmem_option_set("HAKMEM_HARD_LIMIT", "2T") && options.hard_limit == 2 << 20);
    EXPECT(hakmem_option_set("HAKMEM_HARD_LIMIT", "0") && options.hard_limit == 0);
    EXPECT(!hakmem_option_set("HAKMEM_HARD_LIMIT", "4GB") && !hakmem_option_set("HAKMEM_HARD_LIMIT", "4K"));
    EXPECT(!hakmem_option_set("HAKMEM_HARD_LIMIT", "1073741825T"));
}

static void an_unknown_option_gets_one_line(void **state)
{
    (void)state;
    char output[OUTPUT_BYTES], variable[] = "HAKMEM_FC_CAPP=8";
    assert_int_equal(unit_catch_output(read_one, variable, output, sizeof output), 0);
    assert_non_null(strstr(output, "HAKMEM_FC_CAPP=8"));
    assert_ptr_equal(strchr(output, '\n'), output + strlen(output) - 1);
}

static void a_right_value_gets_no_line(void **state)
{
    (void)state;
    char output[OUTPUT_BYTES], variable[] = "HAKMEM_FC_CAP=8";
    assert_int_equal(unit_catch_output(read_one, variable, output, sizeof output), 0);
    assert_string_equal(output, "");
}

/* ---- printing */

static void print_all(void *unused)
{
    (void)unused;
    options_print(true);
}

static void print_changed(void *unused)
{
    (void)unused;
    atomic_store(&options.fc_cap, 64);
    options_print(false);
}

static void the_table_names_every_option(void **state)
{
    (void)state;
    char output[OUTPUT_BYTES];
    assert_int_equal(unit_catch_output(print_all, NULL, output, sizeof output), 0);
    for (int i = 0; i < ROWS; i++)
        assert_non_null(strstr(output, rows[i].name));
}

static void the_verbose_line_names_what_is_not_at_its_default(void **state)
{
    (void)state;
    char output[OUTPUT_BYTES], expected[100];
    assert_int_equal(unit_catch_output(print_changed, NULL, output, sizeof output), 0);
    snprintf(expected, sizeof expected, "hakmem: version %s\nhakmem: HAKMEM_FC_CAP=64\n", hakmem_version());
    assert_string_equal(output, expected);
}

/* ---- hakmem_option_get and _set */

ISOLATED(get_gives_each_value_as_text)
{
    char expected[20], text[20];
    for (int i = 0; i < ROWS; i++) {
        snprintf(expected, sizeof expected, "%s", text_of(&rows[i], *rows[i].value));
        EXPECT(hakmem_option_get(rows[i].name, text, sizeof text));
        EXPECT(strcmp(text, expected) == 0);
    }
}

ISOLATED(get_needs_room_for_the_text_and_its_end)
{
    char text[4] = "###";
    atomic_store(&options.fc_cap, 123);
    for (size_t size = 0; size <= 3; size++) {
        errno = 0;
        EXPECT(!hakmem_option_get("HAKMEM_FC_CAP", text, size));
        EXPECT(errno == ERANGE && strcmp(text, "###") == 0);
    }
    errno = 0;
    EXPECT(hakmem_option_get("HAKMEM_FC_CAP", text, 4));
    EXPECT(errno == 0 && strcmp(text, "123") == 0);
}

ISOLATED(unknown_names_are_not_found)
{
    static const char *const names[] = {"",       "HAKMEM_",   "HAKMEM_FC_CA", "HAKMEM_FC_CAPS",
                                        "fc_cap", "HAKMEM_LIB"};
    char text[20];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        errno = 0;
        EXPECT(!hakmem_option_get(names[i], text, sizeof text) && errno == ENOENT);
        errno = 0;
        EXPECT(!hakmem_option_set(names[i], "1") && errno == ENOENT);
    }
}

ISOLATED(set_changes_what_may_change)
{
    char text[20];
    for (int i = 0; i < ROWS; i++) {
        uint32_t before = *rows[i].value;
        snprintf(text, sizeof text, "%s", text_of(&rows[i], rows[i].maximum));
        errno = 0;
        bool set = hakmem_option_set(rows[i].name, text);
        EXPECT(set == (rows[i].when == ANY));
        EXPECT(errno == (set ? 0 : EPERM));
        EXPECT(*rows[i].value == (set ? rows[i].maximum : before));
    }
}

ISOLATED(set_refuses_what_is_not_in_the_range)
{
    static const char *const wrong[] = {"", "x", "-1", "1x", "99999999999999999999"};
    for (int i = 0; i < ROWS; i++) {
        if (rows[i].when == START)
            continue;
        for (size_t j = 0; j < sizeof wrong / sizeof wrong[0]; j++) {
            errno = 0;
            EXPECT(!hakmem_option_set(rows[i].name, wrong[j]) && errno == EINVAL);
        }
    }
    expect_defaults();
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(defaults_lie_in_their_range),
    cmocka_unit_test(every_option_takes_every_end_of_its_range),
    cmocka_unit_test(no_environment_changes_nothing),
    cmocka_unit_test(variables_of_others_are_left_alone),
    cmocka_unit_test(wrong_values_leave_the_default),
    cmocka_unit_test(a_wrong_value_gets_one_line_with_range_and_default),
    cmocka_unit_test(a_wrong_word_gets_one_line_with_the_words),
    cmocka_unit_test(the_beginning_of_a_word_is_not_the_word),
    cmocka_unit_test(a_size_without_its_unit_gets_one_line),
    cmocka_unit_test(sizes_are_read_in_mebibytes),
    cmocka_unit_test(an_unknown_option_gets_one_line),
    cmocka_unit_test(a_right_value_gets_no_line),
    cmocka_unit_test(the_table_names_every_option),
    cmocka_unit_test(the_verbose_line_names_what_is_not_at_its_default),
    cmocka_unit_test(get_gives_each_value_as_text),
    cmocka_unit_test(get_needs_room_for_the_text_and_its_end),
    cmocka_unit_test(unknown_names_are_not_found),
    cmocka_unit_test(set_changes_what_may_change),
    cmocka_unit_test(set_refuses_what_is_not_in_the_range),
};

UNIT_MAIN(tests)

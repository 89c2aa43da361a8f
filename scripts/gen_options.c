/* gen_options scdoc|markdown < page > page: fills in the table of options.
 *
 * The table comes from src/base/options.def. In a manual page (scdoc) it takes the place of the line
 * @OPTIONS@; in Markdown, of what stands between the lines <!-- options --> and <!-- /options -->.
 * @VERSION@ becomes the version.
 */
#include <stdio.h>
#include <string.h>

struct option {
    const char *name;
    unsigned default_value, minimum, maximum;
    const char *form;
    const char *when;
    const char *help;
};

static const struct option options[] = {
#define NUMBER ""
#define MEBIBYTES "M"
#define OPTION(field, name, default_value, minimum, maximum, form, when, help)                               \
    {name, default_value, minimum, maximum, form, #when, help},
#include "base/options.def"
#undef OPTION
};
static const size_t option_count = sizeof options / sizeof *options;

/* scdoc reads an underscore as the start of underlined text. */
static void print_escaped(const char *text)
{
    for (; *text; text++) {
        if (strchr("_*\\#~", *text))
            putchar('\\');
        putchar(*text);
    }
}

static int has_words(const struct option *o)
{
    return strchr(o->form, '|') != NULL;
}

static void print_value(const struct option *o, unsigned value)
{
    const char *word = o->form;
    if (!has_words(o)) {
        printf("%u%s", value, value ? o->form : "");
        return;
    }
    for (; value; value--)
        word = strchr(word, '|') + 1;
    printf("%.*s", (int)strcspn(word, "|"), word);
}

static void print_range(const struct option *o)
{
    if (has_words(o)) {
        for (unsigned value = o->minimum; value <= o->maximum; value++) {
            print_value(o, value);
            printf("%s", value == o->maximum ? "" : value + 1 == o->maximum ? " or " : ", ");
        }
        return;
    }
    print_value(o, o->minimum);
    printf(" to ");
    print_value(o, o->maximum);
}

static void print_scdoc(const struct option *o)
{
    printf("*");
    print_escaped(o->name);
    printf("* (");
    print_value(o, o->default_value);
    printf("; ");
    print_range(o);
    printf("%s)\n\t", strcmp(o->when, "START") ? "" : "; at start only");
    print_escaped(o->help);
    printf("\n\n");
}

static void print_markdown(const struct option *o)
{
    printf("| `%s` | ", o->name);
    print_value(o, o->default_value);
    printf(" | ");
    print_range(o);
    printf(" | %s | %s |\n", strcmp(o->when, "START") ? "any time" : "at start", o->help);
}

static void print_line(const char *line)
{
    const char *mark = strstr(line, "@VERSION@");
    if (mark)
        printf("%.*s%s%s", (int)(mark - line), line, HAKMEM_VERSION, mark + strlen("@VERSION@"));
    else
        fputs(line, stdout);
}

static void fill_scdoc(void)
{
    char line[4096];
    while (fgets(line, sizeof line, stdin)) {
        if (strcmp(line, "@OPTIONS@\n")) {
            print_line(line);
            continue;
        }
        for (size_t i = 0; i < option_count; i++)
            print_scdoc(&options[i]);
    }
}

static void fill_markdown(void)
{
    char line[4096];
    int inside = 0;
    while (fgets(line, sizeof line, stdin)) {
        if (!strcmp(line, "<!-- /options -->\n"))
            inside = 0;
        if (!inside)
            fputs(line, stdout);
        if (strcmp(line, "<!-- options -->\n"))
            continue;
        inside = 1;
        puts("| option | default | range | set | meaning |\n|---|---|---|---|---|");
        for (size_t i = 0; i < option_count; i++)
            print_markdown(&options[i]);
    }
}

int main(int argc, char **argv)
{
    if (argc == 2 && !strcmp(argv[1], "scdoc")) {
        fill_scdoc();
    } else if (argc == 2 && !strcmp(argv[1], "markdown")) {
        fill_markdown();
    } else {
        fputs("usage: gen_options scdoc|markdown < page > page\n", stderr);
        return 2;
    }
    return fflush(stdout) ? 1 : 0;
}

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
    long long default_value, minimum, maximum;
    const char *when;
    const char *help;
};

static const struct option options[] = {
#define OPTION(field, name, default_value, minimum, maximum, when, help)                                     \
    {name, default_value, minimum, maximum, #when, help},
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

static void print_scdoc(const struct option *o)
{
    printf("*");
    print_escaped(o->name);
    printf("* (%lld; %lld to %lld%s)\n\t", o->default_value, o->minimum, o->maximum,
           strcmp(o->when, "START") ? "" : "; at start only");
    print_escaped(o->help);
    printf("\n\n");
}

static void print_markdown(const struct option *o)
{
    printf("| `%s` | %lld | %lld to %lld | %s | %s |\n", o->name, o->default_value, o->minimum, o->maximum,
           strcmp(o->when, "START") ? "any time" : "at start", o->help);
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

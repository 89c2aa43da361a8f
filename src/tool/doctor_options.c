/* doctor_options.c - HAKMEM_ variables in the environment that a process was started with. The table is
 * base/options.def; the rules are those of the allocator's own parser. */
#include "doctor.h"

#include <stdlib.h>
#include <string.h>

#define PREFIX "HAKMEM_"

/* How a value is written: one of these, or its words, split by |. */
#define NUMBER "a whole number"
#define MEBIBYTES "a number with M, G or T behind it"

struct option_rule {
    const char *name;
    unsigned long long initial, minimum, maximum;
    const char *form;
};

static const struct option_rule rules[] = {
#define OPTION(field, name, initial, minimum, maximum, form, when, help)                                     \
    {name, initial, minimum, maximum, form},
#include "base/options.def"
#undef OPTION
};
enum { RULES = sizeof rules / sizeof rules[0] };

/* Variables that are not in the table. */
static const char *const others[] = {"HAKMEM_LIB", "HAKMEM_REPORT_FILE"};

static bool is_other(const char *variable, size_t length)
{
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (strlen(others[i]) == length && strncmp(others[i], variable, length) == 0)
            return true;
    return false;
}

static const struct option_rule *rule_of(const char *variable, size_t length)
{
    for (size_t i = 0; i < RULES; i++)
        if (strlen(rules[i].name) == length && strncmp(rules[i].name, variable, length) == 0)
            return &rules[i];
    return NULL;
}

static bool is_word_of(const char *words, const char *value)
{
    size_t length = strlen(value);
    for (const char *word = words; word; word = strchr(word, '|')) {
        word += *word == '|';
        if (strcspn(word, "|") == length && strncmp(word, value, length) == 0)
            return true;
    }
    return false;
}

/* What is behind the digits: nothing, or for mebibytes M, G or T, which only 0 can do without. */
static bool scale(const struct option_rule *rule, const char *suffix, unsigned long long *number)
{
    static const char suffixes[] = "MGT";
    if (strcmp(rule->form, MEBIBYTES) != 0 || (*number == 0 && !*suffix))
        return !*suffix;
    const char *found = *suffix ? strchr(suffixes, *suffix) : NULL;
    if (!found || suffix[1] || *number > rule->maximum)
        return false;
    *number <<= 10 * (found - suffixes);
    return true;
}

static bool is_valid(const struct option_rule *rule, const char *value)
{
    char *end;
    if (strchr(rule->form, '|'))
        return is_word_of(rule->form, value);
    if (*value < '0' || *value > '9')
        return false;
    unsigned long long number = strtoull(value, &end, 10);
    return scale(rule, end, &number) && number >= rule->minimum && number <= rule->maximum;
}

static void say_wrong(const struct option_rule *rule, const char *variable, struct findings *findings)
{
    bool words = strchr(rule->form, '|') != NULL;
    const char *unit = strcmp(rule->form, MEBIBYTES) == 0 ? "M" : "";
    if (words)
        finding_add(findings, FINDING_PROBLEM, "options", "%s is not one of %s: the default is used",
                    variable, rule->form);
    else
        finding_add(findings, FINDING_PROBLEM, "options",
                    "%s is not %s in %llu..%llu%s: the default is used, %llu", variable, rule->form,
                    rule->minimum, rule->maximum, unit, rule->initial);
}

/* How many letters have to be changed, added or left out; `most` and above are all the same. */
static size_t distance(const char *a, const char *b, size_t most)
{
    enum { LETTERS = 64 };
    size_t row[LETTERS], length = strlen(b);
    if (length >= LETTERS)
        return most;
    for (size_t j = 0; j <= length; j++)
        row[j] = j;
    for (size_t i = 0; a[i] && a[i] != '='; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < length; j++) {
            size_t changed = diagonal + (a[i] != b[j]), shorter = row[j] < row[j + 1] ? row[j] : row[j + 1];
            diagonal = row[j + 1];
            row[j + 1] = changed < shorter + 1 ? changed : shorter + 1;
        }
    }
    return row[length] < most ? row[length] : most;
}

static const char *nearest(const char *variable)
{
    size_t best = 4;
    const char *name = NULL;
    for (size_t i = 0; i < RULES; i++) {
        size_t away = distance(variable, rules[i].name, best);
        if (away < best) {
            best = away;
            name = rules[i].name;
        }
    }
    return name;
}

/* Whether it is one of ours and right; says what is wrong with it. */
static bool check_variable(const char *variable, struct findings *findings)
{
    const char *equals = strchr(variable, '=');
    if (!equals || is_other(variable, (size_t)(equals - variable)))
        return false;
    const struct option_rule *rule = rule_of(variable, (size_t)(equals - variable));
    if (rule && is_valid(rule, equals + 1))
        return true;
    const char *near = rule ? NULL : nearest(variable);
    if (rule)
        say_wrong(rule, variable, findings);
    else
        finding_add(findings, FINDING_PROBLEM, "options", "there is no such option, it is ignored: %s%s%s%s",
                    variable, near ? "; did you mean " : "; HAKMEM_HELP=1 lists them", near ? near : "",
                    near ? "?" : "");
    return false;
}

void check_options(const struct target *target, struct findings *findings)
{
    size_t right = 0, before = findings->count;
    const char *end = target->environment ? target->environment + target->environment_bytes : NULL;
    for (const char *at = target->environment; at && at < end; at += strlen(at) + 1)
        if (strncmp(at, PREFIX, sizeof PREFIX - 1) == 0)
            right += check_variable(at, findings);
    if (!target->environment)
        finding_add(findings, FINDING_NOTE, "options", "the environment of process %d cannot be read",
                    target->pid);
    else if (right && target->secure)
        finding_add(findings, FINDING_NOTE, "options",
                    "%zu option%s set, and ignored: the program has more rights than who started it", right,
                    right == 1 ? " is" : "s are");
    else if (findings->count == before && right == 0)
        finding_add(findings, FINDING_OK, "options", "none is set");
    else if (findings->count == before)
        finding_add(findings, FINDING_OK, "options", "%zu option%s set, none wrong", right,
                    right == 1 ? " is" : "s are");
}

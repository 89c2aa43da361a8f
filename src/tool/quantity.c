/* quantity.c - reads a number and its unit. */
#define _GNU_SOURCE 1

#include "quantity.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool number_read(const char *text, double *number, const char **unit)
{
    char *end;
    bool starts_well = (text[0] >= '0' && text[0] <= '9') || text[0] == '.';
    if (!starts_well || text[strspn(text, "0123456789.")] == 'e' || strpbrk(text, "xX"))
        return false;
    *number = strtod(text, &end);
    *unit = end;
    return end != text && isfinite(*number) && *number > 0;
}

static bool size_unit_read(const char *unit, double *factor)
{
    static const char letters[] = "KMGT";
    *factor = 1;
    if (*unit == '\0' || strcasecmp(unit, "B") == 0)
        return true;
    for (const char *letter = letters; *letter; letter++) {
        *factor *= 1024;
        if ((*unit | 32) == (*letter | 32))
            return unit[1] == '\0' || strcasecmp(unit + 1, "B") == 0 || strcasecmp(unit + 1, "iB") == 0;
    }
    return false;
}

bool quantity_read_bytes(const char *text, uint64_t *bytes)
{
    double number, factor;
    const char *unit;
    if (!number_read(text, &number, &unit) || !size_unit_read(unit, &factor))
        return false;
    number *= factor;
    if (number < 1 || number >= 0x1p63)
        return false;
    *bytes = (uint64_t)number;
    return true;
}

bool quantity_read_seconds(const char *text, double *seconds)
{
    static const struct {
        const char *name;
        double seconds;
    } units[] = {{"", 1}, {"s", 1}, {"ms", 1e-3}, {"m", 60}, {"min", 60}, {"h", 3600}};
    double number;
    const char *unit;
    if (!number_read(text, &number, &unit))
        return false;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(unit, units[i].name) == 0) {
            *seconds = number * units[i].seconds;
            return true;
        }
    }
    return false;
}

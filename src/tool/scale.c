/* scale.c - rounds up. */
#include "scale.h"

#include <math.h>
#include <stddef.h>

double scale_round_up(double value)
{
    static const double step[] = {1, 2, 4, 5, 8};
    double power = pow(10, floor(log10(value > 0 ? value : 1)));
    for (size_t i = 0; i < sizeof step / sizeof step[0]; i++)
        if (step[i] * power >= value)
            return step[i] * power;
    return 10 * power;
}

double scale_round_up_kib(double kib)
{
    double unit = kib >= 1024 ? 1024 : 1;
    return scale_round_up(kib / unit) * unit;
}

#include "base/config.h"

struct options options = {
#define OPTION(field, name, initial, minimum, maximum, form, when, help) .field = (initial),
#include "base/options.def"
#undef OPTION
};

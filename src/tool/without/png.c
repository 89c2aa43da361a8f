/* png.c - stands in for the drawing of PNG where cairo's headers were missing when this was built. */
#include "picture.h"
#include "text.h"

bool picture_write_png(const struct picture *picture, const char *path)
{
    (void)picture;
    message_print(
        "cannot write %s: this build has no PNG: install cairo's headers (scripts/setup.sh does), run "
        "cmake and build again; --svg needs none",
        path);
    return false;
}

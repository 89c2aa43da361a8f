/* page_deflate.c - the data of a page, compressed. */
#include "page.h"

#include <stdlib.h>
#include <zlib.h>

uint8_t *page_deflate(const uint8_t *bytes, size_t size, size_t *deflated)
{
    uLongf room = compressBound((uLong)size);
    uint8_t *result = malloc(room);
    if (result && compress2(result, &room, bytes, (uLong)size, Z_DEFAULT_COMPRESSION) != Z_OK) {
        free(result);
        result = NULL;
    }
    *deflated = room;
    return result;
}

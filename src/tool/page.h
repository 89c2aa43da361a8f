/* page.h - a page that draws with scripts: a template made at build time from pages/, and the data that
 * is written into it. One file, which needs no other and loads nothing. docs/pages.md has the format.
 *
 * A build without npm or zlib has no templates: page_available says so. */
#ifndef HAKMEM_TOOL_PAGE_H
#define HAKMEM_TOOL_PAGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum page_kind { PAGE_MAP, PAGE_RUN, PAGE_SEED, PAGE_KINDS };

struct page_template {
    const char *html; /* NULL: left out of this build */
    size_t bytes;
};
extern const struct page_template page_template[PAGE_KINDS];

/* False, having said on one line what to do, when this build has no pages. */
bool page_available(void);

enum page_type { PAGE_U8 = 1, PAGE_U16 = 2, PAGE_U32 = 4 }; /* and their bytes */

/* JSON for what is small, arrays for what is large. */
struct page_data {
    json_t *json;   /* an object */
    json_t *arrays; /* in it: name: [type, offset, count] */
    uint8_t *bytes; /* the arrays, each at a multiple of 8 */
    size_t used, capacity;
};

void page_data_start(struct page_data *data);
void page_data_free(struct page_data *data);

/* Copies `count` numbers that lie `stride` bytes apart: a column of an array of structs. */
void page_data_add(struct page_data *data, const char *name, enum page_type type, const void *first,
                   size_t count, size_t stride);

/* A JSON number; null for what is no number. */
json_t *page_number(double value);

/* False, having said why, when the file cannot be written. */
bool page_write(enum page_kind kind, const char *title, const struct page_data *data, const char *path);

/* zlib's stream of these bytes, from malloc; NULL when there is no memory, or no zlib in this build. */
uint8_t *page_deflate(const uint8_t *bytes, size_t size, size_t *deflated);

#endif

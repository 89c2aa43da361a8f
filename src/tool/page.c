/* page.c - packs a page's data, and puts it and the title where the template has its marks. */
#define _GNU_SOURCE 1

#include "page.h"

#include "markup.h"
#include "text.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char TITLE_MARK[] = "@HAKMEM-TITLE@", DATA_MARK[] = "@HAKMEM-DATA@";

/* The container's first 8 bytes; its last is the version. */
static const char MAGIC[8] = {'H', 'K', 'P', 'A', 'G', 'E', 0, 1};

enum { HEAD_BYTES = 16, ALIGNMENT = 8, ENCODE_BYTES = 3 * 4096 };

bool page_available(void)
{
    if (page_template[0].html)
        return true;
    message_print(
        "this build has no pages: install npm and zlib's headers (scripts/setup.sh does), run cmake "
        "and build again");
    return false;
}

void page_data_start(struct page_data *data)
{
    *data = (struct page_data){.json = json_object(), .arrays = json_object()};
    json_object_set_new(data->json, "arrays", data->arrays);
}

void page_data_free(struct page_data *data)
{
    json_decref(data->json);
    free(data->bytes);
}

static size_t aligned(size_t size)
{
    return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

/* Room for so many more bytes, zeroed. */
static uint8_t *data_extend(struct page_data *data, size_t size)
{
    size_t end = data->used + aligned(size);
    if (end > data->capacity) {
        data->capacity = end * 3 / 2;
        data->bytes = memory_resize(data->bytes, data->capacity, 1);
    }
    uint8_t *start = data->bytes + data->used;
    memset(start, 0, end - data->used);
    data->used = end;
    return start;
}

void page_data_add(struct page_data *data, const char *name, enum page_type type, const void *first,
                   size_t count, size_t stride)
{
    const char *type_name = type == PAGE_U8 ? "u8" : type == PAGE_U16 ? "u16" : "u32";
    const uint8_t *from = first;
    json_object_set_new(data->arrays, name,
                        json_pack("[s,I,I]", type_name, (json_int_t)data->used, (json_int_t)count));
    uint8_t *to = data_extend(data, count * type);
    for (size_t i = 0; i < count; i++)
        memcpy(to + i * type, from + i * stride, type);
}

json_t *page_number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

/* Head, JSON and arrays in one; the caller frees it. */
static uint8_t *container_make(const struct page_data *data, size_t *size)
{
    char *json = json_dumps(data->json, JSON_COMPACT | JSON_REAL_PRECISION(8));
    size_t json_bytes = strlen(json), arrays_at = HEAD_BYTES + aligned(json_bytes);
    uint32_t json_bytes_word = (uint32_t)json_bytes;
    *size = arrays_at + data->used;
    uint8_t *container = memory_resize(NULL, *size, 1);
    memset(container, 0, arrays_at);
    memcpy(container, MAGIC, sizeof MAGIC);
    memcpy(container + sizeof MAGIC, &json_bytes_word, sizeof json_bytes_word);
    memcpy(container + HEAD_BYTES, json, json_bytes);
    if (data->used)
        memcpy(container + arrays_at, data->bytes, data->used);
    free(json);
    return container;
}

static size_t base64_encode(const uint8_t *bytes, size_t size, char *text)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t length = 0;
    for (size_t i = 0; i < size; i += 3) {
        uint32_t three = (uint32_t)bytes[i] << 16;
        three |= i + 1 < size ? (uint32_t)bytes[i + 1] << 8 : 0;
        three |= i + 2 < size ? bytes[i + 2] : 0;
        text[length++] = letters[three >> 18];
        text[length++] = letters[three >> 12 & 63];
        text[length++] = i + 1 < size ? letters[three >> 6 & 63] : '=';
        text[length++] = i + 2 < size ? letters[three & 63] : '=';
    }
    return length;
}

static void base64_write(FILE *file, const uint8_t *bytes, size_t size)
{
    static char text[ENCODE_BYTES / 3 * 4];
    for (size_t at = 0; at < size; at += ENCODE_BYTES) {
        size_t part = size - at < ENCODE_BYTES ? size - at : ENCODE_BYTES;
        fwrite(text, 1, base64_encode(bytes + at, part, text), file);
    }
}

static void filled_write(FILE *file, const struct page_template *template, const char *title,
                         const uint8_t *deflated, size_t size)
{
    struct text escaped = {NULL, 0, 0};
    const char *end = template->html + template->bytes;
    const char *title_at = memmem(template->html, template->bytes, TITLE_MARK, sizeof TITLE_MARK - 1);
    const char *data_at = memmem(title_at, (size_t)(end - title_at), DATA_MARK, sizeof DATA_MARK - 1);
    markup_add_xml(&escaped, title);
    fwrite(template->html, 1, (size_t)(title_at - template->html), file);
    fputs(escaped.data ? escaped.data : "", file);
    title_at += sizeof TITLE_MARK - 1;
    fwrite(title_at, 1, (size_t)(data_at - title_at), file);
    base64_write(file, deflated, size);
    data_at += sizeof DATA_MARK - 1;
    fwrite(data_at, 1, (size_t)(end - data_at), file);
    text_free(&escaped);
}

bool page_write(enum page_kind kind, const char *title, const struct page_data *data, const char *path)
{
    size_t size, deflated_size;
    uint8_t *container = container_make(data, &size);
    uint8_t *deflated = page_deflate(container, size, &deflated_size);
    free(container);
    if (!deflated) {
        message_print("cannot write %s: out of memory", path);
        return false;
    }
    FILE *file = fopen(path, "we");
    if (file)
        filled_write(file, &page_template[kind], title, deflated, deflated_size);
    bool written = file && !ferror(file);
    if (file)
        written = fclose(file) == 0 && written;
    if (!written)
        message_print("cannot write %s: %s", path, strerror(errno));
    free(deflated);
    return written;
}

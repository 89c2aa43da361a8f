/* memory.h - where a snapshot lies: chunks that are freed together, up to a budget. */
#ifndef HAKMEM_READER_MEMORY_H
#define HAKMEM_READER_MEMORY_H

#include <stddef.h>

struct reader_memory;

/* NULL when there is no memory. */
struct reader_memory *memory_open(size_t budget_bytes);
void memory_close(struct reader_memory *memory);

/* Zeroed, aligned to a cache line; NULL when there is no memory, or the budget is spent. Of 0 elements: not
 * NULL. */
void *memory_take(struct reader_memory *memory, size_t count, size_t element_bytes);

/* A copy of the first `length` bytes, ended by a NUL. */
char *memory_copy_text(struct reader_memory *memory, const char *text, size_t length);

#endif

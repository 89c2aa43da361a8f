/* glibc_names.h - <malloc.h>, with the names that glibc's declares and others' do not. HAKMEM serves them
 * with any libc; weak, because another malloc may not. */
#ifndef GLIBC_NAMES_H
#define GLIBC_NAMES_H

#include <malloc.h>
#include <stddef.h>
#include <stdio.h>

#ifndef __GLIBC__
#ifdef __cplusplus
extern "C" {
#endif

#define M_TRIM_THRESHOLD (-1)
#define M_MMAP_THRESHOLD (-3)
#define M_CHECK_ACTION (-5)
#define M_ARENA_MAX (-8)

__attribute__((weak)) void *pvalloc(size_t size);
__attribute__((weak)) int mallopt(int parameter, int value);
__attribute__((weak)) int malloc_trim(size_t pad);
__attribute__((weak)) int malloc_info(int options, FILE *stream);
__attribute__((weak)) void malloc_stats(void);

#ifdef __cplusplus
}
#endif
#endif
#endif

/* replay ROUNDS FILE… - runs a fuzz target without a fuzzer: on each file, or each of a directory, then so
 * many times on the file with a few bytes changed, mostly where it is not empty, or cut short. The same each
 * time. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t state = 1;

static uint64_t random_below(uint64_t limit)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state % limit;
}

/* Most interesting are bytes that say something, and what stands at the beginning. */
static size_t choose_place(const uint8_t *data, size_t size)
{
    if (random_below(8) == 0)
        return random_below(size < 1024 ? size : 1024);
    size_t at = random_below(size);
    for (int tries = 0; tries < 200 && data[at] == 0; tries++)
        at = random_below(size);
    return at;
}

static void change(uint8_t *data, size_t size)
{
    static const uint64_t edges[] = {0, 1, 0x7f, 0xff, 0x7fffffff, 0xffffffff, INT64_MAX, UINT64_MAX};
    size_t at = choose_place(data, size);
    switch (random_below(5)) {
    case 0: data[at] ^= (uint8_t)(1 << random_below(8)); break;
    case 1: data[at] = (uint8_t)random_below(256); break;
    case 2: data[at] = (uint8_t)(data[at] + 1); break;
    default:
        at &= ~(size_t)7;
        if (at + 8 <= size)
            memcpy(data + at,
                   random_below(2) ? &edges[random_below(8)]
                                   : (uint64_t *)(void *)(data + random_below(size / 8) * 8),
                   random_below(2) ? 4 : 8);
    }
}

static uint8_t *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc(64 << 20);
    if (!file || !data)
        exit(fprintf(stderr, "cannot read %s\n", path) ? 1 : 1);
    *size = fread(data, 1, 64 << 20, file);
    fclose(file);
    return data;
}

/* A copy of its own size, so that a sanitizer sees what is read behind it. */
static void run(const uint8_t *data, size_t size, int changes)
{
    uint8_t *copy = malloc(size + 1);
    uint8_t *exact = NULL;
    if (!copy)
        return;
    memcpy(copy, data, size);
    for (int i = 0; i < changes; i++)
        change(copy, size);
    size_t kept = changes && random_below(16) == 0 ? random_below(size) : size;
    exact = malloc(kept ? kept : 1);
    if (exact) {
        memcpy(exact, copy, kept);
        LLVMFuzzerTestOneInput(exact, kept);
    }
    free(exact);
    free(copy);
}

static void replay(const char *path, long rounds)
{
    size_t size;
    uint8_t *data = read_file(path, &size);
    run(data, size, 0);
    for (long round = 0; size >= 64 && round < rounds; round++)
        run(data, size, 1 + (int)random_below(12));
    free(data);
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* The files of a directory by name; 0 when it is none. */
static int replay_directory(const char *directory, long rounds)
{
    struct dirent **entries;
    char path[4096];
    int n = scandir(directory, &entries, is_visible, alphasort);
    for (int i = 0; i < n; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, entries[i]->d_name);
        replay(path, rounds);
        free(entries[i]);
    }
    if (n >= 0)
        free(entries);
    return n < 0 ? 0 : n;
}

int main(int argc, char **argv)
{
    long rounds = argc > 2 ? strtol(argv[1], NULL, 10) : 0;
    int files = 0;
    if (argc < 3)
        return fprintf(stderr, "usage: replay ROUNDS FILE...\n") ? 2 : 2;
    for (int i = 2; i < argc; i++) {
        int inside = replay_directory(argv[i], rounds);
        if (!inside)
            replay(argv[i], rounds);
        files += inside ? inside : 1;
    }
    printf("%d files, %ld changes of each\n", files, rounds);
    return 0;
}

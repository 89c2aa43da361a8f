/* record.h - what check mode knows of a block: 8 bytes behind it that say how it was made and whether it
 * lives.
 *
 * Encoded with the block's address and a number of the process's own, one to one, so that what somebody wrote
 * over it is told from a record. Read and written by any thread, atomically. */
#ifndef HAKMEM_FRONT_RECORD_H
#define HAKMEM_FRONT_RECORD_H

#include <stdatomic.h>

#include "heap/claim.h"

enum { RECORD_BYTES = 8, RECORD_SIZE_BITS = 47 };

struct record {
    struct claim made;
    bool walled; /* a large block, behind which pages are inaccessible */
    bool freed;
};

/* The word of a record that lies at `at`. */
uint64_t record_encode(const _Atomic uint64_t *at, const struct record *record) HIDDEN;

/* False: the word is none. Of a word that is none 1 in 512 is taken for one. */
bool record_decode(const _Atomic uint64_t *at, uint64_t word, struct record *record) HIDDEN;

#endif

/* cap.h - which HAKMEM_FC_CAP would help a program whose threads' FastCaches hold much. */
#ifndef HAKMEM_READER_CAP_H
#define HAKMEM_READER_CAP_H

#include "reader/parts.h"

/* The largest cap that gives nearly as much as the smallest would, and about how many resident bytes that
 * is: of whole slabs that only cached blocks keep. 0: no memory to find out. */
uint32_t cap_choose(const struct reader_snapshot *snapshot, uint64_t *gain_bytes);

#endif

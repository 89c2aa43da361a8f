#include "heap/thrift.h"

#include "heap/fastcache.h"
#include "heap/holes.h"
#include "heap/runcache.h"
#include "heap/scavenger.h"
#include "heap/registry.h"
#include "base/log.h"
#include <stdlib.h>

static size_t knob(const char *n, size_t d) { const char *s = getenv(n); return s ? strtoull(s,0,10) : d; }

_Atomic size_t thrift_mark_bytes = 1 << 20;

#include <fcntl.h>
#include <unistd.h>
#include <string.h>
static size_t rss(void) { static char t[4096]; int f=open("/proc/self/smaps_rollup",O_RDONLY); ssize_t n=read(f,t,4095); close(f); t[n>0?n:0]=0; char*p=strstr(t,"Rss:"); return p?strtoull(p+4,0,10):0; }
static size_t budget_used, holes_n;
void thrift_pass(struct heap *heap, size_t units)
{
    static size_t STEP, LEAST, SHARE, BUDGET, RS, START, REC, MAXB, FC, V; if (!STEP) { START=knob("START",4<<20);RS=knob("RS",16);REC=knob("REC", 0);STEP=knob("STEP",32); LEAST=knob("LEAST",262144); SHARE=knob("SHARE",16); BUDGET=knob("BUDGET",0); MAXB=knob("MAXB",256<<20); FC=knob("FC",1);V=knob("V",0);}
    size_t resident = pool_resident_bytes(), wanted = resident + units * UNIT_BYTES;
    if (wanted > MAXB) return;if (wanted < START) { thrift_mark_bytes = START; return; }
    if (units && !pool_must_grow(units, 1)) return;
    static size_t MODE; if (!MODE) MODE=knob("MODE",1);
    static size_t high; if (wanted > high) high = wanted;
    if (MODE == 2 && budget_used >= high * BUDGET) return;
    size_t cached = 0;
    for (unsigned c = 0; c < SIZE_CLASSES; c++) cached += fastcache_blocks(heap, c) * class_size(c);
    size_t free_bytes = pool_retained_bytes() + cached + heap->free_bytes - heap->purged_bytes;
    static size_t BACK, backs; if (!BACK) BACK = knob("BACK", 1);
    static size_t HYS; if (!HYS) HYS=knob("HYS",100);
    size_t mark = wanted + (size_max(wanted / STEP, LEAST) << (BACK > 1 ? size_min(backs, BACK-1) : 0));
    size_t got = 0;
    if (free_bytes >= wanted / SHARE) {
        struct holes_result holes = {0};size_t rss0=V?rss():0;
        if (FC) registry_rest(); else runcache_flush(heap);
        scavenger_hold();
        static int once; if (!once) {once=1; extern void vm_allow_batches(void); vm_allow_batches();}
        for (size_t unit = 0;;) { holes_purge(&unit, 1024, true, &holes); if (!unit) break; }
        scavenger_let_go();
        size_t b = pool_purge(PURGE_FREE);
        got = b + holes.bytes;
        holes_n++; 
        if (V) log_line("thrift: rss %zu -> %zu, R after %zu; at %zu KiB + %zu units: free %zu (cached %zu retained.. ) holes %zu units %zu", rss0, rss(), pool_resident_bytes()>>10, resident>>10, units, free_bytes>>10, cached>>10, holes.bytes >> 10, b >> 10);
        if (got > wanted/SHARE && budget_used + got < wanted * BUDGET) { budget_used += got; mark = wanted; }
        budget_used += MODE == 2 ? got : 0;
        static size_t record; size_t needed = pool_resident_bytes();
        if (REC && needed > record + record / RS) { record = needed; backs = 0; mark = needed + needed / REC + LEAST;
    atomic_store_explicit(&thrift_mark_bytes, mark, memory_order_relaxed);
}
    }
    backs++;
    if (MODE == 1 && mark > atomic_load_explicit(&thrift_mark_bytes, memory_order_relaxed))
    atomic_store_explicit(&thrift_mark_bytes, mark, memory_order_relaxed);
}

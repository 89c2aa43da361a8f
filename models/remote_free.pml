/* remote_free.pml - how a block freed by another thread comes home (mirrors src/slab/remote.h).
 *
 * Two heaps, two slabs of 2 words x 2 blocks, two or three threads that free, two that work under
 * a heap's lock: the owner and anybody else are alike to the protocol. One `atomic` is one atomic
 * operation, or plain work on what the lock protects. Ghosts only serve the assertions.
 *
 * publish, by a thread that holds the block, and nothing of the owner's:
 *   1. old = fetch_or(remote[w], bit)       the bit was set: double free.   old != 0: done
 *   2. old = fetch_or(summary, 1 << w)      old != 0: done
 *   3. push the slab on its owner's inbox
 * collect, under the owner's lock:
 *   4. take the inbox whole; what is not looked at now is left in `uncollected`, linked as it was;
 *      each slab on it in turn:
 *   5. read its link                        after 6 anybody may push the slab again
 *   6. named = exchange(summary, 0)
 *   7. got = exchange(remote[w], 0)         only for w in named; what the map has already is a
 *                                           double free, and does not count
 *
 * Invariants:
 *   a. the nonzero bits of a word have one carrier: a thread between 1 and 2, the summary bit, or
 *      a collector between 6 and 7;
 *   b. a nonzero summary has one carrier: a thread between 2 and 3, or the one list it is on,
 *      inbox or uncollected. So only who took the slab from that list may collect it;
 *   c. a block freed once is collected once;
 *   d. a slab is counted empty when its map holds every block, so none is published, so nobody is
 *      between 1 and 3. Only then is it released, and only then does it change its owner.
 *
 * Spin's memory is sequentially consistent. The mutations that swap two steps say what the orders
 * in C must forbid: 1 comes before 2; 5 before 6 before 7. So 1, 2, 6 and 7 are acq_rel, the push
 * is a release and 4 an acquire.
 *
 * Scenarios: DOUBLE_FREE: two threads free one block, and its slab keeps another live one: the
 * second free is found, always, at 1 or at 7. (When the block is the slab's last, the slab may be
 * released in between, and d does not hold: MUTATE_LAST_BLOCK shows it.) FORK: a child has only
 * the thread that called fork. A thread publishes under the lock of a heap, its own, and fork takes
 * every heap's lock, so that no child finds a publish half done. */

#define SLABS   2
#define HEAPS   2
#define ALL     15 /* the map of a slab that is counted empty */
#define NIL     SLABS
#define POOL    HEAPS
#define WORKERS 2

#if defined(MUTATE_COLLECT_TRUSTS) || defined(MUTATE_LAST_BLOCK)
#define SCENARIO_DOUBLE_FREE
#elif defined(MUTATE_PUBLISH_UNLOCKED)
#define SCENARIO_FORK
#endif

#ifdef SCENARIO_DOUBLE_FREE
#define FREERS 3
#define FREES  1
#define ALLOCS 0
#elif defined(SCENARIO_FORK)
#define FREERS 2
#define FREES  2
#define ALLOCS 0
#elif defined(SCENARIO_THREE_FREERS)
#define FREERS 3
#define FREES  1
#define ALLOCS 1
#else
#define FREERS 2
#define FREES  2
#define ALLOCS 1
#endif

byte remote[SLABS * 2];  /* [atomic] published blocks, two bits a word */
byte summary[SLABS];     /* [atomic] words with published blocks */
byte inbox_next[SLABS];  /* [the slab's carrier] */
byte inbox[HEAPS];       /* [atomic] */
bit  locked[HEAPS];
byte owner[SLABS];       /* [owner's lock] */
byte map[SLABS];         /* [owner's lock] free blocks */
byte free_blocks[SLABS]; /* [owner's lock] */
byte uncollected[HEAPS]; /* [heap's lock] slabs taken from the inbox, not yet looked at */

/* Ghosts. */
byte held[SLABS];     /* blocks that the program holds */
byte coming[SLABS];   /* freed, not yet collected */
byte carriers[SLABS]; /* threads between 1 and the end of 3 */
bit  listed[SLABS];   /* on an inbox, or taken from it and not yet at 6 */
byte allocs = ALLOCS;
byte doubles;
byte freeing = FREERS;
byte working = WORKERS;

#ifdef SCENARIO_FORK
bit publishing[FREERS]; /* the lock of each freeing thread's own heap */
bit forked;
#define ALIVE provided (!forked)
#ifdef MUTATE_PUBLISH_UNLOCKED
#define PUBLISH_LOCK   skip
#define PUBLISH_UNLOCK skip
#else
#define PUBLISH_LOCK   atomic { !publishing[me] -> publishing[me] = 1 }
#define PUBLISH_UNLOCK publishing[me] = 0
#endif
#else
#define ALIVE
#define PUBLISH_LOCK   skip
#define PUBLISH_UNLOCK skip
#endif

#ifdef MUTATE_NO_HEAP_LOCK
#define LOCK(h)   skip
#define UNLOCK(h) skip
#define IDLE(h)   true
#else
#define LOCK(h)   atomic { !locked[h] -> locked[h] = 1 }
#define UNLOCK(h) locked[h] = 0
#define IDLE(h)   (!locked[h])
#endif

#define COUNT2(b) (((b) & 1) + (((b) >> 1) & 1))

/* Some block that the program holds: it is freed, and its tag read, while it is still live. */
#define TAKE(S, W, B)                                                                             \
    ((held[S] >> (2 * W)) & B) ->                                                                 \
        s = S; w = W; b = B; h = owner[S];                                                        \
        held[S] = held[S] & ~(B << (2 * W)); coming[S] = coming[S] | (B << (2 * W))

#ifdef MUTATE_SUMMARY_FIRST
#define STEP_1 set_summary()
#define STEP_2 set_word()
#else
#define STEP_1 set_word()
#define STEP_2 set_summary()
#endif

inline set_word()
{
    atomic {
        old = remote[s * 2 + w];
        remote[s * 2 + w] = old | b;
#ifndef MUTATE_SUMMARY_FIRST
        assert(owner[s] == h); /* d */
        if
        :: old & b -> doubles++; b = 0
        :: !(old & b) && old -> b = 0
        :: !old -> carriers[s]++
        fi;
#endif
        old = 0
    }
}

inline set_summary()
{
    atomic {
        assert(owner[s] == h); /* d */
        old = summary[s];
        summary[s] = old | (1 << w);
#ifdef MUTATE_SUMMARY_FIRST
        carriers[s]++;
#endif
#ifdef MUTATE_PUSH_EACH_WORD
        push = !(old & (1 << w));
#else
        push = !old;
#endif
        if
        :: !push -> carriers[s]--
        :: else
        fi;
        old = 0
    }
}

inline push_inbox()
{
    do
    :: atomic {
           assert(owner[s] == h); /* d */
           old = inbox[h];
           inbox_next[s] = old
       };
       atomic {
           if
           :: inbox[h] == old ->
                  assert(owner[s] == h && !listed[s]); /* b */
                  inbox[h] = s;
                  listed[s] = 1;
                  carriers[s]--;
                  push = 0; old = 0;
                  break
           :: else -> old = 0
           fi
       }
    od
}

proctype Freer(byte me) ALIVE
{
    byte s, w, b, h, old, frees;
    bit  push;

    do
    :: frees < FREES ->
           PUBLISH_LOCK;
           atomic {
               if
#ifdef SCENARIO_DOUBLE_FREE
               :: me < 2 && owner[0] != POOL -> b = 1; h = owner[0]
               :: me < 2 && owner[0] == POOL -> doubles++ /* the tag says so */
               :: me == 2 && TAKE(0, 0, 2)
#else
               :: TAKE(0, 0, 1)
               :: TAKE(0, 0, 2)
               :: TAKE(0, 1, 1)
               :: TAKE(0, 1, 2)
               :: TAKE(1, 0, 1)
               :: TAKE(1, 0, 2)
               :: TAKE(1, 1, 1)
               :: TAKE(1, 1, 2)
#endif
               :: !held[0] && !held[1] -> b = 0
               fi;
               frees++
           };
           if
           :: b -> STEP_1
           :: else
           fi;
           if
           :: b ->
                  STEP_2;
                  if
                  :: push -> push_inbox()
                  :: else
                  fi
           :: else
           fi;
           PUBLISH_UNLOCK;
           atomic { s = 0; w = 0; b = 0; h = 0 }
    :: else -> break
    od;
    freeing--
}

/* The map takes the blocks of one word. Read and write are apart: the lock must hold. */
inline collect_word(W)
{
    atomic {
        got = remote[s * 2 + W];
#ifndef MUTATE_WORD_PLAIN
        remote[s * 2 + W] = 0;
#endif
        was = map[s]
    };
#ifdef MUTATE_WORD_PLAIN
    remote[s * 2 + W] = 0;
#endif
    atomic {
#ifdef MUTATE_COLLECT_TRUSTS
        free_blocks[s] = free_blocks[s] + COUNT2(got);
        map[s] = was | (got << (2 * W));
        coming[s] = coming[s] & ~(got << (2 * W));
#else
        if
        :: (was >> (2 * W)) & got -> doubles++; got = got & ~(was >> (2 * W))
        :: else
        fi;
        assert(((coming[s] >> (2 * W)) & got) == got); /* c: once */
        free_blocks[s] = free_blocks[s] + COUNT2(got);
        map[s] = was | (got << (2 * W));
        coming[s] = coming[s] & ~(got << (2 * W));
#endif
        got = 0; was = 0
    }
}

inline collect_summary()
{
#ifdef MUTATE_SUMMARY_PLAIN
    named = summary[s];
    atomic { assert(listed[s] && owner[s] == h); listed[s] = 0; summary[s] = 0 }
#else
    atomic {
        assert(listed[s] && owner[s] == h); /* b */
        named = summary[s];
        summary[s] = 0;
        listed[s] = 0
    }
#endif
}

#ifdef MUTATE_RELEASE_EARLY
#define COUNTED_EMPTY(s)                                                                          \
    (free_blocks[s] + COUNT2(remote[s * 2]) + COUNT2(remote[s * 2 + 1]) == 4)
#else
#define COUNTED_EMPTY(s) (free_blocks[s] == 4)
#endif

inline release(S)
{
    assert(!held[S] && !coming[S]);                    /* d: every block is free */
    assert(!remote[S * 2] && !remote[S * 2 + 1]);      /* d: none is published */
    assert(!carriers[S] && !listed[S] && !summary[S]); /* d: no push is pending */
    owner[S] = POOL
}

/* COLLECT_STEP_SLABS at a time; it is 1 here. */
inline collect()
{
    s = uncollected[h];
    if
    :: s == NIL ->
#ifdef MUTATE_INBOX_PLAIN
           s = inbox[h];
           inbox[h] = NIL
#else
           atomic { s = inbox[h]; inbox[h] = NIL }
#endif
    :: else
    fi;
    if
    :: s != NIL ->
#ifdef MUTATE_LINK_AFTER_EXCHANGE
           collect_summary();
           next = inbox_next[s];
#elif defined(MUTATE_SUMMARY_AFTER_WORDS)
           atomic { next = inbox_next[s]; named = summary[s] };
#else
           next = inbox_next[s];
           collect_summary();
#endif
#ifdef MUTATE_COLLECT_ALL_WORDS
           named = 3;
#endif
           if
           :: named & 1 -> collect_word(0)
           :: else
           fi;
           if
           :: named & 2 -> collect_word(1)
           :: else
           fi;
#ifdef MUTATE_SUMMARY_AFTER_WORDS
           collect_summary();
#endif
           atomic {
               if
               :: COUNTED_EMPTY(s) -> release(s)
               :: true
               fi;
#ifdef MUTATE_REST_FORGOTTEN
               uncollected[h] = NIL;
#else
               uncollected[h] = next;
#endif
               s = 0; next = 0; named = 0
           }
    :: else -> s = 0
    fi
}

/* Refill, release and taking from the pool are whole under the lock. */
#define WORK(H, S)                                                                                \
    :: atomic {                                                                                   \
           IDLE(H) && owner[S] == H && map[S] && allocs > 0 -> allocs--; allocate(S)              \
       }                                                                                          \
    :: atomic { IDLE(H) && owner[S] == H && COUNTED_EMPTY(S) -> release(S) }                      \
    :: atomic {                                                                                   \
           IDLE(H) && owner[S] == POOL && allocs > 0 -> allocs--; owner[S] = H; allocate(S)       \
       }

inline allocate(S)
{
    if
    :: map[S] & 1 -> got = 1 /* the lowest address first */
    :: (map[S] & 3) == 2 -> got = 2
    :: (map[S] & 7) == 4 -> got = 4
    :: (map[S] & 15) == 8 -> got = 8
    fi;
    assert(!(held[S] & got) && !(coming[S] & got)); /* c: never handed out twice */
    map[S] = map[S] & ~got;
    free_blocks[S]--;
    held[S] = held[S] | got;
    got = 0
}

#define HAS_UNCOLLECTED(h) (inbox[h] != NIL || uncollected[h] != NIL)

proctype Worker() ALIVE
{
    byte s, h, next, named, got, was;

    do
    :: atomic { IDLE(0) && HAS_UNCOLLECTED(0) -> h = 0 }; LOCK(0); collect(); UNLOCK(0)
    :: atomic { IDLE(1) && HAS_UNCOLLECTED(1) -> h = 1 }; LOCK(1); collect(); UNLOCK(1)
    WORK(0, 0)
    WORK(0, 1)
    WORK(1, 0)
    WORK(1, 1)
#ifdef MUTATE_COLLECT_UNLISTED
    :: LOCK(0); /* a look at a slab at hand, not through the inbox */
       atomic {
           s = 0; h = 0;
           if
           :: owner[0] == 0 -> named = summary[0]; summary[0] = 0
           :: else
           fi
       };
       if
       :: named & 1 -> collect_word(0)
       :: else
       fi;
       if
       :: named & 2 -> collect_word(1)
       :: else
       fi;
       named = 0;
       UNLOCK(0)
#endif
#ifdef MUTATE_GIVE_PARTIAL_SLAB
    :: atomic { IDLE(0) && IDLE(1) && owner[0] == 0 -> owner[0] = 1 }
#endif
    :: atomic { !freeing && !HAS_UNCOLLECTED(0) && !HAS_UNCOLLECTED(1) -> break }
    od;
    working--
}

#ifdef SCENARIO_FORK
proctype Forker()
{
    byte s, h, next, named, got, was;

    LOCK(0);
    LOCK(1);
    atomic { !publishing[0] -> publishing[0] = 1 };
    atomic { !publishing[1] -> publishing[1] = 1 };
    forked = 1;
    h = 0; collect(); collect();
    h = 1; collect(); collect();
    freeing = 0; working = 0
}
#endif

init {
    byte s;

    atomic {
        inbox[0] = NIL; inbox[1] = NIL; uncollected[0] = NIL; uncollected[1] = NIL;
        inbox_next[0] = NIL; inbox_next[1] = NIL;
#ifdef SCENARIO_DOUBLE_FREE
        owner[1] = POOL; map[1] = ALL; free_blocks[1] = 4;
        coming[0] = 1;
#ifdef MUTATE_LAST_BLOCK
        map[0] = 12; free_blocks[0] = 2; held[0] = 2;
#else
        map[0] = 4; free_blocks[0] = 1; held[0] = 10; /* block 3 stays live */
#endif
#else
        map[0] = 8; free_blocks[0] = 1; held[0] = 7;
        map[1] = 14; free_blocks[1] = 3; held[1] = 1;
#endif
        run Freer(0);
        run Freer(1);
#if FREERS > 2
        run Freer(2);
#endif
        run Worker();
        run Worker();
#ifdef SCENARIO_FORK
        run Forker();
#endif
    };
    timeout ->
    atomic {
        assert(!working);
        assert(!HAS_UNCOLLECTED(0) && !HAS_UNCOLLECTED(1));
        do
        :: s < SLABS ->
               assert(!remote[s * 2] && !remote[s * 2 + 1] && !summary[s]);
               assert(!coming[s] && (map[s] ^ held[s]) == ALL); /* c: nothing is lost */
               s++
        :: else -> break
        od;
#ifdef SCENARIO_DOUBLE_FREE
        assert(doubles == 1);
#else
        assert(!doubles);
#endif
    }
}

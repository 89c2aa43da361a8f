/* depot.pml - full magazines on their way to whoever needs blocks (mirrors src/heap/depot.h).
 *
 * Two threads, neither of which owns the blocks, and a scavenger. Magazines of two blocks; two
 * shards with room for one full magazine each; a thread may be on another CPU, so on another
 * shard, each time. Publishing, and taking from the owner's map, are single steps here: see
 * remote_free.pml.
 *
 *   free       the block goes to the thread's magazine
 *   hand over  a full magazine; under the shard's lock, if there is room: put it in; then, under some
 *              shard's lock, take an empty one. Else publish its blocks, and keep it
 *   refill     under the shard's lock take a full magazine out; with no lock copy its blocks to the
 *              FastCache; then, under a shard's lock, recycle the empty magazine
 *   exit       publish what is in the magazine and the FastCache; the heap keeps the magazine
 *   age        under the shard's lock: how many magazines nobody needed since the last time, and the
 *              next time begins; then take so many out, one by one, publish their blocks, recycle them
 *
 * Invariants:
 *   a. a block is in one place: held, free in its map, in one magazine or in one FastCache;
 *   b. a magazine is in one place: fresh, empty or full in one shard, or with one thread;
 *   c. a shard never has more full magazines than its bound;
 *   d. an empty magazine has no blocks, a full one no room, and a FastCache has room for all the
 *      blocks of a magazine, or it would overrun;
 *   e. of a shard's magazines at most all are unused, and what nobody takes is gone after two ages. */

#define ALL       15 /* blocks are bits; blocks 1, 2, 4, 8 */
#define SHARDS    2
#define BOUND     1 /* full magazines in a shard */
#define MAGAZINE  2 /* blocks in a magazine */
#define MAGAZINES 4
#define NIL       MAGAZINES
#define THREADS   2
#define OPS       3 /* in a thread's life */
#ifdef MUTATE_CAP_BELOW_MAGAZINE
#define CAP 1
#else
#define CAP 2
#endif

byte block[MAGAZINES * MAGAZINE]; /* [the magazine's holder] */
byte blocks[MAGAZINES];           /* likewise: how many */
byte ready[SHARDS];               /* [shard's lock] the magazine; BOUND is 1 */
byte fulls[SHARDS];               /* [shard's lock] */
byte unused[SHARDS];              /* [shard's lock] fewest since the last age */
byte spare[SHARDS];               /* [shard's lock] magazines as bits */
byte fresh;                       /* [atomic] magazines that nobody has used, as bits */
byte map;                         /* [atomic] free blocks */

#define LOWEST(set) ((set) & (~(set) + 1))

/* Ghosts. */
byte held;
byte done;
byte kept; /* magazines that heaps keep, as bits */
bit  aged;

/* What is done under a shard's lock is one step to everybody else. */
#ifdef MUTATE_SHARD_UNLOCKED
#define UNDER_LOCK
#else
#define UNDER_LOCK atomic
#endif

inline pick_shard()
{
    if
    :: s = 0
    :: s = 1
    fi
}

inline publish()
{
    atomic { assert(p && !(map & p) && !(held & p)); map = map | p; p = 0 } /* a */
}

inline publish_blocks(g)
{
    do
    :: blocks[g] ->
           atomic {
               blocks[g] = blocks[g] - 1;
               p = block[g * MAGAZINE + blocks[g]]; block[g * MAGAZINE + blocks[g]] = 0
           };
           publish()
    :: else -> break
    od
}

inline put_empty(g)
{
    UNDER_LOCK {
        pick_shard();
        assert(!blocks[g]);                                  /* d */
        assert(!((spare[0] | spare[1] | fresh) & (1 << g))); /* b */
        spare[s] = spare[s] | (1 << g);
        s = 0
    }
}

/* The lowest of a set of magazines, or NIL: they are alike. */
#define TAKE_LOWEST(set)                                                                          \
    atomic {                                                                                      \
        if                                                                                        \
        :: set & 1 -> m = 0                                                                       \
        :: (set & 3) == 2 -> m = 1                                                                \
        :: (set & 7) == 4 -> m = 2                                                                \
        :: set == 8 -> m = 3                                                                      \
        :: !set -> m = NIL                                                                        \
        fi;                                                                                       \
        if                                                                                        \
        :: m != NIL -> set = set & ~(1 << m); assert(!blocks[m]) /* d */                          \
        :: else                                                                                   \
        fi                                                                                        \
    }

inline hand_over()
{
#ifdef MUTATE_BOUND_BEFORE_LOCK
    atomic { pick_shard(); room = fulls[s] < BOUND };
    UNDER_LOCK {
#else
    UNDER_LOCK {
        pick_shard();
        room = fulls[s] < BOUND;
#endif
        if
        :: room ->
               assert(fulls[s] < BOUND && blocks[m] == MAGAZINE); /* c, d */
               ready[s] = m;
               fulls[s] = fulls[s] + 1;
#ifndef MUTATE_KEEP_AFTER_HAND_OVER
               m = NIL
#endif
        :: else
        fi;
        s = 0
    };
    if
    :: !room -> publish_blocks(m)
    :: else ->
#ifndef MUTATE_KEEP_AFTER_HAND_OVER
           UNDER_LOCK { pick_shard(); TAKE_LOWEST(spare[s]); s = 0 }
#endif
    fi;
    room = 0
}

inline free_remote()
{
    if
    :: m == NIL ->
           UNDER_LOCK { pick_shard(); TAKE_LOWEST(spare[s]); s = 0 };
           if
           :: m == NIL -> TAKE_LOWEST(fresh)
           :: else
           fi
    :: else
    fi;
    if
    :: m == NIL -> publish()
    :: else ->
           atomic {
               assert(blocks[m] < MAGAZINE);
               block[m * MAGAZINE + blocks[m]] = p; blocks[m] = blocks[m] + 1; p = 0
           };
           if
           :: blocks[m] == MAGAZINE -> hand_over()
           :: else
           fi
    fi
}

#ifdef MUTATE_UNUSED_KEPT_UP
#define LOWER_UNUSED(s) skip
#else
#define LOWER_UNUSED(s)                                                                           \
    if                                                                                            \
    :: fulls[s] < unused[s] -> unused[s] = fulls[s]                                               \
    :: else                                                                                       \
    fi
#endif

/* got becomes a full magazine of the shard, or NIL. */
inline take_full_of(s)
{
    if
    :: fulls[s] ->
           got = ready[s];
           fulls[s] = fulls[s] - 1;
           LOWER_UNUSED(s);
           copied = blocks[got];
           assert(copied == MAGAZINE) /* d */
    :: else
    fi
}

inline take_full()
{
    UNDER_LOCK { pick_shard(); take_full_of(s); s = 0 }
}

inline refill()
{
    take_full();
    if
    :: got != NIL ->
#ifdef MUTATE_RECYCLE_BEFORE_COPY
           blocks[got] = 0;
           put_empty(got);
#endif
           do
           :: copied ->
                  atomic {
                      assert(top < CAP); /* d */
                      copied--; top++;
                      cache[top] = block[got * MAGAZINE + copied];
                      block[got * MAGAZINE + copied] = 0
                  }
           :: else -> break
           od;
#ifndef MUTATE_RECYCLE_BEFORE_COPY
#ifndef MUTATE_RECYCLE_FULL
           blocks[got] = 0;
#endif
           put_empty(got);
#endif
           got = NIL
    :: else ->
           atomic { /* the owner's map, under its heap's lock */
               p = LOWEST(map);
               if
               :: p -> map = map & ~p; top++; cache[top] = p; p = 0
               :: else
               fi
           }
    fi
}

inline allocate()
{
    if
    :: !top -> refill()
    :: else
    fi;
    atomic {
        if
        :: top ->
               assert(cache[top] && !(held & cache[top]) && !(map & cache[top])); /* a */
               held = held | cache[top]; cache[top] = 0; top--
        :: else
        fi
    }
}

inline exit()
{
#ifndef MUTATE_EXIT_KEEPS
    if
    :: m != NIL -> publish_blocks(m); atomic { kept = kept | (1 << m); m = NIL }
    :: else
    fi;
#endif
    do
    :: top -> atomic { p = cache[top]; cache[top] = 0; top-- }; publish()
    :: else -> break
    od
}

proctype Thread()
{
    byte m = NIL, got = NIL, s, p, top, ops, copied;
    byte cache[3];
    bit  room;

    do
    :: ops < OPS -> ops++; allocate()
    :: atomic { ops < OPS && held -> ops++; p = LOWEST(held); held = held & ~p };
       free_remote()
    :: ops == OPS -> break
    od;
    exit();
    done++
}

inline age(x)
{
    UNDER_LOCK {
        assert(unused[x] <= fulls[x]); /* e */
        n = unused[x];
#ifndef MUTATE_NEXT_TIME_EMPTY
        unused[x] = fulls[x] - n
#endif
    };
    do
    :: n ->
           n--;
           UNDER_LOCK { take_full_of(x) };
           if
           :: got != NIL -> publish_blocks(got); put_empty(got); got = NIL; copied = 0
           :: else
           fi
    :: else -> break
    od
}

/* At any moment, and when nobody calls any longer. */
proctype Scavenger()
{
    byte got = NIL, s, p, copied, n;

    age(0);
    age(0);
    done == THREADS;
    age(0); age(1);
    age(0); age(1);
    aged = 1
}

init {
    atomic {
        held = ALL;
        fresh = 15;
        ready[0] = NIL; ready[1] = NIL;
        run Thread();
        run Thread();
        run Scavenger()
    };
    timeout ->
    atomic {
        assert(done == THREADS && aged);
        assert(!fulls[0] && !fulls[1]);                     /* e */
        assert((map | held) == ALL && !(map & held));       /* a */
        assert((spare[0] | spare[1] | fresh | kept) == 15); /* b */
        assert(!(spare[0] & spare[1]) && !((spare[0] | spare[1]) & kept))
    }
}

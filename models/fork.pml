/* fork.pml - fork from a process with busy threads (mirrors src/heap/registry.c, os/fork.c and the
 * fork functions of scavenger, depot and pool).
 *
 * Two threads with a heap each, a scavenger, and a program's lock that fork takes too: standard I/O's.
 * Either thread may fork, at any moment between two of its calls; then the model goes on in the parent or
 * in the child, where every other process stands still for ever. All that fork must not cut in two is
 * two steps here.
 *
 *   prepare   the program's lock, then ours in their one order: scavenger, registry, heaps, depot, pool.
 *             From then on the thread owns all: its atfork handlers may call us
 *   parent    gives them back
 *   child     resets them; parks the other thread's heap, and leaves its FastCache and magazine alone
 *
 * Invariants:
 *   a. nobody waits for ever, before fork, in the parent or in the child, which forks again;
 *   b. a block is in one place, in the child too: held, in a map, published, in the depot, in a FastCache or
 *      a magazine. Once the child has taken in what is published, only what the other threads had in their
 *      caches, magazines and hands is lost;
 *   c. what a lock protects is whole in the child: a published block's slab is on the inbox, no block is
 *      reserved by a scavenger that is not there, the depot's and the pool's counts are true, and a parked
 *      heap has no thread.
 *
 * Fork copies pages one by one while the other threads run: what no lock stops may come from different
 * moments. So a FastCache's slots and its top, which are written one after the other, are copied apart. */

#define ALL   7 /* blocks are bits: 1 and 2 belong to heap 0, 4 to heap 1 */
#define HOME(p) ((p) == 4)
#define OPS   2 /* of each thread */
#define NOBODY 0

/* The locks in their order; the first is the program's. */
#define IO        0
#define SCAVENGER 1
#define REGISTRY  2
#define HEAP      3 /* and 4 */
#define DEPOT     5
#define POOL      6
#define LOCKS     7

byte lock[LOCKS];  /* who holds it */
byte owner_of_all; /* who forks */
byte child;        /* the only process there is, in the child */

byte map[2];       /* [lock: heap] */
byte words[2];     /* [atomic] published blocks of the heap's slab */
bit  summary[2];   /* [atomic] */
bit  listed[2];    /* [atomic] the slab is on its heap's inbox */
byte reserved;     /* [lock: scavenger] blocks taken out of map 0 while their page is purged */
byte depot;        /* [lock: depot] a full magazine: one block */
bit  depot_count;  /* [lock: depot] */
byte pool[2];      /* [lock: pool] units that are taken: two views of it that must agree */
byte parked;       /* [lock: registry] heaps as bits */
byte parked_count; /* [lock: registry] */
byte slot[2];      /* [thread] of a FastCache for one block */
bit  top[2];       /* [thread] */
byte magazine[2];  /* [thread] */

/* Ghosts. */
byte held;
byte hand[2];
byte lost;
byte copied_slot;
byte done;
byte forks;

#define ALIVE provided (!child || child == _pid)

#define LOCK_UNRANKED(l)   atomic { lock[l] == NOBODY -> lock[l] = _pid }
#define UNLOCK_UNRANKED(l) atomic { assert(lock[l] == _pid); lock[l] = NOBODY }

#ifdef MUTATE_HANDLER_OWNS_NOTHING
#define OWNS_ALL false
#else
#define OWNS_ALL (owner_of_all == _pid)
#endif

inline acquire(l)
{
    atomic {
        if
        :: OWNS_ALL
        :: !OWNS_ALL && lock[l] == NOBODY -> lock[l] = _pid
        fi
    }
}

inline release(l)
{
    atomic {
        if
        :: OWNS_ALL
        :: !OWNS_ALL -> assert(lock[l] == _pid); lock[l] = NOBODY
        fi
    }
}

#ifdef MUTATE_PUBLISH_UNLOCKED
#define PUBLISH_LOCK   skip
#define PUBLISH_UNLOCK skip
#else
#define PUBLISH_LOCK   acquire(HEAP + me)
#define PUBLISH_UNLOCK release(HEAP + me)
#endif

/* The block in hand goes to its slab: remote_free.pml. */
inline publish()
{
    PUBLISH_LOCK;
    atomic {
        other = HOME(hand[me]);
        first = !words[other]; words[other] = words[other] | hand[me]; hand[me] = 0
    };
    if
    :: first ->
           summary[other] = 1;
           atomic { listed[other] = 1; first = 0 }
    :: else
    fi;
    other = 0;
    PUBLISH_UNLOCK
}

inline collect(x)
{
    if
    :: listed[x] -> atomic { listed[x] = 0; summary[x] = 0; map[x] = map[x] | words[x]; words[x] = 0 }
    :: else
    fi
}

/* A refill that finds nothing at home gets a slab of the pool, one lock after the other. */
inline refill()
{
    acquire(HEAP + me);
    collect(me);
    if
    :: map[me] ->
           slot[me] = map[me] & 4;
           if
           :: !slot[me] -> slot[me] = map[me] & 2
           :: else
           fi;
           if
           :: !slot[me] -> slot[me] = map[me] & 1
           :: else
           fi;
           atomic { map[me] = map[me] & ~slot[me]; top[me] = 1 };
           release(HEAP + me)
    :: else ->
#ifdef MUTATE_TWO_HEAPS
           acquire(HEAP + 1 - me); release(HEAP + 1 - me);
#endif
#ifdef MUTATE_POOL_BEFORE_HEAP
           acquire(POOL); release(HEAP + me); acquire(HEAP + me); release(POOL);
#endif
           release(HEAP + me);
           acquire(POOL);
           pool[0]++;
           pool[1]++;
           release(POOL);
           acquire(DEPOT);
           atomic { slot[me] = depot; depot = 0 };
           atomic { depot_count = 0; top[me] = slot[me] > 0 };
           release(DEPOT)
    fi
}

inline allocate()
{
    if
    :: !top[me] -> refill()
    :: else
    fi;
    if
    :: top[me] ->
           atomic {
               assert(slot[me] && !((held | reserved | map[me]) & slot[me])); /* b */
               held = held | slot[me]; top[me] = 0
           }
    :: else
    fi
}

/* The lowest block that the program holds. */
inline take_in_hand()
{
    if
    :: held & 1 -> hand[me] = 1
    :: (held & 3) == 2 -> hand[me] = 2
    :: held == 4 -> hand[me] = 4
    fi;
    held = held & ~hand[me]
}

inline free()
{
    if
    :: HOME(hand[me]) == me && !top[me] ->
           slot[me] = hand[me];
           atomic { top[me] = 1; hand[me] = 0 }
    :: HOME(hand[me]) == me && top[me] -> /* a flush */
           acquire(HEAP + me);
           atomic { map[me] = map[me] | hand[me]; hand[me] = 0 };
           release(HEAP + me)
    :: HOME(hand[me]) != me ->
           atomic { assert(!magazine[me]); magazine[me] = hand[me]; hand[me] = 0 };
           hand_over()
    fi
}

inline hand_over()
{
    acquire(DEPOT);
    if
    :: !depot_count ->
           atomic { depot = magazine[me]; magazine[me] = 0 };
           depot_count = 1;
           release(DEPOT)
    :: else ->
           release(DEPOT);
           atomic { hand[me] = magazine[me]; magazine[me] = 0 };
           publish()
    fi
}

inline park(x)
{
#ifdef MUTATE_PARK_UNDER_HEAP_LOCK
    acquire(HEAP + x);
#endif
    acquire(REGISTRY);
    parked = parked | (1 << x);
    parked_count++;
    release(REGISTRY);
#ifdef MUTATE_PARK_UNDER_HEAP_LOCK
    release(HEAP + x);
#endif
}

inline exit()
{
    if
    :: top[me] ->
           acquire(HEAP + me);
           atomic { map[me] = map[me] | slot[me]; top[me] = 0 };
           release(HEAP + me)
    :: else
    fi;
    park(me)
}

/* ---- fork */

#ifdef MUTATE_HEAPS_UNLOCKED
#define TAKE_HEAPS
#else
#define TAKE_HEAPS LOCK_UNRANKED(HEAP); LOCK_UNRANKED(HEAP + 1);
#endif

inline prepare()
{
#ifndef MUTATE_IO_LAST
    LOCK_UNRANKED(IO);
#endif
#ifdef MUTATE_SCAVENGER_LAST
    skip;
#elif !defined(MUTATE_SCAVENGER_UNLOCKED)
    LOCK_UNRANKED(SCAVENGER);
#endif
#ifndef MUTATE_REGISTRY_UNLOCKED
    LOCK_UNRANKED(REGISTRY);
#endif
    TAKE_HEAPS
#ifndef MUTATE_DEPOT_UNLOCKED
    LOCK_UNRANKED(DEPOT);
#endif
#ifndef MUTATE_POOL_UNLOCKED
    LOCK_UNRANKED(POOL);
#endif
#ifdef MUTATE_SCAVENGER_LAST
    LOCK_UNRANKED(SCAVENGER);
#endif
    owner_of_all = _pid;
    allocate(); /* an atfork handler of the program's */
#ifdef MUTATE_IO_LAST
    LOCK_UNRANKED(IO);
#endif
    skip
}

#define GIVE_BACK(l)                                                                                       \
    if                                                                                                     \
    :: lock[l] == _pid -> lock[l] = NOBODY                                                                 \
    :: else                                                                                                \
    fi

inline give_back_all()
{
    owner_of_all = NOBODY;
    GIVE_BACK(POOL); GIVE_BACK(DEPOT); GIVE_BACK(HEAP + 1); GIVE_BACK(HEAP); GIVE_BACK(REGISTRY);
    GIVE_BACK(SCAVENGER); GIVE_BACK(IO)
}

/* What the other thread had is lost; nothing else may be. */
inline orphan(x)
{
#ifdef MUTATE_CHILD_FLUSHES
    if
    :: top[x] ->
           assert(copied_slot && !((map[0] | map[1] | held | words[0] | words[1] | depot | hand[x]) &
                                   copied_slot)); /* b */
           map[x] = map[x] | copied_slot
    :: else
    fi;
#else
    if
    :: top[x] -> lost = lost | slot[x]
    :: else
    fi;
#endif
    lost = lost | magazine[x] | hand[x];
    top[x] = 0; magazine[x] = 0; hand[x] = 0;
#ifndef MUTATE_CHILD_KEEPS
    if
    :: !(parked & (1 << x)) -> parked = parked | (1 << x); parked_count++
    :: else
    fi
#endif
}

inline child_sees_all_whole()
{
    assert(!reserved && (depot_count == (depot > 0)) && pool[0] == pool[1]);                   /* c */
    assert((!words[0] || (summary[0] && listed[0])) && (!words[1] || (summary[1] && listed[1]))); /* c */
    assert(parked_count == ((parked & 1) + (parked >> 1)))                                    /* c */
}

inline become_child()
{
    child = _pid;
    atomic {
        child_sees_all_whole();
        orphan(1 - me);
        owner_of_all = NOBODY;
#ifdef MUTATE_CHILD_RESETS_OWN_HEAP
        lock[IO] = NOBODY; lock[SCAVENGER] = NOBODY; lock[REGISTRY] = NOBODY; lock[HEAP + me] = NOBODY;
#else
        lock[IO] = NOBODY; lock[SCAVENGER] = NOBODY; lock[REGISTRY] = NOBODY; lock[HEAP] = NOBODY;
        lock[HEAP + 1] = NOBODY;
#endif
        lock[DEPOT] = NOBODY; lock[POOL] = NOBODY
    }
}

inline fork()
{
    prepare();
    copied_slot = slot[1 - me];
    if
    :: give_back_all()
    :: become_child()
    fi;
    copied_slot = 0
}

/* ---- processes */

proctype Thread(byte me) ALIVE
{
    byte ops, other;
    bit  first;

    do
    :: ops < OPS -> ops++; allocate()
    :: atomic { ops < OPS && held -> ops++; take_in_hand() }; free()
    :: ops < OPS ->
           ops++;
           LOCK_UNRANKED(IO); allocate(); UNLOCK_UNRANKED(IO) /* stdio has it, and allocates */
    :: atomic { !forks || (child && forks < 2) -> forks++ }; fork()
    :: ops == OPS -> break
    od;
    exit();
    if
    :: child ->
           acquire(SCAVENGER); acquire(REGISTRY); release(REGISTRY); release(SCAVENGER);
           acquire(HEAP + 1 - me); collect((1 - me)); release(HEAP + 1 - me);
           acquire(HEAP + me); collect(me); release(HEAP + me)
    :: else
    fi;
    done++
}

/* holes.h: blocks of heap 0 are taken out, as if they were given out, their page is purged with no heap's
 * lock held, and they are put back. */
proctype Scavenger() ALIVE
{
    byte me; /* the heap */

    acquire(SCAVENGER);
#ifdef MUTATE_RESERVED_STAY_IN_MAP
    acquire(HEAP); reserved = map[0]; release(HEAP);
#else
    acquire(HEAP); atomic { reserved = map[0]; map[0] = 0 }; release(HEAP);
#endif
    acquire(HEAP); atomic { map[0] = map[0] | reserved; reserved = 0 }; release(HEAP);
    release(SCAVENGER);
    done++
}

init {
    byte x;

    atomic {
        map[0] = 1; map[1] = 4; held = 2;
        run Thread(0);
        run Thread(1);
        run Scavenger()
    };
    timeout ->
    atomic {
        assert(done == 3 || child);                                                            /* a */
        do
        :: x < LOCKS -> assert(!lock[x]); x++                                                  /* a */
        :: else -> break
        od;
        assert(parked == 3 && parked_count == 2 && !owner_of_all);                             /* c */
        map[0] = map[0] | words[0]; map[1] = map[1] | words[1];
        assert(!child || (!words[0] && !words[1]));                                            /* b */
        assert((map[0] | map[1] | held | depot | lost) == ALL);                                /* b */
        assert(!(map[0] & map[1]) && !((map[0] | map[1]) & (held | depot)) && !(held & depot)) /* b */
    }
}

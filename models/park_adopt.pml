/* park_adopt.pml - heaps, and the threads that come and go (mirrors src/heap/registry.c).
 *
 * Two heaps, two threads with a few lives each, a visitor (scavenger, trim). A heap is a map of free
 * blocks and an inbox (how blocks get there: remote_free.pml), and a FastCache of two slots, which its
 * thread uses without a lock. Fork: fork.pml.
 *
 *   adopt   under the registry's lock: a parked heap, or a new one
 *   refill  under the heap's lock: map, inbox; then, with no lock held, a heap that the registry says is
 *           parked, under its lock, though it may be adopted at any moment
 *   flush   under the heap's lock: a block of this heap goes to the map, any other one is published
 *   exit    flush, unlock; then, under the registry's lock, park: from then on it is another's
 *   visit   under the heap's lock: inbox and map, never the FastCache
 *
 * Invariants:
 *   a. a heap has at most one thread;
 *   b. a block is in one place: held by the program, in a map, an inbox, a FastCache, or in the
 *      hand of one thread; so none is handed out twice, none is lost;
 *   c. nobody waits forever. */

#define HEAPS   2
#define THREADS 2
#define ALL     7 /* blocks are bits: 1 and 2 come from heap 0's slabs, 4 from heap 1's */
#define CAP     2
#define OPS     2 /* in a life */

#define HOME(p) ((p) == 4)

#define LIVES   3

byte registry_lock;      /* the process that holds it, or 0 */
byte heap_lock[HEAPS];   /* likewise */
bit  parked[HEAPS];      /* [registry's lock]; a hint to others */
byte map[HEAPS];         /* [heap's lock] */
byte inbox[HEAPS];       /* [atomic] */
byte slot[HEAPS * 3];    /* [thread] slot 0 is empty for ever */
byte top[HEAPS];         /* [thread] */

/* Ghosts. */
byte threads[HEAPS];
byte held; /* by the program */
byte hand; /* in a thread's hand between the program and the heap */
byte lives = LIVES; /* threads to come */
byte done;

#define LOCK(l)   atomic { !l -> l = _pid }
#define UNLOCK(l) atomic { assert(l == _pid); l = 0 }

#ifdef MUTATE_STEAL_UNLOCKED
#define LOCK_PARKED(l)   skip
#define UNLOCK_PARKED(l) skip
#else
#define LOCK_PARKED(l)   LOCK(l)
#define UNLOCK_PARKED(l) UNLOCK(l)
#endif

inline push_cache()
{
    slot[h * 3 + top[h] + 1] = p;
    atomic { top[h] = top[h] + 1; hand = hand & ~p }
}

/* Reads and writes of the map are apart: the lock must hold. */
inline give_map(x)
{
    was = map[x];
    atomic { assert(!(was & got) && !(held & got)); map[x] = was | got; was = 0; got = 0 }
}

inline collect(x)
{
    atomic { got = inbox[x]; inbox[x] = 0 };
    if
    :: got -> give_map(x)
    :: else
    fi
}

/* One block of the map, the lowest. */
inline take_map(x)
{
    was = map[x];
    atomic {
        got = was & 1;
        if
        :: !got -> got = was & 2
        :: else
        fi;
        if
        :: !got -> got = was & 4
        :: else
        fi;
        map[x] = was & ~got;
        was = 0
    }
}

inline flush(x)
{
    do
    :: top[x] ->
           got = slot[(x) * 3 + top[x]];
           top[x] = top[x] - 1;
           if
#ifndef MUTATE_FLUSH_TRUSTS
           :: HOME(got) != (x) -> atomic { inbox[1 - (x)] = inbox[1 - (x)] | got; got = 0 }
#endif
           :: else -> give_map(x)
           fi
    :: else -> break
    od
}

inline fill(x)
{
    do
    :: map[x] && top[h] < CAP -> take_map(x); atomic { p = got; got = 0 }; push_cache(); p = 0
    :: else -> break
    od
}

inline refill()
{
    LOCK(heap_lock[h]);
    if
    :: !map[h] -> collect(h)
    :: else
    fi;
    fill(h);
    UNLOCK(heap_lock[h]);
    if
    :: !top[h] ->
           LOCK(registry_lock); found = parked[1 - h]; UNLOCK(registry_lock);
           if
           :: found ->
                  LOCK_PARKED(heap_lock[1 - h]);
                  if
                  :: !map[1 - h] -> collect(1 - h)
                  :: else
                  fi;
                  fill(1 - h);
                  UNLOCK_PARKED(heap_lock[1 - h]);
                  found = 0
           :: else
           fi
    :: else
    fi
}

inline allocate()
{
    if
    :: !top[h] -> refill()
    :: else
    fi;
    if
    :: top[h] ->
           p = slot[h * 3 + top[h]];
           atomic {
               assert(p && !(held & p) && !(hand & p)); /* b */
               top[h] = top[h] - 1; held = held | p; p = 0
           }
    :: else
    fi
}

inline release()
{
    if
    :: HOME(p) == h && top[h] < CAP -> push_cache()
    :: HOME(p) == h && top[h] == CAP ->
           LOCK(heap_lock[h]); flush(h); UNLOCK(heap_lock[h]);
           push_cache()
    :: HOME(p) != h ->
           LOCK(heap_lock[h]);
           atomic { inbox[1 - h] = inbox[1 - h] | p; hand = hand & ~p };
           UNLOCK(heap_lock[h])
    fi;
    p = 0
}

inline adopt()
{
#ifdef MUTATE_ADOPT_UNLOCKED
    if
    :: parked[0] -> h = 0
    :: parked[1] -> h = 1
    fi;
    atomic { parked[h] = 0; assert(!threads[h]); threads[h]++ }
#else
    atomic { !registry_lock && (parked[0] || parked[1]) -> registry_lock = _pid };
    if
    :: parked[0] -> h = 0
    :: parked[1] -> h = 1
    fi;
    atomic { parked[h] = 0; assert(!threads[h]); threads[h]++ }; /* a */
    UNLOCK(registry_lock)
#endif
}

inline park()
{
    LOCK(registry_lock);
    atomic { parked[h] = 1; threads[h]-- };
    UNLOCK(registry_lock)
}

inline exit()
{
#ifdef MUTATE_PARK_BEFORE_FLUSH
    park();
    LOCK(heap_lock[h]); flush(h); UNLOCK(heap_lock[h])
#elif defined(MUTATE_FLUSH_UNLOCKED)
    flush(h);
    park()
#elif defined(MUTATE_NO_FLUSH)
    park()
#else
    LOCK(heap_lock[h]); flush(h); UNLOCK(heap_lock[h]);
    park()
#endif
}

proctype Thread()
{
    byte h, p, got, was, ops;
    bit  found;

    do
    :: atomic { lives -> lives-- };
           adopt();
           do
           :: ops < OPS -> ops++; allocate()
           :: atomic { ops < OPS && held & 1 -> ops++; p = 1; held = held & ~p; hand = hand | p };
              release()
           :: atomic { ops < OPS && held & 2 -> ops++; p = 2; held = held & ~p; hand = hand | p };
              release()
           :: atomic { ops < OPS && held & 4 -> ops++; p = 4; held = held & ~p; hand = hand | p };
              release()
           :: break
           od;
           exit();
           ops = 0; h = 0
    :: break
    od;
    done++
}

#ifdef MUTATE_VISITOR_FLUSHES
#define VISIT(x) (inbox[x] || top[x])
#else
#define VISIT(x) inbox[x]
#endif

inline visit()
{
    collect(x);
#ifdef MUTATE_VISITOR_FLUSHES
    flush(x);
#endif
    UNLOCK(heap_lock[x])
}

proctype Visitor()
{
    byte x, got, was;

    if
    :: atomic { VISIT(0) -> x = 0 }; LOCK(heap_lock[0]); visit()
    :: atomic { VISIT(1) -> x = 1 }; LOCK(heap_lock[1]); visit()
    :: done == THREADS
    fi
}

init {
    atomic {
        parked[0] = 1; parked[1] = 1;
        map[0] = 3; held = 4;
        run Thread();
        run Thread();
        run Visitor()
    };
    timeout ->
    atomic {
        assert(done == THREADS);                                          /* c */
        assert(!registry_lock && !heap_lock[0] && !heap_lock[1]);         /* c */
        assert(parked[0] && parked[1] && !threads[0] && !threads[1]);     /* a */
        map[0] = map[0] | inbox[0];
        map[1] = map[1] | inbox[1];
        assert(!(map[0] & 4) && !(map[1] & 3) && !((map[0] | map[1]) & held));
        assert((map[0] | map[1] | held | hand) == ALL);                   /* b */
        assert(!hand)
    }
}

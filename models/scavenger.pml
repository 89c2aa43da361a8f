/* scavenger.pml - whether there is a scavenger when there is something to give back (mirrors
 * src/heap/scavenger.c).
 *
 * Two threads free much, each into a heap of its own, and say so; memory that the scavenger has not given
 * back at the end is retained for ever, since nobody calls again. One `atomic` is one atomic operation, or
 * work under a heap's lock.
 *
 *   poke    noticed = 1; if there is no thread, and it is worth one: wanted = 1
 *   start   at the end of a slow path, if wanted: wanted = 0; swap the state from none to alive, and start
 *   work    passes: noticed = 0 before each; ends after one that found nothing, and nothing was noticed
 *   leave   state = none; if noticed since the last pass began: swap the state back to alive, and go on
 *
 * Invariants:
 *   a. at most one thread;
 *   b. what was freed before a poke ended is given back, by a pass of the thread that is there or of one
 *      that is started: poke writes noticed and then reads the state, leave writes the state and then
 *      reads noticed, so one of them sees the other; and a pass that began after noticed was taken
 *      looks at every heap. *
 * When the system has no thread for us, what was poked meanwhile waits for the next poke: not here. */

#define HEAPS 2
#define POKES 2 /* of each thread */

byte freed[HEAPS]; /* [lock: heap] not given back */
bit  noticed;      /* [atomic] */
bit  alive;        /* [atomic] state */
bit  wanted;       /* [atomic] */

/* Ghosts. */
byte threads; /* scavengers */
byte done;

inline poke()
{
#ifdef MUTATE_LOOK_BEFORE_NOTE
    saw = alive;
    noticed = 1;
#elif defined(MUTATE_NOTE_ONLY_WHEN_DEAD)
    saw = alive;
    if
    :: !saw -> noticed = 1
    :: else
    fi;
#else
    noticed = 1;
    saw = alive;
#endif
    if
    :: !saw -> wanted = 1
    :: else
    fi;
    saw = 0
}

inline start_if_wanted()
{
    if
    :: wanted ->
#ifndef MUTATE_CLEAR_AFTER_START
           wanted = 0;
#endif
#ifdef MUTATE_START_UNSWAPPED
           saw = alive;
           alive = 1;
#else
           atomic { saw = alive; alive = 1 };
#endif
           if
           :: !saw -> run Scavenger()
           :: saw
           fi;
#ifdef MUTATE_CLEAR_AFTER_START
           wanted = 0;
#endif
           saw = 0
    :: else
    fi
}

proctype Thread(byte h)
{
    byte pokes;
    bit  saw;

    do
    :: pokes < POKES ->
           atomic { freed[h] = 1; pokes++ };
           poke();
           start_if_wanted()
    :: else -> break
    od;
    done++
}

inline pass()
{
#ifndef MUTATE_TAKE_AFTER_PASS
    atomic { saw = noticed; noticed = 0 };
#endif
    found = 0;
    atomic { found = found | freed[0]; freed[0] = 0 };
    atomic { found = found | freed[1]; freed[1] = 0 };
#ifdef MUTATE_TAKE_AFTER_PASS
    noticed = 0;
#endif
}

proctype Scavenger()
{
    bit saw, found, left;

    atomic { threads++; assert(threads == 1) }; /* a */
    do
    :: !left ->
           pass();
           if
           :: !saw && !found ->
#ifdef MUTATE_LEAVE_UNCHECKED
                  threads--; alive = 0; left = 1
#elif defined(MUTATE_CHECK_BEFORE_LEAVE)
                  if
                  :: !noticed -> threads--; alive = 0; left = 1
                  :: else
                  fi
#else
                  atomic { threads--; alive = 0 };
                  if
                  :: !noticed -> left = 1
#ifdef MUTATE_BACK_UNSWAPPED
                  :: noticed -> alive = 1; atomic { threads++; assert(threads == 1) } /* a */
#else
                  :: noticed ->
                         atomic {
                             if
                             :: !alive -> alive = 1; threads++; assert(threads == 1) /* a */
                             :: alive -> left = 1 /* somebody started another */
                             fi
                         }
#endif
                  fi
#endif
           :: else
           fi
    :: else -> break
    od
}

init {
    atomic {
        run Thread(0);
        run Thread(1)
    };
    timeout ->
    atomic {
        assert(done == 2);
        assert(!freed[0] && !freed[1]); /* b */
        assert(!threads && !alive)
    }
}

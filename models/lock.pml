/* lock.pml - the allocator's mutex on a futex (mirrors src/os/lock.h and lock.c).
 *
 * A word: 0 is free, else its owner's number shifted by one, and a bit: somebody may sleep. Three threads
 * take it, twice each. One `atomic` is one atomic operation, or one futex call, which the kernel makes so.
 *
 *   acquire   compare-and-swap 0 to me. Else, until it is ours:
 *               old = the word
 *               old is 0: compare-and-swap 0 to me with the bit: others may sleep, and we cannot know
 *               else set the bit, if it is not, and sleep while the word is the same
 *   release   exchange with 0; if the bit was set, wake one sleeper
 *
 * Invariants:
 *   a. one owner at a time;
 *   b. nobody sleeps for ever: while anybody sleeps, the word has the bit, or somebody who was woken is on
 *      the way to take it, with the bit. */

#define THREADS 3
#define ROUNDS  2

byte word;
bit  sleeps[THREADS + 1];

/* Ghosts. */
byte inside;
byte done;

#define ME   (_pid << 1)
#define BIT  1

/* Sleeps while the word is `value`, until woken. */
inline futex_sleep(value)
{
#ifdef MUTATE_SLEEP_UNCHECKED
    sleeps[_pid] = 1;
#else
    atomic {
        if
        :: word == (value) -> sleeps[_pid] = 1
        :: word != (value)
        fi
    };
#endif
    !sleeps[_pid]
}

inline futex_wake()
{
    atomic {
        if
        :: sleeps[1] -> sleeps[1] = 0
        :: sleeps[2] -> sleeps[2] = 0
        :: sleeps[3] -> sleeps[3] = 0
        :: !sleeps[1] && !sleeps[2] && !sleeps[3]
        fi
    }
}

inline compare_and_swap(from, to)
{
#ifdef MUTATE_NO_SWAP
    swapped = (word == (from));
    if
    :: swapped -> word = to
    :: else
    fi
#else
    atomic {
        swapped = (word == (from));
        if
        :: swapped -> word = to
        :: else
        fi
    }
#endif
}

#ifdef MUTATE_ACQUIRE_WITHOUT_BIT
#define TAKEN ME
#else
#define TAKEN (ME | BIT)
#endif

inline acquire()
{
    compare_and_swap(0, ME);
    do
    :: swapped -> break
    :: !swapped ->
           old = word;
           if
           :: !old -> compare_and_swap(0, TAKEN)
           :: old ->
#ifdef MUTATE_SLEEP_WITHOUT_BIT
                  futex_sleep(old)
#else
                  swapped = 1;
                  if
                  :: !(old & BIT) -> compare_and_swap(old, old | BIT)
                  :: else
                  fi;
                  if
                  :: swapped -> swapped = 0; futex_sleep(old | BIT)
                  :: else
                  fi
#endif
           fi
    od;
    old = 0; swapped = 0
}

inline release()
{
#ifdef MUTATE_RELEASE_PLAIN
    old = word;
    word = 0;
#else
    atomic { old = word; word = 0 };
#endif
#ifndef MUTATE_WAKE_NOBODY
    if
    :: old & BIT -> futex_wake()
    :: else
    fi;
#endif
    old = 0
}

proctype Thread()
{
    byte old, rounds;
    bit  swapped;

    do
    :: rounds < ROUNDS ->
           acquire();
           atomic { assert(!inside && (word & ~BIT) == ME); inside++ }; /* a */
           inside--;
           release();
           rounds++
    :: else -> break
    od;
    done++
}

init {
    atomic {
        run Thread();
        run Thread();
        run Thread()
    };
    timeout ->
    atomic {
        assert(done == THREADS); /* b */
        assert(!word)
    }
}

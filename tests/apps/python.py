"""json, threads, forked processes, big lists, strings, sqlite and compression; prints what it found."""
import collections
import concurrent.futures
import gc
import hashlib
import json
import multiprocessing
import os
import random
import re
import subprocess
import threading
import zlib


def digest(thing):
    return hashlib.sha256(repr(thing).encode()).hexdigest()[:16]


def documents():
    rng = random.Random(1)
    data = [{"id": i, "name": "n" * rng.randrange(50), "tags": [str(rng.random()) for _ in range(5)]}
            for i in range(10000)]
    back = json.loads(json.dumps(data))
    return back == data, digest(back)


def big_lists():
    rng = random.Random(2)
    numbers = [rng.randrange(10**12) for _ in range(300000)]
    numbers.sort()
    squares = {n: n * n for n in numbers[::7]}
    grown = []
    for i in range(300000):
        grown.append((i, str(i)))
    del grown[::2]
    return digest(numbers[::1000]), len(squares), len(grown), sum(len(s) for _, s in grown)


def strings():
    text = " ".join("word%d" % (i * i % 1000) for i in range(100000))
    counts = collections.Counter(re.findall(r"\w+", text))
    buffer = bytearray()
    for i in range(100000):
        buffer += b"%d" % i
    packed = zlib.compress(bytes(buffer), 6)
    return counts.most_common(3), len(packed), zlib.decompress(packed) == buffer, digest(text.upper())


def work(seed):
    rng = random.Random(seed)
    table = {}
    for i in range(20000):
        table[rng.randrange(5000)] = "x" * rng.randrange(300)
    return sum(map(len, table.values()))


def threads():
    results = [0] * 8

    def run(i):
        results[i] = work(i)

    running = [threading.Thread(target=run, args=(i,)) for i in range(8)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return results


def pools():
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        first = list(pool.map(work, range(8)))
    context = multiprocessing.get_context("fork")
    with context.Pool(3) as pool:
        second = pool.map(work, range(8))
    return first == second, sum(first)


def forks():
    total = 0
    keep = [os.urandom(100) for _ in range(10000)]
    for i in range(20):
        child = os.fork()
        if child == 0:
            keep.clear()
            os._exit(work(i) % 100)
        total += os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return total, len(keep)


def commands():
    return [subprocess.run(["echo", str(i)], capture_output=True, check=True).stdout for i in range(10)]


def cycles():
    class Node:
        pass

    for _ in range(50000):
        a, b = Node(), Node()
        a.other, b.other = b, a
    del a, b
    return gc.collect() > 0, len(gc.garbage)


if __name__ == "__main__":
    for test in documents, big_lists, strings, threads, pools, forks, commands, cycles:
        print(test.__name__, test())

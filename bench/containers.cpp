// containers.cpp - the C++ library's containers under churn: map, unordered_map, vector, string.
//
// Operations: insertions, removals and appends; each is an operator new or delete or two.

#include "bench.h"

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace {

enum { OPS, KEYS, SEED, PARAMETERS };

bench_parameter p[PARAMETERS] = {
    {"ops", 2000000, 1, UINT64_MAX},
    {"keys", 20000, 1, 100000000},
    {"seed", 1234567, 1, UINT64_MAX},
};

std::string text_of(uint64_t random)
{
    return std::string(bench_between(random, 1, 120), static_cast<char>('a' + random % 26));
}

// Inserts the key, or removes it when it is there: the map hovers around half of the keys.
template <class Map> void map_churn(Map &map, uint64_t ops, uint64_t seed)
{
    for (; ops > 0; ops--) {
        uint64_t key = bench_between(bench_random(&seed), 0, p[KEYS].value - 1);
        auto placed = map.emplace(key, std::string());
        if (placed.second)
            placed.first->second = text_of(bench_random(&seed));
        else
            map.erase(placed.first);
    }
}

// Many small vectors; each append may move one, each hundredth empties one.
void vector_churn(uint64_t ops, uint64_t seed)
{
    std::vector<std::vector<uint64_t>> vectors(1000);
    for (; ops > 0; ops--) {
        uint64_t random = bench_random(&seed);
        auto &vector = vectors[bench_between(random, 0, vectors.size() - 1)];
        if (random % 128 == 0)
            std::vector<uint64_t>().swap(vector);
        else
            vector.push_back(random);
    }
}

void string_churn(uint64_t ops, uint64_t seed)
{
    std::vector<std::string> strings(1000);
    for (; ops > 0; ops--) {
        uint64_t random = bench_random(&seed);
        auto &string = strings[bench_between(random, 0, strings.size() - 1)];
        if (string.size() > 500)
            string = text_of(random);
        else
            string += text_of(random);
    }
}

} // namespace

int main(int argc, char **argv)
{
    bench_parameters_read(argc, argv, p, PARAMETERS);
    uint64_t share = p[OPS].value / 4 ? p[OPS].value / 4 : 1, seed = p[SEED].value;

    uint64_t start = bench_now_ns();
    {
        std::map<uint64_t, std::string> ordered;
        map_churn(ordered, share, bench_random_fork(seed, 0));
        std::unordered_map<uint64_t, std::string> hashed;
        map_churn(hashed, share, bench_random_fork(seed, 1));
        vector_churn(share, bench_random_fork(seed, 2));
        string_churn(share, bench_random_fork(seed, 3));
    }
    uint64_t elapsed = bench_now_ns() - start;

    bench_report("containers", p, PARAMETERS, 4 * share, elapsed);
    return 0;
}

/* bulk.c - big lists and trees that are built and torn down whole.
 *
 * Each round builds a list and frees it first in first out, builds it again and frees it last in
 * first out, and builds a binary search tree and frees it from its leaves. Operations: mallocs and
 * frees.
 */
#define _GNU_SOURCE 1

#include "bench.h"

#include <stdlib.h>

enum { OPS, NODES, SEED, PARAMETERS };
enum { MOST_BYTES = 128 };

struct list_node {
    struct list_node *next;
};

struct tree_node {
    uint64_t key;
    struct tree_node *child[2];
};

static struct bench_parameter p[PARAMETERS] = {
    {"ops", 6000000, 1, UINT64_MAX},
    {"nodes", 100000, 1, 100000000},
    {"seed", 1234567, 1, UINT64_MAX},
};
static uint64_t random_state;

static void *node_new(size_t least_bytes)
{
    size_t size = bench_between(bench_random(&random_state), least_bytes, MOST_BYTES);
    return bench_touch(malloc(size), size);
}

static struct list_node *list_build_fifo(size_t nodes)
{
    struct list_node *head = NULL, **tail = &head;
    for (; nodes > 0; nodes--) {
        struct list_node *node = node_new(sizeof *node);
        *tail = node;
        tail = &node->next;
    }
    *tail = NULL;
    return head;
}

static struct list_node *list_build_lifo(size_t nodes)
{
    struct list_node *head = NULL;
    for (; nodes > 0; nodes--) {
        struct list_node *node = node_new(sizeof *node);
        node->next = head;
        head = node;
    }
    return head;
}

static void list_free(struct list_node *node)
{
    while (node) {
        struct list_node *next = node->next;
        free(node);
        node = next;
    }
}

/* Keys are random, so the tree is about 2 ln(nodes) deep. */
static void tree_insert(struct tree_node **root)
{
    struct tree_node *node = node_new(sizeof *node);
    node->key = bench_random(&random_state);
    node->child[0] = node->child[1] = NULL;
    while (*root)
        root = &(*root)->child[node->key > (*root)->key];
    *root = node;
}

static void tree_free(struct tree_node *node)
{
    if (!node)
        return;
    tree_free(node->child[0]);
    tree_free(node->child[1]);
    free(node);
}

static void round_run(size_t nodes)
{
    list_free(list_build_fifo(nodes));
    list_free(list_build_lifo(nodes));
    struct tree_node *root = NULL;
    /* A search costs more than a malloc: a smaller tree, so that it does not drown the rest. */
    for (size_t i = 0; i < nodes / 8; i++)
        tree_insert(&root);
    tree_free(root);
}

int main(int argc, char **argv)
{
    bench_parameters_read(argc, argv, p, PARAMETERS);
    uint64_t nodes = p[NODES].value;
    uint64_t ops_per_round = 2 * (2 * nodes + nodes / 8);
    uint64_t rounds = p[OPS].value / ops_per_round;
    if (rounds == 0)
        rounds = 1;
    random_state = p[SEED].value;

    uint64_t start = bench_now_ns();
    for (uint64_t i = 0; i < rounds; i++)
        round_run(nodes);
    uint64_t elapsed = bench_now_ns() - start;

    bench_report("bulk", p, PARAMETERS, rounds * ops_per_round, elapsed);
    return 0;
}

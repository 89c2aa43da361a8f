/* Something for a compiler to chew on; prints what it computed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPEAT4(x, n) x(n##0) x(n##1) x(n##2) x(n##3)
#define REPEAT16(x, n) REPEAT4(x, n##0) REPEAT4(x, n##1) REPEAT4(x, n##2) REPEAT4(x, n##3)
#define REPEAT64(x, n) REPEAT16(x, n##0) REPEAT16(x, n##1) REPEAT16(x, n##2) REPEAT16(x, n##3)

#define DEFINE(n)                                                                                            \
    static unsigned long mix_##n(unsigned long x, const char *text)                                          \
    {                                                                                                        \
        unsigned long table[16];                                                                             \
        for (int i = 0; i < 16; i++)                                                                         \
            table[i] = x * (unsigned long)(i + 1##n) ^ x >> (i % 7 + 1);                                     \
        for (const char *c = text; *c; c++)                                                                  \
            table[*c & 15] += table[(*c >> 4) & 15] * 31 + (unsigned long)*c;                                \
        switch (x % 5) {                                                                                     \
        case 0: return table[0] ^ table[5];                                                                  \
        case 1: return table[1] + strlen(text) * 1##n;                                                       \
        case 2: return table[2] > table[3] ? table[2] - table[3] : table[3];                                 \
        case 3: return x + (table[x & 15] << 3);                                                             \
        default: return table[15] ^ 1##n##UL << 20;                                                          \
        }                                                                                                    \
    }
REPEAT64(DEFINE, 1)

#define CALL(n) x = mix_##n(x, "text " #n);

int main(void)
{
    unsigned long x = 88172645463325252UL;
    char *sum = calloc(1, 100);
    for (int i = 0; i < 1000; i++) {
        REPEAT64(CALL, 1)
    }
    snprintf(sum, 100, "%lx", x);
    puts(sum);
    free(sum);
    return 0;
}

/* expect: overflow by 1 byte: (write of|access to) BYTE, beyond the end of the block at BLOCK */
/* env: HAKMEM_GUARD_RATE=1 */
/* signal: SEGV */
/* Before Linux 6.13, as a filter has it look: access rights do it, and cost few mappings however many blocks
 * are live. What calloc relies on still is so: pages of a block are zero. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "guarded.h"

static int refuse_guards(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_madvise, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 102, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static int mappings(void)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    int lines = 0;
    for (int c; (c = fgetc(maps)) != EOF;)
        lines += c == '\n';
    fclose(maps);
    return lines;
}

static int has_zeroes(const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (bytes[i])
            return 0;
    return 1;
}

int main(void)
{
    static char *live[100][2];
    if (refuse_guards())
        return 1;
    int before = mappings();
    for (int i = 0; i < 100; i++) {
        live[i][0] = malloc(48);
        live[i][1] = malloc(40000);
    }
    int after = mappings();
    if (after > before + 60) {
        fprintf(stderr, "%d mappings, then %d\n", before, after);
        return 1;
    }
    for (int i = 0; i < 100; i++) {
        free(live[i][0]);
        free(live[i][1]);
    }
    for (int i = 0; i < 50; i++) {
        if (!has_zeroes(live[0][0] = calloc(1, 40000), 40000))
            return 1;
        memset(live[0][0], 7, 40000);
        free(live[0][0]);
    }
    char *block = guarded_to_the_right(96);
    say("BLOCK", block);
    say("BYTE", block + 96);
    block[96] = 1;
    return 0;
}

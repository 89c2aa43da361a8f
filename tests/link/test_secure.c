/* A program that runs with other rights than its caller's: the caller's environment is none of its business.
 *
 * The test, run by root, makes such a program of a copy of itself, and is its unprivileged caller. */
#include "preload/check.h"

#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

enum { NOBODY = 65534, NOT_SECURE = 76, OBEYED = 1 };

static char copy[] = "/tmp/hakmem-secure-XXXXXX";

static void copy_self(void)
{
    struct stat self;
    int from = open("/proc/self/exe", O_RDONLY), to = mkstemp(copy);
    CHECK(from >= 0 && to >= 0 && fstat(from, &self) == 0);
    for (off_t left = self.st_size; left > 0;) {
        ssize_t done = sendfile(to, from, NULL, (size_t)left);
        CHECK(done > 0);
        left -= done;
    }
    CHECK(fchmod(to, 04755) == 0);
    close(from);
    close(to);
}

static void run_copy(void)
{
    char *arguments[] = {copy, NULL}, *environment[] = {"HAKMEM_FC_CAP=64", "CHECK_AS_COPY=1", NULL};
    if (setresgid(NOBODY, NOBODY, NOBODY) == 0 && setresuid(NOBODY, NOBODY, NOBODY) == 0)
        execve(copy, arguments, environment);
    _exit(NOT_SECURE);
}

static void another_s_environment_is_not_obeyed(void)
{
    int status;
    if (geteuid() != 0 || check_is_emulated())
        SKIP("only root can make a program of root's, and no emulator runs it");
    copy_self();
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0)
        run_copy();
    CHECK(waitpid(child, &status, 0) == child);
    unlink(copy);
    if (WIFEXITED(status) && (WEXITSTATUS(status) == NOT_SECURE || WEXITSTATUS(status) == 127))
        SKIP("programs cannot have other rights than their callers here");
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static int as_copy(void)
{
    char cap[20];
    if (!getauxval(AT_SECURE))
        return NOT_SECURE;
    return hakmem_option_get("HAKMEM_FC_CAP", cap, sizeof cap) && strcmp(cap, "64") != 0 ? 0 : OBEYED;
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {TEST(another_s_environment_is_not_obeyed)};
    if (argc == 1 && getenv("CHECK_AS_COPY"))
        return as_copy();
    return RUN_TESTS(argc, argv, tests);
}

/* unit_doctor_checks.c - what `hakmem doctor` makes of files of /proc and /sys that are made up. */
#include "doctor.h"
#include "text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char root[] = "/tmp/hakmem-doctor-XXXXXX";
static struct target target;
static struct findings findings;

static void put(const char *path, const char *content)
{
    char full[512];
    snprintf(full, sizeof full, "%s%s", root, path);
    for (char *slash = full + sizeof root; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        mkdir(full, 0777);
        *slash = '/';
    }
    FILE *file = fopen(full, "w");
    assert_non_null(file);
    fputs(content, file);
    assert_int_equal(fclose(file), 0);
}

static int setup(void **state)
{
    (void)state;
    memcpy(root + sizeof root - 7, "XXXXXX", 6);
    if (!mkdtemp(root))
        return -1;
    target = (struct target){.root = root, .pid = 7};
    return 0;
}

static int teardown(void **state)
{
    char command[64];
    (void)state;
    findings_free(&findings);
    snprintf(command, sizeof command, "rm -rf %s", root);
    return system(command);
}

static bool found(enum finding_level level, const char *check, const char *text)
{
    for (size_t i = 0; i < findings.count; i++)
        if (findings.item[i].level == level && strcmp(findings.item[i].check, check) == 0 &&
            strstr(findings.item[i].text, text))
            return true;
    return false;
}

static void a_nearly_full_cgroup_is_a_problem(void **state)
{
    (void)state;
    put("/proc/7/cgroup", "0::/outer/inner\n");
    put("/sys/fs/cgroup/outer/memory.max", "1073741824\n");
    put("/sys/fs/cgroup/outer/memory.current", "1063741824\n");
    put("/sys/fs/cgroup/outer/inner/memory.max", "max\n");
    check_cgroup(&target, &findings);
    assert_true(found(FINDING_PROBLEM, "cgroup", "/outer: 1014 MiB of 1.00 GiB"));
    assert_int_equal(findings.count, 1);
}

static void a_roomy_cgroup_is_all_right(void **state)
{
    (void)state;
    put("/proc/7/cgroup", "12:cpu:/x\n0::/one\n");
    put("/sys/fs/cgroup/one/memory.max", "1073741824\n");
    put("/sys/fs/cgroup/one/memory.current", "1073741\n");
    put("/sys/fs/cgroup/one/cpu.max", "max 100000\n");
    check_cgroup(&target, &findings);
    assert_true(found(FINDING_OK, "cgroup", "of 1.00 GiB"));
    assert_int_equal(findings.count, 1);
}

static void memory_high_kills_and_throttling_are_told(void **state)
{
    (void)state;
    put("/proc/7/cgroup", "0::/\n");
    put("/sys/fs/cgroup/memory.high", "1000000\n");
    put("/sys/fs/cgroup/memory.current", "1000001\n");
    put("/sys/fs/cgroup/memory.events", "low 0\noom 4\noom_kill 3\n");
    put("/sys/fs/cgroup/cpu.max", "50000 100000\n");
    put("/sys/fs/cgroup/cpu.stat", "usage_usec 4\nnr_periods 2\nnr_throttled 9\n");
    check_cgroup(&target, &findings);
    assert_true(found(FINDING_PROBLEM, "cgroup", "(memory.high)"));
    assert_true(found(FINDING_NOTE, "cgroup", "killed 3 processes"));
    assert_true(found(FINDING_NOTE, "cgroup", "0.50 processors (cpu.max), throttled 9 times"));
    assert_int_equal(findings.count, 3);
}

static void no_cgroup_of_version_2_is_a_note(void **state)
{
    (void)state;
    put("/proc/7/cgroup", "4:memory:/x\n");
    check_cgroup(&target, &findings);
    assert_true(found(FINDING_NOTE, "cgroup", "no cgroup of version 2"));
}

static void limits_that_are_nearly_reached_are_problems(void **state)
{
    (void)state;
    put("/proc/7/limits", "Limit                     Soft Limit           Hard Limit           Units\n"
                          "Max data size             unlimited            unlimited            bytes\n"
                          "Max address space         104857600            unlimited            bytes\n");
    put("/proc/7/status", "Name:\tx\nVmSize:\t  100000 kB\nVmLck:\t  100000 kB\nVmData:\t 90000 kB\n");
    put("/proc/sys/vm/max_map_count", "10\n");
    target.mapping_count = 9;
    check_limits(&target, &findings);
    target.mapping_count = 0;
    assert_true(found(FINDING_PROBLEM, "limits", "address space (ulimit -v) is limited to 100 MiB"));
    assert_true(found(FINDING_NOTE, "limits", "97 MiB are locked"));
    assert_true(found(FINDING_PROBLEM, "mappings", "9 of 10 mappings"));
    assert_int_equal(findings.count, 3);
}

static void no_limits_are_all_right(void **state)
{
    (void)state;
    put("/proc/7/limits", "Max data size             unlimited            unlimited            bytes\n"
                          "Max address space         unlimited            unlimited            bytes\n");
    put("/proc/7/status", "VmSize:\t  100000 kB\n");
    put("/proc/sys/vm/max_map_count", "65530\n");
    check_limits(&target, &findings);
    assert_true(found(FINDING_OK, "limits", "not limited"));
    assert_true(found(FINDING_OK, "mappings", "at most 65530"));
}

static void strict_overcommit_is_told(void **state)
{
    (void)state;
    put("/proc/sys/vm/overcommit_memory", "2\n");
    put("/proc/meminfo", "MemTotal: 1 kB\nCommitLimit:    1000 kB\nCommitted_AS:    990 kB\n");
    check_system(&target, &findings);
    assert_true(found(FINDING_PROBLEM, "overcommit", "vm.overcommit_memory is 2"));
}

static void huge_pages_are_told(void **state)
{
    (void)state;
    put("/sys/kernel/mm/transparent_hugepage/enabled", "[always] madvise never\n");
    put("/proc/7/status", "THP_enabled:\t0\n");
    put("/proc/sys/kernel/yama/ptrace_scope", "2\n");
    check_system(&target, &findings);
    assert_true(found(FINDING_NOTE, "thp", "'always'"));
    assert_true(found(FINDING_NOTE, "thp", "PR_SET_THP_DISABLE"));
    assert_true(found(FINDING_NOTE, "ptrace", "only root"));
}

/* Variables, each ended by a NUL as in /proc/PID/environ. */
static void check_environment(const char *variables, size_t bytes)
{
    findings_free(&findings);
    target.environment = memcpy(memory_resize(NULL, bytes, 1), variables, bytes);
    target.environment_bytes = bytes;
    check_options(&target, &findings);
    free(target.environment);
    target.environment = NULL;
}
#define CHECK(variables) check_environment(variables, sizeof(variables))

static void options_are_checked_as_the_allocator_does(void **state)
{
    (void)state;
    CHECK("PATH=/bin\0HAKMEM_FC_CAP=64\0HAKMEM_STATS=1\0HAKMEM_LIB=/x");
    assert_true(found(FINDING_OK, "options", "2 options are set"));
    CHECK("HAKMEM_FC_CAP=64x");
    assert_true(found(FINDING_PROBLEM, "options", "HAKMEM_FC_CAP=64x is not"));
    CHECK("HAKMEM_FC_CAP=");
    assert_true(found(FINDING_PROBLEM, "options", "HAKMEM_FC_CAP= is not"));
    CHECK("HAKMEM_FC_CAP=99999999999999999999999");
    assert_true(found(FINDING_PROBLEM, "options", "is not"));
    CHECK("HAKMEM_STAT=1");
    assert_true(found(FINDING_PROBLEM, "options", "did you mean HAKMEM_STATS?"));
    CHECK("HAKMEM_SOMETHING_ELSE_ENTIRELY=1");
    assert_true(found(FINDING_PROBLEM, "options", "HAKMEM_HELP=1 lists them"));
    CHECK("HAKMEM");
    assert_true(found(FINDING_OK, "options", "none is set"));
}

static void words_and_sizes_are_checked(void **state)
{
    (void)state;
    CHECK("HAKMEM_THP=never\0HAKMEM_SOFT_LIMIT=2G\0HAKMEM_HARD_LIMIT=0");
    assert_true(found(FINDING_OK, "options", "3 options are set"));
    CHECK("HAKMEM_THP=nev");
    assert_true(found(FINDING_PROBLEM, "options", "HAKMEM_THP=nev is not one of"));
    CHECK("HAKMEM_SOFT_LIMIT=2");
    assert_true(found(FINDING_PROBLEM, "options", "HAKMEM_SOFT_LIMIT=2 is not"));
    CHECK("HAKMEM_SOFT_LIMIT=2Gi");
    assert_true(found(FINDING_PROBLEM, "options", "HAKMEM_SOFT_LIMIT=2Gi is not"));
}

static void privileged_programs_ignore_options(void **state)
{
    (void)state;
    target.secure = true;
    CHECK("HAKMEM_STATS=1");
    target.secure = false;
    assert_true(found(FINDING_NOTE, "options", "ignored"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_nearly_full_cgroup_is_a_problem),
        TEST(a_roomy_cgroup_is_all_right),
        TEST(memory_high_kills_and_throttling_are_told),
        TEST(no_cgroup_of_version_2_is_a_note),
        TEST(limits_that_are_nearly_reached_are_problems),
        TEST(no_limits_are_all_right),
        TEST(strict_overcommit_is_told),
        TEST(huge_pages_are_told),
        TEST(options_are_checked_as_the_allocator_does),
        TEST(words_and_sizes_are_checked),
        TEST(privileged_programs_ignore_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

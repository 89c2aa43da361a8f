/* os/limits.c and api/alarm.c: a made-up /proc and /sys/fs/cgroup, and what follows from them. */
#include "unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/api.h"
#include "base/bits.h"
#include "os/limits.h"

enum { MIB = 1 << 20, OUTPUT_BYTES = 16384 };

static char root[64];

static void path_of(char *path, size_t size, const char *file)
{
    snprintf(path, size, "%s%s", root, file);
}

/* Writes a file below the root, and makes the directories that lead there. */
static void put(const char *file, const char *text)
{
    char path[512];
    path_of(path, sizeof path, file);
    for (char *slash = path + strlen(root) + 1; (slash = strchr(slash, '/')) != NULL; *slash++ = '/') {
        *slash = 0;
        mkdir(path, 0700);
    }
    FILE *to = fopen(path, "w");
    EXPECT(to && fputs(text, to) >= 0 && fclose(to) == 0);
}

static void put_number(const char *file, unsigned long long number)
{
    char text[32];
    snprintf(text, sizeof text, "%llu\n", number);
    put(file, text);
}

static void remove_root(void)
{
    char command[100];
    snprintf(command, sizeof command, "rm -rf %s", root);
    if (system(command) != 0)
        fprintf(stderr, "%s is left behind\n", root);
}

static void start_root(void)
{
    if (*root)
        remove_root();
    else
        atexit(remove_root);
    strcpy(root, "/tmp/hakmem-limits-XXXXXX");
    EXPECT(mkdtemp(root) != NULL);
}

static unsigned haste_now(void)
{
    limits_test_root(root);
    limits_read();
    return limits_haste();
}

static unsigned processors_now(void)
{
    limits_test_root(root);
    return limits_processors();
}

/* A cgroup of 1000 MiB of which so many are used. */
static void start_cgroup(unsigned used_mib)
{
    start_root();
    put("/proc/self/cgroup", "0::/a/b\n");
    put_number("/sys/fs/cgroup/a/b/memory.max", 1000ull * MIB);
    put("/sys/fs/cgroup/a/b/memory.high", "max\n");
    put_number("/sys/fs/cgroup/a/b/memory.current", (unsigned long long)used_mib * MIB);
}

static void use(unsigned used_mib)
{
    put_number("/sys/fs/cgroup/a/b/memory.current", (unsigned long long)used_mib * MIB);
}

/* ---- memory */

ISOLATED(without_cgroups_there_is_no_haste)
{
    start_root();
    EXPECT(haste_now() == 0);
}

ISOLATED(haste_grows_with_the_share_used)
{
    start_cgroup(500);
    EXPECT(haste_now() == 0);
    unsigned before = 0;
    for (unsigned used = 810; used <= 990; used += 60, before = haste_now()) {
        use(used);
        EXPECT(haste_now() >= before);
    }
    use(820);
    EXPECT(haste_now() > 0 && haste_now() < LIMITS_HASTE_MAX);
    use(990);
    EXPECT(haste_now() == LIMITS_HASTE_MAX);
    use(100);
    EXPECT(haste_now() == 0);
}

ISOLATED(the_cache_of_files_does_not_count)
{
    start_cgroup(990);
    EXPECT(haste_now() == LIMITS_HASTE_MAX);
    put("/sys/fs/cgroup/a/b/memory.stat",
        "anon 1000\nfile 800\nkernel 1\nfile_mapped 77\ninactive_anon 12\nactive_anon 13\n"
        "inactive_file 500000000\nactive_file 300000000\nunevictable 0\n");
    EXPECT(haste_now() == 0);
    put("/sys/fs/cgroup/a/b/memory.stat", "anon 5\ninactive_file 104857600\nactive_file 104857600\n");
    EXPECT(haste_now() == 0); /* without these 200 MiB it is 79 %, with half of them 89 % */
    put("/sys/fs/cgroup/a/b/memory.stat", "anon 5\ninactive_file 99999999999999\n"); /* more than is used */
    EXPECT(haste_now() == 0);
    put("/sys/fs/cgroup/a/b/memory.stat", "inactive_file\nactive_file x\n");
    EXPECT(haste_now() == LIMITS_HASTE_MAX);
}

ISOLATED(the_lower_of_high_and_max_counts)
{
    start_cgroup(100);
    put_number("/sys/fs/cgroup/a/b/memory.high", 102ull * MIB);
    EXPECT(haste_now() == LIMITS_HASTE_MAX);
    put("/sys/fs/cgroup/a/b/memory.max", "max\n");
    EXPECT(haste_now() == LIMITS_HASTE_MAX);
    put("/sys/fs/cgroup/a/b/memory.high", "max\n");
    EXPECT(haste_now() == 0);
}

ISOLATED(the_tightest_of_nested_groups_counts)
{
    start_cgroup(100);
    put_number("/sys/fs/cgroup/a/memory.max", 2000ull * MIB);
    put_number("/sys/fs/cgroup/a/memory.current", 1990ull * MIB);
    EXPECT(haste_now() == LIMITS_HASTE_MAX);
    put_number("/sys/fs/cgroup/a/memory.current", 10ull * MIB);
    EXPECT(haste_now() == 0);
    put_number("/sys/fs/cgroup/memory.max", 50ull * MIB); /* as a container's root has it */
    put_number("/sys/fs/cgroup/memory.current", 50ull * MIB);
    EXPECT(haste_now() == LIMITS_HASTE_MAX);
}

ISOLATED(a_group_at_the_root_is_read)
{
    start_root();
    put("/proc/self/cgroup", "0::/\n");
    put_number("/sys/fs/cgroup/memory.max", 50ull * MIB);
    put_number("/sys/fs/cgroup/memory.current", 49ull * MIB);
    EXPECT(haste_now() > 0);
}

ISOLATED(the_line_of_version_2_is_found_among_others)
{
    start_cgroup(990);
    put("/proc/self/cgroup", "12:cpu,cpuacct:/x0::/\n1:name=systemd:/y\n0::/a/b\n");
    EXPECT(haste_now() == LIMITS_HASTE_MAX);
    put("/proc/self/cgroup", "12:cpu,cpuacct:/x\n1:name=systemd:/y\n0::/a/b\n");
    EXPECT(haste_now() == LIMITS_HASTE_MAX);
    put("/proc/self/cgroup", "12:cpu,cpuacct:/a/b\n1:memory:/a/b\n");
    EXPECT(haste_now() == 0);
}

ISOLATED(garbage_is_no_limit)
{
    static const char *const garbage[] = {"", "\n", "x", "-1\n", "maximum", " 5", "0x10", "\xff\xfe"};
    for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++) {
        start_cgroup(999);
        put("/sys/fs/cgroup/a/b/memory.max", garbage[i]);
        haste_now();
        start_cgroup(999);
        put("/sys/fs/cgroup/a/b/memory.current", garbage[i]);
        EXPECT(haste_now() == 0 || strcmp(garbage[i], "0x10") == 0);
        put("/proc/self/cgroup", garbage[i]);
        put("/proc/pressure/memory", garbage[i]);
        EXPECT(haste_now() == 0);
    }
    char longest[5000];
    memset(longest, 'a', sizeof longest);
    memcpy(longest, "0::/", 4);
    longest[sizeof longest - 1] = 0;
    put("/proc/self/cgroup", longest);
    EXPECT(haste_now() == 0);
    put("/proc/self/cgroup", "0::/../../..\n");
    haste_now();
}

ISOLATED(extreme_numbers_do_not_wrap)
{
    start_cgroup(1);
    put("/sys/fs/cgroup/a/b/memory.max", "9223372036854771712\n");
    put("/sys/fs/cgroup/a/b/memory.current", "9223372036854771711\n");
    EXPECT(haste_now() == LIMITS_HASTE_MAX);
    put("/sys/fs/cgroup/a/b/memory.current", "1000\n");
    EXPECT(haste_now() == 0);
    put("/sys/fs/cgroup/a/b/memory.max", "0\n");
    haste_now();
}

/* ---- pressure */

ISOLATED(pressure_makes_haste)
{
    start_root();
    put("/proc/pressure/memory", "some avg10=45.31 avg60=1.00 avg300=0.10 total=1\nfull avg10=0.00\n");
    EXPECT(haste_now() > 0);
    put("/proc/pressure/memory", "some avg10=0.31 avg60=99.00 avg300=0.10 total=1\n");
    EXPECT(haste_now() == 0);
    put("/proc/pressure/memory", "some avg10=100.00 avg60=0 avg300=0 total=1\n");
    EXPECT(haste_now() > 0);
    put("/proc/pressure/memory", "some avg10=4000000000.00\n");
    EXPECT(haste_now() == 0);
}

ISOLATED(the_group_s_own_pressure_counts_before_the_machine_s)
{
    start_cgroup(1);
    put("/proc/pressure/memory", "some avg10=90.00 \n");
    put("/sys/fs/cgroup/a/b/memory.pressure", "some avg10=0.00 \n");
    EXPECT(haste_now() == 0);
}

ISOLATED(files_are_read_once_a_second_at_most)
{
    start_cgroup(100);
    EXPECT(haste_now() == 0);
    use(999);
    limits_read();
    EXPECT(limits_haste() == 0);
}

/* ---- processors */

ISOLATED(a_quota_is_rounded_up_to_processors)
{
    start_cgroup(1);
    unsigned all = processors_now();
    EXPECT(all >= 1);
    static const struct {
        const char *text;
        unsigned processors;
    } forms[] = {{"50000 100000\n", 1},
                 {"100000 100000\n", 1},
                 {"100001 100000\n", 2},
                 {"1 1000000", 1},
                 {"0 100000", 1}};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        put("/sys/fs/cgroup/a/b/cpu.max", forms[i].text);
        EXPECT(processors_now() == size_min(forms[i].processors, all));
    }
    static const char *const unlimited[] = {"max 100000\n", "max", "",          "100000",
                                            "100000 0",     "5 x", "99999999 1"};
    for (size_t i = 0; i < sizeof unlimited / sizeof *unlimited; i++) {
        put("/sys/fs/cgroup/a/b/cpu.max", unlimited[i]);
        EXPECT(processors_now() == all);
    }
}

ISOLATED(the_quota_of_a_group_above_counts)
{
    start_cgroup(1);
    put("/sys/fs/cgroup/a/cpu.max", "100000 100000\n");
    put("/sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
    EXPECT(processors_now() == 1);
}

/* ---- the alarm */

static unsigned alarms;
static struct limits_memory alarmed;

static void note_alarm(const struct limits_memory *memory)
{
    alarms++;
    alarmed = *memory;
}

static size_t resident_of(const char *statm)
{
    start_root();
    if (statm)
        put("/proc/self/statm", statm);
    limits_test_root(root);
    return limits_resident_bytes();
}

ISOLATED(pages_of_files_are_not_the_process_s_own)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    EXPECT(resident_of("1000 80 30 1 0 200 0\n") == 50 * page);
    EXPECT(resident_of("1000 30 80 1 0 200 0\n") == 0);
    EXPECT(resident_of("1000 80") == 0);
    EXPECT(resident_of("") == 0);
    EXPECT(resident_of(NULL) == 0);
}

ISOLATED(an_alarm_sounds_once_until_it_is_calm_again)
{
    start_cgroup(960);
    limits_set_alarm(note_alarm);
    haste_now();
    EXPECT(alarms == 0);
    use(985);
    haste_now();
    haste_now();
    EXPECT(alarms == 1 && alarmed.used_bytes == 985ull * MIB && alarmed.limit_bytes == 1000ull * MIB);
    use(950); /* not calm */
    haste_now();
    use(990);
    haste_now();
    EXPECT(alarms == 1);
    use(800);
    haste_now();
    use(990);
    haste_now();
    EXPECT(alarms == 2);
}

ISOLATED(high_alone_raises_no_alarm)
{
    start_cgroup(500);
    limits_set_alarm(note_alarm);
    put_number("/sys/fs/cgroup/a/b/memory.high", 500ull * MIB);
    EXPECT(haste_now() == LIMITS_HASTE_MAX && alarms == 0);
}

static void sound_the_alarm(void *report)
{
    char variable[200];
    char *environment[] = {variable, NULL};
    start_cgroup(990);
    snprintf(variable, sizeof variable, "HAKMEM_REPORT_FILE=%s", (const char *)report);
    options_read(environment);
    alarm_init();
    haste_now();
    haste_now();
}

static size_t count_of(const char *text, const char *part)
{
    size_t n = 0;
    for (; (text = strstr(text, part)) != NULL; text++)
        n++;
    return n;
}

static void the_alarm_is_a_line_and_a_report(void **state)
{
    (void)state;
    static char output[OUTPUT_BYTES], report[OUTPUT_BYTES];
    char path[] = "/tmp/hakmem-report-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(unit_catch_output(sound_the_alarm, path, output, sizeof output), 0);
    ssize_t length = read(fd, report, sizeof report - 1);
    unlink(path);
    assert_true(length > 0);
    assert_int_equal(count_of(output, "hakmem: the cgroup's memory is nearly used up, 990 of 1000 MiB"), 1);
    assert_int_equal(count_of(output, "where the memory is"), 0);
    assert_int_equal(count_of(report, "nearly used up"), 1);
    assert_int_equal(count_of(report, "where the memory is"), 1);
}

static void a_report_that_cannot_be_written_is_a_line(void **state)
{
    (void)state;
    static char output[OUTPUT_BYTES];
    char path[] = "/nonexistent/directory/report";
    assert_int_equal(unit_catch_output(sound_the_alarm, path, output, sizeof output), 0);
    assert_int_equal(count_of(output, "/nonexistent/directory/report cannot be written"), 1);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(without_cgroups_there_is_no_haste),
    cmocka_unit_test(haste_grows_with_the_share_used),
    cmocka_unit_test(the_cache_of_files_does_not_count),
    cmocka_unit_test(the_lower_of_high_and_max_counts),
    cmocka_unit_test(the_tightest_of_nested_groups_counts),
    cmocka_unit_test(a_group_at_the_root_is_read),
    cmocka_unit_test(the_line_of_version_2_is_found_among_others),
    cmocka_unit_test(garbage_is_no_limit),
    cmocka_unit_test(extreme_numbers_do_not_wrap),
    cmocka_unit_test(pressure_makes_haste),
    cmocka_unit_test(the_group_s_own_pressure_counts_before_the_machine_s),
    cmocka_unit_test(files_are_read_once_a_second_at_most),
    cmocka_unit_test(a_quota_is_rounded_up_to_processors),
    cmocka_unit_test(the_quota_of_a_group_above_counts),
    cmocka_unit_test(pages_of_files_are_not_the_process_s_own),
    cmocka_unit_test(an_alarm_sounds_once_until_it_is_calm_again),
    cmocka_unit_test(high_alone_raises_no_alarm),
    cmocka_unit_test(the_alarm_is_a_line_and_a_report),
    cmocka_unit_test(a_report_that_cannot_be_written_is_a_line),
};

UNIT_MAIN(tests)

/* What the options that are read at start do, in a program that starts with them: this one, once more. */
#include "preload/blocks.h"
#include "preload/check.h"

#define MIB ((size_t)1 << 20)

enum { CALLS = 1000, OUTPUT_BYTES = 16384 };

static char output[OUTPUT_BYTES];

/* What the program does when it is started by a test. */
static int work(void)
{
    void *huge = malloc(4 * MIB);
    CHECK(huge != NULL);
    free(huge);
    huge = malloc(4 * MIB);
    CHECK(huge != NULL);
    free(huge);
    for (int i = 0; i < CALLS; i++) {
        void *block = malloc(64);
        CHECK(block != NULL);
        free(block);
    }
    return 0;
}

/* Starts it with some variables in its environment, NULL behind the last; what it prints is in `output`. */
static void start_with(char *const *variables)
{
    char itself[] = "/proc/self/exe", as_work[] = "CHECK_AS_WORK=1", quiet[] = "HAKMEM_SCAVENGER=0";
    char *arguments[] = {itself, NULL}, *environment[8] = {as_work, quiet};
    int ends[2];
    size_t length = 0;
    if (check_is_emulated())
        SKIP("under an emulator a program does not start itself");
    for (int i = 0; variables[i]; i++)
        environment[2 + i] = variables[i];
    CHECK(pipe(ends) == 0);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        execve(itself, arguments, environment);
        _exit(127);
    }
    close(ends[1]);
    for (ssize_t n; (n = read(ends[0], output + length, sizeof output - 1 - length)) > 0;)
        length += (size_t)n;
    output[length] = '\0';
    close(ends[0]);
    CHECK(wait_for(child) == 0);
}

#define START_WITH(...) start_with((char *[]){__VA_ARGS__, NULL})

static void expect_line(const char *text)
{
    CHECK_THAT(strstr(output, text) != NULL, "no \"%s\" in: %s", text, output);
}

/* The number in front of `text`. */
static long number_before(const char *text)
{
    const char *at = strstr(output, text);
    CHECK_THAT(at != NULL, "no \"%s\" in: %s", text, output);
    while (at > output && at[-1] >= '0' && at[-1] <= '9')
        at--;
    return strtol(at, NULL, 10);
}

static void without_options_nothing_is_printed(void)
{
    char nothing[] = "NOTHING=1";
    START_WITH(nothing);
    CHECK_THAT(*output == '\0', "%s", output);
}

static void help_prints_the_table(void)
{
    char help[] = "HAKMEM_HELP=1";
    START_WITH(help);
    expect_line("options, each an environment variable");
    expect_line("HAKMEM_FC_CAP");
    expect_line("HAKMEM_REPORT_FILE");
}

static void verbose_prints_version_and_what_is_not_at_its_default(void)
{
    char verbose[] = "HAKMEM_VERBOSE=1", cap[] = "HAKMEM_FC_CAP=64";
    START_WITH(verbose, cap);
    expect_line("hakmem: version ");
    expect_line("hakmem: HAKMEM_FC_CAP=64\n");
    CHECK(!strstr(output, "HAKMEM_FC_REFILL"));
}

static void prewarm_says_what_it_did(void)
{
    char prewarm[] = "HAKMEM_SS_PREWARM=30", debug[] = "HAKMEM_SS_PREWARM_DEBUG=1";
    START_WITH(prewarm, debug);
    expect_line("hakmem: prewarm: 30 of 30 SuperSlabs mapped and populated\n");
}

static void prewarmed_superslabs_serve_the_program(void)
{
    char prewarm[] = "HAKMEM_SS_PREWARM=4", debug[] = "HAKMEM_SS_LRU_DEBUG=1";
    START_WITH(prewarm, debug);
    const char *kept = strstr(output, "LRU: kept 4 SuperSlabs"), *reused = strstr(output, "LRU: reused");
    CHECK_THAT(kept && reused && kept < reused, "%s", output);
}

static void front_stats_count_every_call(void)
{
    char stats[] = "HAKMEM_FRONT_STATS=1";
    START_WITH(stats);
    long mallocs = number_before(" mallocs"), frees = number_before(" frees");
    CHECK_THAT(mallocs >= CALLS && frees >= CALLS, "%ld mallocs, %ld frees", mallocs, frees);
}

static void stats_are_printed_at_exit(void)
{
    char stats[] = "HAKMEM_STATS=1";
    START_WITH(stats);
    expect_line("where the memory is");
    expect_line("live (blocks the program holds)");
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(without_options_nothing_is_printed),
        TEST(help_prints_the_table),
        TEST(verbose_prints_version_and_what_is_not_at_its_default),
        TEST(prewarm_says_what_it_did),
        TEST(prewarmed_superslabs_serve_the_program),
        TEST(front_stats_count_every_call),
        TEST(stats_are_printed_at_exit),
    };
    if (argc == 1 && getenv("CHECK_AS_WORK"))
        return work();
    return RUN_TESTS(argc, argv, tests);
}

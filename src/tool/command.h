/* command.h - the commands of `hakmem`. Each gets its own name as argv[0] and returns the status. */
#ifndef HAKMEM_TOOL_COMMAND_H
#define HAKMEM_TOOL_COMMAND_H

int command_run(int argc, char **argv);
int command_explain(int argc, char **argv);
int command_stats(int argc, char **argv);
int command_top(int argc, char **argv);
int command_doctor(int argc, char **argv);
int command_ptr(int argc, char **argv);
int command_map(int argc, char **argv);
int command_symbolize(int argc, char **argv);
int command_bench(int argc, char **argv);
int command_compare(int argc, char **argv);

/* Says on one line whose malloc this process has; `bench` and `compare` run it under every peer. */
int command_probe_malloc(int argc, char **argv);

#endif

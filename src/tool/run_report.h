/* run_report.h - `hakmem run --report`: the program as a child, and one page when it has ended. */
#ifndef HAKMEM_TOOL_RUN_REPORT_H
#define HAKMEM_TOOL_RUN_REPORT_H

/* Runs the program and writes the page to `path`. Returns errno when the program could not be started;
 * otherwise ends this process as the program ended, also when the page could not be written, which one
 * line then says. */
int run_with_report(char *const *argv, const char *path);

#endif

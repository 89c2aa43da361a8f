/* markup.h - any bytes as text inside HTML, SVG, Markdown or a shell's command line. */
#ifndef HAKMEM_TOOL_MARKUP_H
#define HAKMEM_TOOL_MARKUP_H

#include "text.h"

/* What HTML and XML would take for markup is replaced, and so is what is no character at all: bytes
 * that are not UTF-8, and control characters. */
void markup_add_xml(struct text *text, const char *source);

/* As it is read between the bars of a Markdown table. */
void markup_add_cell(struct text *text, const char *source);

/* One word of a command line, in quotes when it needs them. */
void markup_add_shell_word(struct text *text, const char *word);

#endif

/* html_style.h - the style sheet of the report pages, light and dark. */
#ifndef HAKMEM_TOOL_HTML_STYLE_H
#define HAKMEM_TOOL_HTML_STYLE_H

extern const char html_style[];

#endif

/* markup.c - escapes and quotes. */
#include "markup.h"

#include <string.h>

static const char REPLACEMENT[] = "\xEF\xBF\xBD"; /* U+FFFD */

/* The length of the UTF-8 character that the text starts with; 0 when it starts with none that XML
 * knows. */
static size_t character_length(const char *text)
{
    unsigned char first = (unsigned char)text[0], second = first ? (unsigned char)text[1] : 0;
    if (first < 0x80)
        return first >= 0x20 || first == '\t' || first == '\n' ? 1 : 0;
    size_t length = first < 0xC2 || first > 0xF4 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    for (size_t i = 1; i < length; i++)
        if (((unsigned char)text[i] & 0xC0) != 0x80)
            return 0;
    bool overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
    bool no_character = (first == 0xED && second > 0x9F) || (first == 0xF4 && second > 0x8F) ||
                        strncmp(text, "\xEF\xBF\xBE", 3) == 0 || strncmp(text, "\xEF\xBF\xBF", 3) == 0;
    return overlong || no_character ? 0 : length;
}

void markup_add_xml(struct text *text, const char *source)
{
    while (*source) {
        size_t length = character_length(source);
        switch (*source) {
        case '&': text_add(text, "&amp;"); break;
        case '<': text_add(text, "&lt;"); break;
        case '>': text_add(text, "&gt;"); break;
        case '"': text_add(text, "&quot;"); break;
        default: text_add(text, "%.*s", length ? (int)length : 3, length ? source : REPLACEMENT);
        }
        source += length ? length : 1;
    }
}

void markup_add_cell(struct text *text, const char *source)
{
    for (; *source; source++) {
        if (strchr("\\`*[]<>|&", *source))
            text_add(text, "\\");
        text_add(text, "%c", *source == '\n' ? ' ' : *source);
    }
}

void markup_add_shell_word(struct text *text, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-_./,:=+@%";
    if (*word && word[strspn(word, plain)] == '\0') {
        text_add(text, "%s", word);
        return;
    }
    text_add(text, "'");
    for (; *word; word++)
        text_add(text, "%s%c", *word == '\'' ? "'\\'" : "", *word);
    text_add(text, "'");
}

/* top_screen_none.c - where the command was built without ncurses. */
#include "top.h"

bool top_screen(struct top *top, unsigned long long count)
{
    (void)top;
    (void)count;
    message_print("built without ncurses: plain text follows, one block for each look");
    return false;
}

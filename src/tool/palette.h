/* palette.h - the colours of a report on a light page; the picture, which has no other, uses them too. */
#ifndef HAKMEM_TOOL_PALETTE_H
#define HAKMEM_TOOL_PALETTE_H

#define PALETTE_CARD "#fff"
#define PALETTE_INK "#1b2130"
#define PALETTE_SOFT "#5b6474"
#define PALETTE_LINE "#dfe3ea"
#define PALETTE_OURS "#2563eb"
#define PALETTE_BEST "#8a94a6"
#define PALETTE_PEER "#c3cad6"

/* One for each peer's line. */
#define PALETTE_SERIES_1 "#d97706"
#define PALETTE_SERIES_2 "#0f766e"
#define PALETTE_SERIES_3 "#9333ea"
#define PALETTE_SERIES_4 "#e11d48"
#define PALETTE_SERIES_5 "#4d7c0f"
#define PALETTE_SERIES_6 "#0891b2"
#define PALETTE_SERIES_7 "#64748b"

#endif

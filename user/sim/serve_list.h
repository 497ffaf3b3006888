/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lists of requests by number, which a request can be in several of at a time: neighbours are kept
 * in the requests. All is done in a few operations, whatever the length.
 */
#ifndef _SIM_SERVE_LIST_H
#define _SIM_SERVE_LIST_H

#include <stdint.h>

#define SERVE_NONE	(~0U)

/* Kinds of lists; a request is in at most one of each kind. */
enum serve_link {
	SERVE_QUEUE,		/* waiting, or running */
	SERVE_PHASE,		/* needs its next block in the same step */
	SERVE_END,		/* ends in the same step */
	SERVE_LINKS,
	SERVE_LEFT = SERVE_PHASE	/* left blocks: it does not decode then */
};

struct serve_neighbours {
	uint32_t before;
	uint32_t after;
};

/**
 * struct serve_list - first and last of a list
 */
struct serve_list {
	uint32_t first;
	uint32_t last;
};

#define SERVE_LIST_EMPTY	((struct serve_list) { SERVE_NONE, SERVE_NONE })

/* The neighbours of all requests, as the lists see them. */
struct serve_links {
	struct serve_neighbours (*of)[SERVE_LINKS];
};

static inline void serve_list_append(struct serve_links *links, enum serve_link kind,
				     struct serve_list *list, uint32_t at)
{
	links->of[at][kind] = (struct serve_neighbours) { list->last, SERVE_NONE };
	if (list->last == SERVE_NONE)
		list->first = at;
	else
		links->of[list->last][kind].after = at;
	list->last = at;
}

static inline void serve_list_prepend(struct serve_links *links, enum serve_link kind,
				      struct serve_list *list, uint32_t at)
{
	links->of[at][kind] = (struct serve_neighbours) { SERVE_NONE, list->first };
	if (list->first == SERVE_NONE)
		list->last = at;
	else
		links->of[list->first][kind].before = at;
	list->first = at;
}

static inline void serve_list_remove(struct serve_links *links, enum serve_link kind,
				     struct serve_list *list, uint32_t at)
{
	struct serve_neighbours n = links->of[at][kind];

	if (n.before == SERVE_NONE)
		list->first = n.after;
	else
		links->of[n.before][kind].after = n.after;
	if (n.after == SERVE_NONE)
		list->last = n.before;
	else
		links->of[n.after][kind].before = n.before;
}

static inline uint32_t serve_list_after(const struct serve_links *links, enum serve_link kind,
					uint32_t at)
{
	return links->of[at][kind].after;
}

#endif /* _SIM_SERVE_LIST_H */

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All buffers that the caller may see. */
#ifndef _CLI_BUFFER_LIST_H
#define _CLI_BUFFER_LIST_H

#include <terrace/terrace.h>

typedef void (*buffer_visit_fn)(const struct terrace_buffer_info *b, void *context);

/**
 * buffer_list - call a function for every buffer, by number
 *
 * Return: 0; a negative errno.
 */
int buffer_list(struct terrace_session *s, buffer_visit_fn visit, void *context);

#endif /* _CLI_BUFFER_LIST_H */

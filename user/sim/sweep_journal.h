/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Journals: results that are kept until all of a sweep are there, so that one that was stopped goes
 * on where it was.
 *
 * A line for each: the key in 16 hexadecimal digits, a blank, the result. A line that is not whole
 * is cut off. Not thread safe; one process at a time.
 */
#ifndef _SIM_SWEEP_JOURNAL_H
#define _SIM_SWEEP_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "engine/error.h"

/**
 * struct sweep_journal - a journal
 * @path: "" when it has no name, and is gone with the program
 * @entry: @n results of @room, by their keys once they are sorted
 */
struct sweep_journal {
	const char *path;
	FILE *file;
	struct sweep_entry *entry;
	size_t n;
	size_t room;
	bool sorted;
	long end;
};

/**
 * sweep_journal_open - open or make it, and read what is there
 * @path: NULL = without a name
 *
 * Return: 0; -EBUSY another process has it open; -EINVAL it is no journal; -ENOMEM; other negative
 * errno values of opening and reading.
 */
int sweep_journal_open(struct sweep_journal *j, const char *path, struct engine_error *e);

/**
 * sweep_journal_close - close it
 * @remove: its results are needed no more
 */
void sweep_journal_close(struct sweep_journal *j, bool remove);

/**
 * sweep_journal_add - keep a result
 * @text: without a line's end
 */
int sweep_journal_add(struct sweep_journal *j, uint64_t key, const char *text,
		      struct engine_error *e);

bool sweep_journal_has(struct sweep_journal *j, uint64_t key);

/**
 * sweep_journal_get - the result of a key that it has
 *
 * Return: to be freed; NULL with errno set.
 */
char *sweep_journal_get(struct sweep_journal *j, uint64_t key);

#endif /* _SIM_SWEEP_JOURNAL_H */

// SPDX-License-Identifier: LGPL-2.1-or-later
/* Names of the classes. */
#include <errno.h>
#include <string.h>

#include "internal.h"

static const char * const classes[TERRACE_CLASSES] = {
	[TERRACE_CLASS_WEIGHTS]		= "weights",
	[TERRACE_CLASS_KV]		= "kv",
	[TERRACE_CLASS_CONTEXT]		= "context",
	[TERRACE_CLASS_ACTIVATION]	= "activation",
};

const char *terrace_class_name(uint32_t class_id)
{
	return class_id < TERRACE_CLASSES ? classes[class_id] : NULL;
}

#define WORD_MAX	16	/* characters of a word that are compared */

/* Levenshtein's distance, a row at a time. */
static unsigned int distance(const char *a, const char *b)
{
	size_t la = strnlen(a, WORD_MAX), lb = strnlen(b, WORD_MAX);
	unsigned int row[WORD_MAX + 1];
	size_t i, j;

	for (j = 0; j <= lb; j++)
		row[j] = j;
	for (i = 1; i <= la; i++) {
		unsigned int corner = row[0], best;

		row[0] = i;
		for (j = 1; j <= lb; j++) {
			best = corner + (a[i - 1] != b[j - 1]);
			corner = row[j];
			if (best > row[j] + 1)
				best = row[j] + 1;
			if (best > row[j - 1] + 1)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[lb];
}

int terrace_class_parse(const char *name)
{
	int i, nearest = 0;

	for (i = 0; i < TERRACE_CLASSES; i++) {
		if (!strcmp(name, classes[i]))
			return i;
		if (distance(name, classes[i]) < distance(name, classes[nearest]))
			nearest = i;
	}
	return error_set(-EINVAL, "\"%s\" is none of the classes weights, kv, context and activation: did you mean \"%s\"?",
			 name, classes[nearest]);
}

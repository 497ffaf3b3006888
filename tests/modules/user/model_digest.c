// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Computes the model's digests in user space: model_digest [INPUTS] prints "name digest" lines in
 * the order of the kernel's.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "../model_digest.h"

static const char *const names[MODEL_DIGEST_COUNT] = { MODEL_DIGESTS(MODEL_DIGEST_NAME) };

int main(int argc, char **argv)
{
	unsigned long n = MODEL_DIGEST_INPUTS;
	static struct model_digest d;
	char *end;

	if (argc > 1) {
		errno = 0;
		n = strtoul(argv[1], &end, 10);
		if (errno || end == argv[1] || *end || argc > 2) {
			fprintf(stderr, "usage: %s [INPUTS]\n", argv[0]);
			return 2;
		}
	}
	model_digest_begin(&d);
	while (n--)
		model_digest_input(&d);
	for (int i = 0; i < MODEL_DIGEST_COUNT; i++)
		printf("%s %llu\n", names[i], d.digest[i]);
	return 0;
}

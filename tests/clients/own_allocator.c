// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A program with an allocator of its own, which maps its memory with its lock held: whoever
 * allocates in mmap(2) waits for ever.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define CHUNK	(2UL << 20)
#define HEADER	16UL		/* the size is in it */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char *next, *end;

static char *take(size_t bytes)
{
	size_t chunk = bytes > CHUNK ? bytes : CHUNK;
	char *p;

	if ((size_t)(end - next) < bytes) {
		next = mmap(NULL, chunk, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (next == MAP_FAILED)
			_Exit(1);
		end = next + chunk;
	}
	p = next;
	next += bytes;
	return p;
}

void *malloc(size_t bytes)
{
	size_t all = (bytes + 2 * HEADER - 1) & ~(HEADER - 1);
	char *p;

	pthread_mutex_lock(&lock);
	p = take(all);
	pthread_mutex_unlock(&lock);
	memcpy(p, &bytes, sizeof(bytes));
	return p + HEADER;
}

void free(void *p)
{
	(void)p;
}

void *calloc(size_t n, size_t bytes)
{
	return malloc(n * bytes);	/* fresh pages, never used again */
}

void *realloc(void *p, size_t bytes)
{
	size_t old = 0;
	char *to = malloc(bytes);

	if (p)
		memcpy(&old, (char *)p - HEADER, sizeof(old));
	if (p)
		memcpy(to, p, old < bytes ? old : bytes);
	return to;
}

int main(void)
{
	char *p;
	int i;

	for (i = 1; i < 30; i++) {
		p = malloc(100000UL * i);
		p[0] = 1;
	}
	puts("fine");
	return 0;
}

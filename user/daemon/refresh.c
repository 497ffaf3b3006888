// SPDX-License-Identifier: LGPL-2.1-or-later
/* The schedule of refreshes. */
#include "daemon/refresh.h"

#include "daemon/log.h"

#define PART_BYTES	(64ULL << 20)
#define ROUNDS		8	/* in a retention */

/* The shortest retention of a tier, in model seconds; 0 = none has one. */
static uint64_t shortest_retention(struct terrace_session *s)
{
	struct terrace_tier_info tier;
	uint64_t shortest = 0;

	for (__u32 i = 0; i < TERRACE_TIERS_MAX; i++)
		if (!terrace_tier_get(s, i, &tier) && tier.retention_s &&
		    (!shortest || tier.retention_s < shortest))
			shortest = tier.retention_s;
	return shortest;
}

/* The buffer the round goes on with; NULL at its end. */
static const struct known_buffer *next_buffer(const struct refresh *r,
					      const struct buffers *buffers)
{
	for (size_t i = 0; i < buffers->n; i++) {
		const struct known_buffer *k = &buffers->known[i];

		if (k->info.buffer > r->buffer ||
		    (k->info.buffer == r->buffer && r->offset < k->info.bytes))
			return k;
	}
	return NULL;
}

static void refresh_part(struct refresh *r, struct terrace_session *s, uint64_t bytes)
{
	uint64_t refreshed = 0, lost = 0;
	struct terrace_buffer *b;

	if (terrace_buffer_open(s, r->buffer, &b))
		return;		/* it has been closed */
	if (terrace_refresh(b, r->offset, bytes, UINT64_MAX, &refreshed, &lost))
		log_line(LOG_WARNING, "%s", terrace_error());
	terrace_buffer_free(b);
	r->refreshed_bytes += refreshed;
	r->lost_bytes += lost;
	if (lost)
		log_line(LOG_WARNING, "%llu bytes of buffer %u could not be refreshed and are lost, or will be: see terrace tier show",
			 (unsigned long long)lost, r->buffer);
}

/* Look at the clock, and begin a round if it is time. Return: is there one? */
static bool round_runs(struct refresh *r, struct terrace_session *s)
{
	struct terrace_info info = { .size = sizeof(info) };
	uint64_t retention_s;

	if (terrace_session_info(s, &info))
		return false;
	if (info.clock_ns < r->seen_ns)
		r->due_ns = info.clock_ns;
	r->seen_ns = info.clock_ns;
	if (r->round || info.clock_ns < r->due_ns)
		return r->round;
	retention_s = shortest_retention(s);
	r->due_ns = info.clock_ns + TMODEL_NS_PER_S * (retention_s / ROUNDS + 1);
	r->round = retention_s;
	r->buffer = 0;
	r->offset = 0;
	return r->round;
}

/* Go on with the buffer the round is at, or with the next one. Return: bytes looked at. */
static uint64_t round_part(struct refresh *r, struct terrace_session *s,
			   const struct known_buffer *k, uint64_t most)
{
	uint64_t part;

	if (k->info.buffer != r->buffer)
		r->offset = 0;
	r->buffer = k->info.buffer;
	part = k->info.bytes - r->offset;
	if (part > most)
		part = most;
	refresh_part(r, s, part);
	r->offset += part;
	return part;
}

void refresh_interval(struct refresh *r, struct terrace_session *s, struct buffers *buffers)
{
	const struct known_buffer *k;
	uint64_t left = PART_BYTES;
	struct engine_error e;

	if (!round_runs(r, s) || buffers_list(buffers, s, &e))
		return;
	while (left) {
		k = next_buffer(r, buffers);
		if (!k) {
			r->round = false;
			r->rounds++;
			return;
		}
		left -= round_part(r, s, k, left);
	}
}

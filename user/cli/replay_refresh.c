// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>

#include "cli/replay_refresh.h"

void replay_refresh_init(struct replay_refresh *r, struct terrace_session *s)
{
	struct terrace_tier_info tier;
	uint64_t ns;

	*r = (struct replay_refresh) { 0 };
	for (uint32_t i = 0; i < TERRACE_TIERS_MAX; i++) {
		if (terrace_tier_get(s, i, &tier) || !tier.retention_s)
			continue;
		ns = tier.retention_s * TMODEL_NS_PER_S;
		if (!r->retention_ns || ns < r->retention_ns)
			r->retention_ns = ns;
	}
}

uint64_t replay_refresh_most_ns(const struct replay_refresh *r)
{
	return r->retention_ns ? r->retention_ns / 2 : UINT64_MAX;
}

/* What is half a retention old: at the next time it would be too late for it. */
static int refresh_buffer(const struct replay_refresh *r, struct terrace_buffer *b,
			  struct engine_error *e)
{
	uint64_t refreshed, lost;
	int err = terrace_refresh(b, 0, terrace_buffer_bytes(b),
				  r->retention_ns / 2 / TMODEL_NS_PER_S, &refreshed, &lost);

	if (err) {
		engine_error_set(e, "%s", terrace_error());
	} else if (lost) {
		engine_error_set(e, "%llu bytes on flash could not be refreshed: the device failed or their retention was over; see the kernel log and 'terrace tier show'",
				 (unsigned long long)lost);
		err = -EIO;
	}
	return err;
}

int replay_refresh_passed(struct replay_refresh *r, struct replay_extents *x, uint64_t ns,
			  struct engine_error *e)
{
	int err = 0;

	r->passed_ns += ns;
	if (!r->retention_ns || r->passed_ns < r->retention_ns)
		return 0;
	r->passed_ns = 0;
	for (int i = 0; i < 2 && !err; i++)
		err = refresh_buffer(r, x->buffer[i], e);
	return err;
}

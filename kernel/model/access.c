// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later
/* What a single access moves and how long it takes. */
#include <terrace/model.h>

/* The unit that is really moved: a page of flash moves as a whole. */
static __u64 access_granule(const struct tmodel_profile *p, enum tmodel_dir dir)
{
	__u64 granule = dir == TMODEL_READ ? p->read_granule_bytes : p->write_granule_bytes;

	return p->page_bytes > granule ? p->page_bytes : granule;
}

__u64 tmodel_granules_bytes(const struct tmodel_profile *p, enum tmodel_dir dir, __u64 offset,
			    __u64 bytes, struct tmodel_sat *sat)
{
	__u64 mask = access_granule(p, dir) - 1;
	__u64 widened;

	if (!bytes)
		return 0;
	widened = tmodel_add(offset & mask, bytes, sat);
	return tmodel_add(widened, -widened & mask, sat);
}

__u64 tmodel_derated_bps(__u64 bps, __u32 derate_permille)
{
	__u64 derate = derate_permille ? derate_permille : 1;

	if (derate >= 1000)
		return bps;
	/* The whole and the broken thousands apart: nothing can overflow, nothing is lost. */
	return bps / 1000 * derate + bps % 1000 * derate / 1000;
}

static __u64 access_bps(const struct tmodel_profile *p, enum tmodel_dir dir, __u32 derate_permille)
{
	return tmodel_derated_bps(dir == TMODEL_READ ? p->read_bps : p->write_bps, derate_permille);
}

__u64 tmodel_transfer_ns(const struct tmodel_profile *p, enum tmodel_dir dir, __u64 bytes,
			 __u32 derate_permille, struct tmodel_sat *sat)
{
	return tmodel_muldiv(bytes, TMODEL_NS_PER_S, access_bps(p, dir, derate_permille), TMODEL_UP,
			     sat);
}

/*
 * The next chunk is sensed while this one is on the bus. A chunk that is on the bus for less than
 * tR leaves the difference uncovered, once for every chunk after the first.
 */
static __u64 access_uncovered_ns(const struct tmodel_profile *p, __u64 bytes, __u32 derate_permille,
				 struct tmodel_sat *sat)
{
	__u64 chunk = tmodel_muldiv(p->page_bytes, p->channels, 1, TMODEL_DOWN, sat);
	__u64 bus_ns, chunks;

	if (!chunk)
		return 0;
	bus_ns = tmodel_transfer_ns(p, TMODEL_READ, chunk, derate_permille, sat);
	if (bus_ns >= p->page_read_ns)
		return 0;
	chunks = tmodel_muldiv(bytes, 1, chunk, TMODEL_UP, sat);
	return tmodel_muldiv(chunks - 1, p->page_read_ns - bus_ns, 1, TMODEL_DOWN, sat);
}

__u64 tmodel_exposed_ns(const struct tmodel_profile *p, enum tmodel_dir dir, __u64 bytes,
			__u32 derate_permille, struct tmodel_sat *sat)
{
	__u64 first;

	if (!bytes)
		return 0;
	if (dir == TMODEL_WRITE)
		return tmodel_add(p->write_latency_ns, p->page_program_ns, sat);
	first = tmodel_add(p->read_latency_ns, p->page_read_ns, sat);
	return tmodel_add(first, access_uncovered_ns(p, bytes, derate_permille, sat), sat);
}

/*
 * Bandwidth on the channels. With at most write_depth granules in flight, each for as long as it
 * takes to accept and program it, no more than write_depth granules a programming time get through.
 */
static __u64 access_channels_bps(const struct tmodel_profile *p, enum tmodel_dir dir,
				 __u32 derate_permille, struct tmodel_sat *sat)
{
	__u64 bps = access_bps(p, dir, derate_permille);
	__u64 in_flight_ns = p->write_latency_ns + p->page_program_ns;
	__u64 depth_bytes, cap;

	if (dir == TMODEL_READ || !p->write_depth || !in_flight_ns)
		return bps;
	depth_bytes = tmodel_muldiv(p->write_depth, p->write_granule_bytes, 1, TMODEL_DOWN, sat);
	cap = tmodel_muldiv(depth_bytes, TMODEL_NS_PER_S, in_flight_ns, TMODEL_UP, sat);
	return cap < bps ? cap : bps;
}

static __u64 access_channel(struct tmodel_timeline *t, __u32 channel, __u64 now_ns, __u64 busy_ns,
			    struct tmodel_sat *sat)
{
	__u64 *free_ns = &t->free_ns[channel];

	*free_ns = tmodel_add(*free_ns > now_ns ? *free_ns : now_ns, busy_ns, sat);
	t->busy_ns = tmodel_add(t->busy_ns, busy_ns, sat);
	return *free_ns;
}

__u64 tmodel_access(struct tmodel_timeline *t, const struct tmodel_profile *p, enum tmodel_dir dir,
		    __u64 now_ns, __u64 bytes, __u32 derate_permille, struct tmodel_sat *sat)
{
	__u64 granule = access_granule(p, dir);
	__u64 granules = tmodel_muldiv(bytes, 1, granule, TMODEL_UP, sat);
	__u64 bps = access_channels_bps(p, dir, derate_permille, sat);
	__u64 channels = p->channels < TMODEL_CHANNELS_MAX ? p->channels : TMODEL_CHANNELS_MAX;
	__u64 used = granules < channels ? granules : channels;
	__u64 done_ns = now_ns;
	__u64 i;

	if (!used)
		return now_ns;
	for (i = 0; i < used; i++) {
		__u64 own = granules / channels + (i < granules % channels);
		__u64 own_bytes = tmodel_muldiv(own, granule, 1, TMODEL_DOWN, sat);
		__u64 busy_ns = tmodel_muldiv(own_bytes, channels * TMODEL_NS_PER_S, bps, TMODEL_UP,
					      sat);
		__u64 free_ns = access_channel(t, (t->next + i) % channels, now_ns, busy_ns, sat);

		if (free_ns > done_ns)
			done_ns = free_ns;
	}
	t->next = (t->next + granules) % channels;
	return tmodel_add(done_ns, tmodel_exposed_ns(p, dir, bytes, derate_permille, sat), sat);
}

// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later
/* Wear of a memory with limited endurance: cycles used, lifetime left, and the write budget. */
#include <terrace/model.h>

#define NS_PER_HOUR	(TMODEL_NS_PER_DAY / TMODEL_WEAR_SLOTS)
#define S_PER_DAY	86400ULL
#define WORN_SENSINGS	4ULL	/* more sensings of a page at the end of its life */

/* a * b * c / d, exact although the product of three does not fit into 128 bits. */
static __u64 wear_product(__u64 a, __u64 b, __u64 c, __u64 d, struct tmodel_sat *sat)
{
	__u64 whole = tmodel_muldiv(a, b, d, TMODEL_DOWN, sat);
	/* Below d, so that what wrapped above 2^64 cancels out. */
	__u64 rest = a * b - whole * d;

	return tmodel_add(tmodel_muldiv(whole, c, 1, TMODEL_DOWN, sat),
			  tmodel_muldiv(rest, c, d, TMODEL_DOWN, sat), sat);
}

void tmodel_wear_init(struct tmodel_wear *w, __u64 now_ns)
{
	*w = (struct tmodel_wear) {
		.online_ns = now_ns,
		.slot_hour = now_ns / NS_PER_HOUR,
	};
}

/* Begin the hours that have come since the last write; those older than a day leave the ring. */
static void wear_turn(struct tmodel_wear *w, __u64 hour)
{
	__u64 turns, i;

	if (hour <= w->slot_hour)
		return;
	turns = hour - w->slot_hour;
	if (turns > TMODEL_WEAR_SLOTS)
		turns = TMODEL_WEAR_SLOTS;
	for (i = 0; i < turns; i++)
		w->slot_bytes[(hour - i) % TMODEL_WEAR_SLOTS] = 0;
	w->slot_hour = hour;
}

void tmodel_wear_write(struct tmodel_wear *w, const struct tmodel_profile *p, __u64 now_ns,
		       __u64 bytes, struct tmodel_sat *sat)
{
	__u64 *slot;
	__u64 media;

	wear_turn(w, now_ns / NS_PER_HOUR);
	w->host_bytes = tmodel_add(w->host_bytes, bytes, sat);
	/* From the total, so that many small writes do not each lose a fraction of a byte. */
	media = tmodel_muldiv(w->host_bytes, p->waf_permille, 1000, TMODEL_DOWN, sat);
	if (media <= w->media_bytes)
		return;
	slot = &w->slot_bytes[w->slot_hour % TMODEL_WEAR_SLOTS];
	*slot = tmodel_add(*slot, media - w->media_bytes, sat);
	w->media_bytes = media;
}

__u64 tmodel_wear_cycles_milli(const struct tmodel_wear *w, const struct tmodel_profile *p,
			       struct tmodel_sat *sat)
{
	return tmodel_muldiv(w->media_bytes, 1000, p->capacity_bytes, TMODEL_DOWN, sat);
}

__u64 tmodel_wear_day_bytes(const struct tmodel_wear *w, __u64 now_ns)
{
	struct tmodel_sat ignored = {};
	__u64 hour = now_ns / NS_PER_HOUR;
	__u64 passed = hour > w->slot_hour ? hour - w->slot_hour : 0;
	__u64 sum = 0;
	__u64 i;

	/* Slot i is i hours older than the latest; a sum that does not fit met the limit before. */
	for (i = 0; i + passed < TMODEL_WEAR_SLOTS && i <= w->slot_hour; i++)
		sum = tmodel_add(sum, w->slot_bytes[(w->slot_hour - i) % TMODEL_WEAR_SLOTS],
				 &ignored);
	return sum;
}

/* The writes that the present rate is taken from. */
struct wear_rate {
	__u64 bytes;
	__u64 window_ns;
};

static struct wear_rate wear_rate(const struct tmodel_wear *w, __u64 now_ns)
{
	__u64 online_ns = now_ns - w->online_ns;
	__u64 oldest_ns;

	if (online_ns < TMODEL_NS_PER_DAY)
		return (struct wear_rate) { w->media_bytes, online_ns };
	/* The ring holds the running hour and the 23 before it. */
	oldest_ns = (now_ns / NS_PER_HOUR - (TMODEL_WEAR_SLOTS - 1)) * NS_PER_HOUR;
	return (struct wear_rate) { tmodel_wear_day_bytes(w, now_ns), now_ns - oldest_ns };
}

/* Seconds in which @bytes are written @times over at a rate. */
static __u64 wear_seconds(const struct wear_rate *rate, __u64 bytes, __u64 times,
			  struct tmodel_sat *sat)
{
	__u64 whole_s = rate->window_ns / TMODEL_NS_PER_S;
	__u64 broken_ns = rate->window_ns % TMODEL_NS_PER_S;
	__u64 broken = tmodel_muldiv(bytes, broken_ns, TMODEL_NS_PER_S, TMODEL_DOWN, sat);

	return tmodel_add(wear_product(bytes, whole_s, times, rate->bytes, sat),
			  tmodel_muldiv(broken, times, rate->bytes, TMODEL_DOWN, sat), sat);
}

/* Whole cycles that are left, and the rest of the one that has begun. */
static __u64 wear_remaining_s(const struct tmodel_wear *w, const struct tmodel_profile *p,
			      const struct wear_rate *rate, struct tmodel_sat *sat)
{
	__u64 begun = w->media_bytes / p->capacity_bytes;
	__u64 used = w->media_bytes % p->capacity_bytes;
	__u64 seconds;

	if (begun >= p->endurance_cycles)
		return 0;
	if (!used)
		return wear_seconds(rate, p->capacity_bytes, p->endurance_cycles - begun, sat);
	seconds = wear_seconds(rate, p->capacity_bytes, p->endurance_cycles - begun - 1, sat);
	return tmodel_add(seconds, wear_seconds(rate, p->capacity_bytes - used, 1, sat), sat);
}

void tmodel_wear_lifetime(const struct tmodel_wear *w, const struct tmodel_profile *p,
			  __u64 now_ns, struct tmodel_lifetime *l, struct tmodel_sat *sat)
{
	__u64 online_ns = now_ns > w->online_ns ? now_ns - w->online_ns : 0;
	struct wear_rate rate;

	*l = (struct tmodel_lifetime) {
		.seconds = TMODEL_U64_MAX,
		.valid = p->endurance_cycles && online_ns >= TMODEL_NS_PER_MINUTE,
		.extrapolated = online_ns < TMODEL_NS_PER_DAY,
	};
	if (!l->valid || !p->capacity_bytes)
		return;
	rate = wear_rate(w, now_ns);
	if (rate.bytes)
		l->seconds = wear_remaining_s(w, p, &rate, sat);
}

__u64 tmodel_wear_budget(const struct tmodel_profile *p, struct tmodel_sat *sat)
{
	__u64 wear_s;

	if (!p->endurance_cycles || !p->lifetime_s)
		return TMODEL_U64_MAX;
	wear_s = tmodel_muldiv(p->waf_permille, p->lifetime_s, 1, TMODEL_DOWN, sat);
	return wear_product(p->capacity_bytes, 1000 * S_PER_DAY, p->endurance_cycles, wear_s, sat);
}

__u64 tmodel_wear_retry_ns(const struct tmodel_wear *w, const struct tmodel_profile *p,
			   struct tmodel_sat *sat)
{
	__u64 cycles = w->media_bytes / p->capacity_bytes;
	__u64 quarters;

	if (!p->endurance_cycles)
		return 0;
	quarters = cycles >= p->endurance_cycles ? WORN_SENSINGS :
		   tmodel_muldiv(cycles, WORN_SENSINGS, p->endurance_cycles, TMODEL_DOWN, sat);
	return quarters * p->page_read_ns;
}

__u64 tmodel_wear_exposed_ns(const struct tmodel_wear *w, const struct tmodel_profile *p,
			     enum tmodel_dir dir, __u64 bytes, __u32 derate_permille,
			     struct tmodel_sat *sat)
{
	__u64 ns = tmodel_exposed_ns(p, dir, bytes, derate_permille, sat);

	return dir == TMODEL_READ ? tmodel_add(ns, tmodel_wear_retry_ns(w, p, sat), sat) : ns;
}

enum tmodel_age tmodel_wear_age(const struct tmodel_profile *p, __u64 age_s, __u64 reads)
{
	if (p->retention_s && age_s > 2 * p->retention_s)
		return TMODEL_AGE_LOST;
	if (p->retention_s && age_s >= p->retention_s)
		return TMODEL_AGE_DUE;
	return p->read_disturb_reads && reads >= p->read_disturb_reads ? TMODEL_AGE_DUE :
	       TMODEL_AGE_GOOD;
}

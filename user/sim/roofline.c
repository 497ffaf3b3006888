// SPDX-License-Identifier: LGPL-2.1-or-later
/* The roofline over tiers of memory. */
#include "sim/roofline.h"

#include <math.h>

static const struct {
	enum roofline_class class;
	bool write;
} kinds[OPERATOR_DATA] = {
	[OPERATOR_WEIGHTS] = { ROOFLINE_WEIGHTS, false },
	[OPERATOR_ACT_READ] = { ROOFLINE_ACTIVATIONS, false },
	[OPERATOR_ACT_WRITE] = { ROOFLINE_ACTIVATIONS, true },
	[OPERATOR_KV_READ] = { ROOFLINE_KV, false },
	[OPERATOR_KV_WRITE] = { ROOFLINE_KV, true },
};

double roofline_place(struct roofline *r, enum roofline_class class, double bytes, double *room)
{
	double left = bytes, here;
	size_t i;

	for (i = 0; i < r->n_tiers; i++) {
		here = fmin(left, room[i]);
		r->tier[i].share[class] = bytes > 0 ? here / bytes : 0;
		room[i] -= here;
		left -= here;
	}
	return left;
}

void roofline_tier_of_profile(const struct tmodel_profile *p, struct roofline_tier *t)
{
	double chunk = (double)p->page_bytes * p->channels;
	double sense_s = p->page_read_ns / 1e9;

	t->read_bps = p->read_bps;
	t->write_bps = p->write_bps;
	if (chunk > 0 && sense_s > chunk / t->read_bps)
		t->read_bps = chunk / sense_s;
	t->first_s = p->read_latency_ns / 1e9 + sense_s;
	/* Behind the last chunk's transfer there is no sensing to wait for. */
	if (chunk > 0)
		t->first_s -= chunk / t->read_bps - chunk / p->read_bps;
}

/* Time of an operator's bytes on a tier. */
static double tier_time(const struct roofline_tier *t, const struct sim_operator *op)
{
	double read = 0, write = 0, bytes;
	int i;

	for (i = 0; i < OPERATOR_DATA; i++) {
		bytes = op->bits[i] / 8.0 * t->share[kinds[i].class];
		if (kinds[i].write)
			write += bytes;
		else
			read += bytes;
	}
	/* Where both rates are equal the bytes are added up first, so that nothing is rounded. */
	if (t->read_bps == t->write_bps)
		return (read + write) / t->read_bps;
	return read / t->read_bps + write / t->write_bps;
}

static void bound(struct roofline_time *t, size_t n_tiers)
{
	size_t i;

	t->overlapped_s = t->compute_s;
	t->serial_s = t->compute_s;
	for (i = 0; i < n_tiers; i++) {
		t->overlapped_s = fmax(t->overlapped_s, t->tier_s[i]);
		t->serial_s += t->tier_s[i];
	}
}

struct roofline_time roofline_operator(const struct roofline *r, const struct sim_operator *op)
{
	struct roofline_time t = { 0 };
	size_t i;

	if (r->peak_ops > 0)
		t.compute_s = op->ops / r->peak_ops;
	for (i = 0; i < r->n_tiers; i++)
		t.tier_s[i] = tier_time(&r->tier[i], op);
	bound(&t, r->n_tiers);
	return t;
}

static void add_operator(struct roofline_step *s, const struct roofline *r,
			 const struct sim_operator *op)
{
	struct roofline_time t = roofline_operator(r, op);
	size_t i;

	s->whole.compute_s += op->times * t.compute_s;
	for (i = 0; i < r->n_tiers; i++)
		s->whole.tier_s[i] += op->times * t.tier_s[i];
	s->by_operator_s += op->times * t.overlapped_s;
}

struct roofline_step roofline_step(const struct roofline *r, const struct operators *ops)
{
	struct roofline_step s = { 0 };
	size_t i;

	for (i = 0; i < ops->n; i++)
		add_operator(&s, r, &ops->op[i]);
	for (i = 0; i < r->n_tiers; i++) {
		if (!s.whole.tier_s[i])
			continue;
		s.whole.tier_s[i] += r->tier[i].first_s;
		s.by_operator_s += r->tier[i].first_s;
	}
	bound(&s.whole, r->n_tiers);
	return s;
}

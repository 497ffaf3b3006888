/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later */
/*
 * Seeded input for tests of the model, the same in kernel and user space.
 *
 * The generator is xorshift64* (Vigna, "An experimental exploration of Marsaglia's xorshift
 * generators, scrambled", ACM TOMS 42(4), 2016).
 */
#ifndef _TESTS_MODEL_RANDOM_H
#define _TESTS_MODEL_RANDOM_H

#ifdef __KERNEL__
#include <linux/stddef.h>
#else
#include <stddef.h>
#endif

#include <terrace/model.h>

/**
 * struct model_random - a generator
 * @state: the seed, never 0
 */
struct model_random {
	__u64 state;
};

static inline __u64 model_random_next(struct model_random *r)
{
	r->state ^= r->state >> 12;
	r->state ^= r->state << 25;
	r->state ^= r->state >> 27;
	return r->state * 2685821657736338717ULL;
}

/* A number of any length: all lengths from 1 to 64 bits are equally likely. */
static inline __u64 model_random_any(struct model_random *r)
{
	__u64 shift = model_random_next(r) >> 58;

	return model_random_next(r) >> shift;
}

/* A number of any length within limits; highest - lowest must be below the largest u64. */
static inline __u64 model_random_range(struct model_random *r, __u64 lowest, __u64 highest)
{
	return lowest + model_random_any(r) % (highest - lowest + 1);
}

#define MODEL_RANDOM_FIELD(field, ...) { offsetof(struct tmodel_profile, field), __VA_ARGS__ },

/* A profile that passes tmodel_profile_check(), of flash in half of the cases. */
static inline void model_random_profile(struct model_random *r, struct tmodel_profile *p)
{
	static const struct {
		__u64 offset, lowest, highest, value;
	} fields[] = { TMODEL_PROFILE_FIELDS(MODEL_RANDOM_FIELD) };
	__u64 i;

	for (i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		*(__u64 *)((char *)p + fields[i].offset) =
			model_random_range(r, fields[i].lowest, fields[i].highest);
	p->read_granule_bytes = 1ULL << (model_random_next(r) % 21);
	p->write_granule_bytes = 1ULL << (model_random_next(r) % 21);
	p->page_bytes = 0;
	p->erase_block_bytes = 0;
	if (model_random_next(r) & 1) {
		p->page_bytes = 1ULL << (9 + model_random_next(r) % 12);
		p->erase_block_bytes = p->page_bytes * (1 + model_random_next(r) % 1024);
	}
}

#endif /* _TESTS_MODEL_RANDOM_H */

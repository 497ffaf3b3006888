/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Seeded random numbers: splitmix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number
 * Generators, OOPSLA 2014). The same everywhere; not for secrets. Not thread safe.
 */
#ifndef _ENGINE_RANDOM_H
#define _ENGINE_RANDOM_H

#include <stdint.h>

/**
 * struct random - a generator
 */
struct random {
	uint64_t state;
};

/**
 * random_mix - a bijection of 64 bits that looks like a random one
 */
static inline uint64_t random_mix(uint64_t z)
{
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

static inline void random_seed(struct random *r, uint64_t seed)
{
	r->state = seed;
}

static inline uint64_t random_next(struct random *r)
{
	r->state += 0x9e3779b97f4a7c15ULL;
	return random_mix(r->state);
}

/**
 * random_unit - 0 to below 1
 */
static inline double random_unit(struct random *r)
{
	return (double)(random_next(r) >> 11) / (double)(1ULL << 53);
}

/**
 * random_below - 0 to @n - 1, @n at least 1
 */
static inline uint32_t random_below(struct random *r, uint32_t n)
{
	return (uint32_t)((random_next(r) >> 32) * n >> 32);
}

#endif /* _ENGINE_RANDOM_H */

// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later
/*
 * Checked 64-bit arithmetic with 128-bit intermediate products.
 *
 * Written out on 64-bit words so that the kernel (which has no __udivti3, and whose
 * mul_u64_u64_div_u64() traps on x86 when the quotient does not fit) and user space run the same
 * instructions on the same numbers.
 */
#include <terrace/model.h>

#define HALF_BITS	32
#define HALF_MASK	0xffffffffULL

/* A 128-bit number. */
struct wide {
	__u64 hi;
	__u64 lo;
};

static __u64 sat_hit(struct tmodel_sat *sat)
{
	if (sat->count != TMODEL_U64_MAX)
		sat->count++;
	return TMODEL_U64_MAX;
}

static struct wide wide_mul(__u64 a, __u64 b)
{
	__u64 ah = a >> HALF_BITS, al = a & HALF_MASK;
	__u64 bh = b >> HALF_BITS, bl = b & HALF_MASK;
	__u64 low = al * bl;
	/* Neither sum can wrap: (2^32 - 1)^2 + 2 (2^32 - 1) = 2^64 - 1. */
	__u64 mid = ah * bl + (low >> HALF_BITS);
	__u64 mid2 = al * bh + (mid & HALF_MASK);

	return (struct wide) {
		.hi = ah * bh + (mid >> HALF_BITS) + (mid2 >> HALF_BITS),
		.lo = mid2 << HALF_BITS | (low & HALF_MASK),
	};
}

/*
 * The next 32-bit digit of a long division: *rem * 2^32 + next over c, for *rem < c and c with its
 * highest bit set. The guess from c's upper half is at most 2 too large.
 */
static __u64 wide_digit(__u64 *rem, __u64 next, __u64 c)
{
	__u64 ch = c >> HALF_BITS, cl = c & HALF_MASK;
	__u64 q = *rem / ch;
	__u64 left;

	if (q > HALF_MASK)
		q = HALF_MASK;
	left = *rem - q * ch;
	while (left <= HALF_MASK && q * cl > (left << HALF_BITS | next)) {
		q--;
		left += ch;
	}
	/* The difference is below c, so that what wrapped above 2^64 cancels out. */
	*rem = (*rem << HALF_BITS | next) - q * c;
	return q;
}

/* n / c for n.hi < c, which makes the quotient fit. */
static __u64 wide_div(struct wide n, __u64 c, __u64 *rem)
{
	__u64 upper, lower;
	int shift;

	if (!n.hi) {
		*rem = n.lo % c;
		return n.lo / c;
	}
	shift = __builtin_clzll(c);
	c <<= shift;
	if (shift) {
		n.hi = n.hi << shift | n.lo >> (64 - shift);
		n.lo <<= shift;
	}
	upper = wide_digit(&n.hi, n.lo >> HALF_BITS, c);
	lower = wide_digit(&n.hi, n.lo & HALF_MASK, c);
	*rem = n.hi >> shift;
	return upper << HALF_BITS | lower;
}

__u64 tmodel_muldiv(__u64 a, __u64 b, __u64 c, enum tmodel_round round, struct tmodel_sat *sat)
{
	struct wide product = wide_mul(a, b);
	__u64 quotient, rem;

	/* Also catches c == 0. */
	if (product.hi >= c)
		return sat_hit(sat);
	quotient = wide_div(product, c, &rem);
	if (round == TMODEL_UP && rem)
		return tmodel_add(quotient, 1, sat);
	return quotient;
}

__u64 tmodel_add(__u64 a, __u64 b, struct tmodel_sat *sat)
{
	return a > TMODEL_U64_MAX - b ? sat_hit(sat) : a + b;
}

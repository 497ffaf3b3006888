/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later */
/*
 * The tier model: what an access to a modelled memory costs in time, energy and wear.
 *
 * Pure functions over plain structures: integers only, no allocation, no locks, no clock. The same
 * files are built into terrace.ko and into user space and give identical results. The caller
 * serialises access to a structure that it passes for writing.
 *
 * Units stand in the names: _ns nanoseconds, _bytes bytes, _bps bytes per second, _fj_per_bit
 * femtojoules per bit, _uj microjoules, _uw microwatts, _permille thousandths. All bytes here are
 * modelled bytes.
 *
 * No function traps or wraps. What would exceed the largest u64 stays there, and the saturation is
 * counted in struct tmodel_sat, so that a wrong unit shows up instead of a plausible figure.
 *
 * Sources of the formulas
 *   - transfer: bytes / bandwidth + latency, the roofline's memory term (Williams et al., CACM
 *     2009);
 *   - flash page pipeline: read = bytes/BW + tR + (chunks - 1) x max(0, tR - chunk/BW), double
 *     buffered (Kyung et al., IEEE CAL 2026, DOI 10.1109/LCA.2026.3695938);
 *   - N tiers streaming at the same time: the slowest bounds the step (max), the two-tier form of
 *     which is GenZ's offload rule;
 *   - wear: P/E = written bytes x WAF / capacity;
 *   - flash device rules (whole blocks written in order, erase at a block's first page, refresh
 *     within the retention time): OCP HBF Architecture Specification v0.7.0, August 2026.
 */
#ifndef _TERRACE_MODEL_H
#define _TERRACE_MODEL_H

#include <linux/types.h>

#define TMODEL_CHANNELS_MAX	64
#define TMODEL_TIERS_MAX	16
#define TMODEL_CLASSES		4

#define TMODEL_U64_MAX		(~0ULL)
#define TMODEL_NS_PER_S		1000000000ULL
#define TMODEL_NS_PER_DAY	86400000000000ULL
#define TMODEL_NS_PER_MINUTE	60000000000ULL

/* ---- checked arithmetic (arith.c) ---- */

/**
 * struct tmodel_sat - counts results that met the largest u64
 * @count: number of saturated results; itself saturating
 */
struct tmodel_sat {
	__u64 count;
};

/* How tmodel_muldiv() rounds. */
enum tmodel_round { TMODEL_DOWN, TMODEL_UP };

/**
 * tmodel_muldiv - a * b / c with a 128-bit product
 * @c: divisor; 0 counts as a saturation
 * @sat: counter, not NULL
 *
 * Return: the quotient, rounded as asked; TMODEL_U64_MAX when it does not fit.
 */
__u64 tmodel_muldiv(__u64 a, __u64 b, __u64 c, enum tmodel_round round, struct tmodel_sat *sat);

/**
 * tmodel_add - a + b, saturating and counted
 */
__u64 tmodel_add(__u64 a, __u64 b, struct tmodel_sat *sat);

/* ---- the profile: parameters of a modelled memory (profile.c) ---- */

/**
 * struct tmodel_profile - what is modelled
 *
 * Zero means "none" or "not limited" where the range allows it.
 *
 * @capacity_bytes: 4096 to 2^60
 * @read_bps: peak read bandwidth of all channels, 1e6 to 1e15
 * @write_bps: peak write bandwidth of all channels, 1e6 to 1e15
 * @read_latency_ns: from request to first byte without media time, 0 to 1e9
 * @write_latency_ns: 0 to 1e9; for flash the time to accept, not to program
 * @page_read_ns: tR, media time of a page read; 0 for byte-addressable memory, to 1e9
 * @page_program_ns: tPROG, 0 to 1e9
 * @block_erase_ns: tBERS, 0 to 1e10
 * @read_granule_bytes: smallest read, a power of two, 1 to 2^20
 * @write_granule_bytes: smallest write, a power of two, 1 to 2^20
 * @page_bytes: NAND page, a power of two, 0 for byte-addressable memory
 * @erase_block_bytes: NAND block, a multiple of @page_bytes; 0 for byte-addressable memory
 * @channels: independent channels, 1 to TMODEL_CHANNELS_MAX
 * @write_depth: most write granules in flight; 0 = not limited
 * @read_fj_per_bit: energy of reading a bit in the array, 0 to 1e7
 * @write_fj_per_bit: energy of writing a bit in the array, 0 to 1e7
 * @link_fj_per_bit: energy of moving a bit between the memory and the accelerator, 0 to 1e7
 * @idle_uw: power that does not depend on accesses (refresh included), 0 to 1e9
 * @endurance_cycles: P/E cycles of a block; 0 = not limited, to 1e12
 * @waf_permille: write amplification x 1000, 1000 to 1000000
 * @retention_s: powered-on retention; 0 = not limited
 * @read_disturb_reads: reads of a block after which it must be rewritten; 0 = not limited
 * @lifetime_s: lifetime target; 0 = none, to 3.2e9
 */
struct tmodel_profile {
	__u64 capacity_bytes;
	__u64 read_bps;
	__u64 write_bps;
	__u64 read_latency_ns;
	__u64 write_latency_ns;
	__u64 page_read_ns;
	__u64 page_program_ns;
	__u64 block_erase_ns;
	__u64 read_granule_bytes;
	__u64 write_granule_bytes;
	__u64 page_bytes;
	__u64 erase_block_bytes;
	__u64 channels;
	__u64 write_depth;
	__u64 read_fj_per_bit;
	__u64 write_fj_per_bit;
	__u64 link_fj_per_bit;
	__u64 idle_uw;
	__u64 endurance_cycles;
	__u64 waf_permille;
	__u64 retention_s;
	__u64 read_disturb_reads;
	__u64 lifetime_s;
};

/*
 * Every field of the profile once: name as in configfs and in profile files, lowest and highest
 * value, default. One table serves configfs, the INI reader and the checks.
 * X(name, lowest, highest, default)
 */
#define TMODEL_PROFILE_FIELDS(X)							\
	X(capacity_bytes,	4096ULL,	1ULL << 60,		0ULL)		\
	X(read_bps,		1000000ULL,	1000000000000000ULL,	0ULL)		\
	X(write_bps,		1000000ULL,	1000000000000000ULL,	0ULL)		\
	X(read_latency_ns,	0ULL,		1000000000ULL,		0ULL)		\
	X(write_latency_ns,	0ULL,		1000000000ULL,		0ULL)		\
	X(page_read_ns,		0ULL,		1000000000ULL,		0ULL)		\
	X(page_program_ns,	0ULL,		1000000000ULL,		0ULL)		\
	X(block_erase_ns,	0ULL,		10000000000ULL,		0ULL)		\
	X(read_granule_bytes,	1ULL,		1ULL << 20,		64ULL)		\
	X(write_granule_bytes,	1ULL,		1ULL << 20,		64ULL)		\
	X(page_bytes,		0ULL,		1ULL << 20,		0ULL)		\
	X(erase_block_bytes,	0ULL,		1ULL << 30,		0ULL)		\
	X(channels,		1ULL,		64ULL,			1ULL)		\
	X(write_depth,		0ULL,		1ULL << 20,		0ULL)		\
	X(read_fj_per_bit,	0ULL,		10000000ULL,		0ULL)		\
	X(write_fj_per_bit,	0ULL,		10000000ULL,		0ULL)		\
	X(link_fj_per_bit,	0ULL,		10000000ULL,		0ULL)		\
	X(idle_uw,		0ULL,		1000000000ULL,		0ULL)		\
	X(endurance_cycles,	0ULL,		1000000000000ULL,	0ULL)		\
	X(waf_permille,		1000ULL,	1000000ULL,		1000ULL)	\
	X(retention_s,		0ULL,		3200000000ULL,		0ULL)		\
	X(read_disturb_reads,	0ULL,		1000000000000ULL,	0ULL)		\
	X(lifetime_s,		0ULL,		3200000000ULL,		0ULL)

/**
 * tmodel_profile_init - set every field to its default
 *
 * The defaults of capacity and bandwidths are 0, out of range: they have to be set.
 */
void tmodel_profile_init(struct tmodel_profile *p);

/**
 * enum tmodel_profile_error - what is wrong with a profile
 * @TMODEL_PROFILE_OK: nothing
 * @TMODEL_PROFILE_RANGE: a field is out of its range
 * @TMODEL_PROFILE_POWER: a granule or page is not a power of two
 * @TMODEL_PROFILE_BLOCK: the erase block is not a multiple of the page, or one of both is missing
 */
enum tmodel_profile_error {
	TMODEL_PROFILE_OK,
	TMODEL_PROFILE_RANGE,
	TMODEL_PROFILE_POWER,
	TMODEL_PROFILE_BLOCK,
};

/**
 * tmodel_profile_check - is the profile usable?
 * @field: set to the name of the first field at fault; may be NULL
 */
enum tmodel_profile_error tmodel_profile_check(const struct tmodel_profile *p, const char **field);

/* ---- time (access.c) ---- */

enum tmodel_dir { TMODEL_READ, TMODEL_WRITE };

/**
 * tmodel_granules_bytes - bytes that really move when @bytes at @offset are asked for
 *
 * The range widened to whole granules (pages of flash when @p has pages and that is larger).
 */
__u64 tmodel_granules_bytes(const struct tmodel_profile *p, enum tmodel_dir dir, __u64 offset,
			    __u64 bytes, struct tmodel_sat *sat);

/**
 * tmodel_derated_bps - bandwidth at a thermal derating
 * @derate_permille: 1000 = full speed, 1 to 1000; 0 counts as 1
 */
__u64 tmodel_derated_bps(__u64 bps, __u32 derate_permille);

/**
 * tmodel_transfer_ns - time on the bus of all channels, rounded up
 */
__u64 tmodel_transfer_ns(const struct tmodel_profile *p, enum tmodel_dir dir, __u64 bytes,
			 __u32 derate_permille, struct tmodel_sat *sat);

/**
 * tmodel_exposed_ns - latency of an access that no prefetch hides
 * @bytes: bytes of the access
 *
 * Read: latency + tR, plus what chunks smaller than bandwidth x tR leave uncovered (flash). A chunk
 * is a page on every channel. Write: latency + tPROG.
 */
__u64 tmodel_exposed_ns(const struct tmodel_profile *p, enum tmodel_dir dir, __u64 bytes,
			__u32 derate_permille, struct tmodel_sat *sat);

/**
 * struct tmodel_timeline - when each channel becomes free
 * @free_ns: by channel, in model time
 * @busy_ns: sum of the channels' busy time
 * @next: channel the next access begins at
 */
struct tmodel_timeline {
	__u64 free_ns[TMODEL_CHANNELS_MAX];
	__u64 busy_ns;
	__u32 next;
	__u32 reserved;
};

/**
 * tmodel_access - queue an access on the tier's channels
 * @now_ns: model time
 *
 * The bytes are interleaved over all channels by granule; an access of fewer granules than
 * channels occupies only so many. A channel starts at max(now, free), is busy for its bytes at
 * 1/channels of the bandwidth, and the access completes when its last channel is done plus the
 * exposed latency.
 *
 * Return: completion in model time.
 */
__u64 tmodel_access(struct tmodel_timeline *t, const struct tmodel_profile *p, enum tmodel_dir dir,
		    __u64 now_ns, __u64 bytes, __u32 derate_permille, struct tmodel_sat *sat);

/* ---- the bound of a step (step.c) ---- */

/**
 * struct tmodel_tier_load - what a step asked of a tier
 * @read_bytes: bytes read, in whole granules
 * @write_bytes: bytes written, in whole granules
 * @exposed_ns: sum of latencies that nothing hid
 */
struct tmodel_tier_load {
	__u64 read_bytes;
	__u64 write_bytes;
	__u64 exposed_ns;
};

/**
 * struct tmodel_accel - the accelerator
 * @peak_flops: FLOP/s; 0 = none, FLOPs cost no time
 * @efficiency_permille: share of it that is reached, 1 to 1000
 * @idle_uw: power without work
 * @active_uw: power while computing
 */
struct tmodel_accel {
	__u64 peak_flops;
	__u64 efficiency_permille;
	__u64 idle_uw;
	__u64 active_uw;
};

/**
 * struct tmodel_bound - how long a step takes at least
 * @tier_ns: time of each tier: read/BW + write/BW + exposed; the first access of a step to a tier
 *           exposes one latency as well
 * @compute_ns: FLOPs / (peak x efficiency)
 * @overlapped_ns: max of all
 * @serial_ns: sum of all
 */
struct tmodel_bound {
	__u64 tier_ns[TMODEL_TIERS_MAX];
	__u64 compute_ns;
	__u64 overlapped_ns;
	__u64 serial_ns;
};

/**
 * tmodel_tier_ns - time of one tier's load
 *
 * 0 for a load of nothing.
 */
__u64 tmodel_tier_ns(const struct tmodel_profile *p, const struct tmodel_tier_load *load,
		     __u32 derate_permille, struct tmodel_sat *sat);

/**
 * tmodel_compute_ns - time of the FLOPs on the accelerator, rounded up
 */
__u64 tmodel_compute_ns(const struct tmodel_accel *a, __u64 flops, struct tmodel_sat *sat);

/**
 * tmodel_bound_reset - begin a bound with the compute time
 */
void tmodel_bound_reset(struct tmodel_bound *b, __u64 compute_ns);

/**
 * tmodel_bound_add - add a tier's time to the bound
 * @tier: 0 to TMODEL_TIERS_MAX - 1
 */
void tmodel_bound_add(struct tmodel_bound *b, __u32 tier, __u64 tier_ns, struct tmodel_sat *sat);

/* ---- energy (energy.c) ---- */

/**
 * struct tmodel_energy - an energy counter
 * @uj: whole microjoules
 * @rest_fj: remainder in femtojoules, below 1e9
 */
struct tmodel_energy {
	__u64 uj;
	__u64 rest_fj;
};

/**
 * tmodel_energy_access - add what moving bytes costs
 * @near: the bytes do not cross the link
 */
void tmodel_energy_access(struct tmodel_energy *e, const struct tmodel_profile *p,
			  enum tmodel_dir dir, __u64 bytes, int near, struct tmodel_sat *sat);

/**
 * tmodel_energy_power - add a power over a time
 */
void tmodel_energy_power(struct tmodel_energy *e, __u64 uw, __u64 ns, struct tmodel_sat *sat);

/**
 * tmodel_energy_add - add a counter to another
 */
void tmodel_energy_add(struct tmodel_energy *to, const struct tmodel_energy *e,
		       struct tmodel_sat *sat);

/**
 * tmodel_accel_energy - add what the accelerator used in a step
 *
 * Active power for the compute time, idle power for the rest of the step.
 */
void tmodel_accel_energy(struct tmodel_energy *e, const struct tmodel_accel *a, __u64 compute_ns,
			 __u64 step_ns, struct tmodel_sat *sat);

/* ---- wear (wear.c) ---- */

#define TMODEL_WEAR_SLOTS	24	/* slots of a model hour: the last model day */

/**
 * struct tmodel_wear - writes to a tier with limited endurance
 * @host_bytes: bytes written by the host, in whole granules
 * @media_bytes: bytes programmed: host bytes x WAF
 * @online_ns: model time when the tier came online
 * @slot_bytes: media bytes by model hour, a ring over the last model day
 * @slot_hour: the model hour that slot_bytes[slot_hour % TMODEL_WEAR_SLOTS] belongs to
 */
struct tmodel_wear {
	__u64 host_bytes;
	__u64 media_bytes;
	__u64 online_ns;
	__u64 slot_bytes[TMODEL_WEAR_SLOTS];
	__u64 slot_hour;
};

/**
 * tmodel_wear_init - a new memory that comes online now
 */
void tmodel_wear_init(struct tmodel_wear *w, __u64 now_ns);

/**
 * tmodel_wear_write - count a write
 *
 * @now_ns must not be before the last call's; if it is, the write counts in the latest hour.
 */
void tmodel_wear_write(struct tmodel_wear *w, const struct tmodel_profile *p, __u64 now_ns,
		       __u64 bytes, struct tmodel_sat *sat);

/**
 * tmodel_wear_cycles_milli - mean P/E cycles used, in thousandths of a cycle
 */
__u64 tmodel_wear_cycles_milli(const struct tmodel_wear *w, const struct tmodel_profile *p,
			       struct tmodel_sat *sat);

/**
 * tmodel_wear_day_bytes - media bytes of the last model day
 */
__u64 tmodel_wear_day_bytes(const struct tmodel_wear *w, __u64 now_ns);

/**
 * struct tmodel_lifetime - how long the memory lasts at the present rate
 * @seconds: remaining P/E / P/E rate; TMODEL_U64_MAX when nothing was written
 * @valid: 0 in the first model minute after online, and when endurance is not limited
 * @extrapolated: 1 when the tier has been online for less than a model day
 */
struct tmodel_lifetime {
	__u64 seconds;
	__u32 valid;
	__u32 extrapolated;
};

/**
 * tmodel_wear_lifetime - estimate from the last model day, or since online
 */
void tmodel_wear_lifetime(const struct tmodel_wear *w, const struct tmodel_profile *p,
			  __u64 now_ns, struct tmodel_lifetime *l, struct tmodel_sat *sat);

/**
 * tmodel_wear_budget - bytes the host may write a model day to reach the lifetime target
 *
 * capacity x endurance / (WAF x lifetime). TMODEL_U64_MAX when endurance or target is not limited.
 */
__u64 tmodel_wear_budget(const struct tmodel_profile *p, struct tmodel_sat *sat);

/**
 * tmodel_wear_retry_ns - sensing time that reads of worn flash take longer
 *
 * Worn cells need more reference voltages tried until error correction succeeds. Each quarter of
 * the endurance that is used adds one sensing, four at most. The steps are those of FEMU's black
 * box drive, one each 750 cycles, four at most (https://github.com/MoatLab/FEMU, hw/femu/bbssd/ftl.h);
 * that they are quarters of the endurance, and a sensing each, is assumed.
 */
__u64 tmodel_wear_retry_ns(const struct tmodel_wear *w, const struct tmodel_profile *p,
			   struct tmodel_sat *sat);

/**
 * tmodel_wear_exposed_ns - tmodel_exposed_ns() of a memory that is worn: reads take longer
 */
__u64 tmodel_wear_exposed_ns(const struct tmodel_wear *w, const struct tmodel_profile *p,
			     enum tmodel_dir dir, __u64 bytes, __u32 derate_permille,
			     struct tmodel_sat *sat);

/**
 * enum tmodel_age - what retention and read disturb have done to a block
 * @TMODEL_AGE_GOOD: nothing
 * @TMODEL_AGE_DUE: it is to be rewritten: it was programmed retention_s ago, or read
 *                  read_disturb_reads times since
 * @TMODEL_AGE_LOST: it was programmed more than twice retention_s ago
 */
enum tmodel_age { TMODEL_AGE_GOOD, TMODEL_AGE_DUE, TMODEL_AGE_LOST };

/**
 * tmodel_wear_age - may a block still be read?
 * @age_s: model seconds since it was programmed
 * @reads: modelled reads since then
 *
 * OCP HBF v0.7.0 guarantees 24 h at 85 C (page 106) and wants data rewritten every 24 to 48 hours
 * (page 118): from retention_s on a rewrite is due, after twice of it the data is gone.
 */
enum tmodel_age tmodel_wear_age(const struct tmodel_profile *p, __u64 age_s, __u64 reads);

/* ---- the write budget (budget.c) ---- */

/**
 * struct tmodel_budget - bytes that may be written: a token bucket of a model day
 *
 * The day's budget is divided equally among the classes of the tier; what one does not use another
 * does not get. A full bucket is one day's share. Writes that cannot be refused (write-back,
 * refresh, what a step declares) may take it below zero; then nothing is admitted until it is paid.
 *
 * @share_bytes: of each class a model day; TMODEL_U64_MAX = not limited
 * @left_bytes: by class, at most share_bytes; negative = debt
 * @at_ns: model time up to which tokens were counted
 */
struct tmodel_budget {
	__u64 share_bytes;
	__s64 left_bytes[TMODEL_CLASSES];
	__u64 at_ns;
};

/**
 * tmodel_budget_init - full buckets
 * @classes: bit c is set when the tier holds class c
 */
void tmodel_budget_init(struct tmodel_budget *b, const struct tmodel_profile *p, __u32 classes,
			__u64 now_ns, struct tmodel_sat *sat);

/**
 * tmodel_budget_left - what a class may write now; negative = debt
 *
 * The largest s64 when the budget is not limited.
 */
__s64 tmodel_budget_left(struct tmodel_budget *b, __u32 class_id, __u64 now_ns);

/**
 * tmodel_budget_spend - a write that cannot be refused
 */
void tmodel_budget_spend(struct tmodel_budget *b, __u32 class_id, __u64 now_ns, __u64 bytes);

/**
 * tmodel_budget_admit - spend if the bytes are there
 *
 * What is larger than a share needs a full bucket.
 *
 * Return: 1, or 0 when the write has to wait.
 */
int tmodel_budget_admit(struct tmodel_budget *b, __u32 class_id, __u64 now_ns, __u64 bytes);

/**
 * tmodel_budget_refund - what was admitted was not written
 */
void tmodel_budget_refund(struct tmodel_budget *b, __u32 class_id, __u64 bytes);

/* ---- the placement rule (place.c) ---- */

/**
 * struct tmodel_place_tier - what the rule knows of a tier
 * @online: it may be used at all
 * @rank: 0 = fastest
 * @classes: bit c is set when class c (enum terrace_class) may live there
 * @read_bps: modelled read bandwidth
 * @endurance_cycles: 0 = not limited
 */
struct tmodel_place_tier {
	__u32 online;
	__u32 rank;
	__u32 classes;
	__u32 reserved;
	__u64 read_bps;
	__u64 endurance_cycles;
};

/**
 * tmodel_place_order - the tiers that may hold a class, best first
 * @tiers: @n tiers by index
 * @n: 0 to TMODEL_TIERS_MAX
 * @class_id: enum terrace_class
 * @order: receives indices
 *
 * What is mutable and hot (kv, activation) goes by rank, tiers of limited endurance last. What is
 * written once and read often (weights, context) goes first to tiers of limited endurance that read
 * at least half as fast as the fastest allowed tier, fastest first, so that the mutable classes
 * keep the rest; then by rank. (Ma & Patterson, arXiv 2601.05047: HBF suits weights and
 * slow-changing context, not KV that every token updates.)
 *
 * Return: number of indices written.
 */
__u32 tmodel_place_order(const struct tmodel_place_tier *tiers, __u32 n, __u32 class_id,
			 __u32 order[TMODEL_TIERS_MAX]);

#endif /* _TERRACE_MODEL_H */

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libterrace: buffers on modelled memory tiers, through /dev/terrace.
 *
 * A program opens a session, makes buffers, maps them and brackets its work in steps. With a ring
 * of access records the session says what each step reads and writes (declared charging); without
 * one the kernel observes it.
 *
 * Errors: functions that return int return 0 or a negative errno of <linux/terrace.h>;
 * terrace_error() then gives one sentence that names the value, the limit and the remedy. Functions
 * that return a pointer return NULL and set errno.
 *
 * Thread safety: all functions may be called from any thread. terrace_record() and the step calls
 * of one session take its lock. A structure is freed once, when no other thread uses it.
 *
 * Bytes are real bytes unless a name begins with model_ (real bytes x scale); times are ns.
 */
#ifndef _TERRACE_TERRACE_H
#define _TERRACE_TERRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/terrace.h>
#include <terrace/model.h>

#ifdef __cplusplus
extern "C" {
#endif

struct terrace_session;
struct terrace_buffer;
struct terrace_kv_pool;

/**
 * terrace_error - what went wrong in the last failed call of this thread
 *
 * Return: one sentence; valid until this thread's next call; never NULL.
 */
const char *terrace_error(void);

/**
 * terrace_strreason - the name of an enum terrace_reason, "unknown" for others
 */
const char *terrace_strreason(uint32_t reason);

/**
 * terrace_class_name - "weights", "kv", "context", "activation"; NULL for others
 */
const char *terrace_class_name(uint32_t class_id);

/**
 * terrace_class_parse - class of a name
 *
 * Return: enum terrace_class, or -EINVAL with the nearest name in terrace_error().
 */
int terrace_class_parse(const char *name);

/* ---- sessions ---- */

/**
 * struct terrace_options - how a session is charged
 * @ring_entries: access records in the ring, a power of two; 0 = observed charging
 * @sample_period: observed charging in one of so many steps of a kind; 0 = every step
 * @pace_permille: a step lasts at least modelled time x pace / 1000; 0 = no pacing. A shorter time
 *                 since the last step counts, so that work between steps does not lower the rate;
 *                 after a longer one, or a step that was late, nothing is made up for
 * @replay: the session's steps advance the model clock; needs CAP_SYS_ADMIN and no other session
 */
struct terrace_options {
	uint32_t ring_entries;
	uint32_t sample_period;
	uint32_t pace_permille;
	bool replay;
};

/**
 * terrace_session_open - open the device
 * @options: NULL = observed, live, not paced
 * @out: the session, to be closed with terrace_session_close()
 *
 * ENOENT: the module is not loaded. EACCES: no permission on /dev/terrace. EBUSY: a replay owns the
 * device. EINVAL, EPERM: an option. EPROTO: the kernel speaks another ABI version.
 */
int terrace_session_open(const struct terrace_options *options, struct terrace_session **out);

/**
 * terrace_session_close - close a session; NULL is allowed
 *
 * Buffers and mappings stay valid until they are freed; their access is no longer charged.
 */
void terrace_session_close(struct terrace_session *s);

/**
 * terrace_session_fd - the session's descriptor, owned by the session
 */
int terrace_session_fd(const struct terrace_session *s);

int terrace_session_info(struct terrace_session *s, struct terrace_info *info);
int terrace_session_ledger(struct terrace_session *s, struct terrace_ledger *ledger);

/**
 * terrace_advance - let model time pass; replay sessions only
 * @ns: any; more than TERRACE_ADVANCE_NS_MAX is done in parts
 */
int terrace_advance(struct terrace_session *s, uint64_t ns);

/* ---- tiers ---- */

/**
 * terrace_tier_get - one tier by index; -ENXIO when it is not online
 */
int terrace_tier_get(struct terrace_session *s, uint32_t tier, struct terrace_tier_info *info);

/**
 * terrace_tier_find - index of a tier by name
 *
 * Return: 0 to TERRACE_TIERS_MAX - 1, or -ENXIO with the online tiers named in terrace_error().
 */
int terrace_tier_find(struct terrace_session *s, const char *name);

/* ---- buffers ---- */

/**
 * struct terrace_buffer_options - what buffer to make
 * @class_id: enum terrace_class
 * @extent_bytes: 4096 to 2 MiB, a power of two; 0 = 2 MiB
 * @tier: preferred tier, or TERRACE_TIER_ANY
 * @pinnable: for io_uring fixed buffers and RDMA; cannot be sealed
 * @strict: take room on @tier only
 * @unmapped: do not map it; the caller does, or only passes terrace_buffer_fd() on
 * @name: for people; NULL = none; longer than TERRACE_NAME_MAX - 1 is -ENAMETOOLONG
 */
struct terrace_buffer_options {
	uint32_t class_id;
	uint32_t extent_bytes;
	uint32_t tier;
	bool pinnable;
	bool strict;
	bool unmapped;
	const char *name;
};

/**
 * terrace_buffer_create - make a buffer of @bytes, rounded up to whole extents, and map it
 * @out: the buffer, to be freed with terrace_buffer_free()
 *
 * The whole buffer is mapped MAP_SHARED, readable and writable, aligned to its extent size, unless
 * @options->unmapped. Errors as of TERRACE_IOC_CREATE and mmap(2).
 */
int terrace_buffer_create(struct terrace_session *s, uint64_t bytes,
			  const struct terrace_buffer_options *options,
			  struct terrace_buffer **out);

/**
 * terrace_buffer_open - a buffer of this or another process by its id; it is not mapped
 *
 * Needs the creator's uid or CAP_SYS_ADMIN.
 */
int terrace_buffer_open(struct terrace_session *s, uint32_t id, struct terrace_buffer **out);

/**
 * terrace_buffer_view - a read-only view of the buffer of a descriptor; it is not mapped
 * @s: is charged for what is read through the view
 * @fd: a descriptor of a buffer or of a view, as another process passed it; stays the caller's
 * @out: the view, to be freed with terrace_buffer_free()
 *
 * The view's descriptor can be mapped PROT_READ and MAP_SHARED, read, and passed on; see struct
 * terrace_view. What would change the buffer is -EBADF. -EBADF, -EINVAL: @fd is not of a buffer.
 */
int terrace_buffer_view(struct terrace_session *s, int fd, struct terrace_buffer **out);

/**
 * terrace_buffer_free - unmap and close; NULL is allowed
 */
void terrace_buffer_free(struct terrace_buffer *b);

void *terrace_buffer_data(const struct terrace_buffer *b);	/* NULL when it is not mapped */
uint64_t terrace_buffer_bytes(const struct terrace_buffer *b);	/* whole extents */
uint32_t terrace_buffer_extent_bytes(const struct terrace_buffer *b);
uint32_t terrace_buffer_id(const struct terrace_buffer *b);
int terrace_buffer_fd(const struct terrace_buffer *b);		/* owned by the buffer */
int terrace_buffer_info(const struct terrace_buffer *b, struct terrace_buffer_info *info);

/**
 * enum terrace_advice - what the caller expects of a range
 * @TERRACE_ADVICE_COLD: it will not be used for a while: move it down a tier
 * @TERRACE_ADVICE_HOT: it will be used soon: move it up to the first tier that has room
 * @TERRACE_ADVICE_DONTNEED: its content is not needed: discard it
 */
enum terrace_advice {
	TERRACE_ADVICE_COLD,
	TERRACE_ADVICE_HOT,
	TERRACE_ADVICE_DONTNEED,
};

/**
 * terrace_advise - say what is expected of a range
 *
 * COLD and HOT move at once what has room and is not pinned, and succeed when nothing could move.
 */
int terrace_advise(struct terrace_session *s, struct terrace_buffer *b, uint64_t offset,
		   uint64_t bytes, enum terrace_advice advice);

/**
 * terrace_seal - make a range immutable until it is discarded
 * terrace_discard - give a range back; it reads as zero
 *
 * Whole extents. -EROFS, -EBUSY, -EOPNOTSUPP, -EINVAL as of struct terrace_range.
 */
int terrace_seal(struct terrace_buffer *b, uint64_t offset, uint64_t bytes);
int terrace_discard(struct terrace_buffer *b, uint64_t offset, uint64_t bytes);

/**
 * terrace_prefetch - begin to read what a range has on flash, and do not wait for it
 * @offset, @bytes: any alignment, within the buffer; widened to whole extents
 *
 * At most half of the landing pool is filled. Nothing moves to another tier, as it may with
 * TERRACE_ADVICE_HOT; where nothing is on flash, nothing is done. -EINVAL.
 */
int terrace_prefetch(struct terrace_buffer *b, uint64_t offset, uint64_t bytes);

/**
 * terrace_read_together - say which ranges are read together, piece by piece
 * @ranges: the pieces of each, at any byte of the buffer; no byte is in two ranges
 * @count: 2 to TERRACE_PIECES_RANGES
 * @pieces: in each range
 *
 * Once a part of a piece is used, all of it, and the same piece of the other ranges, is read from
 * flash in the background: the slices of an expert in several tensors need one wait instead of one
 * each. In memory the first use of a piece maps all of it. Holds until the buffer is gone; may be called for as many sets as have TERRACE_PIECES_MAX
 * ranges. terrace_weights_load() does it for the experts of a GGUF model. See struct
 * terrace_pieces. -EINVAL, -EEXIST, -ENOSPC, -EBADF (a view), -ENOMEM, -ENOTTY (an older kernel).
 */
int terrace_read_together(struct terrace_buffer *b, const struct terrace_piece_range *ranges,
			  uint32_t count, uint64_t pieces);

/**
 * terrace_refresh - rewrite what has been on flash for long, before its retention is over
 * @older_s: model seconds since it was programmed; UINT64_MAX = only what is due
 * @refreshed_bytes: bytes that were rewritten; set also on failure
 * @lost_bytes: bytes that could not be read or rewritten; set also on failure
 *
 * Whole extents; those that are not on flash, or were written since, need none. terraced does this
 * for all buffers. -EINVAL, -EINTR, -ENOMEM.
 */
int terrace_refresh(struct terrace_buffer *b, uint64_t offset, uint64_t bytes, uint64_t older_s,
		    uint64_t *refreshed_bytes, uint64_t *lost_bytes);

/**
 * terrace_query - tier and flags of each extent of a range
 * @extents: room for bytes / extent size entries
 */
int terrace_query(struct terrace_buffer *b, uint64_t offset, uint64_t bytes,
		  struct terrace_extent_info *extents);

/**
 * terrace_migrate - move a range to a tier
 * @moved_bytes: bytes whose home changed; may be NULL; set also on failure
 *
 * Stops at the first extent that cannot be moved: -ENOSPC, -EXDEV, -EBUSY, -ENXIO, -ENOMEM, -EIO,
 * -EBADMSG, -ENODATA (retention over), -EAGAIN (write budget).
 */
int terrace_migrate(struct terrace_buffer *b, uint64_t offset, uint64_t bytes, uint32_t tier,
		    uint64_t *moved_bytes);

/**
 * terrace_migrate_moves - move many ranges in one call
 * @count: 1 to TERRACE_MOVES_MAX
 *
 * Return: 0 when the moves were tried; what became of each stands in it.
 */
int terrace_migrate_moves(struct terrace_buffer *b, struct terrace_move *moves, uint32_t count,
			  uint64_t *moved_bytes);

/* ---- weights of a file ---- */

/**
 * terrace_weights_load - make a buffer of a range of a file, sealed and mapped to read
 * @fd: a regular file, open for reading; its position does not change
 * @offset, @bytes: range within the file, any alignment, at least 1 byte
 * @options: pinnable is refused, for the buffer is sealed; without a name it gets the file's
 * @out: to be freed with terrace_buffer_free(); what is beyond @bytes in its last extent is zero
 *
 * The content is that of the moment; later writes to the file do not show. What was read is dropped
 * from the page cache. EINVAL: no regular file or range. ESTALE: the file changed meanwhile. Others
 * as of read(2), terrace_buffer_create() and terrace_seal().
 */
int terrace_weights_load(struct terrace_session *s, int fd, uint64_t offset, uint64_t bytes,
			 const struct terrace_buffer_options *options, struct terrace_buffer **out);

/**
 * terrace_weights_open - as terrace_weights_load(), but shared with all who may read the file
 *
 * terraced keeps the weights, and gives every caller that has the file open for reading a read-only
 * view of one buffer: the first waits for the load, which is charged to its uid, later ones, also
 * after the program was started again, do not. Whether a buffer is shared depends on the file (not
 * its name), its times and size, the range, the class and the extent size, and with strict on the
 * tier. A shared buffer is named after the file.
 *
 * When terraced does not run, is of another release or refuses, the caller loads for itself alone;
 * terrace_buffer_shared() is then false and terrace_error() says why. Errors are those of
 * terrace_weights_load().
 *
 * A shared buffer is in use until terrace_buffer_free(); a process that ends frees it. terraced has
 * room for 64 uses of a uid: open whole files, not each tensor.
 */
int terrace_weights_open(struct terrace_session *s, int fd, uint64_t offset, uint64_t bytes,
			 const struct terrace_buffer_options *options, struct terrace_buffer **out);

/**
 * terrace_buffer_shared - whether terraced keeps a buffer for other processes as well
 */
bool terrace_buffer_shared(const struct terrace_buffer *b);

/* ---- steps ---- */

/**
 * terrace_step_begin - begin a step
 * @kind: TERRACE_STEP_PREFILL or TERRACE_STEP_DECODE
 * @flops: modelled floating point operations
 * @tokens: tokens prefilled or produced
 * @requests: requests in the batch
 */
int terrace_step_begin(struct terrace_session *s, uint32_t kind, uint64_t flops, uint32_t tokens,
		       uint32_t requests);

/**
 * terrace_record - say that the running step accesses bytes of a buffer
 * @flags: TERRACE_ACCESS_ bits
 *
 * A full ring is flushed to the kernel first. -EOPNOTSUPP: the session has no ring.
 */
int terrace_record(struct terrace_session *s, uint32_t buffer, uint32_t flags, uint64_t offset,
		   uint64_t bytes);

/**
 * terrace_step_end - end the step and charge it
 * @end: what it cost; may be NULL
 */
int terrace_step_end(struct terrace_session *s, struct terrace_step_end *end);

/* ---- KV pool: fixed blocks with prefix sharing ---- */

#define TERRACE_KV_NONE		(~0U)	/* no block */

/**
 * terrace_kv_pool_create - a pool of equal blocks in a buffer
 * @b: the buffer; stays the caller's and must outlive the pool
 * @block_bytes: at least 1, at most the buffer
 *
 * A block that holds a prompt's tokens may be published under a key (the hash of the whole prefix
 * up to its end); who looks the key up shares the block. A block nobody holds stays cached until
 * its room is needed: the least recently used is evicted.
 *
 * Return: the pool, to be freed with terrace_kv_pool_free(); NULL with errno EINVAL or ENOMEM.
 */
struct terrace_kv_pool *terrace_kv_pool_create(struct terrace_buffer *b, uint64_t block_bytes);
void terrace_kv_pool_free(struct terrace_kv_pool *pool);

/**
 * struct terrace_kv_stats - what a pool holds and did
 * @blocks: blocks in all
 * @held: blocks somebody holds
 * @cached: blocks nobody holds that are published
 * @lookups: keys looked up
 * @hits: of them found
 * @evictions: published blocks whose room was needed
 */
struct terrace_kv_stats {
	uint32_t blocks;
	uint32_t held;
	uint32_t cached;
	uint32_t reserved;
	uint64_t lookups;
	uint64_t hits;
	uint64_t evictions;
};

/**
 * terrace_kv_alloc - take an empty block, evicting if need be
 *
 * Return: its number, or TERRACE_KV_NONE when all blocks are held.
 */
uint32_t terrace_kv_alloc(struct terrace_kv_pool *pool);

/**
 * terrace_kv_lookup - take the block published under a key
 *
 * Return: its number, held once more, or TERRACE_KV_NONE.
 */
uint32_t terrace_kv_lookup(struct terrace_kv_pool *pool, uint64_t key);

/**
 * terrace_kv_publish - let others find a held block
 *
 * Return: 0; -EEXIST when the key or the block is published already; -EINVAL when nobody holds it.
 */
int terrace_kv_publish(struct terrace_kv_pool *pool, uint32_t block, uint64_t key);

/**
 * terrace_kv_hold - take a held block once more; -EINVAL when nobody holds it
 * terrace_kv_put - give it back; -EINVAL when nobody holds it
 */
int terrace_kv_hold(struct terrace_kv_pool *pool, uint32_t block);
int terrace_kv_put(struct terrace_kv_pool *pool, uint32_t block);

uint64_t terrace_kv_offset(const struct terrace_kv_pool *pool, uint32_t block);
void *terrace_kv_data(const struct terrace_kv_pool *pool, uint32_t block);
void terrace_kv_stats(const struct terrace_kv_pool *pool, struct terrace_kv_stats *stats);

/* ---- control: bring tiers up and down through configfs; needs root ---- */

/**
 * struct terrace_tier_config - a tier to bring online
 * @name: 1 to TERRACE_NAME_MAX - 1 characters of a-z, 0-9, '-', '_'
 * @backing: "mem:NODE", or "blk:" and the absolute path of a device made by 'terrace tier format',
 *           or the UUID that it said, by which the device is looked for
 * @landing_bytes: of a blk tier: real bytes of frames to map its extents through, 2 MiB to 2^40;
 *                 0 = 64 MiB
 * @landing_session_bytes: those of them that one session may have, in the same range; 0 = all
 * @rank: 0 = fastest; unique among the online tiers
 * @classes: bit c is set when class c may live here; not 0
 * @profile: the modelled memory, capacity_bytes modelled
 */
struct terrace_tier_config {
	const char *name;
	const char *backing;
	uint64_t landing_bytes;
	uint64_t landing_session_bytes;
	uint32_t rank;
	uint32_t classes;
	struct tmodel_profile profile;
};

/**
 * struct terrace_device_config - what all tiers share
 * @scale_shift: modelled bytes = real bytes << scale_shift, 0 to 20
 * @clock_acceleration: live model clock = boot time x this, 1 to 1000000
 * @accel: the accelerator
 */
struct terrace_device_config {
	uint32_t scale_shift;
	uint32_t clock_acceleration;
	struct tmodel_accel accel;
};

/**
 * terrace_device_configure - set what all tiers share
 *
 * -EBUSY: a tier is online. -ENODEV: the module is not loaded or configfs is not mounted.
 */
int terrace_device_configure(const struct terrace_device_config *config);

/**
 * terrace_tier_online - make a tier's directory, write its values, bring it online
 *
 * Nothing is left behind on failure. -EEXIST: the name, or -EBUSY: the rank is taken. -EINVAL: a
 * value, named in terrace_error(). -ENODEV: as above, or there is no such node.
 */
int terrace_tier_online(const struct terrace_tier_config *config);

/**
 * terrace_tier_offline - evacuate a tier, take it offline and remove its directory
 *
 * -EBUSY: what it holds fits nowhere else or is pinned; the tier stays online. -ENOENT: no such
 * tier.
 */
int terrace_tier_offline(const char *name);

#ifdef __cplusplus
}
#endif

#endif /* _TERRACE_TERRACE_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Internal types of terrace.ko.
 *
 * Lock order, outermost first. A lock is taken only while locks above it, or none, are held.
 *
 *  1. configfs's own locks (su_mutex, directory inodes)
 *  2. terrace.control        mutex: tiers and device settings change, replay is entered or left
 *  3. session.step_lock      mutex: one session's begin, flush and end of steps
 *     buffer.range_lock      mutex: one seal or discard of a buffer at a time
 *  4. mmap_lock or VMA lock  held by the core around ->fault and ->page_mkwrite
 *  5. extent MOVING bit      exclusive use of an extent by migrate, seal, discard and evacuation.
 *                            Waited for killably, and without a reference to the extent's folio
 *                            that the holder does not know of (see terrace_extent.waiters): it
 *                            needs to account for every one. A task that holds one extent's bit
 *                            only tries for another's (eviction, landing.c).
 *  6. folio lock             of the folio in the extent; who gets it checks the table again
 *     Below it, while content is written: the mutexes of struct terrace_media (media.h)
 *  7. i_mmap_rwsem, page table locks (core: unmap_mapping_pages(), folio_mkclean())
 *  8. buffer.table_lock      spinlock: extent table and its counters
 *  9. session.load_lock      spinlock: what the running step was charged
 * 10. tier.lock              spinlock: capacity, model state and statistics of a tier
 * 11. terrace.clock_lock, terrace.sessions_lock, session.buffers_lock, and the locks inside
 *     quota.c, inject.c, detached.c and of the shrinker's lists
 *
 * Two locks of the same row are never held together, except that sessions_lock is held over
 * clock_lock. User memory is touched only under locks of row 3 or above (a fault may take 4 to 11).
 *
 * Lifetimes. A buffer lives as long as its file: who finds it by id takes a file reference
 * (terrace_buffer_get()); a view of it holds one. A session's structure lives until its file, its
 * buffers and its views are gone.
 * Tiers are slots of a static array: an index never dangles, and a tier that is some extent's home
 * stays online.
 */
#ifndef _TERRACE_INTERNAL_H
#define _TERRACE_INTERNAL_H

#include <linux/fs.h>
#include <linux/kobject.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/rbtree.h>
#include <linux/spinlock.h>
#include <linux/uidgid.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include <linux/terrace.h>
#include <terrace/model.h>

struct terrace_media;
struct terrace_offer;
struct terrace_quota;
struct io_uring_cmd;
struct seq_file;

/* ---- tiers (tier.c) ---- */

enum terrace_tier_state {
	TERRACE_TIER_OFFLINE,
	TERRACE_TIER_ONLINE,
	TERRACE_TIER_GOING,	/* being evacuated: nothing new comes in */
};

/**
 * struct terrace_traffic - modelled bytes of one class on a tier
 *
 * @energy excludes idle power.
 */
struct terrace_traffic {
	u64 read_bytes;
	u64 write_bytes;
	u64 in_bytes;
	u64 out_bytes;
	struct tmodel_energy energy;
};

/* Events of a tier, one atomic counter each. */
enum terrace_tier_event {
	TERRACE_EV_FAULTS,
	TERRACE_EV_MAJOR_FAULTS,
	TERRACE_EV_MIGRATIONS_IN,
	TERRACE_EV_MIGRATIONS_OUT,
	TERRACE_EV_MIGRATE_BUSY,
	TERRACE_EV_FALLBACKS,
	TERRACE_EV_SIGBUS,
	TERRACE_EV_READAHEADS,
	TERRACE_EV_EVICTIONS,
	TERRACE_EV_WRITEBACKS,
	TERRACE_EV_MEDIA_ERRORS,
	TERRACE_EV_EXPIRED,
	TERRACE_EV_DISTURBED,
	TERRACE_EV_BUDGET_REFUSED,
	TERRACE_EV_NR,
};

/**
 * struct terrace_landing - the frames of a flash tier's resident extents (landing.c)
 * @folios: in the order of the CLOCK hand, by their lru
 * @count: of @folios
 * @listed: bytes of @folios
 * @used: bytes of them, and of those under way
 * @limit: bytes; fixed while online, as is @session_limit
 * @session_limit: bytes for one session
 * @ahead: evicts before the next frame is asked for
 */
struct terrace_landing {
	spinlock_t lock;	/* row 11 */
	struct list_head folios;
	u64 count;
	u64 listed;
	u64 used;
	u64 limit;
	u64 session_limit;
	struct work_struct ahead;
};

/* What a session's extents may have of a pool. */
static inline u64 terrace_landing_share(const struct terrace_landing *l)
{
	return min(l->limit, l->session_limit);
}

/**
 * struct terrace_tier - a slot; what is below @lock is protected by it
 * @index: place in terrace.tiers
 * @kobj: sysfs directory while online
 * @name, @rank, @classes, @node, @profile: fixed while online
 * @media: of a flash tier; NULL for memory. Fixed while online
 * @events: counters
 * @landing: of a flash tier
 * @state: enum terrace_tier_state; written under terrace.control and @lock
 * @capacity: real bytes; @poisoned were taken off
 * @poisoned: bytes of folios with broken pages
 * @used: bytes that are some extent's home, and @detached
 * @detached: bytes of pages whose buffer is gone while pins keep them
 * @derate_permille: thermal derating as written by the daemon
 * @online_ns: model time of coming online
 * @refreshed_bytes: real bytes rewritten to keep them
 * @avoided_bytes: real bytes not programmed, since they were zero
 */
struct terrace_tier {
	u32 index;
	struct kobject *kobj;
	char name[TERRACE_NAME_MAX];
	u32 rank;
	u32 classes;
	int node;
	struct tmodel_profile profile;
	struct terrace_media *media;
	atomic64_t events[TERRACE_EV_NR];
	struct terrace_landing landing;

	spinlock_t lock;	/* row 10 of the lock order; protects what follows */
	enum terrace_tier_state state;
	u64 capacity;
	u64 poisoned;
	u64 used;
	u64 detached;
	u32 derate_permille;
	u64 online_ns;
	u64 busy_ns;
	struct terrace_traffic traffic[TERRACE_CLASSES];
	struct tmodel_timeline timeline;
	struct tmodel_wear wear;
	struct tmodel_budget budget;
	u64 refreshed_bytes;
	u64 avoided_bytes;
	u64 rate_second;	/* model second that rate_bytes belong to */
	u64 rate_bytes[2];	/* modelled bytes of this and of the last second */
};

#define TERRACE_DEVICE_MAX	128

/**
 * struct terrace_tier_settings - what configfs collected for a tier
 * @node: of memory, or -1
 * @device: path of a flash tier's block device, or empty
 * @landing_bytes: of a flash tier
 * @landing_session_bytes: of it, for one session
 */
struct terrace_tier_settings {
	char name[TERRACE_NAME_MAX];
	u32 rank;
	u32 classes;
	int node;
	char device[TERRACE_DEVICE_MAX];
	u64 landing_bytes;
	u64 landing_session_bytes;
	struct tmodel_profile profile;
};

int terrace_tier_online(const struct terrace_tier_settings *settings);
int terrace_tier_offline(u32 index);
int terrace_tier_derate(u32 index, u32 permille);
int terrace_tier_take(u32 index, u32 class_id, u64 extent_bytes, u64 *count, u32 *reason);
int terrace_tier_take_one(u32 index, u32 class_id, u64 extent_bytes, u32 *reason);
void terrace_tier_give(u32 index, u64 extent_bytes, u64 count);
void terrace_tier_programmed(u32 index, u64 real_bytes);
bool terrace_tier_admit_write(u32 index, u32 class_id, u64 real_bytes);
void terrace_tier_refund_write(u32 index, u32 class_id, u64 real_bytes);
void terrace_tier_spend_write(u32 index, u32 class_id, u64 real_bytes);
u64 terrace_tier_write_left(struct terrace_tier *t, u32 class_id, u64 *debt);
void terrace_tier_refreshed(u32 index, u64 real_bytes);
void terrace_tier_write_avoided(u32 index, u64 real_bytes);
void terrace_tier_lose(u32 index, u64 bytes);
void terrace_tier_detach(u32 index, u64 bytes);
void terrace_tier_reattach(u32 index, u64 bytes);
bool terrace_tier_valid(u32 index);
void terrace_tier_event(u32 index, enum terrace_tier_event event);
void terrace_tier_count_rate(struct terrace_tier *t, u64 now_ns, u64 bytes);
u64 terrace_tier_move_in(u32 index, u32 class_id, u64 real_bytes);
u64 terrace_tier_move_out(u32 index, u32 class_id, u64 real_bytes);
u64 terrace_tier_bandwidth(struct terrace_tier *t);

/* ---- the device (main.c) ---- */

/**
 * struct terrace_device - all there is, once
 * @ready: the module is up; sessions may be opened
 * @control: see the lock order
 * @tiers: slots
 * @scale_shift: modelled bytes = real bytes << scale_shift; fixed while a tier is online
 * @accel: fixed while a tier is online
 * @buffers: by id, allocating
 * @sessions: list of sessions whose file is open, under @sessions_lock
 * @replay: session that drives the clock, or NULL; under @sessions_lock
 * @clock_lock: protects the clock's base
 * @sat: saturations; racy increments lose nothing that matters: it is a warning lamp
 */
struct terrace_device {
	bool ready;
	struct mutex control;	/* row 2 */
	struct terrace_tier tiers[TERRACE_TIERS_MAX];
	u32 scale_shift;
	u32 clock_acceleration;
	struct tmodel_accel accel;
	struct xarray buffers;
	u32 next_buffer;
	spinlock_t sessions_lock;	/* row 11 */
	struct list_head sessions;
	struct terrace_session *replay;
	u64 next_session;
	spinlock_t clock_lock;	/* row 11 */
	u64 clock_base_ns;
	u64 clock_boot_ns;
	bool clock_replayed;
	struct tmodel_sat sat;
	atomic64_t sigbus;
	atomic64_t bad_policy;
};

extern struct terrace_device terrace;
extern const char * const terrace_class_names[TERRACE_CLASSES];

/* ---- the model clock (clock.c) ---- */

void terrace_clock_init(void);
u64 terrace_clock(void);
u64 terrace_clock_advance(u64 ns);
void terrace_clock_replay(bool on);
void terrace_clock_accelerate(u32 acceleration);

/* ---- quotas (quota.c) ---- */

int terrace_quota_take(kuid_t uid, u32 class_id, u64 bytes, struct terrace_quota **out);
void terrace_quota_give(struct terrace_quota *q, u32 class_id, u64 bytes);
struct terrace_quota *terrace_quota_get(kuid_t uid);
void terrace_quota_hold(struct terrace_quota *q);
void terrace_quota_put(struct terrace_quota *q);
u64 terrace_quota_limit(const struct terrace_quota *q, u32 class_id);
void terrace_quota_set_limit(struct terrace_quota *q, u32 class_id, u64 bytes);

/* ---- sessions, steps, rings (session.c, step.c, ring.c) ---- */

/**
 * struct terrace_load - what a step was charged, by tier and class
 * @read, @write: modelled bytes in whole granules that crossed the link
 * @near_read, @near_write: those that did not
 * @in, @out: modelled bytes that migrations of the session's buffers moved
 * @exposed_ns: latencies nothing hid
 */
struct terrace_load {
	struct terrace_tier_charge {
		u64 read[TERRACE_CLASSES];
		u64 near_read[TERRACE_CLASSES];
		u64 write[TERRACE_CLASSES];
		u64 near_write[TERRACE_CLASSES];
		u64 in;
		u64 out;
		u64 exposed_ns;
	} tier[TERRACE_TIERS_MAX];
};

#define TERRACE_STEP_KINDS	(TERRACE_STEP_DECODE + 1)

/**
 * struct terrace_step_stats - sums over a session's ended steps of one kind
 * @absorbed_ns: time before them that pacing counted
 * @last_model_ns, @last_wall_ns: of the last one
 */
struct terrace_step_stats {
	u64 steps;
	u64 tokens;
	u64 model_ns;
	u64 wall_ns;
	u64 absorbed_ns;
	u64 last_model_ns;
	u64 last_wall_ns;
};

/**
 * struct terrace_session - one open of /dev/terrace
 * @ref: the file, each buffer and each view hold one
 * @id, @uid: fixed
 * @node: in terrace.sessions
 * @active: has made a buffer or begun a step; under terrace.sessions_lock
 * @closed: the file is gone; buffers may live on
 * @step_lock: protects @setup to @wall_end_ns
 * @setup: TERRACE_IOC_SETUP was called
 * @ring: mapped ring, NULL when charging is observed; fixed once set, as is what follows
 * @ring_pages, @ring_page_count: its pages; the array goes with @ring
 * @ring_entries, @ring_head: the kernel's own, never read back from user memory
 * @sample_period, @pace_permille, @replaying: as set up
 * @paced_ns: when the last step ended as pacing counts; 0 = there was none
 * @wall_end_ns: when it did end
 * @step: number of the running or last step
 * @running: a step is running; also read without the lock by faults
 * @observing: the running step unmapped; also read without the lock by faults
 * @load_lock: protects @load and @observed
 * @load: charges of the running step
 * @sampled: what the last observed step of each kind was charged
 * @buffers: of this session, by link in the buffer, by rising number; under @buffers_lock
 * @next_number: of the next buffer; under @buffers_lock
 * @ledger, @ledger_energy, @stats: since the session began; under load_lock
 * @tokens, @records, @rejected: sums over steps
 * @views: made by it and not closed
 * @landing: bytes of its buffers in each tier's landing pool, under that pool's lock
 */
struct terrace_session {
	struct kref ref;
	u64 id;
	kuid_t uid;
	struct list_head node;
	bool active;
	bool closed;

	struct mutex step_lock;	/* row 3 */
	bool setup;
	struct terrace_ring *ring;
	struct page **ring_pages;
	u32 ring_page_count;
	u32 ring_entries;
	u32 ring_head;
	u32 sample_period;
	u32 pace_permille;
	bool replaying;
	u32 step_kind;
	u64 step_flops;
	u32 step_tokens;
	u32 step_records;
	u32 step_rejected;
	u64 wall_start_ns;
	u64 paced_ns;
	u64 wall_end_ns;

	u64 step;
	bool running;
	bool observing;

	spinlock_t load_lock;	/* row 9 */
	struct terrace_load load;
	struct terrace_load sampled[TERRACE_STEP_KINDS];
	struct terrace_ledger ledger;
	struct tmodel_energy ledger_energy[TERRACE_TIERS_MAX][TERRACE_CLASSES];
	struct terrace_step_stats stats[TERRACE_STEP_KINDS];
	u64 tokens;
	u64 records;
	u64 rejected;

	spinlock_t buffers_lock;	/* row 11 */
	struct list_head buffers;
	u64 next_number;

	atomic_t views;
	u64 landing[TERRACE_TIERS_MAX];
};

struct terrace_session *terrace_session_get(struct terrace_session *s);
void terrace_session_put(struct terrace_session *s);
int terrace_session_activate(struct terrace_session *s);
int terrace_session_enter_replay(struct terrace_session *s);
void terrace_session_leave_replay(struct terrace_session *s);
extern const struct file_operations terrace_session_fops;

int terrace_step_setup(struct terrace_session *s, struct terrace_setup *arg);
int terrace_step_begin(struct terrace_session *s, struct terrace_step_begin *arg);
int terrace_step_flush(struct terrace_session *s);
int terrace_step_end(struct terrace_session *s, struct terrace_step_end *arg);
int terrace_step_advance(struct terrace_session *s, struct terrace_advance *arg);
u32 terrace_step_charging(const struct terrace_session *s);
void terrace_step_show(struct seq_file *m, const struct terrace_session *s);

int terrace_ring_setup(struct terrace_session *s, struct terrace_setup *arg);
int terrace_ring_mmap(struct terrace_session *s, struct vm_area_struct *vma);

/* ---- charging (charge.c: records and migrations, sample.c: refaults) ---- */

struct terrace_buffer;

int terrace_charge_record(struct terrace_session *s, const struct terrace_access *a);
void terrace_charge_extents(struct terrace_session *s, struct terrace_buffer *b, u32 flags,
			    u64 offset, u64 bytes);
void terrace_charge_moved(struct terrace_session *s, u32 class_id, u32 from, u64 out_bytes, u32 to,
			  u64 in_bytes);
void terrace_sample_begin(struct terrace_session *s);
void terrace_sample_fault(const struct file *file, u64 index, u32 flags);

/* ---- buffers (buffer.c) ---- */

/* Bits of terrace_extent.flags. */
enum {
	TERRACE_X_MOVING,	/* exclusive use; waited for with wait_on_bit() */
	TERRACE_X_DIRTY,
	TERRACE_X_SEALED,
	TERRACE_X_SEALING,	/* sealed by the call under way: taken back if it fails */
	TERRACE_X_USED,		/* since the landing pool's hand passed */
};

/**
 * struct terrace_block - where an extent's content is on flash (block.c)
 * @number: of the block on the home tier's medium; 0 = none
 * @sum: checksum of the content
 * @programmed_s: model second when it was programmed
 * @reads: modelled reads since then
 */
struct terrace_block {
	u32 number;
	u32 sum;
	u32 programmed_s;
	u32 reads;
};

/**
 * struct terrace_extent - one entry of the table
 * @folio: frames, NULL before first touch; written under table_lock with MOVING or from NULL
 * @flags: TERRACE_X_ bits, atomic
 * @observed: step of the buffer's session that charged this extent last
 * @waiters: page_mkwrite callers that wait for MOVING while the core holds a reference to @folio
 *           for them; under table_lock
 * @block: on flash; with MOVING
 * @tier: home; written under table_lock
 */
struct terrace_extent {
	struct folio *folio;
	unsigned long flags;
	u32 observed;
	u32 waiters;
	struct terrace_block block;
	u8 tier;
};

/**
 * struct terrace_readahead - a walk through a buffer (readahead.c)
 * @next: extent after the one in front
 * @end: extents before it were asked for
 * @run: extents of the walk, up to the most that are read ahead
 * @last: of the walk before
 * @random: user space says that there is none
 */
struct terrace_readahead {
	u64 next;
	u64 end;
	u32 run;
	u32 last;
	bool random;
};

/**
 * struct terrace_piece_table - ranges that are read together, piece by piece (pieces.c)
 * @ranges: @count of them, in @sets
 * @last: byte of the piece that was used last; atomic, not under the lock
 */
struct terrace_piece_table {
	struct rb_root ranges;
	u32 count;
	struct list_head sets;
	u64 last;
};

/**
 * struct terrace_piece_runs - extents of a piece; those at its ends may have parts of others
 * @begin: a byte that no other piece of the buffer has, whatever set it is of
 */
struct terrace_piece_runs {
	u64 begin;
	u32 count;
	struct {
		u64 first;
		u64 end;
	} run[TERRACE_PIECES_RANGES];
};

/**
 * struct terrace_buffer - a buffer; fixed after creation but for the table and counters
 * @file: its file; NULL once the last reference is gone (see terrace_buffer_get())
 * @users: work under way that does not keep the file (see terrace_buffer_use())
 * @mapping: of its inode
 * @memcg: creator's, charged for frames; may be NULL
 * @offers: to the host, by tier (shrinker.c)
 * @link: in session.buffers
 * @number: place in it
 * @range_lock: one seal, discard at a time
 * @table_lock: protects extents[].folio and tier, the counters, @readahead, @pieces, @jobs and
 *              @spares
 * @jobs: @job_count that wait or run in the background
 * @views: of this buffer, by their link; under @table_lock
 * @spares: @spare_count folios kept as destinations of moves (frame.c), by their lru
 */
struct terrace_buffer {
	u32 id;
	u32 class_id;
	u32 flags;
	u32 shift;
	u64 count;
	struct file *file;
	atomic_t users;
	struct address_space *mapping;
	struct terrace_session *session;
	struct mem_cgroup *memcg;
	struct terrace_offer *offers;
	struct terrace_quota *quota;
	kuid_t uid;
	struct pid *pid;
	struct list_head link;
	u64 number;
	struct rcu_head rcu;
	char name[TERRACE_NAME_MAX];

	struct mutex range_lock;	/* row 3 */
	spinlock_t table_lock;	/* row 8 */
	u64 tier_extents[TERRACE_TIERS_MAX];
	u64 resident;
	u64 sealed;
	struct terrace_readahead readahead;
	struct terrace_piece_table pieces;
	struct list_head jobs;
	u32 job_count;
	struct list_head views;
	struct list_head spares;
	u32 spare_count;
	struct terrace_extent extents[] __counted_by(count);
};

static inline u64 terrace_extent_bytes(const struct terrace_buffer *b)
{
	return 1ULL << b->shift;
}

static inline unsigned int terrace_extent_order(const struct terrace_buffer *b)
{
	return b->shift - PAGE_SHIFT;
}

static inline bool terrace_tracked(const struct terrace_buffer *b)
{
	return !(b->flags & TERRACE_CREATE_PINNABLE);
}

static inline bool terrace_extent_flash(const struct terrace_buffer *b, u64 index)
{
	return terrace.tiers[READ_ONCE(b->extents[index].tier)].media;
}

static inline bool terrace_sealed_whole(struct terrace_buffer *b)
{
	return READ_ONCE(b->sealed) == b->count;
}

int terrace_buffer_create(struct terrace_session *s, struct terrace_create *arg,
			  struct file **file);
struct terrace_buffer *terrace_buffer_get(u32 id);
void terrace_buffer_put(struct terrace_buffer *b);
bool terrace_buffer_use(struct terrace_buffer *b);
void terrace_buffer_unuse(struct terrace_buffer *b);
struct terrace_buffer *terrace_buffer_next(u32 *after);
bool terrace_buffer_permitted(const struct terrace_buffer *b);
void terrace_buffer_describe(struct terrace_buffer *b, struct terrace_buffer_info *info);
long terrace_buffer_ioctl(struct file *file, unsigned int cmd, unsigned long arg);
extern const struct file_operations terrace_buffer_fops;

/* ---- read-only descriptors of a buffer (view.c) ---- */

/**
 * struct terrace_view_file - a view; fixed but for the marks
 * @buffer: kept by a reference to its file
 * @session: that made it, and is charged
 * @link: in buffer.views
 * @count: extents of the buffer
 * @observed: step of the session that charged an extent last; under the lock of its folio
 */
struct terrace_view_file {
	struct terrace_buffer *buffer;
	struct terrace_session *session;
	struct list_head link;
	u64 count;
	u32 observed[] __counted_by(count);
};

int terrace_view_create(struct terrace_session *s, struct terrace_view *arg, struct file **file);
struct terrace_view_file *terrace_file_view(const struct file *file);
struct terrace_buffer *terrace_file_buffer(const struct file *file);
bool terrace_view_held(const struct terrace_session *s, struct terrace_buffer *b);

/* ---- pages that outlive their buffer through pins (detached.c) ---- */

void terrace_detached_add(struct folio *folio, u32 tier, struct terrace_quota *quota, u32 class_id);
void terrace_detached_exit(void);

/* ---- calls (call.c) ---- */

/**
 * struct terrace_call - one ioctl: how large its structure is and who does it
 * @bytes: of the structure; 0 = there is none
 * @fn: gets the object (session or buffer) and a kernel copy of the structure
 * @fd_offset: with @open: where in the structure the new descriptor goes
 * @open: in place of @fn, for calls that return a descriptor: gives its file
 */
struct terrace_call {
	size_t bytes;
	int (*fn)(void *object, void *arg);
	size_t fd_offset;
	int (*open)(void *object, void *arg, struct file **file);
};

int terrace_call(const struct terrace_call *calls, unsigned int first, unsigned int count,
		 void *object, unsigned int cmd, unsigned long arg);

/* ---- extents (extent.c) ---- */

int terrace_extent_peek(struct terrace_buffer *b, u64 index, struct folio **folio);
struct folio *terrace_extent_trylock(struct terrace_buffer *b, u64 index);
int terrace_extent_touch(struct terrace_buffer *b, u64 index, struct folio **folio);
int terrace_extent_wait(struct terrace_buffer *b, u64 index, const struct folio *folio);
int terrace_extent_begin(struct terrace_buffer *b, u64 index);
bool terrace_extent_try_begin(struct terrace_buffer *b, u64 index);
void terrace_extent_end(struct terrace_buffer *b, u64 index);

#define TERRACE_ISOLATE_UNMAP	BIT(0)
#define TERRACE_ISOLATE_TRY	BIT(1)	/* do not wait for the folio's lock */

int terrace_extent_isolate(struct terrace_buffer *b, u64 index, u32 how);
bool terrace_extent_swap(struct terrace_buffer *b, u64 index, struct folio *folio, u32 tier);

/* ---- frames (frame.c) ---- */

struct folio *terrace_frame_zeroed(struct terrace_buffer *b, u32 tier);
struct folio *terrace_frame_target(struct terrace_buffer *b, u32 tier);
void terrace_frame_attach(struct terrace_buffer *b, u64 index, struct folio *folio);
bool terrace_frame_poisoned(struct folio *folio);
void terrace_frame_free(struct folio *folio, u32 tier);
void terrace_frame_recycle(struct terrace_buffer *b, struct folio *folio, u32 tier);
bool terrace_frame_drain(struct terrace_buffer *b);

/* ---- extents on flash (block.c, landing.c) ---- */

int terrace_block_program(struct terrace_buffer *b, u32 tier, struct folio *folio,
			  struct terrace_block *block);
bool terrace_block_needless(struct folio *folio);
int terrace_block_write(struct terrace_buffer *b, u64 index, struct folio *folio);
int terrace_block_read(struct terrace_buffer *b, u64 index, struct folio *folio);
enum tmodel_age terrace_block_age(struct terrace_buffer *b, u64 index);
u32 terrace_block_age_s(struct terrace_buffer *b, u64 index);
void terrace_block_touched(struct terrace_buffer *b, u64 index);
void terrace_block_free(struct terrace_buffer *b, u64 index);
int terrace_block_fill(struct terrace_buffer *b, u64 index);
void terrace_block_fill_ahead(struct terrace_buffer *b, u64 index);
void terrace_block_clean_range(struct terrace_buffer *b, u64 first, u64 end);
int terrace_refresh_range(struct terrace_buffer *b, struct terrace_refresh *arg);

/* Who wants a frame, and how long it tries. */
enum terrace_landing_for {
	TERRACE_LANDING_USE,	/* somebody waits for the extent: frames may become free */
	TERRACE_LANDING_AHEAD,
};

void terrace_landing_init(struct terrace_tier *t);
struct folio *terrace_landing_frame(struct terrace_buffer *b, u64 index,
				    enum terrace_landing_for what);
void terrace_landing_give(struct terrace_buffer *b, u32 tier);
u64 terrace_landing_reclaim(u32 tier, struct mem_cgroup *memcg, u64 most, u64 *looked);
void terrace_landing_add(struct terrace_buffer *b, u32 tier, struct folio *folio);
void terrace_landing_remove(u32 tier, struct folio *folio);

/* ---- ahead of need (background.c, readahead.c, pieces.c, shrinker.c) ---- */

enum terrace_background {
	TERRACE_BACKGROUND_READ,
	TERRACE_BACKGROUND_WRITE,
	TERRACE_BACKGROUND_KINDS,
};

typedef void (*terrace_background_fn)(struct terrace_buffer *b, u64 index);

int terrace_background_init(void);
void terrace_background_exit(void);
void terrace_background(struct terrace_buffer *b, u64 first, u64 end, enum terrace_background kind,
			terrace_background_fn fn);
void terrace_background_cancel(struct terrace_buffer *b);

void terrace_readahead(struct terrace_buffer *b, u64 index);
void terrace_readahead_range(struct terrace_buffer *b, u64 first, u64 end);
void terrace_readahead_advise(struct terrace_buffer *b, int advice);

void terrace_pieces_init(struct terrace_buffer *b);
void terrace_pieces_free(struct terrace_buffer *b);
int terrace_pieces_add(struct terrace_buffer *b, const struct terrace_pieces *arg);
bool terrace_pieces_find(struct terrace_buffer *b, u64 at, struct terrace_piece_runs *runs);
bool terrace_pieces_use(struct terrace_buffer *b, u64 at);

int terrace_shrinker_init(void);
void terrace_shrinker_exit(void);
int terrace_shrinker_prepare(struct terrace_buffer *b);
void terrace_shrinker_forget(struct terrace_buffer *b);
void terrace_shrinker_add(struct terrace_buffer *b, u32 tier, struct folio *folio);
void terrace_shrinker_remove(struct terrace_buffer *b, u32 tier, struct folio *folio);
struct mem_cgroup *terrace_shrinker_account(struct folio *folio);

/* ---- mapping, ranges, migration (fault.c, range.c, migrate.c, io.c) ---- */

int terrace_fault_mmap(struct file *file, struct vm_area_struct *vma);

int terrace_range_seal(struct terrace_buffer *b, struct terrace_range *arg);
int terrace_range_discard(struct terrace_buffer *b, struct terrace_range *arg);
int terrace_range_prefetch(struct terrace_buffer *b, struct terrace_range *arg);
int terrace_range_query(struct terrace_buffer *b, const struct terrace_query *arg);
bool terrace_range_valid(const struct terrace_buffer *b, u64 offset, u64 bytes);

int terrace_migrate_extent(struct terrace_buffer *b, u64 index, u32 tier, u32 *reason);
int terrace_migrate_moves(struct terrace_buffer *b, struct terrace_migrate *arg);
bool terrace_migrate_interrupted(void);
int terrace_migrate_uring(struct io_uring_cmd *cmd, unsigned int issue_flags);
int terrace_migrate_advise(struct terrace_buffer *b, u64 offset, u64 bytes, int advice);
int terrace_migrate_evacuate(u32 tier);

ssize_t terrace_io_read(struct kiocb *iocb, struct iov_iter *to);
ssize_t terrace_io_write(struct kiocb *iocb, struct iov_iter *from);
loff_t terrace_io_llseek(struct file *file, loff_t offset, int whence);

/* ---- policy.c, sysfs.c, control.c, inject.c ---- */

u32 terrace_policy_order(u32 class_id, u32 order[TERRACE_TIERS_MAX]);

int terrace_sysfs_init(struct kobject *parent);
void terrace_sysfs_exit(void);
int terrace_sysfs_add_tier(struct terrace_tier *t);
void terrace_sysfs_remove_tier(struct terrace_tier *t);

int terrace_control_init(void);
void terrace_control_exit(void);

enum terrace_inject_site {
	TERRACE_INJECT_ALLOC,
	TERRACE_INJECT_COPY,
	TERRACE_INJECT_POLICY,
	TERRACE_INJECT_READ,
	TERRACE_INJECT_PROGRAM,
	TERRACE_INJECT_NR,
};

bool terrace_inject(enum terrace_inject_site site);

#endif /* _TERRACE_INTERNAL_H */

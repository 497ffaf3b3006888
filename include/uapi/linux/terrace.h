/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note OR LGPL-2.1-or-later */
/*
 * The kernel interface of /dev/terrace: the only contract between terrace.ko and user space.
 *
 * One open of /dev/terrace is a session. A session creates buffers, each a file descriptor of its
 * own, and brackets its work in steps. Every structure
 *   - begins with @size, which the caller sets to sizeof(the structure it was compiled with). A
 *     larger size than the kernel knows is accepted when the part the kernel does not know is zero
 *     (else E2BIG), a smaller one when it covers the first published layout (else EINVAL);
 *   - has reserved fields that must be zero (else EINVAL) and flags of which unknown ones are
 *     refused (EINVAL).
 * Fields marked [in] are read by the kernel; [out] are written by it and ignored on entry.
 *
 * Bytes are real bytes of this host unless a name begins with model_: modelled bytes are real bytes
 * times the device's scale, a power of two. Times named _ns are nanoseconds. Offsets and lengths of
 * ranges are multiples of the buffer's extent size unless a call says otherwise.
 *
 * Errors common to all calls: EFAULT a pointer is bad, EINVAL a value is out of its documented
 * range, ENOTTY no such call, EINTR a fatal signal came while waiting.
 *
 * Thread safety: every call may be made from any thread at any time. Calls on one session that
 * begin, flush or end a step are serialised by the kernel.
 */
#ifndef _UAPI_LINUX_TERRACE_H
#define _UAPI_LINUX_TERRACE_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define TERRACE_ABI_VERSION		1

/* Limits. A value beyond one is EINVAL. */
#define TERRACE_TIERS_MAX		16	/* tiers online at a time */
#define TERRACE_NAME_MAX		32	/* bytes of a tier or buffer name, with its NUL */
#define TERRACE_EXTENT_SHIFT_MIN	12	/* 4 KiB */
#define TERRACE_EXTENT_SHIFT_MAX	21	/* 2 MiB, also the default */
#define TERRACE_EXTENTS_MAX		(1U << 22)	/* extents in a buffer */
#define TERRACE_RING_ENTRIES_MAX	(1U << 16)	/* access records in a ring */
#define TERRACE_MOVES_MAX		256U	/* ranges in one migrate call */
#define TERRACE_QUERY_MAX		(1U << 20)	/* extents in one query */
#define TERRACE_PIECES_RANGES		4	/* ranges in one set of pieces, at least 2 */
#define TERRACE_SAMPLE_MAX		(1U << 16)	/* one in k steps, observed charging */
#define TERRACE_PACE_MAX		1000000000U	/* pacing factor in thousandths: 10^6 x */
#define TERRACE_ADVANCE_NS_MAX		86400000000000ULL	/* one model day an advance */

/**
 * enum terrace_class - what the bytes of a buffer are for
 * @TERRACE_CLASS_WEIGHTS: parameters: written once, read at every step
 * @TERRACE_CLASS_KV: key-value cache: appended at every step, read by its request
 * @TERRACE_CLASS_CONTEXT: retrieval corpora and shared prefixes: slow-changing, read now and then
 * @TERRACE_CLASS_ACTIVATION: scratch of a step: hot, mutable, short-lived
 */
enum terrace_class {
	TERRACE_CLASS_WEIGHTS = 0,
	TERRACE_CLASS_KV = 1,
	TERRACE_CLASS_CONTEXT = 2,
	TERRACE_CLASS_ACTIVATION = 3,
};

#define TERRACE_CLASSES			4

/**
 * enum terrace_reason - why a call, or one range of it, was refused
 *
 * errno says what kind of error, the reason which rule.
 *
 * @TERRACE_REASON_NONE: done
 * @TERRACE_REASON_TIER_FULL: ENOSPC, the tier has no room for the bytes
 * @TERRACE_REASON_QUOTA: EDQUOT, the uid's quota for the class is used up
 * @TERRACE_REASON_CLASS: EXDEV, the tier does not allow the buffer's class
 * @TERRACE_REASON_NO_TIER: ENXIO, no such tier is online
 * @TERRACE_REASON_PINNED: EBUSY, somebody holds references to the pages (O_DIRECT, RDMA, io_uring)
 * @TERRACE_REASON_MOVING: EBUSY, another migration of the extent is under way
 * @TERRACE_REASON_SEALED: EROFS, the range is sealed
 * @TERRACE_REASON_PINNABLE: EOPNOTSUPP, a pinnable buffer cannot be sealed
 * @TERRACE_REASON_NO_MEMORY: ENOMEM, the host has no frame of the size on the tier's node
 * @TERRACE_REASON_MEDIA: EIO, the pages could not be read (machine check or media error)
 * @TERRACE_REASON_SIGNAL: EINTR, a fatal signal ended the call before this range
 * @TERRACE_REASON_RANGE: EINVAL, the range is not within the buffer or not aligned
 * @TERRACE_REASON_GOING: EBUSY, the tier is being taken offline
 * @TERRACE_REASON_INJECTED: the error was injected for a test
 * @TERRACE_REASON_BUDGET: EAGAIN, the class has used up its share of the tier's write budget; it
 *                         fills up with the model clock, a share a model day
 * @TERRACE_REASON_EXPIRED: ENODATA, the retention of the flash is over: the content is lost
 */
enum terrace_reason {
	TERRACE_REASON_NONE = 0,
	TERRACE_REASON_TIER_FULL = 1,
	TERRACE_REASON_QUOTA = 2,
	TERRACE_REASON_CLASS = 3,
	TERRACE_REASON_NO_TIER = 4,
	TERRACE_REASON_PINNED = 5,
	TERRACE_REASON_MOVING = 6,
	TERRACE_REASON_SEALED = 7,
	TERRACE_REASON_PINNABLE = 8,
	TERRACE_REASON_NO_MEMORY = 9,
	TERRACE_REASON_MEDIA = 10,
	TERRACE_REASON_SIGNAL = 11,
	TERRACE_REASON_RANGE = 12,
	TERRACE_REASON_GOING = 13,
	TERRACE_REASON_INJECTED = 14,
	TERRACE_REASON_BUDGET = 15,
	TERRACE_REASON_EXPIRED = 16,
};

/* A tier is named by its index, 0 to TERRACE_TIERS_MAX - 1, fixed while it is online. */
#define TERRACE_TIER_ANY		(~0U)	/* let the placement rule choose */

/* ---- calls on a session (a descriptor of /dev/terrace) ---- */

/* Features: bits of terrace_info.features. */
#define TERRACE_FEATURE_URING		(1ULL << 0)	/* migrate through IORING_OP_URING_CMD */
#define TERRACE_FEATURE_OBSERVED	(1ULL << 1)	/* charging without records */
#define TERRACE_FEATURE_PACING		(1ULL << 2)	/* steps may be made to last */
#define TERRACE_FEATURE_VIEW		(1ULL << 3)	/* TERRACE_IOC_VIEW */

/**
 * struct terrace_info - what the device is (TERRACE_IOC_INFO)
 * @size: [in] sizeof(struct terrace_info)
 * @abi_version: [out] TERRACE_ABI_VERSION of the kernel
 * @features: [out] TERRACE_FEATURE_ bits
 * @tiers: [out] bit i is set when tier i is online
 * @scale_shift: [out] modelled bytes = real bytes << scale_shift, 0 to 20
 * @clock_ns: [out] the model clock
 * @peak_flops: [out] accelerator peak, FLOP/s; 0: no accelerator, FLOPs cost no time
 * @efficiency_permille: [out] share of the peak that is reached, 1 to 1000
 * @session: [out] this session's number, unique while the module is loaded
 * @saturations: [out] times a model computation met the largest u64 and stopped there
 */
struct terrace_info {
	__u32 size;
	__u32 abi_version;
	__u64 features;
	__u32 tiers;
	__u32 scale_shift;
	__u64 clock_ns;
	__u64 peak_flops;
	__u32 efficiency_permille;
	__u32 reserved;
	__u64 session;
	__u64 saturations;
};

/**
 * struct terrace_tier_info - one tier (TERRACE_IOC_TIER)
 *
 * ENXIO: @tier is not online.
 *
 * @size: [in] sizeof(struct terrace_tier_info)
 * @tier: [in] index
 * @name: [out] its name, NUL terminated
 * @rank: [out] 0 = fastest; unique
 * @classes: [out] bit c is set when class c may live here
 * @capacity_bytes: [out] real capacity
 * @used_bytes: [out] real bytes that are some extent's home, or detached
 * @detached_bytes: [out] part of @used_bytes whose buffer is gone while pins keep the pages
 * @model_capacity_bytes: [out] modelled capacity
 * @model_read_bps: [out] modelled read bandwidth now (derating applied), bytes/s
 * @model_write_bps: [out] modelled write bandwidth now, bytes/s
 * @model_read_latency_ns: [out] modelled latency of a read, page read time included
 * @node: [out] NUMA node of a mem: backing, -1 otherwise
 * @endurance_cycles: [out] P/E cycles; 0 = not limited
 * @retention_s: [out] model seconds after which what is on flash is to be refreshed; after twice of
 *               them it is lost; 0 = not limited, or the tier is not on flash
 * @read_disturb_reads: [out] modelled reads of an extent after which it is to be refreshed; 0 = not
 *                      limited
 * @model_write_left_bytes: [out] modelled bytes that migrations may write now, by class: what is
 *                          left of the share of the write budget, 0 also when it is in debt, all
 *                          ones when it is not limited
 */
struct terrace_tier_info {
	__u32 size;
	__u32 tier;
	char name[TERRACE_NAME_MAX];
	__u32 rank;
	__u32 classes;
	__u64 capacity_bytes;
	__u64 used_bytes;
	__u64 detached_bytes;
	__u64 model_capacity_bytes;
	__u64 model_read_bps;
	__u64 model_write_bps;
	__u64 model_read_latency_ns;
	__s32 node;
	__u32 reserved;
	__u64 endurance_cycles;
	__u64 retention_s;
	__u64 read_disturb_reads;
	__u64 model_write_left_bytes[TERRACE_CLASSES];
};

/*
 * TERRACE_SETUP_RING: charging is declared: the session has a ring of access records and only
 * records charge reads and writes. Without it charging is observed: the session's weights and kv
 * mappings are unmapped at the start of a step and every refault charges its extent once, which is
 * an upper bound of what was touched.
 */
#define TERRACE_SETUP_RING		(1U << 0)
/*
 * TERRACE_SETUP_REPLAY: the model clock is advanced by this session's steps and by
 * TERRACE_IOC_ADVANCE instead of the boot clock. EBUSY when another session has made a buffer or
 * begun a step and is still open; while the replay is open, both fail with EBUSY in all others.
 * EPERM without CAP_SYS_ADMIN.
 */
#define TERRACE_SETUP_REPLAY		(1U << 1)

/**
 * struct terrace_setup - how a session is charged (TERRACE_IOC_SETUP)
 *
 * At most once a session and before its first step (else EBUSY). Without it a session is observed,
 * live and not paced.
 *
 * @size: [in] sizeof(struct terrace_setup)
 * @flags: [in] TERRACE_SETUP_ bits
 * @ring_entries: [in] records in the ring, a power of two, 0 without TERRACE_SETUP_RING
 * @sample_period: [in] observed charging: unmap in one of so many steps of a kind; the steps in
 *                 between are charged what the last observed one of their kind was ("sampled"). 0
 *                 and 1 mean every step; must be 0 with TERRACE_SETUP_RING
 * @pace_permille: [in] a step lasts at least its modelled time x pace / 1000 (its paced time); 0 =
 *                 no pacing. It is counted from the end of the session's last step when less than
 *                 the paced time has passed since then, so that who does a little between steps
 *                 keeps exactly the modelled rate; else from the step's own begin. The last step
 *                 ended when its paced time was over or, when it took longer, when it was done:
 *                 what is late is not made up for
 * @reserved: [in] 0
 * @ring_bytes: [out] length to mmap(2) at offset TERRACE_MMAP_RING
 */
struct terrace_setup {
	__u32 size;
	__u32 flags;
	__u32 ring_entries;
	__u32 sample_period;
	__u32 pace_permille;
	__u32 reserved;
	__u64 ring_bytes;
};

#define TERRACE_MMAP_RING		0	/* offset of the ring in the session's descriptor */

/* What an access record says. READ or WRITE or both must be set. */
#define TERRACE_ACCESS_READ		(1U << 0)
#define TERRACE_ACCESS_WRITE		(1U << 1)
/*
 * The address was known only from what this step computed (a routed expert, a retrieved page), so
 * no prefetch could hide the latency of its first page.
 */
#define TERRACE_ACCESS_DEPENDENT	(1U << 2)
/* Computed near the memory: the array's energy is charged, the link's is not. */
#define TERRACE_ACCESS_NEAR		(1U << 3)

/**
 * struct terrace_access - an access record of the running step
 * @buffer: id of the buffer
 * @flags: TERRACE_ACCESS_ bits
 * @offset: first byte, any alignment
 * @bytes: length, at least 1; the range must lie within the buffer
 */
struct terrace_access {
	__u32 buffer;
	__u32 flags;
	__u64 offset;
	__u64 bytes;
};

/**
 * struct terrace_ring - head of the mapped ring; the records follow at TERRACE_RING_RECORDS
 *
 * The producer writes a record at index tail & (entries - 1) and then stores tail + 1 with release
 * order; it must not let tail - head exceed entries. The kernel consumes at TERRACE_IOC_STEP_FLUSH
 * and TERRACE_IOC_STEP_END, copies each record once before it looks at it, and stores head. It
 * believes only its own head and entries: a tail further than entries ahead counts as a full ring.
 *
 * @head: next record the kernel reads; written by the kernel
 * @tail: next record the producer writes
 * @entries: records in the ring; written by the kernel
 * @reserved: 0
 */
struct terrace_ring {
	__u32 head;
	__u32 tail;
	__u32 entries;
	__u32 reserved[13];
};

#define TERRACE_RING_RECORDS		64	/* byte offset of the first record */

/* A pinnable buffer: see struct terrace_create. */
#define TERRACE_CREATE_PINNABLE		(1U << 0)
/* Take room in @tier only: ENOSPC instead of other tiers. */
#define TERRACE_CREATE_STRICT		(1U << 1)

/**
 * struct terrace_create - make a buffer (TERRACE_IOC_CREATE)
 *
 * Room for all extents is taken now, from @tier first and then from the tiers that allow the class
 * in the order of the placement rule; frames come at first touch and read as zero. The descriptor
 * may be mapped MAP_SHARED, read, written and passed on; it keeps its creator's charge (uid quota,
 * memory cgroup) until the last reference is gone.
 *
 * A buffer is *tracked* unless TERRACE_CREATE_PINNABLE is given: writes are known exactly, ranges
 * can be sealed, O_DIRECT into it works. A *pinnable* one can also be registered as io_uring fixed
 * buffers or for RDMA, can not be sealed and always counts as dirty.
 *
 * ENOSPC: no allowed tier has room (@reason TIER_FULL, @shortfall_bytes says how much is missing).
 * EDQUOT: the uid's quota of the class. EXDEV: @tier does not allow the class. ENXIO: @tier is not
 * online, or no tier is. EBUSY: @tier is going offline (@reason GOING), or another session replays.
 * EMFILE, ENOMEM as usual.
 *
 * @size: [in] sizeof(struct terrace_create)
 * @flags: [in] TERRACE_CREATE_ bits
 * @class_id: [in] enum terrace_class
 * @extent_shift: [in] log2 of the extent size, 12 to 21; 0 = 21
 * @bytes: [in] at least 1; rounded up to whole extents
 * @tier: [in] index of the preferred tier, or TERRACE_TIER_ANY
 * @fd: [out] the buffer, close-on-exec
 * @buffer: [out] its id, for access records; unique while the module is loaded, never 0
 * @reason: [out] enum terrace_reason, written also on failure
 * @shortfall_bytes: [out] bytes that did not fit, 0 otherwise; written also on failure
 * @name: [in] for people; printable ASCII, NUL terminated, may be empty
 */
struct terrace_create {
	__u32 size;
	__u32 flags;
	__u32 class_id;
	__u32 extent_shift;
	__u64 bytes;
	__u32 tier;
	__s32 fd;
	__u32 buffer;
	__u32 reason;
	__u64 shortfall_bytes;
	char name[TERRACE_NAME_MAX];
};

/**
 * struct terrace_open - get a descriptor of an existing buffer by its id (TERRACE_IOC_OPEN)
 *
 * For the daemon and for tools: the caller must have CAP_SYS_ADMIN or the creator's uid (else
 * EPERM). ENOENT: no such buffer.
 *
 * @size: [in] sizeof(struct terrace_open)
 * @buffer: [in] id
 * @fd: [out] descriptor of the buffer, close-on-exec
 * @reserved: [in] 0
 */
struct terrace_open {
	__u32 size;
	__u32 buffer;
	__s32 fd;
	__u32 reserved;
};

/**
 * struct terrace_buffer_info - a buffer as others see it
 * @buffer: id
 * @class_id: enum terrace_class
 * @flags: TERRACE_CREATE_ bits it was made with
 * @extent_shift: log2 of its extent size
 * @bytes: its size
 * @session: number of the session that made it; 0 once that session is closed
 * @uid: creator, in the caller's user namespace
 * @pid: creator's process, in the caller's pid namespace; 0 when it is not visible there
 * @tier_bytes: bytes at home on each tier
 * @resident_bytes: bytes that have frames
 * @sealed_bytes: bytes that are sealed
 * @name: as given
 */
struct terrace_buffer_info {
	__u32 buffer;
	__u32 class_id;
	__u32 flags;
	__u32 extent_shift;
	__u64 bytes;
	__u64 session;
	__u32 uid;
	__u32 pid;
	__u64 tier_bytes[TERRACE_TIERS_MAX];
	__u64 resident_bytes;
	__u64 sealed_bytes;
	char name[TERRACE_NAME_MAX];
};

/**
 * struct terrace_list - list buffers, ascending by id (TERRACE_IOC_LIST)
 *
 * Lists all buffers for CAP_SYS_ADMIN, else those of the caller's uid. Call again with @after = the
 * last id seen until @count comes back 0.
 *
 * @size: [in] sizeof(struct terrace_list)
 * @after: [in] list buffers with a greater id
 * @count: [in] entries @buffers has room for, 1 to 1024; [out] entries written
 * @entry_bytes: [in] sizeof(struct terrace_buffer_info) of the caller
 * @buffers: [in] address of an array of struct terrace_buffer_info
 */
struct terrace_list {
	__u32 size;
	__u32 after;
	__u32 count;
	__u32 entry_bytes;
	__u64 buffers;
};

/* What a step is. */
#define TERRACE_STEP_PREFILL		0
#define TERRACE_STEP_DECODE		1

/**
 * struct terrace_step_begin - begin a step (TERRACE_IOC_STEP_BEGIN)
 *
 * EBUSY: a step of this session is running.
 *
 * @size: [in] sizeof(struct terrace_step_begin)
 * @kind: [in] TERRACE_STEP_
 * @flops: [in] floating point operations of the step (modelled, not divided by the scale)
 * @tokens: [in] tokens the step produces or prefills; for statistics
 * @requests: [in] requests in the batch; for statistics
 * @step: [out] number of the step in this session, from 1
 */
struct terrace_step_begin {
	__u32 size;
	__u32 kind;
	__u64 flops;
	__u32 tokens;
	__u32 requests;
	__u64 step;
};

/**
 * struct terrace_step_end - end a step and charge it (TERRACE_IOC_STEP_END)
 *
 * ESRCH: no step is running. The step is over and charged also when pacing was cut short by a
 * signal (EINTR).
 *
 * A tier's time is its read bytes / read bandwidth + its write bytes / write bandwidth + the
 * latencies that nothing hid. The overlapped bound takes the slowest tier or the compute time,
 * whichever is longer; the serial bound adds them all up.
 *
 * @size: [in] sizeof(struct terrace_step_end)
 * @charging: [out] TERRACE_CHARGING_
 * @model_ns: [out] overlapped bound
 * @model_serial_ns: [out] serial bound
 * @compute_ns: [out] FLOPs / (peak x efficiency)
 * @wall_ns: [out] what it took on this host from its begin, pacing included; less than the paced
 *           time when pacing counted from the end of the step before
 * @clock_ns: [out] the model clock at the end
 * @records: [out] access records charged
 * @rejected: [out] access records refused (unknown buffer, bad flags or range)
 * @model_tier_ns: [out] time of each tier
 * @model_tier_read_bytes: [out] modelled bytes read from each tier
 * @model_tier_write_bytes: [out] modelled bytes written to each tier
 * @model_energy_uj: [out] memory energy of the step: accesses, and idle power over @model_ns
 */
struct terrace_step_end {
	__u32 size;
	__u32 charging;
	__u64 model_ns;
	__u64 model_serial_ns;
	__u64 compute_ns;
	__u64 wall_ns;
	__u64 clock_ns;
	__u32 records;
	__u32 rejected;
	__u64 model_tier_ns[TERRACE_TIERS_MAX];
	__u64 model_tier_read_bytes[TERRACE_TIERS_MAX];
	__u64 model_tier_write_bytes[TERRACE_TIERS_MAX];
	__u64 model_energy_uj;
};

#define TERRACE_CHARGING_DECLARED	0
#define TERRACE_CHARGING_OBSERVED	1
#define TERRACE_CHARGING_SAMPLED	2

/**
 * struct terrace_advance - let model time pass without work (TERRACE_IOC_ADVANCE)
 *
 * For a replay between arrivals. EPERM unless the session was set up with TERRACE_SETUP_REPLAY;
 * EBUSY while a step is running.
 *
 * @size: [in] sizeof(struct terrace_advance)
 * @reserved: [in] 0
 * @ns: [in] 1 to TERRACE_ADVANCE_NS_MAX
 * @clock_ns: [out] the model clock afterwards
 */
struct terrace_advance {
	__u32 size;
	__u32 reserved;
	__u64 ns;
	__u64 clock_ns;
};

/**
 * struct terrace_ledger_entry - one line of a session's ledger
 * @model_read_bytes: modelled bytes read
 * @model_write_bytes: modelled bytes written
 * @model_in_bytes: modelled bytes that migrations and fills brought in
 * @model_out_bytes: modelled bytes that migrations took away
 * @model_energy_uj: energy of these accesses, without idle power
 */
struct terrace_ledger_entry {
	__u64 model_read_bytes;
	__u64 model_write_bytes;
	__u64 model_in_bytes;
	__u64 model_out_bytes;
	__u64 model_energy_uj;
};

/**
 * struct terrace_ledger - what this session cost so far (TERRACE_IOC_LEDGER)
 * @size: [in] sizeof(struct terrace_ledger)
 * @reserved: [in] 0
 * @steps: [out] steps ended
 * @model_ns: [out] sum of their overlapped bounds
 * @entry: [out] by tier and class
 */
struct terrace_ledger {
	__u32 size;
	__u32 reserved;
	__u64 steps;
	__u64 model_ns;
	struct terrace_ledger_entry entry[TERRACE_TIERS_MAX][TERRACE_CLASSES];
};

/**
 * struct terrace_view - make a read-only descriptor of a buffer (TERRACE_IOC_VIEW)
 *
 * For what several processes share: one that was given a descriptor (SCM_RIGHTS) makes a view of it
 * with a session of its own, or is given a view, which cannot change what others see. Who holds any
 * descriptor of a buffer may make views of it; whose the buffer is does not matter. The buffer
 * lives as long as a view or a mapping of one does.
 *
 * A view can be mapped PROT_READ and MAP_SHARED, and read. A writable mapping, also by mprotect(2)
 * later, is EACCES; write(2), TERRACE_BUF_SEAL, DISCARD, MIGRATE, REFRESH and PIECES, MIGRATE and
 * REFRESH also through io_uring, are EBADF. TERRACE_BUF_INFO, QUERY and PREFETCH work.
 * POSIX_FADV_WILLNEED reads ahead what is on flash, without moving it; other advice is accepted and
 * does nothing.
 *
 * A view is charged to the session that made it: the session may declare accesses to the buffer,
 * and when it is observed, each extent of weights or kv that is faulted in through the view counts
 * once a step, whatever other sessions do. Mappings of views, and those of the buffer itself as
 * long as it has views, are taken away only in the process that calls TERRACE_IOC_STEP_BEGIN: so
 * the process that maps has to. When the session is closed its views still work and charge nobody.
 *
 * EBADF: @fd is no open descriptor. EINVAL: it is neither a buffer nor a view. EMFILE, ENOMEM as
 * usual.
 *
 * @size: [in] sizeof(struct terrace_view)
 * @flags: [in] 0
 * @fd: [in] descriptor of a buffer, or of a view
 * @view: [out] the view, close-on-exec
 */
struct terrace_view {
	__u32 size;
	__u32 flags;
	__s32 fd;
	__s32 view;
};

#define TERRACE_IOC			'T'

#define TERRACE_IOC_INFO		_IOWR(TERRACE_IOC, 0x80, struct terrace_info)
#define TERRACE_IOC_TIER		_IOWR(TERRACE_IOC, 0x81, struct terrace_tier_info)
#define TERRACE_IOC_SETUP		_IOWR(TERRACE_IOC, 0x82, struct terrace_setup)
#define TERRACE_IOC_CREATE		_IOWR(TERRACE_IOC, 0x83, struct terrace_create)
#define TERRACE_IOC_OPEN		_IOWR(TERRACE_IOC, 0x84, struct terrace_open)
#define TERRACE_IOC_LIST		_IOWR(TERRACE_IOC, 0x85, struct terrace_list)
#define TERRACE_IOC_STEP_BEGIN		_IOWR(TERRACE_IOC, 0x86, struct terrace_step_begin)
/*
 * Charge the records that are in the ring now and go on with the step: for steps with more records
 * than the ring holds. ESRCH: no step is running. EOPNOTSUPP: the session has no ring.
 */
#define TERRACE_IOC_STEP_FLUSH		_IO(TERRACE_IOC, 0x87)
#define TERRACE_IOC_STEP_END		_IOWR(TERRACE_IOC, 0x88, struct terrace_step_end)
#define TERRACE_IOC_ADVANCE		_IOWR(TERRACE_IOC, 0x89, struct terrace_advance)
#define TERRACE_IOC_LEDGER		_IOWR(TERRACE_IOC, 0x8a, struct terrace_ledger)
#define TERRACE_IOC_VIEW		_IOWR(TERRACE_IOC, 0x8b, struct terrace_view)

/* ---- calls on a buffer ---- */

/**
 * struct terrace_buffer_stat - what this buffer is (TERRACE_BUF_INFO)
 * @size: [in] sizeof(struct terrace_buffer_stat)
 * @reserved: [in] 0
 * @info: [out]
 */
struct terrace_buffer_stat {
	__u32 size;
	__u32 reserved;
	struct terrace_buffer_info info;
};

/**
 * struct terrace_range - a range of the buffer (TERRACE_BUF_SEAL, TERRACE_BUF_DISCARD,
 * TERRACE_BUF_PREFETCH)
 *
 * SEAL makes the range immutable until it is discarded: its pages become read-only at once, a later
 * store is SIGBUS, pwrite(2) is EROFS, and once the whole buffer is sealed a new writable mapping
 * is EROFS as well. Sealing again does nothing. EBUSY: a page of the range is pinned (a device may
 * be writing to it); EOPNOTSUPP: the buffer is pinnable. A refused seal leaves nothing sealed that
 * was not.
 *
 * DISCARD gives the range back: it reads as zero, its frames are free, a seal is gone; room and
 * home tier stay. EBUSY: a page of the range is pinned; extents before it have been discarded
 * (@done_bytes).
 *
 * PREFETCH begins to read what is on flash and has no frames, as much as half of the tier's landing
 * pool, and does not wait for it; unlike POSIX_FADV_WILLNEED it never moves anything to another
 * tier. @done_bytes is the whole range: it is advice.
 *
 * @size: [in] sizeof(struct terrace_range)
 * @reason: [out] enum terrace_reason, written also on failure
 * @offset: [in] multiple of the extent size
 * @bytes: [in] multiple of the extent size, at least one extent
 * @done_bytes: [out] bytes of the range that are now as asked; written also on failure
 */
struct terrace_range {
	__u32 size;
	__u32 reason;
	__u64 offset;
	__u64 bytes;
	__u64 done_bytes;
};

/* Flags of an extent. */
#define TERRACE_EXTENT_RESIDENT		(1U << 0)	/* has a frame */
#define TERRACE_EXTENT_DIRTY		(1U << 1)	/* written since its creation or discard */
#define TERRACE_EXTENT_SEALED		(1U << 2)
#define TERRACE_EXTENT_MOVING		(1U << 3)	/* a migration is under way */

/**
 * struct terrace_extent_info - one extent in the answer to a query
 * @tier: home tier
 * @flags: TERRACE_EXTENT_ bits
 */
struct terrace_extent_info {
	__u16 tier;
	__u16 flags;
};

/**
 * struct terrace_query - where a range is (TERRACE_BUF_QUERY)
 * @size: [in] sizeof(struct terrace_query)
 * @reserved: [in] 0
 * @offset: [in] multiple of the extent size
 * @bytes: [in] multiple of the extent size
 * @extents: [in] address of an array of struct terrace_extent_info, one for each extent
 */
struct terrace_query {
	__u32 size;
	__u32 reserved;
	__u64 offset;
	__u64 bytes;
	__u64 extents;
};

/**
 * struct terrace_move - one range to move
 *
 * An extent that is already at home on @tier counts as done. A range stops at its first extent
 * that cannot be moved, which stays as it was; the next range goes on.
 *
 * @offset: [in] multiple of the extent size
 * @bytes: [in] multiple of the extent size
 * @tier: [in] destination
 * @error: [out] 0 or a negative errno
 * @reason: [out] enum terrace_reason
 * @reserved: [in] 0
 * @done_bytes: [out] bytes of the range that are at home on @tier now
 */
struct terrace_move {
	__u64 offset;
	__u64 bytes;
	__u32 tier;
	__s32 error;
	__u32 reason;
	__u32 reserved;
	__u64 done_bytes;
};

/**
 * struct terrace_migrate - move ranges (TERRACE_BUF_MIGRATE, also through IORING_OP_URING_CMD)
 *
 * The call itself succeeds when @moves could be read and written; what became of each range stands
 * in it.
 *
 * @size: [in] sizeof(struct terrace_migrate)
 * @count: [in] ranges, 1 to TERRACE_MOVES_MAX
 * @moves: [in] address of an array of struct terrace_move
 * @moved_bytes: [out] bytes whose home changed
 */
struct terrace_migrate {
	__u32 size;
	__u32 count;
	__u64 moves;
	__u64 moved_bytes;
};

/**
 * struct terrace_uring_cmd - the command area of an IORING_OP_URING_CMD submission
 *
 * sqe->fd is the buffer, sqe->cmd_op is TERRACE_BUF_MIGRATE or TERRACE_BUF_REFRESH. The
 * completion's res is 0 or a negative errno as of the ioctl. The memory @arg points to must stay
 * until then.
 *
 * @arg: address of the call's structure
 * @reserved: 0
 */
struct terrace_uring_cmd {
	__u64 arg;
	__u64 reserved;
};

/**
 * struct terrace_refresh - rewrite what has been on flash for long (TERRACE_BUF_REFRESH, also
 * through IORING_OP_URING_CMD)
 *
 * An extent of a flash tier that holds its content in a block is programmed to a fresh one when it
 * is due (see retention_s and read_disturb_reads of struct terrace_tier_info) or has been there for
 * @older_s. What it writes is charged to the write budget, which may go into debt. An extent that
 * cannot be read, or not be written, stays as it is. ENOMEM: the host has no frame to read through;
 * extents before it are done.
 *
 * @size: [in] sizeof(struct terrace_refresh)
 * @reserved: [in] 0
 * @offset: [in] multiple of the extent size
 * @bytes: [in] multiple of the extent size, at least one extent
 * @older_s: [in] model seconds; all ones = only what is due
 * @refreshed_bytes: [out] bytes that were rewritten; written also on failure
 * @lost_bytes: [out] bytes that could not be; written also on failure
 */
struct terrace_refresh {
	__u32 size;
	__u32 reserved;
	__u64 offset;
	__u64 bytes;
	__u64 older_s;
	__u64 refreshed_bytes;
	__u64 lost_bytes;
};

/**
 * struct terrace_piece_range - pieces of equal length, one behind the other
 * @offset: [in] of the first byte, any alignment
 * @piece_bytes: [in] length of each, at least 1
 */
struct terrace_piece_range {
	__u64 offset;
	__u64 piece_bytes;
};

/* Ranges in all sets of a buffer; what goes beyond is ENOSPC. */
#define TERRACE_PIECES_MAX		4096U

/**
 * struct terrace_pieces - ranges that are read together, piece by piece (TERRACE_BUF_PIECES)
 *
 * For what cannot be foreseen, but is known as a whole as soon as a part of it is used: a router
 * chooses an expert whose weights lie in three tensors, a slice in each. Piece i of each of the
 * ranges makes one whole.
 *
 * When a page of a piece is faulted in, or the piece is read or written, and that part of it is at
 * home on flash, the other extents with bytes of the piece, and those of the same piece of the
 * other ranges, are read in the background if they are on flash and have no frames: the used piece
 * first, the others in the order of @ranges; together as much as half of the tier's landing pool,
 * and 256 MiB at most. Nothing is waited for, and nothing moves to another tier.
 *
 * When the page is read and that part is at home in memory, the same extents are mapped with it, as
 * far as they are in memory, have frames, and nobody is at work on them; not where the buffer is
 * TERRACE_CREATE_PINNABLE or extents are mapped whole (2 MiB). In an observed step of the session each
 * of them is charged like one that was touched.
 *
 * It may be said at any time, by whoever has a descriptor of the buffer itself, and holds until the
 * buffer is gone, whatever is sealed, discarded or moved. There may be several sets, but a byte is
 * in one range only. POSIX_FADV_RANDOM turns guessed read-ahead off, but not this; inside the
 * ranges nothing is guessed.
 *
 * EINVAL: a range is not within the buffer, or two of this call overlap. EEXIST: one overlaps with
 * a range of an earlier call. ENOSPC: the buffer would have more than TERRACE_PIECES_MAX ranges.
 * EBADF: the descriptor is a view. ENOMEM. A refused call changes nothing.
 *
 * @size: [in] sizeof(struct terrace_pieces)
 * @flags: [in] 0
 * @pieces: [in] in each range, at least 1
 * @count: [in] ranges, 2 to TERRACE_PIECES_RANGES
 * @reserved: [in] 0
 * @ranges: [in] 0 beyond @count
 */
struct terrace_pieces {
	__u32 size;
	__u32 flags;
	__u64 pieces;
	__u32 count;
	__u32 reserved;
	struct terrace_piece_range ranges[TERRACE_PIECES_RANGES];
};

#define TERRACE_BUF_INFO		_IOWR(TERRACE_IOC, 0xc0, struct terrace_buffer_stat)
#define TERRACE_BUF_SEAL		_IOWR(TERRACE_IOC, 0xc1, struct terrace_range)
#define TERRACE_BUF_DISCARD		_IOWR(TERRACE_IOC, 0xc2, struct terrace_range)
#define TERRACE_BUF_QUERY		_IOWR(TERRACE_IOC, 0xc3, struct terrace_query)
#define TERRACE_BUF_MIGRATE		_IOWR(TERRACE_IOC, 0xc4, struct terrace_migrate)
#define TERRACE_BUF_REFRESH		_IOWR(TERRACE_IOC, 0xc5, struct terrace_refresh)
#define TERRACE_BUF_PREFETCH		_IOWR(TERRACE_IOC, 0xc6, struct terrace_range)
#define TERRACE_BUF_PIECES		_IOWR(TERRACE_IOC, 0xc7, struct terrace_pieces)

#endif /* _UAPI_LINUX_TERRACE_H */

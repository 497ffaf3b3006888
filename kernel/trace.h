/* SPDX-License-Identifier: GPL-2.0-only */
/* Tracepoints of the group terrace. Arguments are scalars, so that BPF programs need no types. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM terrace

#if !defined(_TERRACE_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TERRACE_TRACE_H

#include <linux/tracepoint.h>

TRACE_EVENT(terrace_create,
	TP_PROTO(u32 buffer, u32 class_id, u64 bytes, u32 extent_shift, u32 flags),
	TP_ARGS(buffer, class_id, bytes, extent_shift, flags),
	TP_STRUCT__entry(
		__field(u32, buffer)
		__field(u32, class_id)
		__field(u64, bytes)
		__field(u32, extent_shift)
		__field(u32, flags)
	),
	TP_fast_assign(
		__entry->buffer = buffer;
		__entry->class_id = class_id;
		__entry->bytes = bytes;
		__entry->extent_shift = extent_shift;
		__entry->flags = flags;
	),
	TP_printk("buffer=%u class=%u bytes=%llu extent_shift=%u flags=%#x", __entry->buffer,
		  __entry->class_id, __entry->bytes, __entry->extent_shift, __entry->flags)
);

TRACE_EVENT(terrace_fault,
	TP_PROTO(u32 buffer, u64 extent, u32 tier, bool write, int error),
	TP_ARGS(buffer, extent, tier, write, error),
	TP_STRUCT__entry(
		__field(u32, buffer)
		__field(u32, tier)
		__field(u64, extent)
		__field(bool, write)
		__field(int, error)
	),
	TP_fast_assign(
		__entry->buffer = buffer;
		__entry->tier = tier;
		__entry->extent = extent;
		__entry->write = write;
		__entry->error = error;
	),
	TP_printk("buffer=%u extent=%llu tier=%u write=%d error=%d", __entry->buffer,
		  __entry->extent, __entry->tier, __entry->write, __entry->error)
);

TRACE_EVENT(terrace_migrate,
	TP_PROTO(u32 buffer, u64 extent, u32 from, u32 to, u64 bytes, u64 wall_ns, int error),
	TP_ARGS(buffer, extent, from, to, bytes, wall_ns, error),
	TP_STRUCT__entry(
		__field(u32, buffer)
		__field(u32, from)
		__field(u32, to)
		__field(int, error)
		__field(u64, extent)
		__field(u64, bytes)
		__field(u64, wall_ns)
	),
	TP_fast_assign(
		__entry->buffer = buffer;
		__entry->from = from;
		__entry->to = to;
		__entry->error = error;
		__entry->extent = extent;
		__entry->bytes = bytes;
		__entry->wall_ns = wall_ns;
	),
	TP_printk("buffer=%u extent=%llu from=%u to=%u bytes=%llu wall_ns=%llu error=%d",
		  __entry->buffer, __entry->extent, __entry->from, __entry->to, __entry->bytes,
		  __entry->wall_ns, __entry->error)
);

TRACE_EVENT(terrace_media,
	TP_PROTO(u32 tier, u32 block, u32 op, u32 status, int error),
	TP_ARGS(tier, block, op, status, error),
	TP_STRUCT__entry(
		__field(u32, tier)
		__field(u32, block)
		__field(u32, op)
		__field(u32, status)
		__field(int, error)
	),
	TP_fast_assign(
		__entry->tier = tier;
		__entry->block = block;
		__entry->op = op;
		__entry->status = status;
		__entry->error = error;
	),
	TP_printk("tier=%u block=%u op=%u status=%#x error=%d", __entry->tier, __entry->block,
		  __entry->op, __entry->status, __entry->error)
);

DECLARE_EVENT_CLASS(terrace_range,
	TP_PROTO(u32 buffer, u64 offset, u64 bytes, int error),
	TP_ARGS(buffer, offset, bytes, error),
	TP_STRUCT__entry(
		__field(u32, buffer)
		__field(int, error)
		__field(u64, offset)
		__field(u64, bytes)
	),
	TP_fast_assign(
		__entry->buffer = buffer;
		__entry->error = error;
		__entry->offset = offset;
		__entry->bytes = bytes;
	),
	TP_printk("buffer=%u offset=%llu bytes=%llu error=%d", __entry->buffer, __entry->offset,
		  __entry->bytes, __entry->error)
);

DEFINE_EVENT(terrace_range, terrace_seal,
	TP_PROTO(u32 buffer, u64 offset, u64 bytes, int error),
	TP_ARGS(buffer, offset, bytes, error)
);

DEFINE_EVENT(terrace_range, terrace_discard,
	TP_PROTO(u32 buffer, u64 offset, u64 bytes, int error),
	TP_ARGS(buffer, offset, bytes, error)
);

TRACE_EVENT(terrace_charge,
	TP_PROTO(u64 session, u32 buffer, u64 first_extent, u64 extents, u32 flags,
		 u64 model_bytes),
	TP_ARGS(session, buffer, first_extent, extents, flags, model_bytes),
	TP_STRUCT__entry(
		__field(u64, session)
		__field(u32, buffer)
		__field(u32, flags)
		__field(u64, first_extent)
		__field(u64, extents)
		__field(u64, model_bytes)
	),
	TP_fast_assign(
		__entry->session = session;
		__entry->buffer = buffer;
		__entry->flags = flags;
		__entry->first_extent = first_extent;
		__entry->extents = extents;
		__entry->model_bytes = model_bytes;
	),
	TP_printk("session=%llu buffer=%u extents=%llu+%llu flags=%#x model_bytes=%llu",
		  __entry->session, __entry->buffer, __entry->first_extent, __entry->extents,
		  __entry->flags, __entry->model_bytes)
);

TRACE_EVENT(terrace_step,
	TP_PROTO(u64 session, u64 step, u32 kind, u64 wall_ns, u64 model_ns, u64 compute_ns),
	TP_ARGS(session, step, kind, wall_ns, model_ns, compute_ns),
	TP_STRUCT__entry(
		__field(u64, session)
		__field(u64, step)
		__field(u32, kind)
		__field(u64, wall_ns)
		__field(u64, model_ns)
		__field(u64, compute_ns)
	),
	TP_fast_assign(
		__entry->session = session;
		__entry->step = step;
		__entry->kind = kind;
		__entry->wall_ns = wall_ns;
		__entry->model_ns = model_ns;
		__entry->compute_ns = compute_ns;
	),
	TP_printk("session=%llu step=%llu kind=%u wall_ns=%llu model_ns=%llu compute_ns=%llu",
		  __entry->session, __entry->step, __entry->kind, __entry->wall_ns,
		  __entry->model_ns, __entry->compute_ns)
);

#endif /* _TERRACE_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>

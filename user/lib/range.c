// SPDX-License-Identifier: LGPL-2.1-or-later
/* Ranges of a buffer: seal, discard, prefetch, pieces, refresh, query, migrate, advise. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "internal.h"

static int range_error(int err, const struct terrace_buffer *b, const char *what, uint64_t offset,
		       uint64_t bytes, uint32_t reason)
{
	unsigned long long o = offset, n = bytes, size = b->bytes;

	switch (err) {
	case -EINVAL:
		return error_set(err, "cannot %s bytes %llu+%llu of buffer %u: the range must be whole extents of %u bytes within its %llu bytes",
				 what, o, n, b->id, b->extent_bytes, size);
	case -EOPNOTSUPP:
		return error_set(err, "cannot %s buffer %u: it is pinnable; make it without that flag",
				 what, b->id);
	case -EBUSY:
		return error_set(err, "cannot %s bytes %llu+%llu of buffer %u: an extent is %s; end the I/O on it and try again",
				 what, o, n, b->id, terrace_strreason(reason));
	case -ENOTTY:
		return error_set(err, "cannot %s bytes %llu+%llu: descriptor %d is no buffer of terrace",
				 what, o, n, b->fd);
	default:
		return error_set(err, "cannot %s bytes %llu+%llu of buffer %u: %s (%s)", what, o, n,
				 b->id, strerror(-err), terrace_strreason(reason));
	}
}

static int range_call(struct terrace_buffer *b, unsigned long request, const char *what,
		      uint64_t offset, uint64_t bytes)
{
	struct terrace_range r = { .size = sizeof(r), .offset = offset, .bytes = bytes };
	int err = device_call(b->fd, request, &r);

	return err ? range_error(err, b, what, offset, bytes, r.reason) : 0;
}

int terrace_seal(struct terrace_buffer *b, uint64_t offset, uint64_t bytes)
{
	return range_call(b, TERRACE_BUF_SEAL, "seal", offset, bytes);
}

int terrace_discard(struct terrace_buffer *b, uint64_t offset, uint64_t bytes)
{
	return range_call(b, TERRACE_BUF_DISCARD, "discard", offset, bytes);
}

int terrace_prefetch(struct terrace_buffer *b, uint64_t offset, uint64_t bytes)
{
	uint64_t before = offset & (b->extent_bytes - 1);
	uint64_t after = -(offset + bytes) & (b->extent_bytes - 1);

	return range_call(b, TERRACE_BUF_PREFETCH, "prefetch", offset - before,
			  before + bytes + after);
}

int pieces_tell(int fd, const struct terrace_piece_range *ranges, uint32_t count, uint64_t pieces)
{
	struct terrace_pieces p = { .size = sizeof(p), .pieces = pieces, .count = count };

	if (count > TERRACE_PIECES_RANGES)
		return -EINVAL;
	memcpy(p.ranges, ranges, count * sizeof(*ranges));
	return device_call(fd, TERRACE_BUF_PIECES, &p);
}

int terrace_read_together(struct terrace_buffer *b, const struct terrace_piece_range *ranges,
			  uint32_t count, uint64_t pieces)
{
	int err = pieces_tell(b->fd, ranges, count, pieces);

	switch (err) {
	case 0:
		return 0;
	case -EINVAL:
		return error_set(err, "cannot read %u ranges of buffer %u together: there must be 2 to %u of them, of at least one piece and one byte a piece, apart from each other and within its %llu bytes",
				 count, b->id, TERRACE_PIECES_RANGES, (unsigned long long)b->bytes);
	case -EEXIST:
		return error_set(err, "cannot read %u ranges of buffer %u together: one of them overlaps with a range that is read with others already",
				 count, b->id);
	case -ENOSPC:
		return error_set(err, "cannot read %u ranges of buffer %u together: it would have more than %u ranges in all",
				 count, b->id, TERRACE_PIECES_MAX);
	case -EBADF:
		return error_set(err, "cannot read ranges of buffer %u together: this is a view of it, by which nothing is changed",
				 b->id);
	default:
		return error_set(err, "cannot read %u ranges of buffer %u together: %s", count,
				 b->id, strerror(-err));
	}
}

int terrace_refresh(struct terrace_buffer *b, uint64_t offset, uint64_t bytes, uint64_t older_s,
		    uint64_t *refreshed_bytes, uint64_t *lost_bytes)
{
	struct terrace_refresh r = {
		.size = sizeof(r), .offset = offset, .bytes = bytes, .older_s = older_s,
	};
	int err = device_call(b->fd, TERRACE_BUF_REFRESH, &r);

	*refreshed_bytes = r.refreshed_bytes;
	*lost_bytes = r.lost_bytes;
	return err ? range_error(err, b, "refresh", offset, bytes, TERRACE_REASON_NONE) : 0;
}

int terrace_query(struct terrace_buffer *b, uint64_t offset, uint64_t bytes,
		  struct terrace_extent_info *extents)
{
	const uint64_t most = (uint64_t)TERRACE_QUERY_MAX * b->extent_bytes;

	do {
		uint64_t n = bytes < most ? bytes : most;
		struct terrace_query q = {
			.size = sizeof(q),
			.offset = offset,
			.bytes = n,
			.extents = (uintptr_t)extents,
		};
		int err = device_call(b->fd, TERRACE_BUF_QUERY, &q);

		if (err)
			return range_error(err, b, "query", offset, n, TERRACE_REASON_RANGE);
		offset += n;
		bytes -= n;
		extents += n / b->extent_bytes;
	} while (bytes);
	return 0;
}

int terrace_migrate_moves(struct terrace_buffer *b, struct terrace_move *moves, uint32_t count,
			  uint64_t *moved_bytes)
{
	struct terrace_migrate m = {
		.size = sizeof(m),
		.count = count,
		.moves = (uintptr_t)moves,
	};
	int err = device_call(b->fd, TERRACE_BUF_MIGRATE, &m);

	if (moved_bytes)
		*moved_bytes = err ? 0 : m.moved_bytes;
	return err ? error_set(err, "cannot migrate %u ranges of buffer %u: %s; 1 to %u ranges a call",
			       count, b->id, strerror(-err), TERRACE_MOVES_MAX) : 0;
}

static int migrate_error(const struct terrace_buffer *b, const struct terrace_move *m)
{
	unsigned long long at = m->offset + m->done_bytes, left = m->bytes - m->done_bytes;

	switch (m->error) {
	case -ENOSPC:
		return error_set(m->error, "tier %u is full, %llu bytes of buffer %u from %llu on did not move to it: free or move something that is there",
				 m->tier, left, b->id, at);
	case -EXDEV:
		return error_set(m->error, "tier %u does not allow class %s of buffer %u: choose a tier whose classes name it",
				 m->tier, terrace_class_name(b->class_id), b->id);
	case -ENXIO:
		return error_set(m->error, "tier %u is not online, buffer %u cannot move to it: see 'terrace tier list'",
				 m->tier, b->id);
	case -EAGAIN:
		return error_set(m->error, "the write budget of tier %u for class %s is used up, %llu bytes of buffer %u from %llu on did not move to it: wait, it fills up in a model day, see 'terrace tier show'",
				 m->tier, terrace_class_name(b->class_id), left, b->id, at);
	case -ENODATA:
		return error_set(m->error, "%llu bytes of buffer %u from %llu on are lost, they were on flash for more than twice its retention: discard them, and let terraced refresh what is there",
				 left, b->id, at);
	default:
		return range_error(m->error, b, "migrate", at, left, m->reason);
	}
}

int terrace_migrate(struct terrace_buffer *b, uint64_t offset, uint64_t bytes, uint32_t tier,
		    uint64_t *moved_bytes)
{
	struct terrace_move move = { .offset = offset, .bytes = bytes, .tier = tier };
	int err = terrace_migrate_moves(b, &move, 1, moved_bytes);

	return err || !move.error ? err : migrate_error(b, &move);
}

/*
 * The kernel has the placement rule, so posix_fadvise(2) carries advice out; its DONTNEED means
 * that a range is cold, and discards nothing.
 */
int terrace_advise(struct terrace_session *s, struct terrace_buffer *b, uint64_t offset,
		   uint64_t bytes, enum terrace_advice advice)
{
	int err;

	(void)s;
	if (advice == TERRACE_ADVICE_DONTNEED)
		return terrace_discard(b, offset, bytes);
	if (advice != TERRACE_ADVICE_COLD && advice != TERRACE_ADVICE_HOT)
		return error_set(-EINVAL, "advice %d is not one of COLD, HOT and DONTNEED", advice);
	if (!bytes || (offset | bytes) % b->extent_bytes || offset > b->bytes ||
	    bytes > b->bytes - offset)
		return range_error(-EINVAL, b, "give advice on", offset, bytes,
				   TERRACE_REASON_RANGE);
	err = -posix_fadvise(b->fd, offset, bytes, advice == TERRACE_ADVICE_HOT ?
			     POSIX_FADV_WILLNEED : POSIX_FADV_DONTNEED);
	return err ? range_error(err, b, "give advice on", offset, bytes, TERRACE_REASON_NONE) : 0;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* Moves through io_uring. */
#include "daemon/migrate.h"

#include <errno.h>
#include <liburing.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/log.h"

#define RING_ENTRIES	64U
#define BATCH_MOVES	64U	/* ranges in one call, at most TERRACE_MOVES_MAX */
#define BATCHES		4U	/* calls that share the bytes in flight */

/* One call in flight: ranges of one buffer, carried out by the kernel in their order. */
struct batch {
	struct terrace_buffer *buffer;
	uint64_t bytes;
	struct terrace_migrate call;
	struct terrace_move moves[BATCH_MOVES];
	uint32_t from[BATCH_MOVES];
};

struct migrator {
	struct io_uring ring;
	struct terrace_session *session;
	migrate_refused_fn refused;
	void *arg;
	struct planned_move *queue;
	size_t queued;		/* moves in the queue */
	size_t next;		/* first that is not submitted as a whole */
	unsigned int batches;	/* in flight */
	uint64_t room[TERRACE_TIERS_MAX];	/* free, less what was submitted to come in */
	uint64_t leaving[TERRACE_TIERS_MAX];	/* bytes in flight out of a tier */
	struct migrate_stats stats;
};

const char *migrate_reason_name(uint32_t reason)
{
	if (reason == MIGRATE_GONE)
		return "gone";
	if (reason == MIGRATE_FAILED)
		return "failed";
	return terrace_strreason(reason);
}

int migrator_open(struct terrace_session *session, migrate_refused_fn refused, void *arg,
		  struct migrator **out, struct engine_error *e)
{
	struct migrator *m = calloc(1, sizeof(*m));
	int err;

	if (!m) {
		engine_error_set(e, "out of memory");
		return -ENOMEM;
	}
	err = io_uring_queue_init(RING_ENTRIES, &m->ring, 0);
	if (err) {
		engine_error_set(e, "no io_uring to migrate with: %s%s", strerror(-err),
				 err == -EPERM ? "; set the sysctl kernel.io_uring_disabled to 0" :
				 "");
		free(m);
		return err;
	}
	m->session = session;
	m->refused = refused;
	m->arg = arg;
	*out = m;
	return 0;
}

bool migrator_idle(const struct migrator *m)
{
	return m->next == m->queued && !m->batches;
}

int migrator_fd(const struct migrator *m)
{
	return m->ring.ring_fd;
}

const struct migrate_stats *migrator_stats(const struct migrator *m)
{
	return &m->stats;
}

int migrator_plan(struct migrator *m, const struct planned_move *moves, size_t n,
		  const uint64_t room[TERRACE_TIERS_MAX])
{
	struct planned_move *queue;

	queue = reallocarray(m->queue, n ? n : 1, sizeof(*queue));
	if (!queue)
		return -ENOMEM;
	m->queue = queue;
	memcpy(queue, moves, n * sizeof(*queue));
	m->queued = n;
	m->next = 0;
	memcpy(m->room, room, sizeof(m->room));
	for (size_t i = 0; i < n; i++) {
		m->stats.decided += moves[i].bytes;
		m->stats.queued += moves[i].bytes;
	}
	return 0;
}

static void count_refused(struct migrator *m, uint32_t reason, uint64_t bytes)
{
	m->stats.refused[reason < MIGRATE_REASONS ? reason : MIGRATE_FAILED] += bytes;
}

/* How much of the next move may go into a batch of @batch_bytes with @space left; 0 = wait. */
static uint64_t next_part(const struct migrator *m, uint64_t space)
{
	const struct planned_move *p = &m->queue[m->next];
	uint64_t part = p->bytes < space ? p->bytes : space;

	if (part > m->room[p->to] && m->leaving[p->to])
		part = m->room[p->to];
	return part / p->extent_bytes * p->extent_bytes;
}

static void take_part(struct migrator *m, struct batch *b, uint64_t part)
{
	struct planned_move *p = &m->queue[m->next];
	uint32_t n = b->call.count++;

	b->moves[n] = (struct terrace_move){
		.offset = p->offset,
		.bytes = part,
		.tier = p->to,
	};
	b->from[n] = p->from;
	b->bytes += part;
	m->room[p->to] -= part < m->room[p->to] ? part : m->room[p->to];
	m->leaving[p->from] += part;
	m->stats.queued -= part;
	m->stats.inflight += part;
	p->offset += part;
	p->bytes -= part;
	if (!p->bytes)
		m->next++;
}

/* Fills a batch with the next moves of one buffer. */
static void fill_batch(struct migrator *m, struct batch *b, uint64_t space)
{
	uint32_t buffer = m->queue[m->next].buffer;

	while (m->next < m->queued && b->call.count < BATCH_MOVES) {
		uint64_t part;

		if (m->queue[m->next].buffer != buffer)
			break;
		part = next_part(m, space - b->bytes);
		if (!part)
			break;
		take_part(m, b, part);
	}
}

static void skip_buffer(struct migrator *m, uint32_t buffer, uint32_t reason)
{
	while (m->next < m->queued && m->queue[m->next].buffer == buffer) {
		uint64_t bytes = m->queue[m->next++].bytes;

		m->stats.queued -= bytes;
		count_refused(m, reason, bytes);
	}
}

/* A submission that fails stays in the ring; the next call of migrator_submit() tries again. */
static void send_batch(struct migrator *m, struct batch *b)
{
	struct terrace_uring_cmd cmd = { .arg = (uintptr_t)&b->call };
	struct io_uring_sqe *sqe = io_uring_get_sqe(&m->ring);

	b->call.size = sizeof(b->call);
	b->call.moves = (uintptr_t)b->moves;
	io_uring_prep_rw(IORING_OP_URING_CMD, sqe, terrace_buffer_fd(b->buffer), NULL, 0, 0);
	sqe->cmd_op = TERRACE_BUF_MIGRATE;
	memcpy(sqe->cmd, &cmd, sizeof(cmd));
	io_uring_sqe_set_flags(sqe, IOSQE_ASYNC);
	io_uring_sqe_set_data(sqe, b);
	m->batches++;
	m->stats.calls++;
	io_uring_submit(&m->ring);
}

/* What became of one range. */
static void settle_move(struct migrator *m, const struct batch *b, uint32_t n, int res)
{
	const struct terrace_move *move = &b->moves[n];
	uint64_t done = res ? 0 : move->done_bytes;
	uint32_t reason = res ? MIGRATE_FAILED : move->reason;

	if (done > move->bytes)
		done = move->bytes;
	m->leaving[b->from[n]] -= move->bytes;
	m->room[b->from[n]] += done;
	m->stats.inflight -= move->bytes;
	m->stats.done += done;
	if (done == move->bytes)
		return;
	count_refused(m, reason, move->bytes - done);
	m->refused(m->arg, terrace_buffer_id(b->buffer), move->offset + done);
}

static void settle_batch(struct migrator *m, struct batch *b, int res)
{
	for (uint32_t n = 0; n < b->call.count; n++)
		settle_move(m, b, n, res);
	if (res)
		log_line(LOG_WARNING, "migrating buffer %u failed: %s",
			 terrace_buffer_id(b->buffer), strerror(-res));
	terrace_buffer_free(b->buffer);
	free(b);
}

/* Return: false when nothing can be submitted now. */
static bool submit_batch(struct migrator *m, uint64_t space)
{
	uint32_t buffer = m->queue[m->next].buffer;
	struct batch *b = calloc(1, sizeof(*b));
	int err;

	if (!b)
		return false;
	err = terrace_buffer_open(m->session, buffer, &b->buffer);
	if (err) {
		skip_buffer(m, buffer, err == -ENOENT ? MIGRATE_GONE : MIGRATE_FAILED);
		free(b);
		return true;
	}
	fill_batch(m, b, space);
	if (!b->call.count) {
		terrace_buffer_free(b->buffer);
		free(b);
		return false;
	}
	send_batch(m, b);
	return true;
}

void migrator_submit(struct migrator *m, uint64_t inflight_bytes)
{
	uint64_t share = inflight_bytes / BATCHES;

	if (io_uring_sq_ready(&m->ring))
		io_uring_submit(&m->ring);
	/* With fewer batches than entries there is always a free submission entry. */
	while (m->next < m->queued && m->batches < RING_ENTRIES) {
		uint64_t space = inflight_bytes - m->stats.inflight;
		uint32_t extent_bytes = m->queue[m->next].extent_bytes;

		if (m->stats.inflight >= inflight_bytes || space < extent_bytes)
			return;
		if (space > share && share >= extent_bytes)
			space = share;
		if (!submit_batch(m, space))
			return;
	}
}

void migrator_complete(struct migrator *m)
{
	struct io_uring_cqe *cqe;

	while (!io_uring_peek_cqe(&m->ring, &cqe)) {
		struct batch *b = io_uring_cqe_get_data(cqe);
		int res = cqe->res;

		io_uring_cqe_seen(&m->ring, cqe);
		m->batches--;
		settle_batch(m, b, res);
	}
}

void migrator_close(struct migrator *m)
{
	struct io_uring_cqe *cqe;

	if (!m)
		return;
	m->next = m->queued;
	while (m->batches && !io_uring_wait_cqe(&m->ring, &cqe))
		migrator_complete(m);
	io_uring_queue_exit(&m->ring);
	free(m->queue);
	free(m);
}

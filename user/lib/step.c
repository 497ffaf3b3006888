// SPDX-License-Identifier: LGPL-2.1-or-later
/* Steps and their access records. */
#include <errno.h>
#include <string.h>

#include "internal.h"

int terrace_step_begin(struct terrace_session *s, uint32_t kind, uint64_t flops, uint32_t tokens,
		       uint32_t requests)
{
	struct terrace_step_begin b = {
		.size = sizeof(b),
		.kind = kind,
		.flops = flops,
		.tokens = tokens,
		.requests = requests,
	};
	int err;

	pthread_mutex_lock(&s->lock);
	err = device_call(s->fd, TERRACE_IOC_STEP_BEGIN, &b);
	pthread_mutex_unlock(&s->lock);
	if (err == -EBUSY)
		return error_set(err, "a step is running, or another session replays: end it with terrace_step_end() first");
	return err ? error_set(err, "cannot begin a step of kind %u: %s", kind, strerror(-err)) : 0;
}

static int flush(void *context)
{
	struct terrace_session *s = context;

	return device_call(s->fd, TERRACE_IOC_STEP_FLUSH, NULL);
}

int terrace_record(struct terrace_session *s, uint32_t buffer, uint32_t flags, uint64_t offset,
		   uint64_t bytes)
{
	struct terrace_access a = {
		.buffer = buffer,
		.flags = flags,
		.offset = offset,
		.bytes = bytes,
	};
	int err;

	if (!s->ring.head)
		return error_set(-EOPNOTSUPP, "the session has no ring: open it with ring_entries");
	pthread_mutex_lock(&s->lock);
	err = ring_append(&s->ring, &a, flush, s);
	pthread_mutex_unlock(&s->lock);
	if (err == -ESRCH)
		return error_set(err, "the ring of %u records is full and no step is running: begin one with terrace_step_begin()",
				 s->ring.entries);
	return err ? error_set(err, "cannot flush a ring of %u records: %s", s->ring.entries,
			       strerror(-err)) : 0;
}

int terrace_step_end(struct terrace_session *s, struct terrace_step_end *end)
{
	struct terrace_step_end e = { .size = sizeof(e) };
	int err;

	pthread_mutex_lock(&s->lock);
	err = device_call(s->fd, TERRACE_IOC_STEP_END, &e);
	pthread_mutex_unlock(&s->lock);
	if (end)
		*end = e;
	if (err == -ESRCH)
		return error_set(err, "no step is running: begin one with terrace_step_begin()");
	return err ? error_set(err, "cannot end the step: %s", strerror(-err)) : 0;
}

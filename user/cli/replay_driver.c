// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <string.h>

#include "cli/replay_driver.h"
#include "cli/replay_pattern.h"

#define RING_ENTRIES	8192

static int library_error(int err, struct engine_error *e)
{
	if (err)
		engine_error_set(e, "%s", terrace_error());
	return err;
}

static int make_buffer(struct replay_driver *d, int which, uint64_t bytes, uint32_t extent_bytes,
		       struct engine_error *e)
{
	const struct terrace_buffer_options options = {
		.class_id = which ? TERRACE_CLASS_KV : TERRACE_CLASS_WEIGHTS,
		.extent_bytes = extent_bytes,
		.tier = TERRACE_TIER_ANY,
		.name = which ? "replay-kv" : "replay-weights",
	};

	return library_error(terrace_buffer_create(d->extents.session, bytes, &options,
						   &d->extents.buffer[which]), e);
}

static int find_tiers(struct replay_driver *d, struct engine_error *e)
{
	struct terrace_info info;
	uint32_t i;
	int index;

	if (terrace_session_info(d->extents.session, &info))
		return library_error(-EIO, e);
	if (info.scale_shift != d->layout->scale_shift) {
		engine_error_set(e, "the tiers that are online have scale %u, the replay %u; take them down with 'terrace tier unload' or give that scale",
				 1U << info.scale_shift, d->file->device.scale);
		return -EINVAL;
	}

	for (i = 0; i < d->file->n_tiers; i++) {
		index = terrace_tier_find(d->extents.session, d->file->tiers[i].name);
		if (index < 0)
			return library_error(index, e);
		d->tier[i].index = index;
	}
	replay_refresh_init(&d->refresh, d->extents.session);
	return 0;
}

int replay_driver_open(struct replay_driver *d, const struct engine_tierfile *file,
		       const struct layout *layout, uint32_t extent_bytes, uint32_t kv_blocks,
		       const struct policy_options *policy, struct engine_error *e)
{
	const struct terrace_options options = { .ring_entries = RING_ENTRIES, .replay = true };
	int err;

	*d = (struct replay_driver) {
		.file = file,
		.layout = layout,
	};
	err = library_error(terrace_session_open(&options, &d->extents.session), e);
	if (!err)
		err = find_tiers(d, e);
	if (!err)
		err = make_buffer(d, 0, layout->weights_real_bytes, extent_bytes, e);
	if (!err)
		err = make_buffer(d, 1, kv_blocks * layout->block_real_bytes, extent_bytes, e);
	if (!err)
		err = replay_extents_init(&d->extents, layout, kv_blocks, extent_bytes, policy,
					  e);
	if (!err)
		err = replay_driver_begin(d, e);
	if (err)
		replay_driver_close(d);
	return err;
}

void replay_driver_close(struct replay_driver *d)
{
	replay_extents_free(&d->extents);
	terrace_buffer_free(d->extents.buffer[0]);
	terrace_buffer_free(d->extents.buffer[1]);
	terrace_session_close(d->extents.session);
}

static int driver_step_begin(void *ctx, const struct engine_step *step, struct engine_error *e)
{
	struct replay_driver *d = ctx;

	d->now_ns = step->now_ns;
	return library_error(terrace_step_begin(d->extents.session, step->kind, step->flops,
						step->tokens, step->requests), e);
}

static int wrong_byte(const struct engine_access *a, size_t at, struct engine_error *e)
{
	engine_error_set(e, "wrong byte: %s object %llx at its real byte %llu (buffer byte %llu) is not what was written; the data is lost or mixed up, keep the kernel log and report it",
			 terrace_class_name(a->class_id), (unsigned long long)a->content,
			 (unsigned long long)a->real_offset + at,
			 (unsigned long long)a->buffer_offset + at);
	return -EBADMSG;
}

static int driver_access(void *ctx, const struct engine_access *a, struct engine_error *e)
{
	struct replay_driver *d = ctx;
	struct terrace_buffer *b = d->extents.buffer[a->class_id == TERRACE_CLASS_KV];
	char *at = (char *)terrace_buffer_data(b) + a->buffer_offset;
	uint32_t flags = a->write ? TERRACE_ACCESS_WRITE : TERRACE_ACCESS_READ;
	size_t right;

	if (a->write) {
		pattern_fill(at, a->content, a->real_offset, a->real_bytes);
	} else {
		right = pattern_check(at, a->content, a->real_offset, a->real_bytes);
		if (right != a->real_bytes)
			return wrong_byte(a, right, e);
		d->checked_bytes += a->real_bytes;
	}
	extents_touch(&d->extents.extents, a, d->now_ns);
	if (a->dependent)
		flags |= TERRACE_ACCESS_DEPENDENT;
	return library_error(terrace_record(d->extents.session, terrace_buffer_id(b), flags,
					    a->buffer_offset, a->real_bytes), e);
}

static int driver_step_end(void *ctx, struct engine_cost *cost, struct engine_error *e)
{
	struct replay_driver *d = ctx;
	struct terrace_step_end end;
	uint32_t i;
	int err = library_error(terrace_step_end(d->extents.session, &end), e);

	if (err)
		return err;
	if (end.rejected) {
		engine_error_set(e, "the kernel refused %u of %u access records; update module and program to the same release",
				 end.rejected, end.rejected + end.records);
		return -EPROTO;
	}
	for (i = 0; i < d->file->n_tiers; i++)
		d->tier[i].busy_ns += end.model_tier_ns[d->tier[i].index];
	tmodel_accel_energy(&d->accel, &d->file->accel, end.compute_ns, end.model_ns, &d->sat);
	*cost = (struct engine_cost) {
		.model_ns = end.model_ns,
		.serial_ns = end.model_serial_ns,
		.compute_ns = end.compute_ns,
		.wall_ns = end.wall_ns,
	};
	return replay_refresh_passed(&d->refresh, &d->extents, end.model_ns, e);
}

static int driver_seal(void *ctx, struct engine_error *e)
{
	struct replay_driver *d = ctx;
	struct terrace_buffer *weights = d->extents.buffer[0];
	int err = library_error(terrace_seal(weights, 0, terrace_buffer_bytes(weights)), e);

	return err ? err : replay_driver_mark(d, e);
}

static int driver_kv(void *ctx, enum sched_kv_event event, uint32_t block, uint64_t content,
		     struct engine_error *e)
{
	struct replay_driver *d = ctx;

	(void)content;
	return replay_extents_block(&d->extents, block, event != SCHED_KV_FREE, e);
}

static int driver_rebalance(void *ctx, uint64_t now_ns, struct engine_error *e)
{
	struct replay_driver *d = ctx;

	return replay_extents_rebalance(&d->extents, now_ns, e);
}

static int driver_advance(void *ctx, uint64_t ns, struct engine_error *e)
{
	struct replay_driver *d = ctx;
	uint64_t most = replay_refresh_most_ns(&d->refresh), part;
	int err = 0;

	tmodel_accel_energy(&d->accel, &d->file->accel, 0, ns, &d->sat);
	for (; ns && !err; ns -= part) {
		part = ns < most ? ns : most;
		err = library_error(terrace_advance(d->extents.session, part), e);
		if (!err)
			err = replay_refresh_passed(&d->refresh, &d->extents, part, e);
	}
	return err;
}

const struct engine_ops replay_driver_ops = {
	.step_begin = driver_step_begin,
	.access = driver_access,
	.step_end = driver_step_end,
	.seal = driver_seal,
	.kv = driver_kv,
	.rebalance = driver_rebalance,
	.advance = driver_advance,
};

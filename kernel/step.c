// SPDX-License-Identifier: GPL-2.0-only
/*
 * Steps: begin, consume the ring, end. At the end the load becomes time, energy and wear of the
 * tiers, and an entry of the session's ledger.
 */
#include <linux/capability.h>
#include <linux/hrtimer.h>
#include <linux/log2.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>

#include "terrace.h"
#include "trace.h"

/**
 * terrace_step_charging - TERRACE_CHARGING_ of a session
 */
u32 terrace_step_charging(const struct terrace_session *s)
{
	if (s->ring)
		return TERRACE_CHARGING_DECLARED;
	return s->sample_period > 1 ? TERRACE_CHARGING_SAMPLED : TERRACE_CHARGING_OBSERVED;
}

/* Do one call of a session. Another may hold the lock as long as its step is paced. */
static int step_locked(struct terrace_session *s, int (*fn)(struct terrace_session *s, void *call),
		       void *call)
{
	int err;

	if (mutex_lock_killable(&s->step_lock))
		return -EINTR;
	err = fn(s, call);
	mutex_unlock(&s->step_lock);
	return err;
}

static int setup_check(const struct terrace_setup *arg)
{
	if (arg->flags & ~(TERRACE_SETUP_RING | TERRACE_SETUP_REPLAY) || arg->reserved ||
	    arg->pace_permille > TERRACE_PACE_MAX || arg->sample_period > TERRACE_SAMPLE_MAX)
		return -EINVAL;
	if (!(arg->flags & TERRACE_SETUP_RING))
		return arg->ring_entries ? -EINVAL : 0;
	if (!is_power_of_2(arg->ring_entries) || arg->ring_entries > TERRACE_RING_ENTRIES_MAX ||
	    arg->sample_period)
		return -EINVAL;
	return 0;
}

static int step_setup(struct terrace_session *s, void *call)
{
	struct terrace_setup *arg = call;
	int err = 0;

	lockdep_assert_held(&s->step_lock);
	if (s->setup || s->step)
		return -EBUSY;
	arg->ring_bytes = 0;
	if (arg->flags & TERRACE_SETUP_REPLAY) {
		err = terrace_session_enter_replay(s);
		if (err)
			return err;
	}
	if (arg->flags & TERRACE_SETUP_RING)
		err = terrace_ring_setup(s, arg);
	if (err) {
		terrace_session_leave_replay(s);
		return err;
	}
	s->sample_period = arg->sample_period;
	s->pace_permille = arg->pace_permille;
	s->setup = true;
	return 0;
}

/**
 * terrace_step_setup - TERRACE_IOC_SETUP
 */
int terrace_step_setup(struct terrace_session *s, struct terrace_setup *arg)
{
	int err = setup_check(arg);

	if (err)
		return err;
	if ((arg->flags & TERRACE_SETUP_REPLAY) && !capable(CAP_SYS_ADMIN))
		return -EPERM;
	return step_locked(s, step_setup, arg);
}

static int step_begin(struct terrace_session *s, void *call)
{
	struct terrace_step_begin *arg = call;

	if (s->running)
		return -EBUSY;
	s->step_kind = arg->kind;
	s->step_flops = arg->flops;
	s->step_tokens = arg->tokens;
	s->step_records = 0;
	s->step_rejected = 0;
	s->wall_start_ns = ktime_get_ns();
	s->tokens += arg->tokens;
	WRITE_ONCE(s->step, s->step + 1);
	/* refaults are charged from the first mapping that is taken away */
	WRITE_ONCE(s->running, true);
	terrace_sample_begin(s);
	arg->step = s->step;
	return 0;
}

/**
 * terrace_step_begin - TERRACE_IOC_STEP_BEGIN
 */
int terrace_step_begin(struct terrace_session *s, struct terrace_step_begin *arg)
{
	int err;

	if (arg->kind > TERRACE_STEP_DECODE)
		return -EINVAL;
	err = terrace_session_activate(s);
	return err ?: step_locked(s, step_begin, arg);
}

/* Consume what the producer published. It can lie about tail, but not make this loop longer. */
static void step_consume(struct terrace_session *s)
{
	const struct terrace_access *records;
	struct terrace_access a;
	u32 n, i;

	if (!s->ring)
		return;
	records = (void *)s->ring + TERRACE_RING_RECORDS;
	/* pairs with the producer's release of tail: records before it are whole */
	n = min(smp_load_acquire(&s->ring->tail) - s->ring_head, s->ring_entries);
	for (i = 0; i < n && !fatal_signal_pending(current); i++) {
		const struct terrace_access *r = &records[s->ring_head & (s->ring_entries - 1)];

		a.buffer = READ_ONCE(r->buffer);
		a.flags = READ_ONCE(r->flags);
		a.offset = READ_ONCE(r->offset);
		a.bytes = READ_ONCE(r->bytes);
		if (terrace_charge_record(s, &a))
			s->step_rejected++;
		else
			s->step_records++;
		s->ring_head++;
		cond_resched();
	}
	/* pairs with the producer's acquire of head: the records before it were read */
	smp_store_release(&s->ring->head, s->ring_head);
}

static int step_flush(struct terrace_session *s, void *call)
{
	if (!s->running)
		return -ESRCH;
	if (!s->ring)
		return -EOPNOTSUPP;
	step_consume(s);
	return fatal_signal_pending(current) ? -EINTR : 0;
}

/**
 * terrace_step_flush - TERRACE_IOC_STEP_FLUSH
 */
int terrace_step_flush(struct terrace_session *s)
{
	return step_locked(s, step_flush, NULL);
}

static u64 step_sum(const u64 *by_class)
{
	u64 sum = 0;
	u32 c;

	for (c = 0; c < TERRACE_CLASSES; c++)
		sum = tmodel_add(sum, by_class[c], &terrace.sat);
	return sum;
}

/* One direction of one class: energy and bytes to the tier and to the session's ledger. */
static void step_book(struct terrace_session *s, struct terrace_tier *t, u32 class_id,
		      enum tmodel_dir dir, u64 bytes, bool near, struct tmodel_energy *total)
{
	struct terrace_ledger_entry *entry = &s->ledger.entry[t->index][class_id];
	struct terrace_traffic *traffic = &t->traffic[class_id];
	struct tmodel_energy *rest = &s->ledger_energy[t->index][class_id];
	struct tmodel_energy e = {};
	bool read = dir == TMODEL_READ;
	u64 *count = read ? &traffic->read_bytes : &traffic->write_bytes;
	u64 *own = read ? &entry->model_read_bytes : &entry->model_write_bytes;

	if (!bytes)
		return;
	tmodel_energy_access(&e, &t->profile, dir, bytes, near, &terrace.sat);
	tmodel_energy_add(&traffic->energy, &e, &terrace.sat);
	tmodel_energy_add(rest, &e, &terrace.sat);
	tmodel_energy_add(total, &e, &terrace.sat);
	entry->model_energy_uj = rest->uj;
	*count = tmodel_add(*count, bytes, &terrace.sat);
	*own = tmodel_add(*own, bytes, &terrace.sat);
}

static void step_book_classes(struct terrace_session *s, struct terrace_tier *t,
			      const struct terrace_tier_charge *c, struct tmodel_energy *total)
{
	u32 i;

	for (i = 0; i < TERRACE_CLASSES; i++) {
		step_book(s, t, i, TMODEL_READ, c->read[i], false, total);
		step_book(s, t, i, TMODEL_READ, c->near_read[i], true, total);
		step_book(s, t, i, TMODEL_WRITE, c->write[i], false, total);
		step_book(s, t, i, TMODEL_WRITE, c->near_write[i], true, total);
	}
}

/* What a step wrote to a tier of memory that wears: it has happened, so nothing is refused. */
static void step_wear(struct terrace_tier *t, const struct terrace_tier_charge *c, u64 now)
{
	u64 bytes;
	u32 i;

	for (i = 0; i < TERRACE_CLASSES; i++) {
		bytes = tmodel_add(c->write[i], c->near_write[i], &terrace.sat);
		tmodel_wear_write(&t->wear, &t->profile, now, bytes, &terrace.sat);
		tmodel_budget_spend(&t->budget, i, now, bytes);
	}
}

static void step_charge_tier(struct terrace_session *s, struct terrace_tier *t,
			     const struct terrace_tier_charge *c, struct tmodel_bound *bound,
			     struct terrace_step_end *arg, struct tmodel_energy *total)
{
	u64 reads = tmodel_add(step_sum(c->read), step_sum(c->near_read), &terrace.sat);
	u64 writes = tmodel_add(step_sum(c->write), step_sum(c->near_write), &terrace.sat);
	struct tmodel_tier_load load = {
		.read_bytes = tmodel_add(reads, c->out, &terrace.sat),
		.write_bytes = tmodel_add(writes, c->in, &terrace.sat),
		.exposed_ns = c->exposed_ns,
	};
	u64 now = terrace_clock();
	u64 ns;

	guard(spinlock)(&t->lock);
	ns = tmodel_tier_ns(&t->profile, &load, t->derate_permille, &terrace.sat);
	tmodel_bound_add(bound, t->index, ns, &terrace.sat);
	t->busy_ns = tmodel_add(t->busy_ns, ns, &terrace.sat);
	if (writes && !t->media)
		step_wear(t, c, now);
	terrace_tier_count_rate(t, now, tmodel_add(reads, writes, &terrace.sat));
	step_book_classes(s, t, c, total);
	arg->model_tier_read_bytes[t->index] = reads;
	arg->model_tier_write_bytes[t->index] = writes;
}

/*
 * Steps between observed ones are charged what the last observed one of their kind was. Migrations
 * are always charged as they were.
 */
static void step_sampled(struct terrace_session *s)
{
	struct terrace_tier_charge moved;
	u32 i;

	if (terrace_step_charging(s) != TERRACE_CHARGING_SAMPLED)
		return;
	if (s->observing) {
		s->sampled[s->step_kind] = s->load;
		return;
	}
	for (i = 0; i < TERRACE_TIERS_MAX; i++) {
		moved = s->load.tier[i];
		s->load.tier[i] = s->sampled[s->step_kind].tier[i];
		s->load.tier[i].in = moved.in;
		s->load.tier[i].out = moved.out;
	}
}

static void step_charge(struct terrace_session *s, struct terrace_step_end *arg)
{
	struct tmodel_energy energy = {};
	struct tmodel_bound bound;
	u32 i;

	arg->compute_ns = tmodel_compute_ns(&terrace.accel, s->step_flops, &terrace.sat);
	tmodel_bound_reset(&bound, arg->compute_ns);
	spin_lock(&s->load_lock);
	step_sampled(s);
	for (i = 0; i < TERRACE_TIERS_MAX; i++)
		if (terrace_tier_valid(i))
			step_charge_tier(s, &terrace.tiers[i], &s->load.tier[i], &bound, arg,
					 &energy);
	memset(&s->load, 0, sizeof(s->load));
	s->ledger.steps++;
	s->ledger.model_ns = tmodel_add(s->ledger.model_ns, bound.overlapped_ns, &terrace.sat);
	spin_unlock(&s->load_lock);

	for (i = 0; i < TERRACE_TIERS_MAX; i++)
		if (terrace_tier_valid(i))
			tmodel_energy_power(&energy, terrace.tiers[i].profile.idle_uw,
					    bound.overlapped_ns, &terrace.sat);
	memcpy(arg->model_tier_ns, bound.tier_ns, sizeof(arg->model_tier_ns));
	arg->model_ns = bound.overlapped_ns;
	arg->model_serial_ns = bound.serial_ns;
	arg->model_energy_uj = energy.uj;
}

static int step_sleep(u64 end_ns)
{
	ktime_t until = ns_to_ktime(min_t(u64, end_ns, KTIME_MAX));

	while (ktime_before(ktime_get(), until)) {
		if (fatal_signal_pending(current))
			return -EINTR;
		set_current_state(TASK_KILLABLE);
		schedule_hrtimeout(&until, HRTIMER_MODE_ABS);
	}
	return 0;
}

/*
 * Sleep until the step has lasted its modelled time x pace. That counts from the end of the last
 * step when the client was back before it is over: what it did meanwhile is a part of the period.
 * After a longer time it counts from the step's begin, and after a step that was late from its real
 * end: nothing is made up for.
 *
 * @absorbed_ns: set to the time before the step that was counted
 */
static int step_pace(struct terrace_session *s, u64 model_ns, u64 *absorbed_ns)
{
	u64 lasts = tmodel_muldiv(model_ns, s->pace_permille, 1000, TMODEL_UP, &terrace.sat);
	bool back = s->paced_ns && s->wall_start_ns - s->paced_ns < lasts;
	u64 end = tmodel_add(back ? s->paced_ns : s->wall_start_ns, lasts, &terrace.sat);
	int err;

	*absorbed_ns = back ? s->wall_start_ns - s->wall_end_ns : 0;
	if (!s->pace_permille)
		return 0;
	s->paced_ns = max(end, ktime_get_ns());
	err = step_sleep(end);
	if (err)
		s->paced_ns = ktime_get_ns();
	return err;
}

static void step_count(struct terrace_session *s, const struct terrace_step_end *arg,
		       u64 absorbed_ns)
{
	struct terrace_step_stats *stats = &s->stats[s->step_kind];

	guard(spinlock)(&s->load_lock);
	stats->steps++;
	stats->tokens += s->step_tokens;
	stats->model_ns = tmodel_add(stats->model_ns, arg->model_ns, &terrace.sat);
	stats->wall_ns += arg->wall_ns;
	stats->absorbed_ns += absorbed_ns;
	stats->last_model_ns = arg->model_ns;
	stats->last_wall_ns = arg->wall_ns;
}

/**
 * terrace_step_show - a session's pace and its steps by kind, for fdinfo
 *
 * Called under load_lock.
 */
void terrace_step_show(struct seq_file *m, const struct terrace_session *s)
{
	static const char * const names[] = {
		[TERRACE_STEP_PREFILL] = "prefill",
		[TERRACE_STEP_DECODE] = "decode",
	};
	u32 i;

	lockdep_assert_held(&s->load_lock);
	seq_printf(m, "pace_permille:\t%u\n", READ_ONCE(s->pace_permille));
	for (i = 0; i < TERRACE_STEP_KINDS; i++) {
		const struct terrace_step_stats *stats = &s->stats[i];
		const char *name = names[i];

		seq_printf(m, "%s_steps:\t%llu\n", name, stats->steps);
		seq_printf(m, "%s_tokens:\t%llu\n", name, stats->tokens);
		seq_printf(m, "%s_model_ns:\t%llu\n", name, stats->model_ns);
		seq_printf(m, "%s_wall_ns:\t%llu\n", name, stats->wall_ns);
		seq_printf(m, "%s_absorbed_ns:\t%llu\n", name, stats->absorbed_ns);
		seq_printf(m, "%s_last_model_ns:\t%llu\n", name, stats->last_model_ns);
		seq_printf(m, "%s_last_wall_ns:\t%llu\n", name, stats->last_wall_ns);
	}
}

static int step_end(struct terrace_session *s, void *call)
{
	struct terrace_step_end *arg = call;
	u64 absorbed_ns;
	int err;

	if (!s->running)
		return -ESRCH;
	*arg = (struct terrace_step_end) { .size = arg->size };
	step_consume(s);
	WRITE_ONCE(s->running, false);
	step_charge(s, arg);
	s->records += s->step_records;
	s->rejected += s->step_rejected;
	arg->records = s->step_records;
	arg->rejected = s->step_rejected;
	arg->charging = terrace_step_charging(s);
	arg->clock_ns = s->replaying ? terrace_clock_advance(arg->model_ns) : terrace_clock();
	err = step_pace(s, arg->model_ns, &absorbed_ns);
	s->wall_end_ns = ktime_get_ns();
	arg->wall_ns = s->wall_end_ns - s->wall_start_ns;
	step_count(s, arg, absorbed_ns);
	trace_terrace_step(s->id, s->step, s->step_kind, arg->wall_ns, arg->model_ns,
			   arg->compute_ns);
	return err;
}

/**
 * terrace_step_end - TERRACE_IOC_STEP_END
 */
int terrace_step_end(struct terrace_session *s, struct terrace_step_end *arg)
{
	return step_locked(s, step_end, arg);
}

static int step_advance(struct terrace_session *s, void *call)
{
	struct terrace_advance *arg = call;

	if (!s->replaying)
		return -EPERM;
	if (s->running)
		return -EBUSY;
	arg->clock_ns = terrace_clock_advance(arg->ns);
	return 0;
}

/**
 * terrace_step_advance - TERRACE_IOC_ADVANCE
 */
int terrace_step_advance(struct terrace_session *s, struct terrace_advance *arg)
{
	if (arg->reserved || !arg->ns || arg->ns > TERRACE_ADVANCE_NS_MAX)
		return -EINVAL;
	return step_locked(s, step_advance, arg);
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the daemon does at its start, at every interval, step and reload, and at its end. */
#include "daemon/daemon.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "daemon/log.h"
#include "daemon/plan.h"
#include "daemon/requirements.h"
#include "daemon/tiers.h"
#include "lib/named.h"

#define RETRY_NS	1000000000ULL	/* after a refused move */
#define SWEEP_NS	1000000000ULL	/* between looks for dead buffers, at least */
#define QUIET_NS	1000000000ULL	/* without a step: none is running */
#define MOVES_MAX	4096U		/* decisions a plan */
#define PLAN_SHARE	10U		/* a plan takes at most one in so many parts of the time */

static uint64_t mono_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

/* An extent that could not move now probably cannot in a moment either. */
static void remember_refused(void *arg, uint32_t buffer, uint64_t offset)
{
	struct daemon *d = arg;
	struct known_buffer *k = buffers_find(&d->buffers, buffer);

	if (k && offset < k->info.bytes)
		k->retry_ns[offset >> k->info.extent_shift] = mono_ns() + RETRY_NS;
}

static void set_policy(struct daemon *d)
{
	policy_defaults(&d->policy, policy_parse(d->config.policy));
	d->policy.max_moves = MOVES_MAX;
	d->policy.max_bytes = PLAN_SHARE * d->config.inflight_bytes;
}

static int bring_up(struct daemon *d, const struct config *config, struct engine_error *e)
{
	struct engine_tierfile file;
	int err;

	if (!config->tiers[0])
		return 0;
	err = engine_tierfile_read(config->tiers, &file, e);
	return err ? err : tiers_up(&file, d->session, e);
}

int daemon_open(struct daemon *d, const struct config *config, struct engine_error *e)
{
	int err;

	memset(d, 0, sizeof(*d));
	d->config = *config;
	err = requirements_check(e);
	if (err)
		return err;
	err = terrace_session_open(NULL, &d->session);
	if (err) {
		engine_error_set(e, "%s", terrace_error());
		return err;
	}
	err = heat_open(config->heat_extents, &d->heat, e);
	if (err)
		return err;
	err = steps_open(&d->steps, e);
	if (err)
		return err;
	err = steps_probe(d->steps, config->uprobe_file, config->uprobe_function, e);
	if (err)
		return err;
	err = migrator_open(d->session, remember_refused, d, &d->migrator, e);
	if (err)
		return err;
	err = weights_open(NAMED_SOCKET, d->session, config->weights_keep_s, &d->weights, e);
	if (err)
		return err;
	set_policy(d);
	return bring_up(d, config, e);
}

void daemon_close(struct daemon *d)
{
	weights_close(d->weights);
	migrator_close(d->migrator);
	steps_close(d->steps);
	heat_close(d->heat);
	terrace_session_close(d->session);
	buffers_free(&d->buffers);
}

static void warn_restart(bool changed, const char *key)
{
	if (changed)
		log_line(LOG_WARNING, "%s has changed: restart terraced to let it take effect",
			 key);
}

static void keep_fixed(struct config *next, const struct config *now)
{
	warn_restart(strcmp(next->socket, now->socket), "socket");
	warn_restart(memcmp(&next->listen, &now->listen, sizeof(now->listen)), "listen");
	warn_restart(next->heat_extents != now->heat_extents, "heat_extents");
	memcpy(next->socket, now->socket, sizeof(next->socket));
	next->listen = now->listen;
	next->listen_bytes = now->listen_bytes;
	next->heat_extents = now->heat_extents;
}

static bool same_probe(const struct config *a, const struct config *b)
{
	return !strcmp(a->uprobe_file, b->uprobe_file) &&
	       !strcmp(a->uprobe_function, b->uprobe_function);
}

int daemon_reload(struct daemon *d, const struct config *config, struct engine_error *e)
{
	const struct config *now = &d->config;
	struct config next = *config;
	int err;

	err = bring_up(d, &next, e);
	if (!err && !same_probe(&next, now)) {
		err = steps_probe(d->steps, next.uprobe_file, next.uprobe_function, e);
		if (err && steps_probe(d->steps, now->uprobe_file, now->uprobe_function, NULL))
			log_line(LOG_WARNING, "the probe of %s could not be set again",
				 now->uprobe_file);
	}
	if (err) {
		d->counters.reload_errors++;
		return err;
	}
	keep_fixed(&next, now);
	d->config = next;
	set_policy(d);
	weights_keep(d->weights, next.weights_keep_s);
	d->counters.reloads++;
	return 0;
}

static int look(struct daemon *d, struct policy_tier tiers[TERRACE_TIERS_MAX],
		struct engine_error *e)
{
	struct terrace_info info = { .size = sizeof(info) };
	int err;

	err = terrace_session_info(d->session, &info);
	if (err) {
		engine_error_set(e, "the device cannot be asked: %s", terrace_error());
		return err;
	}
	clocks_look(&d->clocks, mono_ns(), info.clock_ns);
	err = tiers_look(d->session, tiers, e);
	if (err < 0)
		return err;
	err = buffers_list(&d->buffers, d->session, e);
	if (err)
		return err;
	buffers_look(&d->buffers, d->session, d->heat, &d->clocks, d->policy.half_life_ns);
	return 0;
}

static int decide(struct daemon *d, struct engine_error *e)
{
	struct policy_tier tiers[TERRACE_TIERS_MAX];
	uint64_t room[TERRACE_TIERS_MAX];
	struct plan plan;
	int err;

	err = look(d, tiers, e);
	if (err)
		return err;
	err = plan_make(&d->policy, tiers, &d->buffers, d->clocks.model_ns, &plan);
	for (__u32 i = 0; i < TERRACE_TIERS_MAX; i++)
		room[i] = tiers[i].free_bytes;
	if (!err)
		err = migrator_plan(d->migrator, plan.moves, plan.n, room);
	if (err)
		engine_error_set(e, "no decision could be made: %s", strerror(-err));
	plan_free(&plan);
	return err;
}

static void plan_if_due(struct daemon *d)
{
	uint64_t begin = mono_ns(), took;
	struct engine_error e;

	if (d->policy.kind == POLICY_STATIC || !migrator_idle(d->migrator) ||
	    begin < d->plan_due_ns)
		return;
	d->counters.plans++;
	if (decide(d, &e)) {
		if (!d->counters.plan_errors++)
			log_line(LOG_WARNING, "%s; further failures are only counted", e.text);
	}
	took = mono_ns() - begin;
	d->counters.plan_ns += took;
	d->plan_due_ns = begin + PLAN_SHARE * took;
}

static bool is_gone(__u32 buffer, void *arg)
{
	return buffers_gone(arg, buffer);
}

void daemon_sweep(struct daemon *d)
{
	struct heat_stats stats;
	struct engine_error e;

	if (buffers_list(&d->buffers, d->session, &e)) {
		log_line(LOG_WARNING, "%s", e.text);
		return;
	}
	heat_sweep(d->heat, is_gone, &d->buffers);
	heat_stats(d->heat, &stats);
	d->dropped_seen = stats.dropped;
	d->vanished_seen = d->buffers.vanished;
	d->sweep_due_ns = mono_ns() + SWEEP_NS;
}

static void sweep_if_needed(struct daemon *d)
{
	struct heat_stats stats;

	if (mono_ns() < d->sweep_due_ns)
		return;
	heat_stats(d->heat, &stats);
	if (stats.dropped != d->dropped_seen || d->buffers.vanished != d->vanished_seen)
		daemon_sweep(d);
}

/* While steps run, moves begin at their ends only. */
static void submit_if_quiet(struct daemon *d)
{
	if (mono_ns() - d->stepped_ns >= QUIET_NS)
		migrator_submit(d->migrator, d->config.inflight_bytes);
}

void daemon_interval(struct daemon *d)
{
	plan_if_due(d);
	refresh_interval(&d->refresh, d->session, &d->buffers);
	sweep_if_needed(d);
	submit_if_quiet(d);
}

void daemon_steps(struct daemon *d)
{
	if (!steps_ended(d->steps))
		return;
	d->stepped_ns = mono_ns();
	migrator_submit(d->migrator, d->config.inflight_bytes);
}

void daemon_moved(struct daemon *d)
{
	migrator_complete(d->migrator);
	submit_if_quiet(d);
}

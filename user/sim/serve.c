// SPDX-License-Identifier: LGPL-2.1-or-later
/* Serving: arrivals, and engines whose steps follow each other. */
#include "sim/serve.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "sim/serve_rank.h"

#define NEVER		UINT64_MAX
#define AHEAD_MAX	2

/**
 * struct group - engines that step together
 * @ranks: @n of them
 * @planned: @n_planned steps, the first of which runs; each for @n engines
 * @duration_ns: of them
 * @end_ns: when the running one ends, NEVER when none runs
 */
struct group {
	struct serve_rank *ranks;
	uint32_t n;
	struct serve_planned *planned[AHEAD_MAX];
	uint64_t duration_ns[AHEAD_MAX];
	uint32_t n_planned;
	uint64_t end_ns;
};

/**
 * struct serving - all of it
 * @groups: @n_groups, each with @group_ranks of @ranks
 * @steps: room for what a group's engines compute in a step
 * @arriving: the first request that has not arrived
 */
struct serving {
	const struct trace *trace;
	const struct serve_options *options;
	const struct serve_time *time;
	struct serve_units units;
	struct serve_rank *ranks;
	struct group *groups;
	uint32_t n_groups;
	uint32_t group_ranks;
	struct serve_step *steps;
	size_t arriving;
	struct serve_stats stats;
};

static const char *check_decoding(const struct serve_decoding *d)
{
	if (d->kind == SERVE_SPECULATIVE && d->drafts > SERVE_DRAFTS_MAX)
		return "drafts in a step";
	if (d->kind == SERVE_SPECULATIVE && d->acceptance_permille > 1000)
		return "permille of drafts that are accepted";
	if (d->kind == SERVE_DIFFUSION && (!d->block || d->block > TRACE_TOKENS_MAX))
		return "tokens that are denoised together";
	if (d->kind == SERVE_DIFFUSION && (!d->passes || d->passes > TRACE_TOKENS_MAX))
		return "passes over a block";
	return NULL;
}

static const char *check_engines(const struct serve_options *o)
{
	if (!o->ranks || o->ranks > SERVE_RANKS_MAX)
		return "engines";
	if (!o->max_batch || o->max_batch > SERVE_BATCH_MAX)
		return "requests in a batch";
	if (!o->block_tokens || o->block_tokens > TRACE_TOKENS_MAX)
		return "tokens in a block";
	if (!o->kv_blocks || o->kv_blocks > PREFIX_BLOCKS_MAX)
		return "blocks of KV";
	return NULL;
}

static int check(const struct serve_options *o, struct engine_error *e)
{
	uint64_t least = (uint64_t)o->max_batch * serve_decoding_width(&o->decoding);
	const char *what = check_decoding(&o->decoding) ?: check_engines(o);

	if (!what && o->max_step_tokens >= least)
		return 0;
	if (what)
		engine_error_set(e, "serving cannot do with this number of %s", what);
	else
		engine_error_set(e, "a step of %u tokens has not the %" PRIu64 " that %u requests "
				 "decode: take max_step_tokens of so many, or a smaller max_batch",
				 o->max_step_tokens, least, o->max_batch);
	return -EINVAL;
}

/* ---- begin and end ---- */

static int init_units(struct serving *s, struct serve_request *out)
{
	size_t n = s->trace->n, i;

	s->units.unit = calloc(n + 1, sizeof(*s->units.unit));
	s->units.links.of = calloc(n + 1, sizeof(*s->units.links.of));
	if (!s->units.unit || !s->units.links.of)
		return -ENOMEM;
	s->units.n = n;
	s->units.hashes = s->trace->hashes;
	for (i = 0; i < n; i++) {
		const struct trace_request *spec = &s->trace->requests[i];

		out[i] = (struct serve_request) { 0 };
		s->units.unit[i].spec = spec;
		s->units.unit[i].out = &out[i];
		s->units.n_hashes += spec->n_hashes;
		if (spec->output_tokens > s->units.answer_max)
			s->units.answer_max = spec->output_tokens;
	}
	return 0;
}

/* A request is in no more than one place of a step: its prompt's end, or its answer's. */
static struct serve_planned *new_planned(const struct serving *s)
{
	struct serve_planned *p = calloc(s->group_ranks, sizeof(*p));
	uint32_t i;

	for (i = 0; p && i < s->group_ranks; i++) {
		p[i].first = calloc(s->options->max_batch, sizeof(*p[i].first));
		p[i].ended = calloc(s->options->max_batch, sizeof(*p[i].ended));
	}
	return p;
}

static bool is_whole(const struct serving *s, const struct serve_planned *p)
{
	uint32_t i;

	for (i = 0; p && i < s->group_ranks; i++)
		if (!p[i].first || !p[i].ended)
			return false;
	return p;
}

static void free_planned(const struct serving *s, struct serve_planned *p)
{
	uint32_t i;

	for (i = 0; p && i < s->group_ranks; i++) {
		free(p[i].first);
		free(p[i].ended);
	}
	free(p);
}

static int init_groups(struct serving *s)
{
	uint32_t i, k;

	s->n_groups = s->options->lockstep ? 1 : s->options->ranks;
	s->group_ranks = s->options->ranks / s->n_groups;
	s->steps = calloc(s->group_ranks, sizeof(*s->steps));
	s->ranks = calloc(s->options->ranks, sizeof(*s->ranks));
	s->groups = calloc(s->n_groups, sizeof(*s->groups));
	if (!s->steps || !s->ranks || !s->groups)
		return -ENOMEM;
	for (i = 0; i < s->options->ranks; i++)
		if (serve_rank_init(&s->ranks[i], s->options, &s->units, &s->stats))
			return -ENOMEM;
	for (i = 0; i < s->n_groups; i++) {
		struct group *g = &s->groups[i];

		g->ranks = s->ranks + i * s->group_ranks;
		g->n = s->group_ranks;
		g->end_ns = NEVER;
		for (k = 0; k < AHEAD_MAX; k++) {
			g->planned[k] = new_planned(s);
			if (!is_whole(s, g->planned[k]))
				return -ENOMEM;
		}
	}
	return 0;
}

static void free_all(struct serving *s)
{
	uint32_t i, k;
	size_t u;

	for (i = 0; s->groups && i < s->n_groups; i++)
		for (k = 0; k < AHEAD_MAX; k++)
			free_planned(s, s->groups[i].planned[k]);
	for (i = 0; s->ranks && i < s->options->ranks; i++)
		serve_rank_free(&s->ranks[i]);
	for (u = 0; s->units.unit && u < s->units.n; u++)
		free(s->units.unit[u].blocks);
	free(s->groups);
	free(s->ranks);
	free(s->steps);
	free(s->units.unit);
	free(s->units.links.of);
}

/* ---- steps ---- */

/* Plan a group's next step. Return: 1; 0 there is nothing to do; -ENOMEM. */
static int plan(struct serving *s, struct group *g, uint64_t now_ns)
{
	struct serve_planned *p = g->planned[g->n_planned];
	uint32_t i, tokens = 0;
	int err;

	for (i = 0; i < g->n; i++) {
		err = serve_rank_plan(&g->ranks[i], now_ns, &p[i]);
		if (err)
			return err;
		s->steps[i] = p[i].step;
		tokens += p[i].step.decodes + p[i].step.prefill_tokens;
	}
	if (!tokens)
		return 0;
	g->duration_ns[g->n_planned++] = s->time->step_ns(s->time->ctx, s->steps, g->n);
	s->stats.steps += g->n;
	return 1;
}

/* Plan as far ahead as it is done, and let the first step run when none does. */
static int proceed(struct serving *s, struct group *g, uint64_t now_ns)
{
	uint32_t ahead = s->options->ahead ? 2 : 1;
	int ret = 1;

	while (ret > 0 && g->n_planned < ahead)
		ret = plan(s, g, now_ns);
	if (ret < 0 || !g->n_planned || g->end_ns != NEVER)
		return ret < 0 ? ret : 0;
	if (g->duration_ns[0] >= NEVER - now_ns)
		return -EOVERFLOW;
	g->end_ns = now_ns + g->duration_ns[0];
	return 0;
}

static void finish(struct serving *s, struct group *g)
{
	struct serve_planned *done = g->planned[0];
	uint32_t i;

	for (i = 0; i < g->n; i++)
		serve_rank_done(&g->ranks[i], g->end_ns, &done[i]);
	s->stats.end_ns = g->end_ns;
	g->planned[0] = g->planned[1];
	g->planned[1] = done;
	g->duration_ns[0] = g->duration_ns[1];
	g->n_planned--;
	g->end_ns = NEVER;
	if (s->options->stepped)
		s->options->stepped(s->options->stepped_ctx, s->stats.end_ns, s->stats.served);
}

/* ---- arrivals ---- */

static uint64_t load_of(const struct serve_rank *r)
{
	return 4 * (uint64_t)r->n_waiting + r->n_running;
}

static uint32_t least_loaded(const struct serving *s)
{
	uint32_t i, best = 0;

	for (i = 1; i < s->options->ranks; i++)
		if (load_of(&s->ranks[i]) < load_of(&s->ranks[best]))
			best = i;
	return best;
}

/* The last token of an answer is not kept, but all that its last step computes. */
bool serve_fits(const struct serve_options *options, const struct trace_request *spec)
{
	uint64_t width = serve_decoding_width(&options->decoding), answer = spec->output_tokens;

	if (options->decoding.kind == SERVE_DIFFUSION)
		answer += width - 1 - (answer - 1) % width;
	else if (answer > 1)
		answer += width - 1;
	return (spec->input_tokens + answer - 1 + options->block_tokens - 1) /
	       options->block_tokens <= options->kv_blocks;
}

static void arrive(struct serving *s, uint64_t now_ns)
{
	while (s->arriving < s->trace->n &&
	       s->trace->requests[s->arriving].arrival_ns <= now_ns) {
		uint32_t at = (uint32_t)s->arriving++, rank;
		struct serve_unit *u = &s->units.unit[at];
		const struct group *g;

		if (!serve_fits(s->options, u->spec)) {
			u->out->rejected = true;
			s->stats.rejected++;
			continue;
		}
		rank = least_loaded(s);
		u->out->rank = rank;
		g = &s->groups[rank / s->group_ranks];
		u->out->taken_ns = g->end_ns == NEVER ? now_ns : g->end_ns;
		serve_rank_arrive(&s->ranks[rank], at);
	}
}

/* ---- events ---- */

static uint64_t next_event(const struct serving *s)
{
	uint64_t next = NEVER;
	uint32_t i;

	if (s->arriving < s->trace->n)
		next = s->trace->requests[s->arriving].arrival_ns;
	for (i = 0; i < s->n_groups; i++)
		if (s->groups[i].end_ns < next)
			next = s->groups[i].end_ns;
	return next;
}

/* Groups whose step ends now go on, those that were idle perhaps begin. */
static int step_groups(struct serving *s, uint64_t now_ns)
{
	uint32_t i;
	int err = 0;

	for (i = 0; !err && i < s->n_groups; i++) {
		struct group *g = &s->groups[i];

		if (g->end_ns == NEVER)
			err = proceed(s, g, now_ns);
	}
	return err;
}

static int run(struct serving *s)
{
	uint64_t now_ns;
	uint32_t i;
	int err = 0;

	while (!err && (now_ns = next_event(s)) != NEVER) {
		for (i = 0; i < s->n_groups; i++)
			if (s->groups[i].end_ns == now_ns)
				finish(s, &s->groups[i]);
		arrive(s, now_ns);
		err = step_groups(s, now_ns);
	}
	return err;
}

int serve(const struct trace *trace, const struct serve_options *options,
	  const struct serve_time *time, struct serve_request *out, struct serve_stats *stats,
	  struct engine_error *e)
{
	struct serving s = { .trace = trace, .options = options, .time = time };
	int err = check(options, e);

	if (err)
		return err;
	err = init_units(&s, out) ?: init_groups(&s) ?: run(&s);
	if (err == -EOVERFLOW)
		engine_error_set(e, "a step never ends: model time does not fit into 64 bits");
	else if (err)
		engine_error_set(e, "no memory for serving %zu requests", trace->n);
	if (stats)
		*stats = s.stats;
	free_all(&s);
	return err;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* Devices for prompts, others for answers, and what goes from here to there. */
#include "sim/pools.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/draft.h"

#define NS_PER_S	1e9

/* ---- layout ---- */

int pools_lay_out(struct pools *out, const struct sim_system *system, uint32_t prompts,
		  const struct model_config *model, const struct shard_options options[POOLS],
		  struct engine_error *e)
{
	int err = 0, i;

	out->system = system;
	for (i = 0; !err && i < POOLS; i++) {
		struct shard_options o = options[i];

		out->systems[i] = *system;
		out->systems[i].devices = i == POOL_PROMPTS ? prompts : system->devices - prompts;
		err = shard_choose(&out->systems[i], model, &o, e) ?:
		      shard_init(&out->shards[i], &out->systems[i], model, &o, e);
	}
	return err;
}

void pools_free(struct pools *p)
{
	int i;

	for (i = 0; i < POOLS; i++)
		shard_free(&p->shards[i]);
}

int pools_join(const struct pools *p, struct shard *out)
{
	const struct shard *prompts = &p->shards[POOL_PROMPTS], *answers = &p->shards[POOL_ANSWERS];
	uint32_t n = prompts->n_stages + answers->n_stages;

	*out = *answers;
	out->system = p->system;
	out->stage = calloc(n, sizeof(*out->stage));
	if (!out->stage)
		return -ENOMEM;
	memcpy(out->stage, prompts->stage, prompts->n_stages * sizeof(*out->stage));
	memcpy(out->stage + prompts->n_stages, answers->stage,
	       answers->n_stages * sizeof(*out->stage));
	out->n_stages = n;
	out->groups += prompts->groups;
	out->plain |= prompts->plain;
	shard_add_sums(&out->sums, &prompts->sums, 1);
	return 0;
}

/* ---- the network between them ---- */

/**
 * struct passing - a request between the pools
 * @at: its number in the trace
 * @from: the engine that computed its prompt
 * @computed_ns: when that was done
 * @arrived_ns: when its KV had been sent
 * @bytes: of its KV
 */
struct passing {
	uint32_t at;
	uint32_t from;
	uint64_t computed_ns;
	uint64_t arrived_ns;
	double bytes;
};

static double kv_of_stage(const struct shard *s, uint32_t stage, uint32_t tokens)
{
	double bytes = (double)capacity_kv_bytes(s->model, &s->options.shard, stage, tokens);

	if (s->options.draft)
		bytes += (double)capacity_kv_bytes(s->options.draft, &s->options.shard, stage,
						   tokens);
	return bytes;
}

/* KV of so many tokens on all devices of a group; the most of one of them is @most. */
static double kv_of_group(const struct shard *s, uint32_t tokens, double *most)
{
	double sum = 0, bytes;
	uint32_t i;

	*most = 0;
	for (i = 0; i < s->options.shard.pp; i++) {
		bytes = kv_of_stage(s, i, tokens);
		*most = fmax(*most, bytes);
		sum += bytes * s->options.shard.tp;
	}
	return sum;
}

static int by_time(const void *a, const void *b)
{
	const struct passing *x = a, *y = b;

	if (x->arrived_ns != y->arrived_ns)
		return x->arrived_ns < y->arrived_ns ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

/*
 * Devices of a group send at the same time, each its part; those that receive get theirs. What is
 * sent is read once more, in the first of the tiers that hold KV.
 */
static uint64_t send_ns(struct pools *p, const struct network *n, struct passing *t,
			uint32_t tokens)
{
	struct shard *from = &p->shards[POOL_PROMPTS];
	const struct capacity_shard *sender = &from->options.shard;
	double most, seconds;

	t->bytes = kv_of_group(&p->shards[POOL_ANSWERS], tokens, &most);
	most = fmax(most, t->bytes / ((double)sender->tp * sender->pp));
	seconds = collective_best(n, COLLECTIVE_SEND_RECV, most).seconds;
	from->sums.bytes.read[from->kv_order[0]][ROOFLINE_KV] += t->bytes;
	p->sent.n++;
	p->sent.bytes += t->bytes;
	p->sent.seconds += seconds;
	return (uint64_t)ceil(seconds * NS_PER_S);
}

/* In the order in which prompts were done; @list is left in the order of arrival. */
static void send_all(struct pools *p, const struct trace *trace, struct passing *list, size_t n)
{
	uint64_t free_ns[SERVE_RANKS_MAX] = { 0 };
	struct network all;
	size_t i;

	system_group(p->system, p->system->devices, &all);
	qsort(list, n, sizeof(*list), by_time);
	for (i = 0; i < n; i++) {
		struct passing *t = &list[i];
		uint64_t *is_free = &free_ns[t->from];
		uint64_t begin = t->computed_ns > *is_free ? t->computed_ns : *is_free;

		p->sent.waited_s += (double)(begin - t->computed_ns) / NS_PER_S;
		*is_free = begin + send_ns(p, &all, t, trace->requests[t->at].input_tokens);
		t->arrived_ns = *is_free;
	}
	qsort(list, n, sizeof(*list), by_time);
}

/* ---- serving ---- */

/**
 * struct part - the requests of one pool
 * @trace: with hashes of the whole one
 * @out: what became of them
 * @at: their numbers in the whole trace
 */
struct part {
	struct trace trace;
	struct serve_request *out;
	uint32_t *at;
};

static int init_part(struct part *p, const struct trace *whole)
{
	p->trace = (struct trace) {
		.format = whole->format, .hashes = whole->hashes, .n_hashes = whole->n_hashes,
		.requests = calloc(whole->n + 1, sizeof(*p->trace.requests)),
	};
	p->out = calloc(whole->n + 1, sizeof(*p->out));
	p->at = calloc(whole->n + 1, sizeof(*p->at));
	return p->trace.requests && p->out && p->at ? 0 : -ENOMEM;
}

static void free_part(struct part *p)
{
	free(p->trace.requests);
	free(p->out);
	free(p->at);
}

static struct trace_request *add_request(struct part *p, const struct trace *whole, uint32_t at)
{
	struct trace_request *q = &p->trace.requests[p->trace.n];

	p->at[p->trace.n++] = at;
	*q = whole->requests[at];
	return q;
}

/* Those that fit both pools; of the answer the first token alone. */
static void make_prompts(struct part *p, const struct trace *trace,
			 const struct serve_options options[POOLS], struct serve_request *out)
{
	uint32_t i;

	for (i = 0; i < trace->n; i++) {
		struct trace_request prompt = trace->requests[i];

		prompt.output_tokens = 1;
		out[i] = (struct serve_request) { .rejected = true };
		if (!serve_fits(&options[POOL_PROMPTS], &prompt) ||
		    !serve_fits(&options[POOL_ANSWERS], &trace->requests[i]))
			continue;
		add_request(p, trace, i)->output_tokens = 1;
	}
}

/* Those that go on. Return: how many. */
static size_t list_passing(const struct part *p, const struct trace *trace, bool diffusion,
			   struct serve_request *out, struct passing *list)
{
	size_t i, n = 0;

	for (i = 0; i < p->trace.n; i++) {
		uint32_t at = p->at[i];

		out[at] = p->out[i];
		if (!diffusion && trace->requests[at].output_tokens == 1)
			continue;
		list[n++] = (struct passing) {
			.at = at, .from = p->out[i].rank, .computed_ns = p->out[i].finish_ns,
			.arrived_ns = p->out[i].finish_ns,
		};
	}
	return n;
}

static void make_answers(struct part *p, const struct trace *trace, const struct passing *list,
			 size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		add_request(p, trace, list[i].at)->arrival_ns = list[i].arrived_ns;
}

static void take_answers(const struct part *p, bool diffusion, struct serve_request *out)
{
	size_t i;

	for (i = 0; i < p->trace.n; i++) {
		struct serve_request *to = &out[p->at[i]];

		if (diffusion)
			to->first_token_ns = p->out[i].first_token_ns;
		to->finish_ns = p->out[i].finish_ns;
		to->put_off += p->out[i].put_off;
		to->rank = p->out[i].rank;
	}
}

/* ---- KV that has no room yet ---- */

/**
 * struct change - bytes that came, or went
 */
struct change {
	uint64_t ns;
	double bytes;
};

static int by_ns(const void *a, const void *b)
{
	const struct change *x = a, *y = b;

	if (x->ns != y->ns)
		return x->ns < y->ns ? -1 : 1;
	return x->bytes < y->bytes ? -1 : x->bytes > y->bytes;
}

static int find_peak(struct pools *p, const struct passing *list, const struct part *answers)
{
	size_t n = answers->trace.n, i;
	struct change *c = calloc(2 * n + 1, sizeof(*c));
	double now = 0;

	if (!c)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		c[2 * i] = (struct change) { list[i].computed_ns, list[i].bytes };
		c[2 * i + 1] = (struct change) { answers->out[i].scheduled_ns, -list[i].bytes };
	}
	qsort(c, 2 * n, sizeof(*c), by_ns);
	for (i = 0; i < 2 * n; i++) {
		now += c[i].bytes;
		p->sent.peak_bytes = fmax(p->sent.peak_bytes, now);
	}
	free(c);
	return 0;
}

/* ---- both ---- */

static void add_stats(struct serve_stats *to, const struct serve_stats *prompts)
{
	if (prompts->end_ns > to->end_ns)
		to->end_ns = prompts->end_ns;
	to->steps += prompts->steps;
	to->visits += prompts->visits;
	to->prefilled += prompts->prefilled;
	to->recomputed += prompts->recomputed;
	to->cached_tokens += prompts->cached_tokens;
	to->preemptions += prompts->preemptions;
	to->evictions += prompts->evictions;
}

static int serve_parts(struct pools *p, const struct trace *trace,
		       const struct serve_options options[POOLS], struct part parts[POOLS],
		       struct passing *list, struct serve_request *out, struct serve_stats *stats,
		       struct engine_error *e)
{
	struct part *prompts = &parts[POOL_PROMPTS], *answers = &parts[POOL_ANSWERS];
	bool diffusion = options[POOL_ANSWERS].decoding.kind == SERVE_DIFFUSION;
	struct serve_stats first;
	size_t n;
	int err;

	make_prompts(prompts, trace, options, out);
	err = draft_serve(&prompts->trace, &options[POOL_PROMPTS], &p->shards[POOL_PROMPTS],
			  prompts->out, &first, e);
	if (err)
		return err;
	n = list_passing(prompts, trace, diffusion, out, list);
	send_all(p, trace, list, n);
	make_answers(answers, trace, list, n);
	err = draft_serve(&answers->trace, &options[POOL_ANSWERS], &p->shards[POOL_ANSWERS],
			  answers->out, stats, e);
	if (err)
		return err;
	take_answers(answers, diffusion, out);
	stats->rejected = trace->n - prompts->trace.n;
	add_stats(stats, &first);
	return find_peak(p, list, answers);
}

int pools_serve(struct pools *p, const struct trace *trace,
		const struct serve_options options[POOLS], struct serve_request *out,
		struct serve_stats *stats, struct engine_error *e)
{
	struct passing *list = calloc(trace->n + 1, sizeof(*list));
	struct part parts[POOLS] = { 0 };
	int err;

	err = init_part(&parts[POOL_PROMPTS], trace) ?: init_part(&parts[POOL_ANSWERS], trace);
	if (err || !list)
		err = -ENOMEM;
	else
		err = serve_parts(p, trace, options, parts, list, out, stats, e);
	if (err == -ENOMEM)
		engine_error_set(e, "no memory for %zu requests", trace->n);
	free(list);
	free_part(&parts[POOL_PROMPTS]);
	free_part(&parts[POOL_ANSWERS]);
	return err;
}

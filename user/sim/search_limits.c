// SPDX-License-Identifier: LGPL-2.1-or-later
/* Layouts that a model cannot be divided into. */
#include "sim/search_limits.h"

#include "sim/serve.h"

uint32_t search_ep(const struct model_config *m, const struct capacity_shard *s)
{
	return m->experts ? s->tp * s->dp : 1;
}

/* As many parts on each device, or each part on as many devices. */
static bool divides(uint32_t parts, uint32_t devices)
{
	return !(parts % devices) || !(devices % parts);
}

/* Of experts that are on several devices each has an equal part. */
static bool experts_divide(const struct model_config *m, uint32_t ep)
{
	return divides(m->experts, ep) && (ep < m->experts || !(m->expert_ffn % (ep / m->experts)));
}

static bool has_dense_ffn(const struct model_config *m)
{
	uint32_t layer;

	for (layer = 0; layer < m->layers; layer++)
		if (!model_is_moe(m, layer))
			return true;
	return false;
}

bool search_excluded(const struct model_config *m, const struct capacity_shard *s,
		     struct engine_error *why)
{
	uint32_t ep = search_ep(m, s);

	if (m->heads % s->tp)
		engine_error_set(why, "%u heads are not divisible by TP %u", m->heads, s->tp);
	else if (m->attention == MODEL_GQA && !divides(m->kv_heads, s->tp))
		engine_error_set(why, "%u KV heads and TP %u do not divide each other",
				 m->kv_heads, s->tp);
	else if (has_dense_ffn(m) && m->ffn % s->tp)
		engine_error_set(why, "an FFN of %u is not divisible by TP %u", m->ffn, s->tp);
	else if (m->experts && !experts_divide(m, ep))
		engine_error_set(why, "%u experts with an FFN of %u cannot be divided by EP %u",
				 m->experts, m->expert_ffn, ep);
	else if (s->pp > m->layers)
		engine_error_set(why, "%u layers do not make %u stages", m->layers, s->pp);
	else if (s->dp > SERVE_RANKS_MAX)
		engine_error_set(why, "DP is at most %u", SERVE_RANKS_MAX);
	else
		return false;
	return true;
}

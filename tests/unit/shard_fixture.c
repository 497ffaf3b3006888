// SPDX-License-Identifier: LGPL-2.1-or-later
/* A model and devices small enough to count by hand. */
#include "shard_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define CLASS(c)	(1U << TERRACE_CLASS_##c)

struct model_config shard_tiny(void)
{
	return (struct model_config) {
		.name = "tiny",
		.weight_dtype = MODEL_BF16,
		.kv_dtype = MODEL_BF16,
		.layers = 3,
		.hidden = 8,
		.heads = 2,
		.kv_heads = 2,
		.head_dim = 4,
		.ffn = 6,
		.vocab = 10,
		.moe_every = 1,
		.global_every = 4,
	};
}

void shard_add_tier(struct sim_system *s, const char *name, uint32_t classes, uint64_t capacity,
		    uint64_t bps)
{
	struct engine_tier *t = &s->tiers.tiers[s->tiers.n_tiers];

	t->rank = s->tiers.n_tiers++;
	strcpy(t->name, name);
	t->classes = classes;
	tmodel_profile_init(&t->profile);
	t->profile.capacity_bytes = capacity;
	t->profile.read_bps = bps;
	t->profile.write_bps = bps;
}

void shard_system(struct sim_system *s, uint32_t devices)
{
	memset(s, 0, sizeof(*s));
	s->devices = devices;
	s->tiers.accel.peak_flops = 1000000000000000000ULL;
	s->tiers.accel.efficiency_permille = 1000;
	network_init(&s->network);
	s->network.links = 1;
	s->network.link_bps = 1000000000000000ULL;
	s->network.efficiency_permille = 1000;
	shard_add_tier(s, "sram", CLASS(ACTIVATION), 1 << 20, 1000000000000000ULL);
	shard_add_tier(s, "memory", CLASS(WEIGHTS) | CLASS(KV), 1 << 20, 1000000);
}

struct shard_options shard_tiny_options(uint32_t tp, uint32_t pp, uint32_t dp)
{
	return (struct shard_options) {
		.shard = { tp, pp, dp },
		.max_batch = 8,
		.max_step_tokens = 64,
		.block_tokens = 4,
		.bandwidth_permille = 1000,
	};
}

void shard_must_init(struct shard *shard, const struct sim_system *s, const struct model_config *m,
		     struct shard_options o)
{
	struct engine_error e;

	if (shard_init(shard, s, m, &o, &e))
		fail_msg("%s", e.text);
}

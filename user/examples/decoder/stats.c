// SPDX-License-Identifier: LGPL-2.1-or-later
/* Figures for people, one a line. */
#include "stats.h"

#include "refuse.h"

void stats_count(struct stats *s, uint32_t kind, const struct terrace_step_end *cost)
{
	s->kind[kind].tokens++;
	s->kind[kind].wall_ns += cost->wall_ns;
	s->kind[kind].model_ns += cost->model_ns;
	s->charging = cost->charging;
	s->records += cost->records;
	s->rejected += cost->rejected;
	s->energy_uj += cost->model_energy_uj;
}

static double rate(uint64_t tokens, uint64_t ns)
{
	return ns ? tokens * 1e9 / ns : 0;
}

static void print_kinds(FILE *to, const struct stats *s, const struct memory *m)
{
	static const char *const name[STATS_KINDS] = { "prefill", "decode" };
	int i;

	for (i = 0; i < STATS_KINDS; i++) {
		fprintf(to, "%s: %llu tokens, %.1f tokens/s here", name[i],
			(unsigned long long)s->kind[i].tokens,
			rate(s->kind[i].tokens, s->kind[i].wall_ns));
		if (m->session)
			fprintf(to, ", %.1f tokens/s modelled",
				rate(s->kind[i].tokens, s->kind[i].model_ns));
		fputc('\n', to);
	}
}

static void print_experts(FILE *to, const struct experts *e)
{
	if (e->asked)
		fprintf(to, "experts: %llu of %llu were guessed (%.1f %%)\n",
			(unsigned long long)e->hits, (unsigned long long)e->asked,
			100.0 * e->hits / e->asked);
}

static void print_tier(FILE *to, const struct terrace_ledger *ledger, uint32_t index,
		       const char *name)
{
	uint32_t c;

	for (c = 0; c < TERRACE_CLASSES; c++) {
		const struct terrace_ledger_entry *e = &ledger->entry[index][c];

		if (e->model_read_bytes || e->model_write_bytes)
			fprintf(to, "%s %s: %llu bytes read, %llu written, modelled\n", name,
				terrace_class_name(c), (unsigned long long)e->model_read_bytes,
				(unsigned long long)e->model_write_bytes);
	}
}

static int print_session(FILE *to, const struct stats *s, struct memory *m)
{
	static const char *const charging[] = { "declared", "observed", "sampled" };
	struct terrace_ledger ledger;
	struct terrace_tier_info tier;
	uint32_t i;

	if (terrace_session_ledger(m->session, &ledger))
		return refuse("%s", terrace_error());
	fprintf(to, "charging: %s, %llu steps, %llu records, %llu rejected, %.3f J modelled\n",
		s->charging < 3 ? charging[s->charging] : "unknown",
		(unsigned long long)ledger.steps, (unsigned long long)s->records,
		(unsigned long long)s->rejected, s->energy_uj / 1e6);
	for (i = 0; i < TERRACE_TIERS_MAX; i++)
		if (!terrace_tier_get(m->session, i, &tier))
			print_tier(to, &ledger, i, tier.name);
	return 0;
}

int stats_print(FILE *to, const struct stats *s, struct memory *m, const struct experts *e)
{
	print_kinds(to, s, m);
	print_experts(to, e);
	return m->session ? print_session(to, s, m) : 0;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the words of a figure's formula mean. */
#include "sim/explain_terms.h"

#include <fnmatch.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/profile.h"
#include "engine/tierfile.h"
#include "sim/data_path.h"
#include "sim/explain_constants.h"
#include "sim/network_file.h"
#include "sim/prices.h"
#include "sim/system.h"

#define WORD_MAX	64
#define WORD_LETTERS	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_*-"

/* ---- words ---- */

/* The next word of a formula; "steps' time" has none that is a figure. Return: false at its end. */
static bool next_word(const char **formula, char word[WORD_MAX])
{
	size_t n;

	*formula += strcspn(*formula, WORD_LETTERS);
	n = strspn(*formula, WORD_LETTERS);
	snprintf(word, WORD_MAX, "%.*s", (int)n, *formula);
	*formula += n;
	if (**formula == '\'')
		strcpy(word, "-");
	return n;
}

static bool names(const char *formula, const char *key)
{
	char word[WORD_MAX];

	while (next_word(&formula, word))
		if (!fnmatch(word, key, 0) && strcmp(word, "*"))
			return true;
	return false;
}

static void add_part(const char *word, enum figure_index figure, struct explain_terms *out)
{
	size_t i, k;

	for (i = 0; i < FIGURES_N; i++)
		if (!strcmp(figures[i].name, word))
			break;
	if (i == FIGURES_N || i == figure)
		return;
	for (k = 0; k < out->n_parts; k++)
		if (out->part[k] == i)
			return;
	out->part[out->n_parts++] = (enum figure_index)i;
}

void explain_parts(enum figure_index figure, struct explain_terms *out)
{
	const char *formula = figures[figure].formula;
	char word[WORD_MAX];

	out->n_parts = 0;
	while (next_word(&formula, word))
		add_part(word, figure, out);
}

/* ---- inputs ---- */

static struct explain_input *add_input(struct explain_terms *out, const char *of, const char *name,
				       double value, const char *basis, const char *source)
{
	struct explain_input *i = &out->input[out->n_inputs++];

	if (out->n_inputs > EXPLAIN_INPUTS_MAX)
		abort();
	*i = (struct explain_input) {
		.name = name, .value = value, .profile = NAN, .basis = basis,
	};
	snprintf(i->of, sizeof(i->of), "%s", of);
	snprintf(i->source, sizeof(i->source), "%s", source);
	return i;
}

static const char *basis_of(const struct engine_source *s)
{
	if (!s->given)
		return "default";
	return s->published ? "published" : "assumed";
}

static void add_constants(const char *formula, struct explain_terms *out)
{
	size_t i;

	for (i = 0; i < explain_constants_n; i++) {
		const struct explain_constant *c = &explain_constants[i];

		if (names(formula, c->name))
			add_input(out, c->option ? "default" : "constant", c->name, c->value,
				  c->published ? "published" : "assumed", c->source);
	}
}

static int add_prices(const char *formula, const char *given, struct explain_terms *out,
		      struct engine_error *e)
{
	bool wanted = false;
	struct prices p;
	char path[PATH_MAX];
	int i, err;

	for (i = 0; i < PRICES_KEYS; i++)
		wanted |= names(formula, prices_key_name(i));
	if (!wanted)
		return 0;
	err = sim_data_path("prices", "TERRACE_PRICES", ".ini", given ?: SYSTEM_PRICES, path, e) ?:
	      prices_read(path, &p, e);
	for (i = 0; !err && i < PRICES_KEYS; i++)
		if (names(formula, prices_key_name(i)))
			add_input(out, "prices", prices_key_name(i), p.value[i],
				  basis_of(&p.source[i]), p.source[i].text);
	return err;
}

static int add_network(const char *formula, const char *given, struct explain_terms *out,
		       struct engine_error *e)
{
	struct network_file f;
	char path[PATH_MAX];
	uint64_t value;
	unsigned int i;
	int err;

	if (!names(formula, "network"))
		return 0;
	err = sim_data_path("networks", "TERRACE_NETWORKS", ".ini", given ?: SYSTEM_NETWORK, path,
			    e) ?:
	      network_file_read(path, &f, e);
	for (i = 0; !err && i < NETWORK_KEYS; i++)
		if (f.sources[i].given)
			add_input(out, "network", network_file_key(i),
				  network_file_number(&f, i, &value) ? (double)value : NAN,
				  basis_of(&f.sources[i]), f.sources[i].text);
	return err;
}

/* ---- tiers ---- */

static bool wants_profile(const char *formula)
{
	size_t i;

	for (i = 0; i < ENGINE_PROFILE_FIELDS; i++)
		if (names(formula, engine_profile_fields[i].name))
			return true;
	return false;
}

/* The profile's own value is told where stacks or an override of the tier file changed it. */
static int add_tier(const char *formula, const struct engine_tier *t, const char *path,
		    struct explain_terms *out, struct engine_error *e)
{
	struct tmodel_profile here = t->profile;
	struct explain_input *input;
	struct engine_profile p;
	char of[80];
	int err = engine_profile_find_file(t->profile_name, path, &p, e);
	size_t i;

	snprintf(of, sizeof(of), "tier %s", t->name);
	for (i = 0; !err && i < ENGINE_PROFILE_FIELDS; i++) {
		const struct engine_profile_field *f = &engine_profile_fields[i];
		double ours = (double)*engine_profile_value(&here, f->index);
		double file = (double)*engine_profile_value(&p.model, f->index);

		if (!names(formula, f->name))
			continue;
		input = add_input(out, of, f->name, ours, basis_of(&p.sources[f->index]),
				  p.sources[f->index].text);
		if (ours != file)
			input->profile = file;
	}
	return err;
}

/* Sources of the accelerator are comments of the tier file. */
static bool add_accelerator(const char *formula, const struct engine_tierfile *t, const char *path,
			    struct explain_terms *out)
{
	const struct {
		const char *name;
		double value;
	} all[] = {
		{ "peak_flops", (double)t->accel.peak_flops },
		{ "efficiency_permille", (double)t->accel.efficiency_permille },
		{ "idle_watts", (double)t->accel.idle_uw / 1e6 },
		{ "active_watts", (double)t->accel.active_uw / 1e6 },
	};
	bool wanted = false;
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (!names(formula, all[i].name))
			continue;
		wanted = true;
		if (path)
			add_input(out, "accelerator", all[i].name, all[i].value, "tier file",
				  path);
	}
	return wanted;
}

static int add_tiers(const char *formula, const char *given, struct explain_terms *out,
		     struct engine_error *e)
{
	static const struct engine_tierfile none;
	struct engine_tierfile t;
	char path[PATH_MAX];
	uint32_t i;
	int err;

	if (!wants_profile(formula) && !add_accelerator(formula, &none, NULL, out))
		return 0;
	err = sim_data_path("systems", "TERRACE_SYSTEMS", ".ini", given ?: SYSTEM_TIERS, path, e) ?:
	      engine_tierfile_read(path, &t, e);
	if (err)
		return err;
	add_accelerator(formula, &t, path, out);
	for (i = 0; !err && wants_profile(formula) && i < t.n_tiers; i++)
		err = add_tier(formula, &t.tiers[i], path, out, e);
	return err;
}

int explain_terms(enum figure_index figure, const struct explain_files *files,
		  struct explain_terms *out, struct engine_error *e)
{
	const char *formula = figures[figure].formula;

	explain_parts(figure, out);
	out->n_inputs = 0;
	add_constants(formula, out);
	return add_prices(formula, files->prices, out, e) ?:
	       add_tiers(formula, files->tiers, out, e) ?:
	       add_network(formula, files->network, out, e);
}

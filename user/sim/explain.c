// SPDX-License-Identifier: LGPL-2.1-or-later
/* terrace-sim explain: what a figure of a run means. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/output.h"
#include "sim/commands.h"
#include "sim/explain_terms.h"
#include "sim/system.h"

/**
 * struct explain_args - the command line
 * @name: NULL = list all
 */
struct explain_args {
	const char *name;
	struct explain_files files;
	bool json;
};

static const struct argp_option options[] = {
	{ "tiers", 't', "TIERS", 0, "Tier file, or its name (" SYSTEM_TIERS ")", 0 },
	{ "network", 'n', "NETWORK", 0, "Network file, or its name (" SYSTEM_NETWORK ")", 0 },
	{ "prices", 'p', "PRICES", 0, "File of prices, or its name (" SYSTEM_PRICES ")", 0 },
	OPTION_JSON,
	{ 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct explain_args *args = state->input;

	switch (key) {
	case 't':
		args->files.tiers = arg;
		return 0;
	case 'n':
		args->files.network = arg;
		return 0;
	case 'p':
		args->files.prices = arg;
		return 0;
	case 'j':
		args->json = true;
		return 0;
	case ARGP_KEY_ARG:
		if (args->name)
			argp_error(state, "'%s' is one too many: give one figure", arg);
		args->name = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	options, parse, "[METRIC]",
	"Say how a figure of 'terrace-sim run' is computed: its formula, the figures it is made of, "
	"and inputs and constants with their sources; without METRIC, list all figures.",
	NULL, NULL, NULL
};

/* ---- text ---- */

static void print_input(const struct explain_input *i)
{
	printf("  %s %s", i->of, i->name);
	if (!isnan(i->value))
		printf(" = %.15g", i->value);
	if (!isnan(i->profile))
		printf(" (profile: %.15g)", i->profile);
	printf("\n    %s%s%s\n", i->basis, *i->source ? ": " : "", i->source);
}

static void print_figure(enum figure_index figure, const struct explain_terms *t, bool gap)
{
	const struct figure *f = &figures[figure];
	size_t i;

	printf("%s%s (%s)\n%s\n", gap ? "\n" : "", f->name, f->unit, f->formula);
	for (i = 0; i < t->n_inputs; i++)
		print_input(&t->input[i]);
}

/* ---- JSON ---- */

static json_t *json_number(double value)
{
	return isnan(value) ? json_null() : json_real(value);
}

static json_t *json_inputs(const struct explain_terms *t)
{
	json_t *all = json_array();
	size_t i;

	for (i = 0; i < t->n_inputs; i++) {
		const struct explain_input *n = &t->input[i];

		json_array_append_new(all, json_pack("{s:s, s:s, s:o, s:o, s:s, s:s}", "of", n->of,
						     "name", n->name, "value",
						     json_number(n->value), "profile_value",
						     json_number(n->profile), "basis", n->basis,
						     "source", n->source));
	}
	return all;
}

static json_t *json_figure(enum figure_index figure, const struct explain_terms *t)
{
	const struct figure *f = &figures[figure];
	json_t *made_of = json_array();
	size_t i;

	for (i = 0; i < t->n_parts; i++)
		json_array_append_new(made_of, json_string(figures[t->part[i]].name));
	return json_pack("{s:s, s:s, s:s, s:o, s:o}", "name", f->name, "unit", f->unit, "formula",
			 f->formula, "made_of", made_of, "inputs", json_inputs(t));
}

/* ---- a figure and all that it is made of ---- */

/**
 * struct walk - figures that are explained
 * @queue: @n of them, each once, each after one that it is a part of
 */
struct walk {
	const struct explain_args *args;
	enum figure_index queue[FIGURES_N];
	size_t n;
	struct explain_terms terms;
	json_t *json;
};

static void enqueue(struct walk *w, enum figure_index figure)
{
	size_t i;

	for (i = 0; i < w->n; i++)
		if (w->queue[i] == figure)
			return;
	w->queue[w->n++] = figure;
}

/* All is read before anything is printed: of a bad file nothing is half printed. */
static int walk(struct walk *w, bool print, struct engine_error *e)
{
	size_t i, k;
	int err;

	for (i = 0; i < w->n; i++) {
		err = explain_terms(w->queue[i], &w->args->files, &w->terms, e);
		if (err)
			return err;
		for (k = 0; k < w->terms.n_parts; k++)
			enqueue(w, w->terms.part[k]);
		if (!print)
			continue;
		if (w->json)
			json_array_append_new(w->json, json_figure(w->queue[i], &w->terms));
		else
			print_figure(w->queue[i], &w->terms, i);
	}
	return 0;
}

static int explain(enum figure_index figure, const struct explain_args *args)
{
	struct walk *w = calloc(1, sizeof(*w));
	struct engine_error e = { 0 };
	int status = STATUS_DONE;

	if (!w)
		return command_failed("no memory: free some and try again");
	w->args = args;
	w->json = args->json ? json_array() : NULL;
	enqueue(w, figure);
	if (walk(w, false, &e) || walk(w, true, &e)) {
		status = command_refused("%s", e.text);
		json_decref(w->json);
	} else if (args->json) {
		status = print_json(json_pack("{s:o}", "figures", w->json));
	}
	free(w);
	return status;
}

/* ---- the list ---- */

static int list(bool json)
{
	static struct explain_terms terms;
	json_t *all = json ? json_array() : NULL;
	unsigned int i;

	for (i = 0; i < FIGURES_N; i++) {
		const struct figure *f = &figures[i];

		explain_parts(i, &terms);
		if (json)
			json_array_append_new(all, json_figure(i, &terms));
		else
			printf("%-32s %-10s  %s\n", f->name, f->unit, f->formula);
	}
	return json ? print_json(json_pack("{s:o}", "figures", all)) : STATUS_DONE;
}

static int unknown(const char *name)
{
	const char *names[FIGURES_N], *nearest;
	size_t i;

	for (i = 0; i < FIGURES_N; i++)
		names[i] = figures[i].name;
	nearest = engine_nearest(name, names, i);
	if (nearest)
		return command_refused("no figure '%s'; did you mean '%s'?", name, nearest);
	return command_refused("no figure '%s'; 'terrace-sim explain' lists all", name);
}

int cmd_explain(int argc, char **argv)
{
	struct explain_args args = { 0 };
	unsigned int i;

	command_parse(&argp, argc, argv, &args);
	if (!args.name)
		return list(args.json);
	for (i = 0; i < FIGURES_N; i++)
		if (!strcmp(figures[i].name, args.name))
			return explain(i, &args);
	return unknown(args.name);
}

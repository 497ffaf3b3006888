// SPDX-License-Identifier: LGPL-2.1-or-later
/* terrace-sim search: the best layouts of a model over devices. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/commands.h"
#include "sim/run_case.h"
#include "sim/run_options.h"
#include "sim/search_pareto.h"
#include "sim/search_report.h"

/**
 * struct arguments - the command line
 * @run: its args; files are read into it
 * @split: pools for prompts and further tokens as well
 * @rate_given: in place of that of the trace
 */
struct arguments {
	struct run_case *run;
	struct search *search;
	struct search_asked asked;
	bool split;
	bool rate_given;
};

enum {
	KEY_CSV = 256,
	KEY_INPUT,
	KEY_OUTPUT,
	KEY_RATE,
	KEY_BEST,
	KEY_FRONT,
	KEY_ALL,
	KEY_PLACE,
	KEY_SPLIT
};

static const struct argp_option options[] = {
	{ "input", KEY_INPUT, "TOKENS", 0, "Length of prompts, without a trace", 1 },
	{ "output", KEY_OUTPUT, "TOKENS", 0, "Length of answers, without a trace", 1 },
	{ "rate", KEY_RATE, "RATE", 0,
	  "Requests a second, or any: as many as are served (the trace's, or any)", 1 },
	{ NULL, 0, NULL, 0, "What is searched besides layouts of all devices:", 5 },
	{ "split", KEY_SPLIT, NULL, 0, "Two pools: one for prompts, one for further tokens", 5 },
	{ "place", KEY_PLACE, "file|search", 0,
	  "Tiers are filled as the tier file has it (file), or in any order", 5 },
	{ NULL, 0, NULL, 0, "What is told:", 6 },
	{ "best", KEY_BEST, "METRICS", 0,
	  "The best within the SLO by throughput, tpot, cost, energy, carbon, ttft, life: a list "
	  "with commas (the first five)", 6 },
	{ "front", KEY_FRONT, "METRIC,METRIC", 0, "Front of these two (throughput,tpot)", 6 },
	{ "all", KEY_ALL, NULL, 0, "All points, and layouts that cannot be, with the reason", 6 },
	{ "json", 'j', NULL, 0, "Print JSON lines instead of text", 6 },
	{ "csv", KEY_CSV, NULL, 0, "Print a line for each point", 6 },
	{ 0 }
};

/* ---- the command line ---- */

/* Return: how many metrics a list has. */
static unsigned int parse_metrics(const char *list, enum search_metric *out, unsigned int most,
				  struct argp_state *state)
{
	char *copy = strdup(list), *rest = copy, *name;
	struct engine_error e;
	unsigned int n = 0;
	int metric;

	while (copy && (name = strsep(&rest, ","))) {
		metric = search_metric_parse(name, &e);
		if (metric < 0)
			argp_error(state, "%s", e.text);
		if (n == most)
			argp_error(state, "%s: name %u metrics at most", list, most);
		out[n++] = (enum search_metric)metric;
	}
	free(copy);
	return n;
}

static void parse_best(struct arguments *a, const char *list, struct argp_state *state)
{
	enum search_metric metrics[SEARCH_METRICS];
	unsigned int n = parse_metrics(list, metrics, SEARCH_METRICS, state), i;

	a->asked.best = 0;
	for (i = 0; i < n; i++)
		a->asked.best |= 1U << metrics[i];
}

static void parse_front(struct arguments *a, const char *list, struct argp_state *state)
{
	if (parse_metrics(list, a->asked.front, 2, state) != 2 ||
	    a->asked.front[0] == a->asked.front[1])
		argp_error(state, "--front is \"%s\"; name two metrics, as in throughput,tpot",
			   list);
}

static void parse_place(struct arguments *a, const char *place, struct argp_state *state)
{
	if (strcmp(place, "file") && strcmp(place, "search"))
		argp_error(state, "--place is \"%s\"; give file or search", place);
	a->asked.places = !strcmp(place, "search");
}

/* A scenario file may have a load as well; what the command line says goes before. */
static void take_scenario(struct arguments *a)
{
	const uint64_t *number = a->run->args.number;
	struct search_load *l = &a->search->load;

	if (!l->input)
		l->input = (uint32_t)number[RUN_INPUT];
	if (!l->output)
		l->output = (uint32_t)number[RUN_OUTPUT];
	if (!a->rate_given)
		l->rate = (double)number[RUN_RATE] / 1000;
}

static void check(const struct arguments *a, struct argp_state *state)
{
	static const enum run_text needed[] = { RUN_MODEL };
	const struct search_load *l = &a->search->load;
	bool trace = run_args_text(&a->run->args, RUN_TRACE);

	run_options_need(&a->run->args, needed, 1, state);
	if (trace && (l->input || l->output))
		argp_error(state, "--trace says how long requests are: leave --input and --output "
			   "out, or --trace");
	if (!trace && (!l->input || !l->output))
		argp_error(state, "--trace, or --input and --output, is needed");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct arguments *a = state->input;
	struct search_load *l = &a->search->load;
	struct engine_error e;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &a->run->args;
		return 0;
	case KEY_INPUT:
	case KEY_OUTPUT:
		if (search_load_tokens(arg, key == KEY_INPUT ? &l->input : &l->output, &e))
			argp_error(state, "%s", e.text);
		return 0;
	case KEY_RATE:
		a->rate_given = true;
		if (search_load_rate(arg, &l->rate, &e))
			argp_error(state, "--%s", e.text);
		return 0;
	case KEY_BEST:
		parse_best(a, arg, state);
		return 0;
	case KEY_FRONT:
		parse_front(a, arg, state);
		return 0;
	case KEY_PLACE:
		parse_place(a, arg, state);
		return 0;
	case KEY_SPLIT:
		a->split = true;
		return 0;
	case KEY_ALL:
		a->asked.all = true;
		return 0;
	case 'j':
		a->asked.format = SEARCH_JSON;
		return 0;
	case KEY_CSV:
		a->asked.format = SEARCH_CSV;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "'%s' is not an option", arg);
		return 0;
	case ARGP_KEY_END:
		take_scenario(a);
		check(a, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = { { &run_options_argp, 0, NULL, 0 }, { 0 } };

static const struct argp argp = {
	options, parse, NULL,
	"Find the best layouts of a model over devices for a load.\v"
	"Every TP x PP x DP of the devices is looked at, with batches of powers of two, the largest "
	"one, and the largest one within the SLO. Exit status 2 when an option or a file is wrong, "
	"1 when no layout has room, or none keeps what is promised; with --all it is told all "
	"the same.",
	children, NULL, NULL
};

/* ---- the search ---- */

static int check_split(const struct arguments *a, struct engine_error *e)
{
	if (a->search->load.output == 1)
		engine_error_set(e, "--split needs answers of two tokens at least: the first one is "
				 "a prompt's");
	else if (a->run->system.devices == 1)
		engine_error_set(e, "--split needs two devices at least; --devices is 1");
	else
		return 0;
	return -EINVAL;
}

static int read_all(struct arguments *a, struct engine_error *e)
{
	struct search_load of_trace;
	struct search *s = a->search;
	int err = run_case_read_system(a->run, e);

	if (!err && run_args_text(&a->run->args, RUN_TRACE)) {
		err = run_case_read_trace(a->run, e);
		if (err)
			return err;
		search_load_of(&a->run->trace, &of_trace);
		if (a->rate_given)
			of_trace.rate = s->load.rate;
		s->load = of_trace;
	}
	if (!err && a->split)
		err = check_split(a, e);
	return err ?: search_places(&a->run->system.tiers, a->asked.places, &s->places, e);
}

static void prepare(struct arguments *a)
{
	const struct run_args *args = &a->run->args;
	struct search *s = a->search;

	s->system = &a->run->system;
	s->model = &a->run->model;
	s->options = run_case_options(a->run);
	s->ep = (uint32_t)args->number[RUN_EP];
	s->slo.ttft_s = (double)run_args_number(args, RUN_SLO_TTFT) / 1e3;
	s->slo.tpot_s = (double)run_args_number(args, RUN_SLO_TPOT) / 1e3;
}

/* Of layouts that have no room the one that lacks least; else what the first one said. */
static int say_none(const struct search *s)
{
	const struct search_refused *nearest = NULL;
	size_t i;

	for (i = 0; i < s->n_refused; i++)
		if (s->refused[i].lack > 0 && (!nearest || s->refused[i].lack < nearest->lack))
			nearest = &s->refused[i];
	if (nearest)
		return command_failed("no layout of %u devices has room; the nearest lacks %.0f bytes "
				      "a device: %s", s->system->devices, nearest->lack,
				      nearest->why.text);
	if (s->n_refused)
		return command_refused("%s cannot be laid out as asked: TP %u x PP %u x DP %u: %s",
				       s->model->name, s->refused[0].layout.tp,
				       s->refused[0].layout.pp, s->refused[0].layout.dp,
				       s->refused[0].why.text);
	return command_refused("%u devices cannot be laid out as asked: --tp x --pp x --dp must be "
			       "their number, and --ep TP x DP of a mixture, 1 of other models",
			       s->system->devices);
}

/* Return: whether one is useful. */
static bool any_useful(const struct search *s)
{
	return search_best(s->points, s->n, SEARCH_THROUGHPUT);
}

/* The one that serves most, or that comes nearest to what is promised. */
static int say_useless(const struct search *s)
{
	const struct search_point *near = &s->points[0], *p;
	double miss, least = INFINITY;
	char layout[256];

	for (p = s->points; p < s->points + s->n; p++) {
		miss = fmax(p->ttft_s / s->slo.ttft_s, p->tpot_s / s->slo.tpot_s);
		if (s->load.rate > 0)
			miss = fmax(miss, s->load.rate / p->rate);
		if (miss >= least)
			continue;
		least = miss;
		near = p;
	}
	search_line_layout(s, near, false, layout, sizeof(layout));
	return command_failed("no layout keeps what is promised; the nearest, %s with a batch of %u, "
			      "serves %.4g requests/s with a TTFT of %.4g ms and a TPOT of %.4g ms: "
			      "take more devices, a lower --rate or a longer --slo-ttft or --slo-tpot",
			      layout, near->pool[near->pools - 1].batch, near->rate,
			      near->ttft_s * 1e3, near->tpot_s * 1e3);
}

static int run(struct arguments *a)
{
	struct search *s = a->search;
	struct engine_error e;
	int err = read_all(a, &e);

	if (err)
		return err == -ENOMEM ? command_failed("%s", e.text) :
					command_refused("%s", e.text);
	prepare(a);
	err = search_layouts(s);
	if (!err && a->split)
		err = search_splits(s);
	if (err)
		return command_failed("no memory for the search: free some and try again");
	if (!s->n)
		return say_none(s);
	if (!any_useful(s) && !a->asked.all)
		return say_useless(s);
	return search_report(s, &a->run->args, &a->asked);
}

int cmd_search(int argc, char **argv)
{
	struct arguments a = {
		.run = calloc(1, sizeof(*a.run)),
		.search = calloc(1, sizeof(*a.search)),
		.asked = {
			.best = 1U << SEARCH_THROUGHPUT | 1U << SEARCH_TPOT | 1U << SEARCH_COST |
				1U << SEARCH_ENERGY | 1U << SEARCH_CARBON,
			.front = { SEARCH_THROUGHPUT, SEARCH_TPOT },
		},
	};
	int status;

	if (!a.run || !a.search) {
		free(a.run);
		free(a.search);
		return command_failed("no memory: free some and try again");
	}
	command_parse(&argp, argc, argv, &a);
	status = run(&a);
	search_free(a.search);
	run_case_free(a.run);
	free(a.search);
	free(a.run);
	return status;
}

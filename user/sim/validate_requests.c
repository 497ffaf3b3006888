// SPDX-License-Identifier: LGPL-2.1-or-later
/* Check 10: requests that vLLM served, served again. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/models.h"
#include "sim/requests.h"
#include "sim/validate.h"

static double deviation(const struct requests *q, enum request_figure figure, double percentile)
{
	return check_percent(requests_percentile(q->ours[figure], q->n, percentile),
			     requests_percentile(q->theirs[figure], q->n, percentile));
}

/* Adds one kind's percentiles to what is said behind the figures. */
static void add_percentiles(const struct requests *q, enum request_figure figure, char *note,
			    size_t room)
{
	size_t n = strlen(note);

	snprintf(note + n, room - n, "%s%s %s p50 %+.1f, p90 %+.1f, p99 %+.1f %%", n ? "; " : "",
		 q->hardware, q->model, deviation(q, figure, 50), deviation(q, figure, 90),
		 deviation(q, figure, 99));
}

static void compare_means(const struct served *s, struct check *c, enum request_figure figure)
{
	char note[CHECK_NOTE_MAX] = "";
	size_t i;

	for (i = 0; i < s->n; i++) {
		const struct requests *q = &s->kind[i];

		if (*q->skipped) {
			check_skip(c, "%s", q->skipped);
			continue;
		}
		check_row(c, check_percent(requests_mean(q->ours[figure], q->n),
					   requests_mean(q->theirs[figure], q->n)),
			  "%s, %s, %zu requests", q->hardware, q->model, q->n);
		add_percentiles(q, figure, note, sizeof(note));
	}
	check_note(c, "%s", note);
}

/* ---- what others summed up of the same runs ---- */

static bool find_figure(const char *metric, enum request_figure *figure, const char **of)
{
	for (*figure = 0; *figure < REQUEST_FIGURES; ++*figure) {
		const char *name = requests_figure_name(*figure);
		size_t n = strlen(name);

		if (!strncmp(metric, name, n) && metric[n] == ' ') {
			*of = metric + n + 1;
			return true;
		}
	}
	return false;
}

/* Of ours, "Mean", "Median" or "P" and a number; negative for anything else. */
static double summary(const struct requests *q, enum request_figure figure, const char *of)
{
	const double *values = q->ours[figure];
	char *end = NULL;
	double p;

	if (!strcmp(of, "Mean"))
		return requests_mean(values, q->n);
	if (!strcmp(of, "Median"))
		return requests_percentile(values, q->n, 50);
	if (*of != 'P')
		return -1;
	p = strtod(of + 1, &end);
	if (end == of + 1 || *end || p < 0 || p > 100)
		return -1;
	return requests_percentile(values, q->n, p);
}

static const struct requests *find_kind(const struct served *s, const char *hardware,
					const char *model)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (!strcmp(s->kind[i].hardware, hardware) &&
		    sim_model_same(s->kind[i].model, model) && !*s->kind[i].skipped)
			return &s->kind[i];
	return NULL;
}

static void compare_summary(const struct validate *v, const struct served *s, struct check *c,
			    size_t row)
{
	const struct csv *t = &v->published.table[FORM_SERVING];
	const char *hardware = csv_text(t, row, "hardware"), *model = csv_text(t, row, "model");
	const char *metric = csv_text(t, row, "metric"), *of;
	const struct requests *q = find_kind(s, hardware, model);
	enum request_figure figure;
	double theirs, ours = -1;

	if (!q) {
		check_skip(c, "no requests of %s on %s were served", model, hardware);
		return;
	}
	if (find_figure(metric, &figure, &of))
		ours = summary(q, figure, of);
	if (ours < 0 || !csv_number(t, row, "vllm_ms", &theirs))
		check_skip(c, "the row has no known metric or no number");
	else
		check_row(c, check_percent(ours, theirs), "%s, %s, %s", hardware, model, metric);
}

int validate_requests(const struct validate *v, struct checks *all, struct engine_error *e)
{
	static const struct check_limit tpot = { -3, 3, 0, "%" };
	static const struct check_limit ttft = { -15, 15, 0, "%" };
	struct served served;
	struct check *c;
	size_t row;
	int err = served_make(v, &served, e);

	if (err)
		goto out;
	compare_means(&served, check_begin(all, "10 mean TPOT of vLLM (engine)", &tpot),
		      REQUEST_TPOT);
	compare_means(&served, check_begin(all, "10 mean TTFT of vLLM (engine)", &ttft),
		      REQUEST_TTFT);
	c = check_begin(all, "10 vLLM's own summaries (engine)", NULL);
	for (row = 0; row < v->published.table[FORM_SERVING].n_rows; row++)
		compare_summary(v, &served, c, row);
out:
	served_free(&served);
	return err;
}

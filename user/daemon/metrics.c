// SPDX-License-Identifier: LGPL-2.1-or-later
/* The Prometheus text exposition format. */
#include "daemon/metrics.h"

#include <inttypes.h>

#include "daemon/hist.h"

#define BUCKET_FIRST	9U	/* up to 2^10 - 1 ns */
#define BUCKET_LAST	39U	/* up to 2^40 - 1 ns */
#define NS_DECIMALS	9U

/* Backslash and newline are escaped everywhere, the quote only in label values. */
static void put_escaped(FILE *out, const char *text, int quoted)
{
	for (; *text; text++) {
		if (*text == '\n')
			fputs("\\n", out);
		else if (*text == '\\')
			fputs("\\\\", out);
		else if (*text == '"' && quoted)
			fputs("\\\"", out);
		else
			fputc(*text, out);
	}
}

static void put_scaled(FILE *out, __u64 value, unsigned int decimals)
{
	uint64_t unit = 1;

	for (unsigned int i = 0; i < decimals; i++)
		unit *= 10;
	if (value == METRICS_INFINITE)
		fputs("+Inf", out);
	else if (decimals)
		fprintf(out, "%" PRIu64 ".%0*" PRIu64, (uint64_t)value / unit, (int)decimals,
			(uint64_t)value % unit);
	else
		fprintf(out, "%" PRIu64, (uint64_t)value);
}

static void put_labels(FILE *out, const struct metrics_label *labels, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		fprintf(out, "%s%s=\"", i ? "," : "", labels[i].name);
		put_escaped(out, labels[i].value, 1);
		fputc('"', out);
	}
}

void metrics_family(struct metrics *m, const char *name, const char *type, const char *help)
{
	m->name = name;
	fprintf(m->out, "# HELP %s ", name);
	put_escaped(m->out, help, 0);
	fprintf(m->out, "\n# TYPE %s %s\n", name, type);
}

static void put_sample(struct metrics *m, const char *suffix, const struct metrics_label *labels,
		       size_t n, __u64 value, unsigned int decimals)
{
	fprintf(m->out, "%s%s", m->name, suffix);
	if (n) {
		fputc('{', m->out);
		put_labels(m->out, labels, n);
		fputc('}', m->out);
	}
	fputc(' ', m->out);
	put_scaled(m->out, value, decimals);
	fputc('\n', m->out);
}

void metrics_value(struct metrics *m, const struct metrics_label *labels, size_t n, __u64 value,
		   unsigned int decimals)
{
	put_sample(m, "", labels, n, value, decimals);
}

static void put_bucket(struct metrics *m, const struct metrics_label *labels, size_t n,
		       __u64 top_ns, __u64 below)
{
	fprintf(m->out, "%s_bucket{", m->name);
	put_labels(m->out, labels, n);
	fprintf(m->out, "%sle=\"", n ? "," : "");
	put_scaled(m->out, top_ns, NS_DECIMALS);
	fprintf(m->out, "\"} %" PRIu64 "\n", (uint64_t)below);
}

void metrics_histogram(struct metrics *m, const struct metrics_label *labels, size_t n,
		       const struct hist *h)
{
	__u64 below = 0;

	for (unsigned int i = 0; i <= BUCKET_LAST; i++) {
		below += h->buckets[i];
		if (i >= BUCKET_FIRST)
			put_bucket(m, labels, n, hist_top_ns(i), below);
	}
	put_bucket(m, labels, n, METRICS_INFINITE, hist_total(h));
	put_sample(m, "_sum", labels, n, h->sum_ns, NS_DECIMALS);
	put_sample(m, "_count", labels, n, hist_total(h), 0);
}

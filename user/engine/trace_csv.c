// SPDX-License-Identifier: LGPL-2.1-or-later
/* Lines of CSV traces: Azure, lengths and BurstGPT. */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/trace_parse.h"

#define NS_PER_S 1000000000LL
#define YEAR_FIRST 1970
#define YEAR_LAST 2200

/* Names of the columns that make a request, by format. */
struct csv_names {
	enum trace_format format;
	const char *arrival;
	const char *input;
	const char *output;
};

static const struct csv_names formats[] = {
	{ TRACE_AZURE, "TIMESTAMP", "ContextTokens", "GeneratedTokens" },
	{ TRACE_LENGTHS, "arrival_ns", "input_toks", "output_toks" },
	{ TRACE_BURSTGPT, "Timestamp", "Request tokens", "Response tokens" },
};

static char *csv_trim(char *text)
{
	size_t len = strlen(text);

	while (len && isspace((unsigned char)text[len - 1]))
		text[--len] = '\0';
	while (isspace((unsigned char)*text))
		text++;
	len = strlen(text);
	if (len >= 2 && *text == '"' && text[len - 1] == '"') {
		text[len - 1] = '\0';
		text++;
	}
	return text;
}

/*
 * Cut a line at its commas. Columns that are not there are empty.
 *
 * Return: number of columns; those beyond the most are not kept.
 */
static size_t csv_split(char *text, char *columns[TRACE_COLUMNS_MAX])
{
	char *empty = text + strlen(text);
	size_t n = 0;
	char *column;

	for (size_t i = 0; i < TRACE_COLUMNS_MAX; i++)
		columns[i] = empty;
	while ((column = strsep(&text, ",")))
		if (n < TRACE_COLUMNS_MAX)
			columns[n++] = csv_trim(column);
	return n;
}

static bool csv_find(char *const *columns, size_t n, const char *name, size_t *at)
{
	for (*at = 0; *at < n; (*at)++)
		if (!strcasecmp(columns[*at], name))
			return true;
	return false;
}

int trace_csv_header(struct trace_reader *r, char *text)
{
	char *columns[TRACE_COLUMNS_MAX];
	size_t n = csv_split(text, columns);

	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		const struct csv_names *f = &formats[i];
		struct trace_columns *c = &r->columns;

		if (!csv_find(columns, n, f->arrival, &c->arrival) ||
		    !csv_find(columns, n, f->input, &c->input) ||
		    !csv_find(columns, n, f->output, &c->output))
			continue;
		r->trace->format = f->format;
		r->known = true;
		r->csv = true;
		return 0;
	}
	return lines_bad(&r->lines,
			 "neither JSON nor the header of an Azure, lengths or BurstGPT CSV");
}

/* A decimal number that is finite and not negative. */
static bool csv_number(const char *text, double *number)
{
	char *end;

	if (!*text || text[strspn(text, "0123456789.eE+")])
		return false;
	*number = strtod(text, &end);
	return !*end && isfinite(*number);
}

static int csv_tokens(struct trace_reader *r, const char *text, const char *what, uint32_t *tokens)
{
	double number;

	if (!csv_number(text, &number) || number != floor(number))
		return lines_bad(&r->lines, "%s \"%.32s\" is not a whole number from 1", what,
				 text);
	if (number < 1 || number > TRACE_TOKENS_MAX)
		return lines_bad(&r->lines, "%s is %.0f, not 1 to %u", what, number,
				 TRACE_TOKENS_MAX);
	*tokens = (uint32_t)number;
	return 1;
}

/* Digits of @width, or as many as there are with width 0. Return: false when there are none. */
static bool scan_digits(const char **text, int width, int64_t *value)
{
	int i = 0;

	*value = 0;
	while ((!width || i < width) && i < 18 && isdigit((unsigned char)**text)) {
		*value = *value * 10 + *(*text)++ - '0';
		i++;
	}
	return width ? i == width : i > 0;
}

static bool scan_char(const char **text, const char *any_of)
{
	if (!**text || !strchr(any_of, **text))
		return false;
	(*text)++;
	return true;
}

/* Days since 1970 of a date of the Gregorian calendar: count in years that begin in March. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
	int64_t y = month > 2 ? year : year - 1;
	int64_t m = month > 2 ? month - 3 : month + 9;

	return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 719469;
}

/* ".1234567": any number of digits, those after the ninth are dropped. */
static bool scan_fraction(const char **text, int64_t *ns)
{
	int64_t unit = NS_PER_S;

	*ns = 0;
	if (!scan_char(text, "."))
		return true;
	if (!isdigit((unsigned char)**text))
		return false;
	while (isdigit((unsigned char)**text)) {
		unit /= 10;
		*ns += (*(*text)++ - '0') * unit;
	}
	return true;
}

/* "Z", "+00:00", "-0800" or nothing: seconds east of UTC. */
static bool scan_zone(const char **text, int64_t *seconds)
{
	int64_t hours, minutes;
	int64_t sign = **text == '-' ? -1 : 1;

	*seconds = 0;
	if (!**text || scan_char(text, "Z"))
		return true;
	if (!scan_char(text, "+-") || !scan_digits(text, 2, &hours))
		return false;
	scan_char(text, ":");
	if (!scan_digits(text, 2, &minutes) || hours > 14 || minutes > 59)
		return false;
	*seconds = sign * (hours * 3600 + minutes * 60);
	return true;
}

/* "2023-11-16 18:15:46.6805900" in ns since 1970. */
static bool csv_timestamp(const char *text, int64_t *ns)
{
	int64_t year, month, day, hour, minute, second, zone;

	if (!scan_digits(&text, 4, &year) || !scan_char(&text, "-") ||
	    !scan_digits(&text, 2, &month) || !scan_char(&text, "-") ||
	    !scan_digits(&text, 2, &day) || !scan_char(&text, " T") ||
	    !scan_digits(&text, 2, &hour) || !scan_char(&text, ":") ||
	    !scan_digits(&text, 2, &minute) || !scan_char(&text, ":") ||
	    !scan_digits(&text, 2, &second) || !scan_fraction(&text, ns) ||
	    !scan_zone(&text, &zone) || *text)
		return false;
	if (year < YEAR_FIRST || year > YEAR_LAST || month < 1 || month > 12 || day < 1 ||
	    day > 31 || hour > 23 || minute > 59 || second > 60)
		return false;
	*ns += ((days_of(year, month, day) * 24 + hour) * 60 + minute) * 60 * NS_PER_S +
	       (second - zone) * NS_PER_S;
	return true;
}

/*
 * Wall-clock times are kept as the distance to the first good line, shifted so that it cannot be
 * negative; trace.c subtracts the earliest.
 */
static int csv_arrival_azure(struct trace_reader *r, const char *text, uint64_t *arrival_ns)
{
	const int64_t most = TRACE_ARRIVAL_NS_MAX / 2;
	int64_t ns;

	if (!csv_timestamp(text, &ns))
		return lines_bad(&r->lines,
				 "TIMESTAMP \"%.40s\" is not YYYY-MM-DD HH:MM:SS.fraction of %d to %d",
				 text, YEAR_FIRST, YEAR_LAST);
	if (!r->trace->n)
		r->epoch_ns = ns;
	ns -= r->epoch_ns;
	if (ns < -most || ns > most)
		return lines_bad(&r->lines,
				 "TIMESTAMP \"%.40s\" is more than 15 years from the first line's",
				 text);
	*arrival_ns = (uint64_t)(ns + most);
	return 1;
}

static int csv_arrival_number(struct trace_reader *r, const char *text, const char *what,
			      double unit_ns, uint64_t *arrival_ns)
{
	double number;

	if (!csv_number(text, &number))
		return lines_bad(&r->lines, "%s \"%.32s\" is not a number from 0", what, text);
	if (number > (double)TRACE_ARRIVAL_NS_MAX / unit_ns)
		return lines_bad(&r->lines, "%s is %g, more than %g", what, number,
				 (double)TRACE_ARRIVAL_NS_MAX / unit_ns);
	/* Nanoseconds of days do not fit a double's 53 bits; whole numbers are read as such. */
	if (unit_ns == 1 && !text[strspn(text, "0123456789")])
		*arrival_ns = strtoull(text, NULL, 10);
	else
		*arrival_ns = (uint64_t)(number * unit_ns + 0.5);
	return 1;
}

static int csv_arrival(struct trace_reader *r, const struct csv_names *f, const char *text,
		       uint64_t *arrival_ns)
{
	if (f->format == TRACE_AZURE)
		return csv_arrival_azure(r, text, arrival_ns);
	return csv_arrival_number(r, text, f->arrival,
				  f->format == TRACE_BURSTGPT ? NS_PER_S : 1, arrival_ns);
}

static const struct csv_names *csv_names(enum trace_format format)
{
	const struct csv_names *f = formats;

	while (f->format != format)
		f++;
	return f;
}

static size_t max_size(size_t a, size_t b)
{
	return a > b ? a : b;
}

int trace_csv_line(struct trace_reader *r, char *text)
{
	const struct csv_names *f = csv_names(r->trace->format);
	const struct trace_columns *c = &r->columns;
	size_t need = max_size(c->arrival, max_size(c->input, c->output)) + 1;
	char *columns[TRACE_COLUMNS_MAX];
	size_t n = csv_split(text, columns);
	uint32_t input = 0, output = 0;
	uint64_t arrival_ns = 0;
	int ret;

	if (n < need)
		return lines_bad(&r->lines, "%zu columns, not at least %zu", n, need);
	ret = csv_tokens(r, columns[c->input], f->input, &input);
	if (ret <= 0)
		return ret;
	ret = csv_tokens(r, columns[c->output], f->output, &output);
	if (ret <= 0)
		return ret;
	ret = csv_arrival(r, f, columns[c->arrival], &arrival_ns);
	if (ret <= 0)
		return ret;
	return trace_add_request(r, arrival_ns, input, output);
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* The load that a run is asked for. */
#include "sim/run_load.h"

#include <ctype.h>
#include <errno.h>

#include "sim/load.h"

#define RATE_DECIMALS	3
#define RATE_UNIT	1000

static const enum run_number numbers[] = {
	RUN_REQUESTS, RUN_INPUT, RUN_INPUT_SPREAD, RUN_OUTPUT, RUN_OUTPUT_SPREAD, RUN_RATE
};

#define NUMBERS	(sizeof(numbers) / sizeof(*numbers))

/* ---- trace or load ---- */

/* The first number that is given, or RUN_NUMBERS. */
static enum run_number first_given(const struct run_args *args)
{
	unsigned int i;

	for (i = 0; i < NUMBERS; i++)
		if (args->number[numbers[i]])
			return numbers[i];
	return RUN_NUMBERS;
}

bool run_load_given(const struct run_args *args)
{
	return first_given(args) != RUN_NUMBERS;
}

static int contradiction(const char *name, struct engine_error *e)
{
	engine_error_set(e, "%s is of a load, but there is a trace as well: leave one of them out",
			 name);
	return -EINVAL;
}

int run_load_leave_trace(struct run_args *args, enum run_number which, const char *name,
			 struct engine_error *e)
{
	unsigned int i;

	for (i = 0; i < NUMBERS && numbers[i] != which; i++)
		;
	if (i == NUMBERS || !run_args_text(args, RUN_TRACE))
		return 0;
	if (!args->from_file)
		return contradiction(name, e);
	args->text[RUN_TRACE][0] = '\0';
	args->from_file = false;
	return 0;
}

int run_load_leave(struct run_args *args, struct engine_error *e)
{
	enum run_number first = first_given(args);
	unsigned int i;

	if (first == RUN_NUMBERS)
		return 0;
	if (!args->from_file)
		return contradiction(run_args_number_name(first), e);
	for (i = 0; i < NUMBERS; i++)
		args->number[numbers[i]] = 0;
	args->from_file = false;
	return 0;
}

/* ---- the rate ---- */

/* Digits with at most so many after a point, times 10^decimals. */
static bool read_decimal(const char *text, unsigned int decimals, uint64_t *out)
{
	bool fraction = false;
	uint64_t n = 0;

	if (!isdigit((unsigned char)*text))
		return false;
	for (; *text; text++) {
		if (*text == '.' && !fraction) {
			fraction = true;
			continue;
		}
		if (!isdigit((unsigned char)*text) || (fraction && !decimals--) ||
		    n > (UINT64_MAX - 9) / 10)
			return false;
		n = n * 10 + (uint64_t)(*text - '0');
	}
	while (decimals--)
		if (__builtin_mul_overflow(n, 10, &n))
			return false;
	*out = n;
	return true;
}

int run_load_rate(struct run_args *args, const char *value, struct engine_error *e)
{
	uint64_t n;

	if (read_decimal(value, RATE_DECIMALS, &n) && n && n <= RUN_RATE_MAX) {
		args->number[RUN_RATE] = n;
		return 0;
	}
	engine_error_set(e, "rate is \"%s\"; give a number from 0.001 to %d", value,
			 RUN_RATE_MAX / RATE_UNIT);
	return -EINVAL;
}

/* ---- the trace ---- */

int run_load_make(const struct run_args *a, struct trace *out, struct engine_error *e)
{
	uint64_t requests = run_args_number(a, RUN_REQUESTS), limit = a->number[RUN_LIMIT];
	const struct load l = {
		.requests = limit && limit < requests ? limit : requests,
		.input = { run_args_number(a, RUN_INPUT), a->number[RUN_INPUT_SPREAD] },
		.output = { run_args_number(a, RUN_OUTPUT), a->number[RUN_OUTPUT_SPREAD] },
		.rate_milli = a->number[RUN_RATE],
		.seed = run_args_number(a, RUN_SEED),
	};

	return load_make(&l, out, e);
}

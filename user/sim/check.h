/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Checks: rows of ours against rows of others, with limits.
 *
 * A check has a limit for each row's deviation and may have one for the median of their sizes. It
 * passes when every row is within the limits and there is at least one. A row that cannot be
 * compared is skipped with a reason; reasons are counted. A check without any row is neither passed
 * nor failed.
 */
#ifndef _SIM_CHECK_H
#define _SIM_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <jansson.h>

#define CHECK_LABEL_MAX		160
#define CHECK_NOTE_MAX		512

/**
 * struct check_limit - what a deviation may be
 * @lowest, @highest: of every row
 * @median: of the rows' absolute values; 0 = no limit
 * @unit: of deviations, "%" or ""
 */
struct check_limit {
	double lowest;
	double highest;
	double median;
	const char *unit;
};

/**
 * struct check_reason - why rows were skipped
 */
struct check_reason {
	char text[CHECK_LABEL_MAX];
	size_t rows;
};

/**
 * struct check - one check
 * @name: number, what is compared and how
 * @reported: has no limit: is told, neither passed nor failed
 * @values: @n deviations
 * @worst: the one furthest beyond, or nearest to, its limit, of row @label
 * @reasons: @n_reasons of them; @skipped rows in all
 * @note: said behind the figures; may be empty
 * @failed_memory: a row could not be kept: the check fails
 */
struct check {
	char name[CHECK_LABEL_MAX];
	struct check_limit limit;
	bool reported;
	double *values;
	size_t n;
	size_t room;
	double worst;
	char label[CHECK_LABEL_MAX];
	struct check_reason *reasons;
	size_t n_reasons;
	size_t skipped;
	char note[CHECK_NOTE_MAX];
	bool failed_memory;
};

/**
 * struct checks - all of a run
 */
struct checks {
	struct check *check;
	size_t n;
};

enum check_verdict { CHECK_PASSED, CHECK_FAILED, CHECK_REPORTED, CHECK_EMPTY };

/**
 * check_begin - begin a check
 * @limit: copied; NULL = the figures are reported only, in %
 *
 * Return: the check, valid until the next check_begin(); NULL when memory is short.
 */
struct check *check_begin(struct checks *all, const char *name, const struct check_limit *limit);

/**
 * check_row - a row was compared
 * @c: NULL is allowed, as by check_begin()
 * @deviation: in the limit's unit; one that is no number is beyond every limit
 * @label: names the row, as of printf(3)
 */
void check_row(struct check *c, double deviation, const char *label, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * check_skip - a row could not be compared
 * @reason: why, the same words for all rows of the same reason, as of printf(3)
 */
void check_skip(struct check *c, const char *reason, ...) __attribute__((format(printf, 2, 3)));

/**
 * check_note - say something behind a check's figures
 */
void check_note(struct check *c, const char *note, ...) __attribute__((format(printf, 2, 3)));

/**
 * check_percent - deviation of @ours from @theirs in percent
 */
static inline double check_percent(double ours, double theirs)
{
	return (ours / theirs - 1) * 100;
}

enum check_verdict check_verdict(const struct check *c);

/**
 * check_median - median of the deviations' absolute values; 0 without rows
 */
double check_median(const struct check *c);

/**
 * checks_print - a line for each check, then "N passed, N failed, N rows skipped"
 *
 * Return: true when none failed.
 */
bool checks_print(FILE *out, const struct checks *all);

/**
 * checks_json - the same as JSON
 *
 * Return: a new reference; NULL when memory is short.
 */
json_t *checks_json(const struct checks *all);

void checks_free(struct checks *all);

#endif /* _SIM_CHECK_H */

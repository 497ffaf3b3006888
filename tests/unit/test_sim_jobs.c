// SPDX-License-Identifier: LGPL-2.1-or-later
/* Jobs: every piece once, whatever the number of processes; one that dies is said. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "sim/jobs.h"

#define PIECES	20
#define LONG	300000	/* more than a pipe holds */

enum { WELL, DIES, FORGETS };

/**
 * struct work - what is done
 * @how: with piece 5
 * @stop_after: pieces that are taken before the caller has had enough; 0 = all
 */
struct work {
	int how;
	int stop_after;
	int taken;
	int times[PIECES];
};

static char *make(void *ctx, size_t piece)
{
	const struct work *w = ctx;
	char *text;

	if (piece == 5 && w->how == DIES)
		kill(getpid(), SIGKILL);
	if (piece == 5 && w->how == FORGETS)
		return NULL;
	text = malloc(LONG + 1);
	if (text) {
		memset(text, 'a' + (int)piece, LONG);
		text[LONG] = '\0';
	}
	return text;
}

static int done(void *ctx, size_t piece, const char *text, struct engine_error *e)
{
	struct work *w = ctx;

	assert_true(piece < PIECES);
	assert_int_equal(LONG, strlen(text));
	assert_int_equal('a' + (int)piece, text[0]);
	assert_int_equal('a' + (int)piece, text[LONG - 1]);
	w->times[piece]++;
	if (++w->taken != w->stop_after)
		return 0;
	engine_error_set(e, "enough");
	return -ECANCELED;
}

static int run(struct work *w, unsigned int processes, struct engine_error *e)
{
	size_t pieces[PIECES], i;
	const struct jobs jobs = { pieces, PIECES, processes, make, done, w };

	for (i = 0; i < PIECES; i++)
		pieces[i] = PIECES - 1 - i;
	return jobs_run(&jobs, e);
}

static void each_piece_once(void **state)
{
	static const unsigned int processes[] = { 1, 3, PIECES, JOBS_MAX };
	struct engine_error e;
	size_t i, piece;

	(void)state;
	for (i = 0; i < 4; i++) {
		struct work w = { WELL, 0, 0, { 0 } };

		assert_int_equal(0, run(&w, processes[i], &e));
		for (piece = 0; piece < PIECES; piece++)
			assert_int_equal(1, w.times[piece]);
	}
}

static void nothing_to_do(void **state)
{
	struct work w = { WELL, 0, 0, { 0 } };
	const struct jobs jobs = { NULL, 0, 4, make, done, &w };
	struct engine_error e;

	(void)state;
	assert_int_equal(0, jobs_run(&jobs, &e));
	assert_int_equal(0, w.taken);
}

static void a_death_is_said(void **state)
{
	struct work w = { DIES, 0, 0, { 0 } };
	struct engine_error e;

	(void)state;
	assert_int_equal(-ECHILD, run(&w, 3, &e));
	assert_string_equal("the process of piece 6 was ended by signal 9", e.text);
	assert_int_equal(0, w.times[5]);
}

static void no_memory_is_said(void **state)
{
	struct work w = { FORGETS, 0, 0, { 0 } };
	struct engine_error e;

	(void)state;
	assert_int_equal(-ECHILD, run(&w, 1, &e));
	assert_string_equal("the process of piece 6 had no memory", e.text);
	assert_int_equal(PIECES - 6, w.taken);
}

/* Nothing is begun or taken after it, and no process is left. */
static void the_caller_can_stop(void **state)
{
	struct work w = { WELL, 4, 0, { 0 } };
	struct engine_error e;

	(void)state;
	assert_int_equal(-ECANCELED, run(&w, 2, &e));
	assert_string_equal("enough", e.text);
	assert_int_equal(4, w.taken);
	assert_int_equal(-1, waitpid(-1, NULL, WNOHANG));
	assert_int_equal(ECHILD, errno);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_piece_once),
		cmocka_unit_test(nothing_to_do),
		cmocka_unit_test(a_death_is_said),
		cmocka_unit_test(no_memory_is_said),
		cmocka_unit_test(the_caller_can_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

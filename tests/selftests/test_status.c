// SPDX-License-Identifier: LGPL-2.1-or-later
/* terrace status: the sessions it finds, and that their figures are the kernel's own. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "tiers.h"

#define NOBODY		65534
#define SCALE		4
#define DECODES		3

FIXTURE(status) {
	struct terrace_session *s;
	struct terrace_buffer *b;
};

FIXTURE_SETUP(status)
{
	const struct tiers_config config = {
		.fast_bytes = 64 * MIB,
		.slow_bytes = 64 * MIB,
		.fast_classes = ALL_CLASSES,
		.slow_classes = ALL_CLASSES,
		.scale_shift = SCALE,
	};
	struct terrace_options o = { .ring_entries = 16, .pace_permille = 1 };
	struct terrace_buffer_options kv = { .class_id = TERRACE_CLASS_KV };

	ASSERT_EQ(0, tiers_up(&config));
	ASSERT_EQ(0, terrace_session_open(&o, &self->s));
	kv.tier = terrace_tier_find(self->s, "slow");
	ASSERT_EQ(0, terrace_buffer_create(self->s, 4 * EXTENT, &kv, &self->b));
}

FIXTURE_TEARDOWN(status)
{
	chmod("/dev/terrace", 0600);
	terrace_buffer_free(self->b);
	terrace_session_close(self->s);
	tiers_down();
}

/* What terrace status prints for a user, to be closed by the caller; NULL when it fails. */
static FILE *status_of(uid_t uid, const char *argument)
{
	FILE *out = tmpfile();
	pid_t child = out ? fork() : -1;
	int status;

	if (!child) {
		if (dup2(fileno(out), STDOUT_FILENO) < 0 || setgid(uid) || setuid(uid))
			_exit(126);
		execlp("terrace", "terrace", "status", argument, NULL);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || status)
		return NULL;
	rewind(out);
	return out;
}

static json_t *status_json(uid_t uid)
{
	FILE *out = status_of(uid, "--json");
	json_t *status = out ? json_loadf(out, 0, NULL) : NULL;

	if (out)
		fclose(out);
	return status;
}

/* A line of the text form holds this. */
static bool status_says(uid_t uid, const char *text)
{
	FILE *out = status_of(uid, NULL);
	char line[512];
	bool found = false;

	while (out && fgets(line, sizeof(line), out))
		found = found || strstr(line, text);
	if (out)
		fclose(out);
	return found;
}

static long long number(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return json_is_integer(value) ? json_integer_value(value) : -1;
}

static int do_step(struct terrace_session *s, struct terrace_buffer *b, uint32_t kind,
		   uint32_t tokens, struct terrace_step_end *end)
{
	int err = terrace_step_begin(s, kind, 0, tokens, 1);

	if (!err)
		err = terrace_record(s, terrace_buffer_id(b), TERRACE_ACCESS_READ, 0, 3 * EXTENT);
	if (!err)
		err = terrace_record(s, terrace_buffer_id(b), TERRACE_ACCESS_WRITE, 0, 4096);
	return err ?: terrace_step_end(s, end);
}

TEST_F(status, steps_are_the_kernels)
{
	struct terrace_step_end prefill, decode[DECODES];
	json_t *status, *list, *session, *steps, *bytes;
	long long model = 0, wall = 0;
	double rate;
	int i;

	ASSERT_EQ(0, do_step(self->s, self->b, TERRACE_STEP_PREFILL, 100, &prefill));
	for (i = 0; i < DECODES; i++) {
		ASSERT_EQ(0, do_step(self->s, self->b, TERRACE_STEP_DECODE, 2 + i, &decode[i]));
		model += decode[i].model_ns;
		wall += decode[i].wall_ns;
	}
	status = status_json(0);
	ASSERT_NE(NULL, status);
	EXPECT_EQ(0, number(status, "unseen_sessions"));
	list = json_object_get(status, "open_sessions");
	ASSERT_EQ(1, json_array_size(list));
	session = json_array_get(list, 0);
	EXPECT_EQ(getpid(), number(session, "pid"));
	EXPECT_TRUE(!!strstr(json_string_value(json_object_get(session, "command")),
			     "test_status"));
	EXPECT_STREQ("declared", json_string_value(json_object_get(session, "charging")));
	EXPECT_EQ(1, number(session, "pace_permille"));
	EXPECT_EQ(2 * (1 + DECODES), number(session, "records"));

	steps = json_object_get(session, "prefill");
	EXPECT_EQ(1, number(steps, "steps"));
	EXPECT_EQ(100, number(steps, "tokens"));
	EXPECT_EQ((long long)prefill.model_ns, number(steps, "model_ns"));
	EXPECT_EQ((long long)prefill.wall_ns, number(steps, "last_wall_ns"));

	steps = json_object_get(session, "decode");
	EXPECT_EQ(DECODES, number(steps, "steps"));
	EXPECT_EQ(2 + 3 + 4, number(steps, "tokens"));
	EXPECT_EQ(model, number(steps, "model_ns"));
	EXPECT_EQ(wall, number(steps, "wall_ns"));
	EXPECT_EQ((long long)decode[DECODES - 1].model_ns, number(steps, "last_model_ns"));
	EXPECT_EQ((long long)decode[DECODES - 1].wall_ns, number(steps, "last_wall_ns"));
	rate = json_real_value(json_object_get(steps, "model_tokens_per_second"));
	EXPECT_EQ(9 * 1000000000LL / model, (long long)rate);

	ASSERT_EQ(1, json_array_size(json_object_get(session, "bytes")));
	bytes = json_array_get(json_object_get(session, "bytes"), 0);
	EXPECT_STREQ("slow", json_string_value(json_object_get(bytes, "tier")));
	EXPECT_STREQ("kv", json_string_value(json_object_get(bytes, "class")));
	EXPECT_EQ((long long)(4 * EXTENT), number(bytes, "held_bytes"));
	EXPECT_EQ((long long)(3 * EXTENT << SCALE) * (1 + DECODES),
		  number(bytes, "model_read_bytes"));
	EXPECT_EQ((4096LL << SCALE) * (1 + DECODES), number(bytes, "model_write_bytes"));
	json_decref(status);
	EXPECT_TRUE(status_says(0, "3 steps, 9 tokens"));
	EXPECT_TRUE(status_says(0, "a step lasts 0.001 x its modelled time"));
}

TEST_F(status, time_that_pacing_counted)
{
	/* a step lasts a second */
	struct terrace_options o = { .ring_entries = 16, .pace_permille = 1000000 };
	unsigned long long paced = 0;
	struct terrace_step_end end;
	json_t *status, *steps;
	int i;

	terrace_session_close(self->s);
	ASSERT_EQ(0, terrace_session_open(&o, &self->s));
	/* until the host was fast enough once to be back in time */
	for (i = 0; i < 30 && (!i || end.wall_ns >= end.model_ns * 1000); i++) {
		usleep(100000);
		ASSERT_EQ(0, do_step(self->s, self->b, TERRACE_STEP_DECODE, 1, &end));
		paced += end.model_ns * 1000;
	}
	status = status_json(0);
	steps = json_object_get(json_array_get(json_object_get(status, "open_sessions"), 1),
				"decode");
	EXPECT_EQ(i, number(steps, "steps"));
	EXPECT_LT(0, number(steps, "absorbed_ns"));
	EXPECT_LE((long long)paced, number(steps, "wall_ns") + number(steps, "absorbed_ns"));
	EXPECT_GT((long long)paced, number(steps, "model_ns"));
	json_decref(status);
}

TEST_F(status, a_session_is_listed_once)
{
	int again = dup(terrace_session_fd(self->s)), ends[2];
	json_t *status;
	pid_t child;
	char byte;

	ASSERT_LE(0, again);
	ASSERT_EQ(0, pipe(ends));
	child = fork();
	if (!child) {
		close(ends[1]);
		_exit(read(ends[0], &byte, 1) != 0);
	}
	ASSERT_LT(0, child);
	status = status_json(0);
	EXPECT_EQ(1, json_array_size(json_object_get(status, "open_sessions")));
	EXPECT_EQ(0, number(status, "unseen_sessions"));
	json_decref(status);
	close(ends[1]);
	close(ends[0]);
	waitpid(child, NULL, 0);
	close(again);
}

TEST_F(status, a_session_without_a_step)
{
	json_t *status = status_json(0);
	json_t *session = json_array_get(json_object_get(status, "open_sessions"), 0);
	json_t *steps = json_object_get(session, "decode");

	EXPECT_EQ(0, number(steps, "steps"));
	EXPECT_EQ(0, number(steps, "model_ns"));
	EXPECT_TRUE(json_real_value(json_object_get(steps, "model_tokens_per_second")) == 0);
	json_decref(status);
	EXPECT_TRUE(status_says(0, "0 steps, 0 tokens"));
}

TEST_F(status, buffers_of_closed_sessions)
{
	json_t *status, *session;

	terrace_session_close(self->s);
	self->s = NULL;
	status = status_json(0);
	ASSERT_EQ(1, json_array_size(json_object_get(status, "open_sessions")));
	session = json_array_get(json_object_get(status, "open_sessions"), 0);
	EXPECT_TRUE(json_is_null(json_object_get(session, "session")));
	EXPECT_EQ((long long)(4 * EXTENT),
		  number(json_array_get(json_object_get(session, "bytes"), 0), "held_bytes"));
	json_decref(status);
	EXPECT_TRUE(status_says(0, "Buffers of sessions that are closed"));
}

TEST_F(status, other_users_are_counted)
{
	json_t *status;

	ASSERT_EQ(0, chmod("/dev/terrace", 0666));
	status = status_json(NOBODY);
	ASSERT_NE(NULL, status);
	EXPECT_EQ(0, json_array_size(json_object_get(status, "open_sessions")));
	EXPECT_EQ(1, number(status, "unseen_sessions"));
	json_decref(status);
	EXPECT_TRUE(status_says(NOBODY, "1 session of other users: run as root to see them"));
	EXPECT_FALSE(status_says(0, "run as root"));
}

TEST_HARNESS_MAIN

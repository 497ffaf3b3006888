// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/status_sessions.h"

#include <unistd.h>

#include "cli/output.h"

static const char * const kind_names[] = {
	[TERRACE_STEP_PREFILL] = "prefill",
	[TERRACE_STEP_DECODE] = "decode",
};

#define KINDS	(sizeof(kind_names) / sizeof(kind_names[0]))

static void print_charging(const struct fdinfo *info)
{
	printf("charging     %s", info->charging);
	if (info->pace_permille)
		printf(", a step lasts %.3f x its modelled time", info->pace_permille / 1000.0);
	if (info->replay)
		printf(", drives the model clock");
	if (info->rejected)
		printf(", %llu records were refused", (unsigned long long)info->rejected);
	putchar('\n');
}

static void print_kind(const char *name, const struct fdinfo_steps *k)
{
	char model[UNIT_MAX], wall[UNIT_MAX], last_model[UNIT_MAX], last_wall[UNIT_MAX];

	printf("%-12s %llu steps, %llu tokens\n", name, (unsigned long long)k->steps,
	       (unsigned long long)k->tokens);
	if (!k->steps)
		return;
	format_time(model, k->model_ns / k->steps);
	format_time(last_model, k->last_model_ns);
	format_time(wall, k->wall_ns / k->steps);
	format_time(last_wall, k->last_wall_ns);
	printf("  a step     %s modelled (last %s), %s on this host (last %s)\n", model, last_model,
	       wall, last_wall);
	printf("  tokens/s   %.2f modelled, %.2f on this host\n",
	       fdinfo_rate(k->tokens, k->model_ns),
	       fdinfo_rate(k->tokens, k->wall_ns + k->absorbed_ns));
}

static void print_amount(int width, void (*format)(char out[UNIT_MAX], uint64_t value),
			 uint64_t value)
{
	char text[UNIT_MAX];

	format(text, value);
	printf(" %*s", width, text);
}

static void print_bytes(const struct fdinfo *info)
{
	uint32_t i;

	if (!info->bytes_count)
		return;
	printf("%-12s %-10s %12s %12s %12s %12s %12s %11s\n", "TIER", "CLASS", "HELD", "READ",
	       "WRITTEN", "MOVED IN", "MOVED OUT", "ENERGY");
	for (i = 0; i < info->bytes_count; i++) {
		const struct fdinfo_bytes *b = &info->bytes[i];

		printf("%-12s %-10s", b->tier, b->class_name);
		print_amount(12, format_bytes, b->held_bytes);
		print_amount(12, format_bytes, b->read_bytes);
		print_amount(12, format_bytes, b->write_bytes);
		print_amount(12, format_bytes, b->in_bytes);
		print_amount(12, format_bytes, b->out_bytes);
		print_amount(11, format_energy, b->energy_uj);
		putchar('\n');
	}
}

static void print_session(const struct session *s)
{
	size_t k;

	if (!s->pid) {
		printf("\nBuffers of sessions that are closed\n");
	} else {
		printf("\nSession %llu, pid %d: %s\n", (unsigned long long)s->info.session,
		       (int)s->pid, s->command);
		print_charging(&s->info);
		for (k = 0; k < KINDS; k++)
			print_kind(kind_names[k], &s->info.kind[k]);
	}
	print_bytes(&s->info);
}

void status_sessions_text(const struct sessions *sessions)
{
	size_t i;

	for (i = 0; i < sessions->count; i++)
		print_session(&sessions->session[i]);
	if (sessions->unseen)
		printf("\n%llu session%s of %s\n", (unsigned long long)sessions->unseen,
		       sessions->unseen == 1 ? "" : "s",
		       geteuid() ? "other users: run as root to see them" :
				   "processes that cannot be seen from here");
}

static json_t *kind_json(const struct fdinfo_steps *k)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:f, s:f}",
			 "steps", json_amount(k->steps), "tokens", json_amount(k->tokens),
			 "model_ns", json_amount(k->model_ns), "wall_ns", json_amount(k->wall_ns),
			 "absorbed_ns", json_amount(k->absorbed_ns),
			 "last_model_ns", json_amount(k->last_model_ns),
			 "last_wall_ns", json_amount(k->last_wall_ns),
			 "model_tokens_per_second", fdinfo_rate(k->tokens, k->model_ns),
			 "wall_tokens_per_second",
			 fdinfo_rate(k->tokens, k->wall_ns + k->absorbed_ns));
}

static json_t *entry_json(const struct fdinfo_bytes *b)
{
	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o}",
			 "tier", b->tier, "class", b->class_name,
			 "held_bytes", json_amount(b->held_bytes),
			 "model_read_bytes", json_amount(b->read_bytes),
			 "model_write_bytes", json_amount(b->write_bytes),
			 "model_in_bytes", json_amount(b->in_bytes),
			 "model_out_bytes", json_amount(b->out_bytes),
			 "model_energy_uj", json_amount(b->energy_uj));
}

static json_t *bytes_json(const struct fdinfo *info)
{
	json_t *list = json_array();
	uint32_t i;

	for (i = 0; i < info->bytes_count; i++)
		json_array_append_new(list, entry_json(&info->bytes[i]));
	return list;
}

static json_t *session_json(const struct session *s)
{
	const struct fdinfo *info = &s->info;
	json_t *object;
	size_t k;

	if (!s->pid)
		return json_pack("{s:n, s:o}", "session", "bytes", bytes_json(info));
	object = json_pack("{s:o, s:o, s:s, s:s, s:b, s:o, s:o, s:o, s:o}",
			   "session", json_amount(info->session), "pid", json_amount(s->pid),
			   "command", s->command, "charging", info->charging,
			   "replay", info->replay != 0,
			   "pace_permille", json_amount(info->pace_permille),
			   "records", json_amount(info->records),
			   "rejected", json_amount(info->rejected), "bytes", bytes_json(info));
	for (k = 0; k < KINDS; k++)
		json_object_set_new(object, kind_names[k], kind_json(&info->kind[k]));
	return object;
}

json_t *status_sessions_json(const struct sessions *sessions)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < sessions->count; i++)
		json_array_append_new(list, session_json(&sessions->session[i]));
	return list;
}

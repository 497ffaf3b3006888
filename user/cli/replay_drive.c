// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cli/replay_drive.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/command.h"
#include "cli/replay_progress.h"

static volatile sig_atomic_t interrupted;

static void on_interrupt(int sig)
{
	(void)sig;
	interrupted = 1;
}

void replay_catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_interrupt };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

void replay_bad_line(void *ctx, const char *text)
{
	(void)ctx;
	command_failed("%s", text);
}

static int write_file(const char *folder, const char *name, const struct report_run *run,
		      int (*print)(FILE *, const struct report_run *))
{
	char path[4096];
	FILE *f;
	int err;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "w");
	if (!f)
		return command_failed("cannot write %s: %s", path, strerror(errno));
	err = print(f, run);
	if (fclose(f))
		err = -EIO;
	return err ? command_failed("cannot write %s: is its disk full?", path) : STATUS_DONE;
}

static int print_report_json(FILE *f, const struct report_run *run)
{
	json_t *json = report_json(run);
	int err = json && !json_dumpf(json, f, JSON_INDENT(2)) && fputc('\n', f) != EOF ? 0 : -EIO;

	json_decref(json);
	return err;
}

static int print_reports(const struct replay_drive *d, const struct report_run *run)
{
	int status;

	if (d->json ? print_report_json(stdout, run) : report_text(stdout, run))
		return command_failed("cannot write the report: is its disk full or its reader gone?");
	if (!d->report_dir)
		return STATUS_DONE;
	if (mkdir(d->report_dir, 0755) && errno != EEXIST)
		return command_failed("cannot make %s: %s", d->report_dir, strerror(errno));
	status = write_file(d->report_dir, "report.txt", run, report_text);
	return status ? status : write_file(d->report_dir, "report.json", run, print_report_json);
}

static int report(const struct replay *r, const struct replay_drive *d,
		  const struct engine_result *result)
{
	struct report_run run;
	struct engine_error e;
	struct ledger ledger;

	if (d->ledger(d->ctx, &ledger, &e))
		return command_failed("%s", e.text);
	replay_describe(r, result, &ledger, &run);
	run.model = d->model;
	run.tiers = d->tiers;
	return print_reports(d, &run);
}

int replay_drive(struct replay *r, const struct replay_drive *d)
{
	struct replay_progress progress;
	const struct replay_watch watch = {
		.stop = &interrupted,
		.progress = replay_progress_draw,
		.progress_ctx = &progress,
	};
	struct engine_result result;
	struct engine_error e;
	int err, status;

	replay_progress_begin(&progress);
	err = replay_run(r, d->ops, d->ctx, &watch, &result, &e);
	replay_progress_end(&progress);
	if (err)
		return command_failed("%s", e.text);
	status = report(r, d, &result);
	engine_result_free(&result);
	return status;
}

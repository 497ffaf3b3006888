// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What it costs to simulate: terrace-sim run over loads of 1,000 to 1,000,000 requests, and over
 * the conversation trace. Run on the host, not in the guest: it needs no device.
 *
 * Time is that of the processor, so that other work of the host counts less. A load is compared by
 * the time of a request with the load of 10,000: linear is 1. The trace's peers are the goals.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "figure.h"

#define RUNS_MAX	15
#define MODEL		"llama-3.1-70b"
#define SIM		"build/bin/terrace-sim"
#define TRACE		"tests/data/traces/conversation_trace.jsonl"
#define GOAL_S		5
#define GOAL_MB		200

/**
 * struct cost - of a run, medians
 * @cpu_s, @wall_s: seconds
 * @mb: resident at most
 */
struct cost {
	double cpu_s;
	double wall_s;
	double mb;
};

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static void __attribute__((noreturn)) sim(char *const *arguments)
{
	int out = open("/dev/null", O_WRONLY);

	if (out >= 0 && dup2(out, STDOUT_FILENO) >= 0)
		execv(SIM, arguments);
	die(SIM);
}

static struct cost once(char *const *arguments)
{
	double begin = now();
	struct rusage used;
	pid_t pid = fork();
	int status;

	if (pid < 0)
		die("fork");
	if (!pid)
		sim(arguments);
	if (wait4(pid, &status, 0, &used) != pid || status) {
		errno = ECHILD;
		die(SIM);
	}
	return (struct cost) {
		.cpu_s = seconds(used.ru_utime) + seconds(used.ru_stime),
		.wall_s = now() - begin,
		.mb = (double)used.ru_maxrss * 1024 / 1e6,
	};
}

static int runs(void)
{
	const char *text = getenv("TERRACE_BENCH_RUNS");
	long n = text ? strtol(text, NULL, 10) : 3;

	return n < 1 || n > RUNS_MAX ? 3 : (int)n;
}

static struct cost medians(char *const *arguments)
{
	double cpu[RUNS_MAX], wall[RUNS_MAX], mb[RUNS_MAX];
	int i, n = runs();

	for (i = 0; i < n; i++) {
		struct cost c = once(arguments);

		cpu[i] = c.cpu_s;
		wall[i] = c.wall_s;
		mb[i] = c.mb;
	}
	return (struct cost) {
		.cpu_s = quantile(cpu, n, 500),
		.wall_s = quantile(wall, n, 500),
		.mb = quantile(mb, n, 500),
	};
}

/* Lengths of the Azure conversation trace, at a rate that keeps eight devices busy. */
static struct cost of_load(unsigned int n)
{
	char requests[16];
	char *const arguments[] = {
		"terrace-sim", "run", "--json", "--model", MODEL, "--devices", "8", "--requests",
		requests, "--rate", "20", "--input", "1155", "--input-spread", "960", "--output",
		"211", "--output-spread", "771", NULL
	};

	snprintf(requests, sizeof(requests), "%u", n);
	return medians(arguments);
}

static void loads(void)
{
	static const unsigned int requests[] = { 1000, 10000, 100000, 1000000 };
	struct cost cost[4];
	double us[4];
	size_t i;

	for (i = 0; i < 4; i++) {
		cost[i] = of_load(requests[i]);
		us[i] = cost[i].cpu_s * 1e6 / requests[i];
	}
	for (i = 0; i < 4; i++) {
		char name[64], conditions[256];

		snprintf(name, sizeof(name), "sim_run_%u", requests[i]);
		snprintf(conditions, sizeof(conditions),
			 "8 devices, " MODEL ", %u requests at 20/s, %.3f s of a processor in %.3f s, %.0f requests/s, peak RSS %.1f MB, median of %d; the peer is a request of 10000",
			 requests[i], cost[i].cpu_s, cost[i].wall_s,
			 requests[i] / cost[i].cpu_s, cost[i].mb, runs());
		print_figure(name, us[i], us[1], "us/request", conditions);
	}
}

static void conversation(char *devices)
{
	char *const arguments[] = { "terrace-sim", "run", "--json", "--model", MODEL, "--devices",
				    devices, "--trace", TRACE, NULL };
	struct cost c = medians(arguments);
	char name[64], conditions[128];

	snprintf(conditions, sizeof(conditions),
		 "%s devices, " MODEL ", 12031 requests, median of %d; the peer is the goal for 8",
		 devices, runs());
	snprintf(name, sizeof(name), "sim_conversation_%s", devices);
	print_figure(name, c.cpu_s, GOAL_S, "s", conditions);
	snprintf(name, sizeof(name), "sim_conversation_memory_%s", devices);
	print_figure(name, c.mb, GOAL_MB, "MB", conditions);
}

int main(void)
{
	loads();
	conversation("8");
	conversation("64");
	return 0;
}

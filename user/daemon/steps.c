// SPDX-License-Identifier: LGPL-2.1-or-later
/* Step events and histograms; probes. */
#include "daemon/steps.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/requirements.h"
#include "step.skel.h"

#define WHAT	"the step observer (step.bpf.c)"

struct steps {
	struct step_bpf *skel;
	struct ring_buffer *ring;
	struct bpf_link *on_call;
	struct bpf_link *on_return;
	__u64 ended;
};

static int steps_event(void *arg, void *data, size_t bytes)
{
	struct steps *s = arg;

	(void)data;
	if (bytes >= sizeof(struct step_event))
		s->ended++;
	return 0;
}

static int steps_load(struct steps *s)
{
	int err;

	s->skel = step_bpf__open();
	if (!s->skel)
		return -errno;
	err = step_bpf__load(s->skel);
	if (err)
		return err;
	s->ring = ring_buffer__new(bpf_map__fd(s->skel->maps.events), steps_event, s, NULL);
	if (!s->ring)
		return -errno;
	return step_bpf__attach(s->skel);
}

int steps_open(struct steps **out, struct engine_error *e)
{
	struct steps *s = calloc(1, sizeof(*s));
	int err;

	if (!s) {
		engine_error_set(e, "out of memory");
		return -ENOMEM;
	}
	err = steps_load(s);
	if (err) {
		requirements_bpf_error(WHAT, err, e);
		steps_close(s);
		return err;
	}
	*out = s;
	return 0;
}

static void steps_unprobe(struct steps *s)
{
	bpf_link__destroy(s->on_return);
	bpf_link__destroy(s->on_call);
	s->on_return = NULL;
	s->on_call = NULL;
}

void steps_close(struct steps *s)
{
	if (!s)
		return;
	steps_unprobe(s);
	ring_buffer__free(s->ring);
	step_bpf__destroy(s->skel);
	free(s);
}

static int steps_attach(struct bpf_link **link, struct bpf_program *program, bool at_return,
			const char *file, const char *function)
{
	LIBBPF_OPTS(bpf_uprobe_opts, options, .func_name = function, .retprobe = at_return);

	*link = bpf_program__attach_uprobe_opts(program, -1, file, 0, &options);
	return *link ? 0 : -errno;
}

/* The return first: an entry without a return would stay open in the map of threads. */
static int steps_attach_both(struct steps *s, const char *file, const char *function)
{
	int err;

	err = steps_attach(&s->on_return, s->skel->progs.on_return, true, file, function);
	if (!err)
		err = steps_attach(&s->on_call, s->skel->progs.on_call, false, file, function);
	if (err)
		steps_unprobe(s);
	return err;
}

int steps_probe(struct steps *s, const char *file, const char *function, struct engine_error *e)
{
	int err;

	steps_unprobe(s);
	if (!file[0])
		return 0;
	err = steps_attach_both(s, file, function);
	switch (-err) {
	case 0:
		return 0;
	case ENOENT:
	case ESRCH:
		engine_error_set(e, "observe_uprobe: there is no file %s or no function %s in it: see `nm -D %s`",
				 file, function, file);
		break;
	case EPERM:
	case EACCES:
		engine_error_set(e, "observe_uprobe: %s may not be probed: run terraced as root, or with CAP_PERFMON",
				 file);
		break;
	default:
		engine_error_set(e, "observe_uprobe: %s:%s cannot be probed: %s", file, function,
				 strerror(-err));
	}
	return err;
}

int steps_fd(const struct steps *s)
{
	return ring_buffer__epoll_fd(s->ring);
}

__u64 steps_ended(struct steps *s)
{
	s->ended = 0;
	ring_buffer__consume(s->ring);
	return s->ended;
}

int steps_hist(const struct steps *s, enum step_hist which, struct hist *out)
{
	__u32 key = which;

	return bpf_map__lookup_elem(s->skel->maps.hists, &key, sizeof(key), out, sizeof(*out), 0);
}

__u64 steps_lost(const struct steps *s)
{
	return __atomic_load_n(&s->skel->bss->step_lost, __ATOMIC_RELAXED);
}

__u64 steps_unmatched(const struct steps *s)
{
	return __atomic_load_n(&s->skel->bss->call_unmatched, __ATOMIC_RELAXED);
}

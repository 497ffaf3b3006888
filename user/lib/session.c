// SPDX-License-Identifier: LGPL-2.1-or-later
/* Sessions: open, set up, ask, close. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "internal.h"

#define DEVICE "/dev/terrace"

int device_call(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg) < 0 ? -errno : 0;
}

static int open_error(int err)
{
	switch (err) {
	case ENOENT:
	case ENXIO:
	case ENODEV:
		return error_set(-ENOENT, DEVICE " is not there: load the module with 'modprobe terrace' or 'make load'");
	case EACCES:
	case EPERM:
		return error_set(-EACCES, "no permission to open " DEVICE ": run as root or join the group that owns it");
	default:
		return error_set(-err, "cannot open " DEVICE ": %s", strerror(err));
	}
}

static int setup_error(int err, const struct terrace_options *o)
{
	switch (err) {
	case -EPERM:
		return error_set(err, "a replay needs CAP_SYS_ADMIN: run as root");
	case -EBUSY:
		return error_set(err, "a replay needs the device for itself and another session uses it: end that session first (see 'terrace buffers')");
	case -EINVAL:
		return error_set(err, "session options out of range: ring_entries %u must be 0 or a power of two up to %u, sample_period %u up to %u and 0 with a ring, pace_permille %u up to %u",
				 o->ring_entries, TERRACE_RING_ENTRIES_MAX, o->sample_period,
				 TERRACE_SAMPLE_MAX, o->pace_permille, TERRACE_PACE_MAX);
	default:
		return error_set(err, "cannot set the session up: %s", strerror(-err));
	}
}

static int session_map_ring(struct terrace_session *s, const struct terrace_setup *setup)
{
	void *memory;

	if (!setup->ring_entries)
		return 0;
	memory = mmap(NULL, setup->ring_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd,
		      TERRACE_MMAP_RING);
	if (memory == MAP_FAILED)
		return error_set(-errno, "cannot map a ring of %llu bytes: %s",
				 (unsigned long long)setup->ring_bytes, strerror(errno));
	s->ring_bytes = setup->ring_bytes;
	ring_init(&s->ring, memory, setup->ring_entries);
	return 0;
}

static int session_setup(struct terrace_session *s, const struct terrace_options *o)
{
	struct terrace_setup setup = {
		.size = sizeof(setup),
		.flags = (o->ring_entries ? TERRACE_SETUP_RING : 0) |
			 (o->replay ? TERRACE_SETUP_REPLAY : 0),
		.ring_entries = o->ring_entries,
		.sample_period = o->sample_period,
		.pace_permille = o->pace_permille,
	};
	int err = device_call(s->fd, TERRACE_IOC_SETUP, &setup);

	return err ? setup_error(err, o) : session_map_ring(s, &setup);
}

static int session_check_abi(struct terrace_session *s)
{
	struct terrace_info info;
	int err = terrace_session_info(s, &info);

	if (err == -ENOTTY || err == -EINVAL || err == -E2BIG)
		return error_set(-EPROTO, DEVICE " does not speak ABI version %u of this library: install module and library from the same release",
				 TERRACE_ABI_VERSION);
	if (err)
		return err;
	if (info.abi_version != TERRACE_ABI_VERSION)
		return error_set(-EPROTO, "the module speaks ABI version %u and this library %u: install both from the same release",
				 info.abi_version, TERRACE_ABI_VERSION);
	return 0;
}

int terrace_session_open(const struct terrace_options *options, struct terrace_session **out)
{
	struct terrace_session *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return error_set(-ENOMEM, "no memory for a session");
	pthread_mutex_init(&s->lock, NULL);
	s->fd = open(DEVICE, O_RDWR | O_CLOEXEC);
	err = s->fd < 0 ? open_error(errno) : session_check_abi(s);
	if (!err && options)
		err = session_setup(s, options);
	if (err) {
		terrace_session_close(s);
		return err;
	}
	*out = s;
	return 0;
}

void terrace_session_close(struct terrace_session *s)
{
	if (!s)
		return;
	if (s->ring.head)
		munmap(s->ring.head, s->ring_bytes);
	if (s->fd >= 0)
		close(s->fd);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

int terrace_session_fd(const struct terrace_session *s)
{
	return s->fd;
}

int terrace_session_info(struct terrace_session *s, struct terrace_info *info)
{
	int err;

	memset(info, 0, sizeof(*info));
	info->size = sizeof(*info);
	err = device_call(s->fd, TERRACE_IOC_INFO, info);
	return err ? error_set(err, "cannot ask the device what it is: %s", strerror(-err)) : 0;
}

int terrace_session_ledger(struct terrace_session *s, struct terrace_ledger *ledger)
{
	int err;

	memset(ledger, 0, sizeof(*ledger));
	ledger->size = sizeof(*ledger);
	err = device_call(s->fd, TERRACE_IOC_LEDGER, ledger);
	return err ? error_set(err, "cannot read the session's ledger: %s", strerror(-err)) : 0;
}

int terrace_advance(struct terrace_session *s, uint64_t ns)
{
	while (ns) {
		struct terrace_advance a = {
			.size = sizeof(a),
			.ns = ns < TERRACE_ADVANCE_NS_MAX ? ns : TERRACE_ADVANCE_NS_MAX,
		};
		int err = device_call(s->fd, TERRACE_IOC_ADVANCE, &a);

		if (err)
			return error_set(err, "cannot advance the model clock by %llu ns: %s",
					 (unsigned long long)a.ns,
					 err == -EPERM ? "the session was not opened as a replay" :
					 strerror(-err));
		ns -= a.ns;
	}
	return 0;
}

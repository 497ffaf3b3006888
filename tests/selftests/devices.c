// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "devices.h"

int shell(const char *format, ...)
{
	char command[4096];
	int status = -1;
	va_list args;
	pid_t child;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	fflush(stdout);
	child = fork();
	if (!child) {
		execl("/bin/sh", "sh", "-c", command, NULL);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

static int loop_free_number(void)
{
	int fd, number;

	shell("modprobe -q loop");
	fd = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	number = ioctl(fd, LOOP_CTL_GET_FREE);
	close(fd);
	return number < 0 ? -errno : number;
}

static int loop_attach(struct loop_device *d)
{
	struct loop_config config = {
		.fd = d->image_fd,
		.info.lo_flags = LO_FLAGS_AUTOCLEAR,
	};
	int number = loop_free_number();

	if (number < 0)
		return number;
	snprintf(d->path, sizeof(d->path), "/dev/loop%d", number);
	d->loop_fd = open(d->path, O_RDWR | O_CLOEXEC);
	if (d->loop_fd < 0 || ioctl(d->loop_fd, LOOP_CONFIGURE, &config))
		return -errno;
	return 0;
}

int loop_up(struct loop_device *d, uint64_t bytes)
{
	int err;

	d->bytes = bytes;
	d->loop_fd = -1;
	d->content = MAP_FAILED;
	d->image_fd = memfd_create("device", MFD_CLOEXEC);
	if (d->image_fd < 0)
		return -errno;
	if (!ftruncate(d->image_fd, bytes))
		d->content = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, d->image_fd, 0);
	err = d->content == MAP_FAILED ? -errno : loop_attach(d);
	if (err)
		loop_down(d);
	return err;
}

void loop_down(struct loop_device *d)
{
	if (d->content != MAP_FAILED)
		munmap(d->content, d->bytes);
	close(d->loop_fd);
	close(d->image_fd);
}

bool mapper_has(const char *target)
{
	shell("modprobe -qa dm-mod dm-%s", target);
	return !shell("dmsetup targets 2>/dev/null | grep -q '^%s '", target);
}

/* Nobody but dmsetup makes nodes in the guest. */
#define NO_UDEV	"--noudevsync --noudevrules"

static int mapper(const char *command, const char *name, const char *table)
{
	return shell("printf '%%s' '%s' | dmsetup %s " NO_UDEV " %s 2>&1", table, command,
		     name) ? -EIO : 0;
}

int mapper_up(const char *name, const char *table)
{
	int err = mapper("create", name, table);

	return err ? err : shell("dmsetup mknodes %s", name) ? -EIO : 0;
}

int mapper_reload(const char *name, const char *table)
{
	int err = mapper("load", name, table);

	if (err)
		return err;
	return shell("dmsetup suspend --nolockfs %s && dmsetup resume " NO_UDEV " %s", name,
		     name) ? -EIO : 0;
}

bool mapper_there(const char *name)
{
	return !shell("dmsetup info %s >/dev/null 2>&1", name);
}

void mapper_down(const char *name)
{
	shell("dmsetup remove " NO_UDEV " --retry %s", name);
}

// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/fuse.h>

#include "stuck_fs.h"

#define FILE_NODE	2
#define REQUEST_MAX	65536
#define READ_MAX	(256U << 10)

static void reply(int fd, const struct fuse_in_header *in, int err, const void *data, size_t bytes)
{
	struct fuse_out_header out = {
		.len = sizeof(out) + bytes, .error = err, .unique = in->unique,
	};
	struct iovec parts[] = {
		{ .iov_base = &out, .iov_len = sizeof(out) },
		{ .iov_base = (void *)data, .iov_len = bytes },
	};

	/* whoever asked may be gone */
	if (writev(fd, parts, 2) < 0 && errno != ENOENT)
		_exit(1);
}

static void reply_init(int fd, const struct fuse_in_header *in)
{
	const struct fuse_init_out out = {
		.major = FUSE_KERNEL_VERSION, .minor = FUSE_KERNEL_MINOR_VERSION,
		.max_write = 4096, .time_gran = 1,
	};

	reply(fd, in, 0, &out, sizeof(out));
}

static struct fuse_attr attributes(uint64_t node)
{
	struct fuse_attr a = { .ino = node, .nlink = 1, .mode = S_IFDIR | 0755 };

	if (node == FILE_NODE) {
		a.mode = S_IFREG | 0644;
		a.size = STUCK_BYTES;
	}
	return a;
}

static void reply_attributes(int fd, const struct fuse_in_header *in)
{
	const struct fuse_attr_out out = { .attr = attributes(in->nodeid) };

	reply(fd, in, 0, &out, sizeof(out));
}

static void reply_entry(int fd, const struct fuse_in_header *in)
{
	const struct fuse_entry_out out = { .nodeid = FILE_NODE, .attr = attributes(FILE_NODE) };

	reply(fd, in, 0, &out, sizeof(out));
}

static void reply_open(int fd, const struct fuse_in_header *in)
{
	const struct fuse_open_out out = { .fh = 0 };

	reply(fd, in, 0, &out, sizeof(out));
}

static void reply_read(int fd, const struct fuse_in_header *in, const struct fuse_read_in *r)
{
	static const char zeros[READ_MAX];
	uint64_t left = r->offset < STUCK_BYTES ? STUCK_BYTES - r->offset : 0;
	size_t bytes = r->size < left ? r->size : left;

	reply(fd, in, 0, zeros, bytes < READ_MAX ? bytes : READ_MAX);
}

static void serve_one(int fd, const struct fuse_in_header *in)
{
	switch (in->opcode) {
	case FUSE_INIT:
		reply_init(fd, in);
		break;
	case FUSE_LOOKUP:
		reply_entry(fd, in);
		break;
	case FUSE_GETATTR:
		reply_attributes(fd, in);
		break;
	case FUSE_OPEN:
		reply_open(fd, in);
		break;
	case FUSE_READ:
		reply_read(fd, in, (const struct fuse_read_in *)(in + 1));
		break;
	case FUSE_FLUSH:
	case FUSE_RELEASE:
		reply(fd, in, 0, NULL, 0);
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break;
	default:
		reply(fd, in, -ENOSYS, NULL, 0);
	}
}

static void serve(int fd, struct stuck_state *state)
{
	union {
		struct fuse_in_header in;
		char bytes[REQUEST_MAX];
	} request;

	while (read(fd, &request, sizeof(request)) >= (ssize_t)sizeof(request.in))
		/* of pid 0 is what the kernel does by itself */
		if (!request.in.pid || request.in.pid == (uint32_t)state->served)
			serve_one(fd, &request.in);
		else
			state->ignored++;
	_exit(0);
}

int stuck_fs_mount(struct stuck_fs *f)
{
	char options[128];
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return 1;
	f->state = mmap(NULL, sizeof(*f->state), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	mkdir(STUCK_FOLDER, 0755);
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other",
		 fd);
	if (f->state == MAP_FAILED || mount("stuck", STUCK_FOLDER, "fuse", 0, options)) {
		close(fd);
		return -1;
	}
	f->server = fork();
	if (!f->server)
		serve(fd, f->state);
	close(fd);
	return f->server < 0 ? -1 : 0;
}

void stuck_fs_unmount(struct stuck_fs *f)
{
	kill(f->server, SIGKILL);
	waitpid(f->server, NULL, 0);
	umount2(STUCK_FOLDER, MNT_DETACH);
	rmdir(STUCK_FOLDER);
	munmap(f->state, sizeof(*f->state));
}

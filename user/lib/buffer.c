// SPDX-License-Identifier: LGPL-2.1-or-later
/* Buffers: create and map, open by id, free. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "internal.h"

static int create_error(struct terrace_session *s, int err, const struct terrace_create *c)
{
	char label[TERRACE_NAME_MAX];
	const char *class_name = terrace_class_name(c->class_id);
	unsigned long long bytes = c->bytes;

	switch (err) {
	case -ENOSPC:
		return error_set(err, "%llu bytes of class %s do not fit on %s: %llu bytes are missing; free buffers, give the tier more capacity_bytes or allow the class on another tier",
				 bytes, class_name, c->flags & TERRACE_CREATE_STRICT ?
				 tier_label(s, c->tier, label) : "the tiers that allow the class",
				 (unsigned long long)c->shortfall_bytes);
	case -EDQUOT:
		return error_set(err, "%llu bytes of class %s exceed the quota of uid %u: free buffers or raise it in /sys/kernel/config/terrace/quotas",
				 bytes, class_name, geteuid());
	case -EXDEV:
		return error_set(err, "%s does not allow class %s: choose a tier whose classes name it",
				 c->tier == TERRACE_TIER_ANY ? "every online tier" :
				 tier_label(s, c->tier, label), class_name);
	case -ENXIO:
		return error_set(err, "%s is not online: load a tier file with 'terrace tier load FILE'",
				 c->tier == TERRACE_TIER_ANY ? "a tier" :
				 tier_label(s, c->tier, label));
	case -EBUSY:
		return error_set(err, "another session replays a trace and has the device for itself: wait for it to end");
	case -EINVAL:
		return error_set(err, "a buffer of %llu bytes, extent shift %u, class %u is out of range: at least 1 byte, at most %u extents of 2^%d to 2^%d bytes",
				 bytes, c->extent_shift, c->class_id, TERRACE_EXTENTS_MAX,
				 TERRACE_EXTENT_SHIFT_MIN, TERRACE_EXTENT_SHIFT_MAX);
	default:
		return error_set(err, "cannot make a buffer of %llu bytes: %s", bytes,
				 strerror(-err));
	}
}

int buffer_options_check(const struct terrace_buffer_options *o, struct terrace_create *c)
{
	if (!terrace_class_name(o->class_id))
		return error_set(-EINVAL, "class %u is not one of 0 to %u", o->class_id,
				 TERRACE_CLASSES - 1);
	if (o->extent_bytes & (o->extent_bytes - 1) ||
	    (o->extent_bytes && (o->extent_bytes < 1U << TERRACE_EXTENT_SHIFT_MIN ||
				 o->extent_bytes > 1U << TERRACE_EXTENT_SHIFT_MAX)))
		return error_set(-EINVAL, "extent size %u is not a power of two of %u to %u bytes",
				 o->extent_bytes, 1U << TERRACE_EXTENT_SHIFT_MIN,
				 1U << TERRACE_EXTENT_SHIFT_MAX);
	if (o->name && strlen(o->name) >= TERRACE_NAME_MAX)
		return error_set(-ENAMETOOLONG, "buffer name \"%s\" has more than %d characters",
				 o->name, TERRACE_NAME_MAX - 1);
	c->class_id = o->class_id;
	c->extent_shift = o->extent_bytes ? __builtin_ctz(o->extent_bytes) : 0;
	c->tier = o->tier;
	c->flags = (o->pinnable ? TERRACE_CREATE_PINNABLE : 0) |
		   (o->strict ? TERRACE_CREATE_STRICT : 0);
	if (o->name)
		memcpy(c->name, o->name, strlen(o->name));
	return 0;
}

/* Take over a buffer's descriptor; it is closed on failure. */
static int buffer_wrap(int fd, struct terrace_buffer **out)
{
	struct terrace_buffer *b = calloc(1, sizeof(*b));
	struct terrace_buffer_info info;
	int err;

	if (!b) {
		close(fd);
		error_set(-ENOMEM, "no memory for a buffer's description");
		return -ENOMEM;
	}
	b->fd = fd;
	b->keeper = -1;
	err = terrace_buffer_info(b, &info);
	if (err) {
		terrace_buffer_free(b);
		return err;
	}
	b->id = info.buffer;
	b->class_id = info.class_id;
	b->extent_bytes = 1U << info.extent_shift;
	b->bytes = info.bytes;
	*out = b;
	return 0;
}

static int map_error(const struct terrace_buffer *b)
{
	return error_set(-errno, "cannot map a buffer of %llu bytes: %s; see 'ulimit -v' and the vm.overcommit_memory sysctl",
			 (unsigned long long)b->bytes, strerror(errno));
}

/* Map over the aligned part of a larger reservation and give the rest back. */
static int buffer_map_aligned(struct terrace_buffer *b, int prot)
{
	const size_t align = b->extent_bytes;
	char *area, *start;

	area = mmap(NULL, b->bytes + align, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		    -1, 0);
	if (area == MAP_FAILED)
		return map_error(b);
	start = (char *)(((uintptr_t)area + align - 1) & ~(align - 1));
	b->data = mmap(start, b->bytes, prot, MAP_SHARED | MAP_FIXED, b->fd, 0);
	if (b->data == MAP_FAILED) {
		b->data = NULL;
		map_error(b);
		munmap(area, b->bytes + align);
		return -ENOMEM;
	}
	if (start > area)
		munmap(area, start - area);
	munmap(start + b->bytes, area + align - start);
	return 0;
}

/* The kernel aligns a mapping where it finds room to; large pages need the alignment. */
int buffer_map(struct terrace_buffer *b, int prot)
{
	void *data = mmap(NULL, b->bytes, prot, MAP_SHARED, b->fd, 0);

	if (data == MAP_FAILED)
		return map_error(b);
	if ((uintptr_t)data & (b->extent_bytes - 1)) {
		munmap(data, b->bytes);
		return buffer_map_aligned(b, prot);
	}
	b->data = data;
	return 0;
}

int terrace_buffer_create(struct terrace_session *s, uint64_t bytes,
			  const struct terrace_buffer_options *options, struct terrace_buffer **out)
{
	struct terrace_create c = { .size = sizeof(c), .bytes = bytes };
	struct terrace_buffer *b;
	int err;

	err = buffer_options_check(options, &c);
	if (err)
		return err;
	err = device_call(s->fd, TERRACE_IOC_CREATE, &c);
	if (err)
		return create_error(s, err, &c);
	err = buffer_wrap(c.fd, &b);
	if (err)
		return err;
	if (!options->unmapped)
		err = buffer_map(b, PROT_READ | PROT_WRITE);
	if (err) {
		terrace_buffer_free(b);
		return err;
	}
	*out = b;
	return 0;
}

int terrace_buffer_open(struct terrace_session *s, uint32_t id, struct terrace_buffer **out)
{
	struct terrace_open o = { .size = sizeof(o), .buffer = id };
	int err = device_call(s->fd, TERRACE_IOC_OPEN, &o);

	if (err == -ENOENT)
		return error_set(err, "there is no buffer %u: see 'terrace buffers'", id);
	if (err == -EPERM)
		return error_set(err, "buffer %u belongs to another user: run as root", id);
	if (err)
		return error_set(err, "cannot open buffer %u: %s", id, strerror(-err));
	return buffer_wrap(o.fd, out);
}

int terrace_buffer_view(struct terrace_session *s, int fd, struct terrace_buffer **out)
{
	struct terrace_view v = { .size = sizeof(v), .fd = fd };
	int err = device_call(s->fd, TERRACE_IOC_VIEW, &v);

	if (err == -EBADF)
		return error_set(err, "descriptor %d is not open", fd);
	if (err == -EINVAL)
		return error_set(err, "descriptor %d is not of a buffer", fd);
	if (err == -ENOTTY)
		return error_set(err, "the kernel module has no views: load a newer terrace.ko");
	if (err)
		return error_set(err, "cannot make a view of descriptor %d: %s", fd,
				 strerror(-err));
	return buffer_wrap(v.view, out);
}

void terrace_buffer_free(struct terrace_buffer *b)
{
	if (!b)
		return;
	if (b->data)
		munmap(b->data, b->bytes);
	close(b->fd);
	/* last, so that who keeps it does not think that it is unused before it is */
	if (b->keeper >= 0)
		close(b->keeper);
	free(b);
}

void *terrace_buffer_data(const struct terrace_buffer *b)
{
	return b->data;
}

uint64_t terrace_buffer_bytes(const struct terrace_buffer *b)
{
	return b->bytes;
}

uint32_t terrace_buffer_extent_bytes(const struct terrace_buffer *b)
{
	return b->extent_bytes;
}

uint32_t terrace_buffer_id(const struct terrace_buffer *b)
{
	return b->id;
}

int terrace_buffer_fd(const struct terrace_buffer *b)
{
	return b->fd;
}

bool terrace_buffer_shared(const struct terrace_buffer *b)
{
	return b->keeper >= 0;
}

int terrace_buffer_info(const struct terrace_buffer *b, struct terrace_buffer_info *info)
{
	struct terrace_buffer_stat stat = { .size = sizeof(stat) };
	int err = device_call(b->fd, TERRACE_BUF_INFO, &stat);

	if (err)
		error_set(err, "cannot ask what buffer %u is: %s", b->id, strerror(-err));
	else
		*info = stat.info;
	return err;
}

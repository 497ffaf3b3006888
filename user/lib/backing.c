// SPDX-License-Identifier: LGPL-2.1-or-later
/* Finding the block device that carries a format, by the superblocks of all there are. */
#include "backing.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <uuid/uuid.h>

#include "internal.h"
#include "media.h"

#define DEVICES		"/sys/class/block"
#define PATH_BYTES	(sizeof(DEVICES) + 2 * NAME_MAX)

/**
 * struct search - a search for a format
 * @first: the first device that has it
 * @all: every device that has it, with " and " between; may be cut
 * @found: how many have it
 * @looked: devices that were read
 * @unread: devices that could not be read, the last of them with @error
 */
struct search {
	uuid_t uuid;
	char first[BACKING_MAX];
	char all[256];
	unsigned int found;
	unsigned int looked;
	unsigned int unread;
	int error;
};

bool backing_is_uuid(const char *backing)
{
	uuid_t uuid;

	return !strncmp(backing, "blk:", 4) && !uuid_parse(backing + 4, uuid);
}

bool backing_valid(const char *backing)
{
	return !strncmp(backing, "mem:", 4) || !strncmp(backing, "blk:/", 5) ||
	       backing_is_uuid(backing);
}

static bool is_held(const char *name)
{
	char path[PATH_BYTES];
	struct dirent *entry;
	bool held = false;
	DIR *holders;

	snprintf(path, sizeof(path), DEVICES "/%s/holders", name);
	holders = opendir(path);
	if (!holders)
		return false;
	while (!held && (entry = readdir(holders)))
		held = entry->d_name[0] != '.';
	closedir(holders);
	return held;
}

/* Is the open file the device of that name in sysfs, whatever /dev calls so? */
static bool is_device(int fd, const char *name)
{
	char path[PATH_BYTES], is[32], has[32] = "";
	struct stat st;
	FILE *f;

	if (fstat(fd, &st) || !S_ISBLK(st.st_mode))
		return false;
	snprintf(is, sizeof(is), "%u:%u\n", major(st.st_rdev), minor(st.st_rdev));
	snprintf(path, sizeof(path), DEVICES "/%s/dev", name);
	f = fopen(path, "re");
	if (!f)
		return false;
	if (!fgets(has, sizeof(has), f))
		has[0] = '\0';
	fclose(f);
	return !strcmp(is, has);
}

/* Return: bytes read of the first page; a negative errno, -ENOENT when /dev does not have it. */
static ssize_t read_first_page(const char *device, const char *name,
			       uint8_t page[TERRACE_MEDIA_PAGE])
{
	/* O_NONBLOCK: a drive without a medium does not wait for one. */
	int fd = open(device, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ssize_t n = -ENOENT;

	if (fd < 0)
		return -errno;
	if (is_device(fd, name)) {
		n = pread(fd, page, TERRACE_MEDIA_PAGE, 0);
		if (n < 0)
			n = -errno;
	}
	close(fd);
	return n;
}

/* What cannot be read may be the one. But the paths of a multipath device are not in /dev. */
static void count(struct search *s, ssize_t n)
{
	if (n >= 0) {
		s->looked++;
	} else if (n != -ENOENT) {
		s->unread++;
		s->error = -n;
	}
}

static void note(struct search *s, const char *device)
{
	size_t used = strlen(s->all);

	if (!s->found++)
		snprintf(s->first, sizeof(s->first), "blk:%s", device);
	snprintf(s->all + used, sizeof(s->all) - used, "%s%s", used ? " and " : "", device);
}

static void look_at(struct search *s, const char *name)
{
	uint8_t page[TERRACE_MEDIA_PAGE], uuid[16];
	char device[BACKING_MAX - 4], *slash;
	struct media_layout l;
	ssize_t n;

	if (is_held(name))
		return;
	/* sysfs writes the slashes of a device's name as '!' */
	snprintf(device, sizeof(device), "/dev/%s", name);
	while ((slash = strchr(device, '!')))
		*slash = '/';
	n = read_first_page(device, name, page);
	count(s, n);
	if (n == sizeof(page) && !media_super_read(page, &l, uuid) &&
	    !uuid_compare(uuid, s->uuid))
		note(s, device);
}

static int not_dot(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int look_at_all(struct search *s)
{
	struct dirent **entries;
	int i, n = scandir(DEVICES, &entries, not_dot, alphasort);

	if (n < 0)
		return error_set(-errno, "cannot list the block devices in " DEVICES ": %s",
				 strerror(errno));
	for (i = 0; i < n; i++) {
		look_at(s, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return 0;
}

static int none_found(const struct search *s, const char *tier, const char *uuid)
{
	char unread[128] = "";

	if (s->unread)
		snprintf(unread, sizeof(unread), " (%u could not be read: %s)", s->unread,
			 strerror(s->error));
	return error_set(s->unread ? -s->error : -ENOENT, "tier %s cannot come online: none of %u block devices has the UUID %s%s: attach the device that 'terrace tier format' gave it, or name it as blk:PATH",
			 tier, s->looked, uuid, unread);
}

int backing_find(const char *tier, const char *backing, char out[BACKING_MAX])
{
	const char *uuid = backing + 4;
	struct search s = { 0 };
	int err;

	if (uuid_parse(uuid, s.uuid))
		return error_set(-EINVAL, "\"%s\" is not a UUID: take the one that 'terrace tier format' said",
				 uuid);
	err = look_at_all(&s);
	if (err)
		return err;
	if (!s.found)
		return none_found(&s, tier, uuid);
	if (s.found > 1)
		return error_set(-ENOTUNIQ, "tier %s cannot come online: the UUID %s is on %s: detach the copies, or name the device that is meant as blk:PATH",
				 tier, uuid, s.all);
	memcpy(out, s.first, BACKING_MAX);
	return 0;
}

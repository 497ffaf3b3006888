// SPDX-License-Identifier: LGPL-2.1-or-later
/* Statistics and settings of the device. */
#include "cli/sysfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEVICE		"/sys/class/misc/terrace"
#define SETTINGS	"/sys/kernel/config/terrace"

/* The folder of a tier, or of the device. */
static int folder_path(char path[PATH_MAX], const char *base, const char *tier)
{
	if (tier && (!*tier || strchr(tier, '/') || tier[0] == '.'))
		return -ENOENT;
	snprintf(path, PATH_MAX, tier ? "%s/tiers/%s" : "%s", base, tier);
	return 0;
}

static int read_at(int folder, const char *attribute, char value[SYSFS_VALUE_MAX])
{
	int fd = openat(folder, attribute, O_RDONLY | O_CLOEXEC);
	ssize_t n;
	int err;

	if (fd < 0)
		return -errno;
	n = read(fd, value, SYSFS_VALUE_MAX - 1);
	err = n < 0 ? -errno : 0;
	close(fd);
	if (err)
		return err;
	value[n] = 0;
	value[strcspn(value, "\n")] = 0;
	return 0;
}

static int folder_open(const char *base, const char *tier)
{
	char path[PATH_MAX];
	int fd, err = folder_path(path, base, tier);

	if (err)
		return err;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int read_from(const char *base, const char *tier, const char *attribute,
		     char value[SYSFS_VALUE_MAX])
{
	int folder = folder_open(base, tier), err;

	if (folder < 0)
		return folder;
	err = read_at(folder, attribute, value);
	close(folder);
	return err;
}

static int number_from(const char *base, const char *tier, const char *attribute, uint64_t *value)
{
	char text[SYSFS_VALUE_MAX], *end;
	int err = read_from(base, tier, attribute, text);

	if (err)
		return err;
	errno = 0;
	*value = strtoull(text, &end, 10);
	return errno || end == text || *end ? -EINVAL : 0;
}

int sysfs_read(const char *tier, const char *attribute, char value[SYSFS_VALUE_MAX])
{
	return read_from(DEVICE, tier, attribute, value);
}

int sysfs_number(const char *tier, const char *attribute, uint64_t *value)
{
	return number_from(DEVICE, tier, attribute, value);
}

int sysfs_setting(const char *tier, const char *key, uint64_t *value)
{
	return number_from(SETTINGS, tier, key, value);
}

static int is_file(const struct dirent *entry)
{
	return entry->d_type == DT_REG;
}

int sysfs_each(const char *tier, sysfs_visit_fn visit, void *context)
{
	struct dirent **entries;
	int i, n, result = 0, folder = folder_open(DEVICE, tier);

	if (folder < 0)
		return folder;
	n = scandirat(folder, ".", &entries, is_file, alphasort);
	if (n < 0)
		result = -errno;
	for (i = 0; i < n; i++) {
		char value[SYSFS_VALUE_MAX];

		if (!result && !read_at(folder, entries[i]->d_name, value))
			result = visit(entries[i]->d_name, value, context);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	close(folder);
	return result;
}

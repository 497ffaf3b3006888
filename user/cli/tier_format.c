// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * terrace tier format: make a block device usable as a flash tier. What it destroys it must have
 * been told to by the device's name.
 */
#include <blkid/blkid.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uuid/uuid.h>

#include "cli/commands.h"
#include "cli/output.h"
#include "engine/error.h"
#include "lib/media.h"

/* Old signatures are wiped this far from both ends: what blkid(8) knows lies within. */
#define WIPE_BYTES	(2ULL << 20)

struct format_args {
	const char *device;
	const char *overwrite;
	bool json;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct format_args *args = state->input;

	switch (key) {
	case 'j':
		args->json = true;
		return 0;
	case 'o':
		args->overwrite = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (args->device)
			argp_error(state, "one device at a time, '%s' is a second one", arg);
		args->device = arg;
		return 0;
	case ARGP_KEY_END:
		if (!args->device)
			argp_error(state, "which device?");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option options[] = {
	OPTION_JSON,
	{ "overwrite", 'o', "DEVICE", 0,
	  "Destroy what is on the device; must name it again", 0 },
	{ 0 }
};

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "DEVICE",
	.doc = "Make a block device (NVMe, pmem, loop, dm) usable as the backing of a flash tier. "
	       "A device that is in use, read-only, or holds anything is refused. Needs root.\v"
	       "An earlier format counts as something it holds: formatting again forgets the wear.\n\n"
	       "Examples:\n"
	       "  terrace tier format /dev/nvme0n1\n"
	       "  terrace tier format /dev/nvme0n1 --overwrite /dev/nvme0n1",
};

static int fail(const char *device, const char *what, struct engine_error *e)
{
	engine_error_set(e, "%s: %s (%s)", device, what, strerror(errno));
	return -errno;
}

/* O_EXCL: mounted devices, swap, members of dm or md, other tiers are EBUSY. */
static int open_device(const char *device, int *out, struct engine_error *e)
{
	struct stat st;
	int fd, ro;

	fd = open(device, O_RDWR | O_EXCL | O_CLOEXEC);
	if (fd < 0 && errno == EBUSY)
		return fail(device, "it is in use: unmount it, or take its tier or holder down first",
			    e);
	if (fd < 0)
		return fail(device, "it cannot be opened", e);
	*out = fd;
	if (fstat(fd, &st))
		return fail(device, "it cannot be looked at", e);
	if (!S_ISBLK(st.st_mode)) {
		engine_error_set(e, "%s is not a block device: files can be used through losetup(8)",
				 device);
		return -ENOTBLK;
	}
	if (ioctl(fd, BLKROGET, &ro))
		return fail(device, "it cannot be asked whether it is read-only", e);
	if (ro) {
		engine_error_set(e, "%s is read-only: make it writable first", device);
		return -EROFS;
	}
	return 0;
}

/* What is on it, as a word; NULL when there is nothing. */
static int probe(int fd, const char *device, char found[64], struct engine_error *e)
{
	blkid_probe pr = blkid_new_probe();
	const char *type = NULL;
	int n;

	found[0] = '\0';
	if (!pr || blkid_probe_set_device(pr, fd, 0, 0)) {
		blkid_free_probe(pr);
		engine_error_set(e, "%s: it cannot be probed for signatures", device);
		return -EIO;
	}
	blkid_probe_enable_superblocks(pr, 1);
	blkid_probe_set_superblocks_flags(pr, BLKID_SUBLKS_TYPE | BLKID_SUBLKS_BADCSUM);
	blkid_probe_enable_partitions(pr, 1);
	n = blkid_do_safeprobe(pr);
	if (!n && blkid_probe_lookup_value(pr, "TYPE", &type, NULL))
		blkid_probe_lookup_value(pr, "PTTYPE", &type, NULL);
	if (n != 1)
		snprintf(found, 64, "%s", type ? type : n == -2 ? "several signatures" : "something");
	blkid_free_probe(pr);
	return 0;
}

static int probe_own(int fd, const char *device, char found[64], struct engine_error *e)
{
	uint8_t page[TERRACE_MEDIA_PAGE], uuid[16];
	struct media_layout l;

	if (pread(fd, page, sizeof(page), 0) != sizeof(page))
		return fail(device, "its first page cannot be read", e);
	if (media_super_read(page, &l, uuid) != -ENOENT)
		snprintf(found, 64, "a format of Terrace, with its wear");
	return 0;
}

static int check_empty(int fd, const struct format_args *args, struct engine_error *e)
{
	char found[64];
	int err;

	err = probe(fd, args->device, found, e);
	if (!err && !found[0])
		err = probe_own(fd, args->device, found, e);
	if (err || !found[0])
		return err;
	if (args->overwrite && !strcmp(args->overwrite, args->device))
		return 0;
	engine_error_set(e, "%s holds %s: to destroy it say --overwrite %s", args->device, found,
			 args->device);
	return -EEXIST;
}

static int write_all(int fd, const void *data, uint64_t bytes, uint64_t at)
{
	while (bytes) {
		ssize_t n = pwrite(fd, data, bytes, at);

		if (n <= 0)
			return n ? -errno : -ENOSPC;
		data = (const char *)data + n;
		bytes -= n;
		at += n;
	}
	return 0;
}

static int wipe(int fd, const struct media_layout *l)
{
	void *zero = calloc(1, WIPE_BYTES);
	int err;

	if (!zero)
		return -ENOMEM;
	err = write_all(fd, zero, WIPE_BYTES, 0);
	if (!err)
		err = write_all(fd, zero, WIPE_BYTES, l->device_bytes - WIPE_BYTES);
	free(zero);
	return err;
}

/*
 * The superblock comes last: until then there is no format. Table s is in copy s % 2, as the kernel
 * goes on writing them: its first one must not overwrite the newer of these.
 */
static int write_format(int fd, const struct media_layout *l, const uint8_t uuid[16])
{
	uint8_t page[TERRACE_MEDIA_PAGE];
	void *table = malloc(l->wear_bytes);
	int i, err;

	if (!table)
		return -ENOMEM;
	err = wipe(fd, l);
	for (i = 0; i < 2 && !err; i++) {
		media_wear_make(l, uuid, 2 - i, table);
		err = write_all(fd, table, l->wear_bytes, l->wear_offset[i]);
	}
	free(table);
	if (!err && fsync(fd))
		err = -errno;
	if (err)
		return err;
	media_super_make(l, uuid, page);
	err = write_all(fd, page, sizeof(page), 0);
	return err ? err : fsync(fd) ? -errno : 0;
}

static int lay_out(const struct format_args *args, int fd, struct media_layout *l,
		   struct engine_error *e)
{
	unsigned long long bytes = 0;
	int err;

	if (ioctl(fd, BLKGETSIZE64, &bytes)) {
		fail(args->device, "its size cannot be had", e);
		return -EIO;
	}
	err = media_layout_of(bytes, l);
	if (err == -EFBIG)
		engine_error_set(e, "the device has %llu bytes, the format has room for %llu: use a partition of it",
				 bytes, MEDIA_DEVICE_MAX);
	else if (err)
		engine_error_set(e, "the device has %llu bytes, the format needs %llu: use a larger one",
				 bytes, MEDIA_DEVICE_MIN);
	return err;
}

static int format_device(const struct format_args *args, struct media_layout *l, uint8_t uuid[16],
			 struct engine_error *e)
{
	int fd = -1, err;

	err = open_device(args->device, &fd, e);
	if (!err)
		err = lay_out(args, fd, l, e);
	if (!err)
		err = check_empty(fd, args, e);
	if (!err) {
		uuid_generate(uuid);
		err = write_format(fd, l, uuid);
		if (err)
			engine_error_set(e, "%s cannot be written (%s): it has no format now",
					 args->device, strerror(-err));
	}
	if (fd >= 0)
		close(fd);
	return err;
}

int cmd_tier_format(int argc, char **argv)
{
	struct format_args args = { 0 };
	struct engine_error e = { 0 };
	char name[UUID_STR_LEN];
	struct media_layout l;
	uint64_t bytes;
	uint8_t uuid[16];

	command_parse(&argp, argc, argv, &args);
	if (format_device(&args, &l, uuid, &e))
		return command_failed("%s", e.text);
	uuid_unparse_lower(uuid, name);
	bytes = (uint64_t)l.segments << TERRACE_MEDIA_SEGMENT_SHIFT;
	if (args.json)
		return print_json(json_pack("{s:s, s:s, s:o, s:o}", "device", args.device, "uuid",
					    name, "segments", json_amount(l.segments), "bytes",
					    json_amount(bytes)));
	printf("%s is formatted: %u segments of 2 MiB, UUID %s\n", args.device, l.segments, name);
	return STATUS_DONE;
}

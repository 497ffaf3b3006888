// SPDX-License-Identifier: LGPL-2.1-or-later
/* The page of a report. */
#include "sim/report_page.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/datafile.h"

#define PLACE		"@DATA@"
#define PAGE_MAX	(64L << 20)

/* ---- reading ---- */

struct wanted {
	char *text;
	struct engine_error *e;
};

static int failed(struct engine_error *e, const char *path, int err)
{
	engine_error_set(e, "%s: %s", path, strerror(err));
	return -err;
}

static int read_text(FILE *file, const char *path, struct wanted *w)
{
	struct stat st;
	size_t size;

	if (fstat(fileno(file), &st))
		return failed(w->e, path, errno);
	if (!S_ISREG(st.st_mode) || st.st_size > PAGE_MAX)
		return failed(w->e, path, EINVAL);
	size = (size_t)st.st_size;
	w->text = calloc(1, size + 1);
	if (!w->text)
		return failed(w->e, path, ENOMEM);
	if (fread(w->text, 1, size, file) != size)
		return failed(w->e, path, EIO);
	if (strstr(w->text, PLACE))
		return 0;
	engine_error_set(w->e, "%s has no place for data: run `make report` again", path);
	return -EINVAL;
}

static int look(void *ctx, const char *folder)
{
	struct wanted *w = ctx;
	char path[PATH_MAX];
	FILE *file;
	int err;

	if (snprintf(path, sizeof(path), "%s/page.html", folder) >= (int)sizeof(path))
		return -ENOENT;
	file = fopen(path, "re");
	if (!file)
		return errno == ENOENT || errno == ENOTDIR ? -ENOENT : failed(w->e, path, errno);
	err = read_text(file, path, w);
	fclose(file);
	return err;
}

int report_page_read(char **out, struct engine_error *e)
{
	struct wanted w = { .e = e };
	int err = engine_datafile_search("report", "TERRACE_REPORT", NULL, look, &w);

	if (err == -ENOENT)
		engine_error_set(e, "the page of reports has not been made: run `make report`, which "
				 "gets its chart library by npm, then `make install` where it is to be "
				 "installed");
	if (err)
		free(w.text);
	else
		*out = w.text;
	return err;
}

/* ---- writing ---- */

/*
 * The element ends at "</script", wherever that is. JSON has these bytes in strings alone, where it
 * can spell them otherwise.
 */
static void put_json(FILE *file, const char *json)
{
	for (; *json; json++)
		if (strchr("<>&", *json))
			fprintf(file, "\\u%04x", (unsigned int)*json);
		else
			fputc(*json, file);
}

static int put(FILE *file, const char *page, const char *json)
{
	const char *place = strstr(page, PLACE);

	fwrite(page, 1, (size_t)(place - page), file);
	put_json(file, json);
	fputs(place + strlen(PLACE), file);
	return fflush(file) || ferror(file) ? -EIO : 0;
}

/* Files are replaced, devices and pipes written to. */
static bool is_replaced(const char *path)
{
	struct stat st;

	return stat(path, &st) || S_ISREG(st.st_mode);
}

static int write_file(const char *page, const char *json, const char *path, struct engine_error *e)
{
	bool replaced = is_replaced(path);
	char part[PATH_MAX];
	FILE *file;
	int err;

	if (snprintf(part, sizeof(part), "%s%s", path, replaced ? ".part" : "") >=
	    (int)sizeof(part))
		return failed(e, path, ENAMETOOLONG);
	file = fopen(part, "we");
	if (!file)
		return failed(e, part, errno);
	err = put(file, page, json);
	if (fclose(file) || err)
		err = failed(e, part, errno ?: EIO);
	else if (replaced && rename(part, path))
		err = failed(e, path, errno);
	if (err && replaced)
		unlink(part);
	return err;
}

int report_page_write(const char *page, json_t *data, const char *path, struct engine_error *e)
{
	char *json = json_dumps(data, JSON_COMPACT | JSON_ENSURE_ASCII);
	int err;

	if (!json) {
		engine_error_set(e, "no memory to write JSON: free some and try again");
		return -ENOMEM;
	}
	if (strcmp(path, "-")) {
		err = write_file(page, json, path, e);
	} else {
		err = put(stdout, page, json);
		if (err)
			failed(e, "standard output", EIO);
	}
	free(json);
	return err;
}

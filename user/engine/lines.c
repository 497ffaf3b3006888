// SPDX-License-Identifier: LGPL-2.1-or-later
/* Lines of a text file that nobody vouches for. */
#include "engine/lines.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 4096

int lines_open(struct lines *l)
{
	int err;

	l->file = fopen(l->path, "re");
	if (l->file)
		return 0;
	err = errno;
	engine_error_set(l->e, "cannot open %s: %s; check the path and its permissions", l->path,
			 strerror(err));
	return -err;
}

void lines_close(struct lines *l)
{
	if (l->file)
		fclose(l->file);
	free(l->text);
	l->file = NULL;
	l->text = NULL;
	l->room = 0;
}

int lines_bad(struct lines *l, const char *fmt, ...)
{
	char why[384];
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	snprintf(text, sizeof(text), "%.100s:%llu: %s", l->path, (unsigned long long)l->number,
		 why);
	if (!l->bad++)
		memcpy(l->first_bad, text, sizeof(text));
	if (l->bad_line)
		l->bad_line(l->ctx, text);
	if (!l->strict)
		return 0;
	engine_error_set(l->e, "%s; correct the line, or read without strict to leave it out",
			 text);
	return -EINVAL;
}

static int lines_grow(struct lines *l)
{
	size_t room = l->room ? l->room * 2 : FIRST_ROOM;
	char *text = realloc(l->text, room);

	if (!text) {
		engine_error_set(l->e, "no memory for a line of %zu bytes in %s", room, l->path);
		return -ENOMEM;
	}
	l->text = text;
	l->room = room;
	return 0;
}

/* What is the matter with a line as far as its bytes go. */
struct line_state {
	size_t len;
	bool nul;
	bool overlong;
	bool any;
};

/* Read up to the end of the line; bytes beyond @max are read but not kept. */
static int lines_fill(struct lines *l, size_t max, struct line_state *s)
{
	int c;

	while ((c = getc_unlocked(l->file)) != EOF) {
		s->any = true;
		if (c == '\n')
			break;
		if (!c)
			s->nul = true;
		if (s->len == max) {
			s->overlong = true;
			continue;
		}
		/* Room for this byte and the final NUL. */
		if (s->len + 1 >= l->room) {
			int err = lines_grow(l);

			if (err)
				return err;
		}
		l->text[s->len++] = (char)c;
	}
	if (ferror(l->file)) {
		engine_error_set(l->e, "cannot read %s: %s", l->path, strerror(EIO));
		return -EIO;
	}
	return 0;
}

static char *trim(char *text, size_t *len)
{
	while (*len && isspace((unsigned char)text[*len - 1]))
		(*len)--;
	text[*len] = '\0';
	while (*len && isspace((unsigned char)*text)) {
		text++;
		(*len)--;
	}
	return text;
}

int lines_next(struct lines *l, size_t max, char **text, size_t *len)
{
	for (;;) {
		struct line_state s = {};
		int err = lines_fill(l, max, &s);

		if (err)
			return err;
		if (!s.any)
			return 0;
		l->number++;
		if (s.overlong)
			err = lines_bad(l, "the line has more than %zu bytes", max);
		else if (s.nul)
			err = lines_bad(l, "the line holds a NUL byte");
		else if (s.len)
			*text = trim(l->text, &s.len);
		if (err)
			return err;
		if (s.overlong || s.nul || !s.len)
			continue;
		/* A byte order mark, as some editors put before the first line. */
		if (l->number == 1 && s.len >= 3 && !memcmp(*text, "\xef\xbb\xbf", 3)) {
			*text += 3;
			s.len -= 3;
		}
		if (!s.len)
			continue;
		*len = s.len;
		return 1;
	}
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* Reading INI files with line numbers and exact numbers. */
#include "engine/inifile.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include <ini.h>

#define EXPONENT_MAX 40

static void ini_stop(struct engine_ini *ini, int status)
{
	if (ini->status)
		return;
	ini->status = status;
	ini->status_line = ini->line;
}

int engine_ini_fail(struct engine_ini *ini, const char *fmt, ...)
{
	char what[sizeof(ini->error->text)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	engine_error_set(ini->error, "%s:%u: %s", ini->path, ini->line, what);
	return -EINVAL;
}

/* fgets() for libinih that counts lines and ends the file at one that is not whole. */
static char *ini_gets(char *text, int size, void *stream)
{
	struct engine_ini *ini = stream;

	if (ini->status || !fgets(text, size, ini->file))
		return NULL;
	ini->line++;
	ini->continued = *text == ' ' || *text == '\t';
	if (text[strcspn(text, "\n")] != '\n' && !feof(ini->file)) {
		ini_stop(ini, engine_ini_fail(ini, "a NUL, or more than %d bytes in a line: cut it",
					      size - 2));
		return NULL;
	}
	return text;
}

static int ini_take(void *user, const char *section, const char *key, const char *value)
{
	struct engine_ini *ini = user;
	int status;

	if (ini->status)
		return 0;
	status = ini->entry(ini, ini->user, section, key, value);
	if (status)
		ini_stop(ini, status);
	return !status;
}

/* The first of what libinih and the entry function have refused. */
static int ini_result(struct engine_ini *ini, int refused)
{
	if (ini->status && (refused <= 0 || ini->status_line <= (unsigned int)refused))
		return ini->status;
	if (refused <= 0)
		return 0;
	ini->line = refused;
	return engine_ini_fail(ini, "the line is no [section], key = value or # comment: mend it");
}

int engine_ini_read(const char *path, engine_ini_entry entry, void *user, struct engine_error *e)
{
	struct engine_ini ini = { .path = path, .error = e, .entry = entry, .user = user };
	int result;

	ini.file = fopen(path, "re");
	if (!ini.file) {
		result = -errno;
		engine_error_set(e, "cannot open %s: %s", path, strerror(-result));
		return result;
	}
	errno = 0;
	result = ini_result(&ini, ini_parse_stream(ini_gets, &ini, ini_take, &ini));
	if (ferror(ini.file)) {
		result = errno ? -errno : -EIO;
		engine_error_set(e, "cannot read %s: %s", path, strerror(-result));
	}
	fclose(ini.file);
	return result;
}

/* A decimal number: digits * 10^exponent; too_long when the digits do not fit. */
struct decimal {
	uint64_t digits;
	int exponent;
	bool too_long;
};

static void decimal_digit(struct decimal *d, char digit)
{
	if (__builtin_mul_overflow(d->digits, 10, &d->digits) ||
	    __builtin_add_overflow(d->digits, digit - '0', &d->digits))
		d->too_long = true;
}

/* Returns what follows the digits. */
static const char *decimal_digits(struct decimal *d, const char *text, int each)
{
	for (; isdigit((unsigned char)*text); text++) {
		decimal_digit(d, *text);
		d->exponent += each;
	}
	return text;
}

static bool decimal_exponent(struct decimal *d, const char *text)
{
	int sign = *text == '-' ? -1 : 1;
	int exponent = 0;

	if (*text == '-' || *text == '+')
		text++;
	if (!*text)
		return false;
	for (; isdigit((unsigned char)*text) && exponent <= EXPONENT_MAX; text++)
		exponent = exponent * 10 + *text - '0';
	d->exponent += sign * exponent;
	return !*text;
}

static bool decimal_parse(struct decimal *d, const char *text)
{
	if (!isdigit((unsigned char)*text))
		return false;
	text = decimal_digits(d, text, 0);
	if (*text == '.')
		text = decimal_digits(d, text + 1, -1);
	return !*text || ((*text == 'e' || *text == 'E') && decimal_exponent(d, text + 1));
}

/* The number as a whole one; false when it has a fraction or does not fit. */
static bool decimal_whole(struct decimal d, uint64_t *out)
{
	for (; d.exponent < 0 && d.digits; d.exponent++) {
		if (d.digits % 10)
			return false;
		d.digits /= 10;
	}
	for (; d.exponent > 0 && d.digits && !d.too_long; d.exponent--)
		decimal_digit(&d, '0');
	*out = d.digits;
	return !d.too_long;
}

int engine_ini_number(struct engine_ini *ini, const char *key, const char *text, int shift,
		      uint64_t lowest, uint64_t highest, uint64_t *out)
{
	struct decimal d = { .exponent = shift };

	if (!decimal_parse(&d, text))
		return engine_ini_fail(ini, "%s is '%s': it must be a number, as 1.6e12", key,
				       text);
	if (decimal_whole(d, out) && *out >= lowest && *out <= highest)
		return 0;
	if (shift)
		return engine_ini_fail(ini, "%s is %s: times 10^%d it must be whole, from %" PRIu64
				       " to %" PRIu64, key, text, shift, lowest, highest);
	return engine_ini_fail(ini, "%s is %s: it must be a whole number from %" PRIu64
			       " to %" PRIu64, key, text, lowest, highest);
}

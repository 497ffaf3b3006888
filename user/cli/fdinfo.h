/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What /proc/PID/fdinfo tells of a session: Documentation/ABI/testing/procfs-terrace. */
#ifndef _CLI_FDINFO_H
#define _CLI_FDINFO_H

#include <stdbool.h>
#include <stdint.h>

#include <terrace/terrace.h>

#define FDINFO_CLASS_MAX	16	/* bytes of a class's name, with its NUL */
#define FDINFO_CHARGING_MAX	16

/**
 * struct fdinfo_steps - the steps of one kind, as the keys of the same names
 */
struct fdinfo_steps {
	uint64_t steps;
	uint64_t tokens;
	uint64_t model_ns;
	uint64_t wall_ns;
	uint64_t absorbed_ns;
	uint64_t last_model_ns;
	uint64_t last_wall_ns;
};

/**
 * struct fdinfo_bytes - what a session did with a class on a tier
 * @held_bytes: real bytes of its buffers; not of fdinfo
 */
struct fdinfo_bytes {
	char tier[TERRACE_NAME_MAX];
	char class_name[FDINFO_CLASS_MAX];
	uint64_t held_bytes;
	uint64_t read_bytes;
	uint64_t write_bytes;
	uint64_t in_bytes;
	uint64_t out_bytes;
	uint64_t energy_uj;
};

#define FDINFO_BYTES_MAX	(TERRACE_TIERS_MAX * TERRACE_CLASSES)

/**
 * struct fdinfo - a session; what its kernel does not tell is 0
 * @kind: by TERRACE_STEP_
 * @bytes: @bytes_count of them
 */
struct fdinfo {
	uint64_t session;
	char charging[FDINFO_CHARGING_MAX];
	uint64_t replay;
	uint64_t pace_permille;
	uint64_t records;
	uint64_t rejected;
	struct fdinfo_steps kind[TERRACE_STEP_DECODE + 1];
	uint32_t bytes_count;
	struct fdinfo_bytes bytes[FDINFO_BYTES_MAX];
};

/**
 * fdinfo_parse - read the text of a fdinfo file
 * @text: is cut into pieces
 *
 * Keys that are not known are passed over.
 *
 * Return: true when it is that of a session.
 */
bool fdinfo_parse(char *text, struct fdinfo *info);

/**
 * fdinfo_bytes - the entry of a tier and class, added when there is none
 *
 * Return: NULL when there are too many.
 */
struct fdinfo_bytes *fdinfo_bytes(struct fdinfo *info, const char *tier, const char *class_name);

/* Tokens a second of so many nanoseconds; 0 when there are none. */
double fdinfo_rate(uint64_t tokens, uint64_t ns);

#endif /* _CLI_FDINFO_H */

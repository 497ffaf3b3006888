/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Programs that a library can be preloaded into. */
#ifndef _CLI_PROGRAM_H
#define _CLI_PROGRAM_H

#include "engine/error.h"

/**
 * program_find - the file that execvp(3) would run
 * @path: PATH_MAX bytes
 *
 * Return: 0; -ENOENT or -EACCES with @e set.
 */
int program_find(const char *name, char *path, struct engine_error *e);

/**
 * program_check - can a library be preloaded into it?
 *
 * A script is as good as its interpreter: what it starts is not looked at.
 *
 * Return: 0; -ENOEXEC it is static, of another architecture or no program, -EPERM it is set-user-ID
 * or set-group-ID, or a negative errno of open(2), with @e set.
 */
int program_check(const char *path, struct engine_error *e);

#endif /* _CLI_PROGRAM_H */

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is given as a file or as the name of one that comes with the project. */
#ifndef _SIM_DATA_PATH_H
#define _SIM_DATA_PATH_H

#include <limits.h>

#include "engine/error.h"

/**
 * sim_data_path - the path of a file
 * @kind, @variable: as of engine_datafile_search()
 * @ending: ".ini"
 * @given: a path when it holds a '/' or ends with @ending, else the name of NAME@ending
 *
 * Return: 0; -ENOENT there is no file of the name; whether a path exists is not looked at.
 */
int sim_data_path(const char *kind, const char *variable, const char *ending, const char *given,
		  char path[PATH_MAX], struct engine_error *e);

#endif /* _SIM_DATA_PATH_H */

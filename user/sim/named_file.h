/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files that come with the project, by the names that others give to what they describe.
 *
 * Names are compared by their letters and digits alone, without case and what stands before the
 * last '/': "NVIDIA/RTX_A6000" and "rtx-a6000" are the same.
 */
#ifndef _SIM_NAMED_FILE_H
#define _SIM_NAMED_FILE_H

#define PLAIN_NAME_MAX	128

/**
 * plain_name - what of a name counts
 */
void plain_name(const char *name, char plain[PLAIN_NAME_MAX]);

/**
 * named_file_look - looks at a file whose name ends as asked
 * @path: the file
 * @name: its name without folder and ending
 *
 * Return: -ENOENT when it is not the one; anything else ends the search.
 */
typedef int (*named_file_look)(void *ctx, const char *path, const char *name);

/**
 * named_file_search - look at files in the folders of engine/datafile.h
 * @kind, @variable: as of engine_datafile_search()
 * @ending: ".json"
 *
 * The files of a folder come in the order of their names.
 *
 * Return: -ENOENT when all of them returned it, else what the first other one returned.
 */
int named_file_search(const char *kind, const char *variable, const char *ending,
		      named_file_look look, void *ctx);

#endif /* _SIM_NAMED_FILE_H */

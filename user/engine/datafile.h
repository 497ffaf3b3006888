/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the files that come with the project are: profiles, models.
 *
 * Folders are tried in this order: those of an environment variable, with colons between; the one
 * of the file that names what is looked for; user/KIND of the checkout the program was built in;
 * share/terrace/KIND beside the program's own folder, in which the build keeps what it makes; the
 * installed share/terrace/KIND.
 */
#ifndef _ENGINE_DATAFILE_H
#define _ENGINE_DATAFILE_H

/**
 * engine_datafile_try - looks into one folder
 *
 * Return: -ENOENT when what is looked for is not there; anything else ends the search.
 */
typedef int (*engine_datafile_try)(void *ctx, const char *folder);

/**
 * engine_datafile_search - try one folder after the other
 * @kind: "profiles", "models"
 * @variable: name of the environment variable
 * @beside: path of a file whose folder is tried too; may be NULL
 *
 * Return: -ENOENT when all of them returned it, else what the first other one returned.
 */
int engine_datafile_search(const char *kind, const char *variable, const char *beside,
			   engine_datafile_try try, void *ctx);

#endif /* _ENGINE_DATAFILE_H */

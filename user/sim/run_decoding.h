/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How answers of a run come out, as it is asked for. */
#ifndef _SIM_RUN_DECODING_H
#define _SIM_RUN_DECODING_H

#include "sim/run_args.h"
#include "sim/serve.h"

/**
 * run_decoding_parse - the kind of a name; -EINVAL for anything else
 */
int run_decoding_parse(const char *name);

/**
 * run_decoding_name - "speculative"
 */
const char *run_decoding_name(enum serve_decoding_kind kind);

/**
 * run_decoding_read - take it from the values
 *
 * Return: 0; -EINVAL a value is missing, or belongs to another kind, or a step does not take as
 * many tokens.
 */
int run_decoding_read(const struct run_args *args, struct serve_decoding *out,
		      struct engine_error *e);

#endif /* _SIM_RUN_DECODING_H */

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files of recorded routing choices. Internal to routing.
 */
#ifndef _ENGINE_ROUTING_FILE_H
#define _ENGINE_ROUTING_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/error.h"
#include "engine/model_config.h"

/**
 * struct routing_layer - choices of one layer
 * @experts: top_k expert numbers a token
 * @tokens: whole tokens in @experts
 * @n, @room: numbers in @experts, and room for
 */
struct routing_layer {
	uint16_t *experts;
	size_t tokens;
	size_t n;
	size_t room;
};

/**
 * struct routing_record - a file's choices
 * @layers: by layer of the model; NULL when nothing was read
 * @n_layers: how many
 * @bad_lines: malformed lines that were left out
 */
struct routing_record {
	struct routing_layer *layers;
	uint32_t n_layers;
	uint64_t bad_lines;
};

/**
 * routing_file_read - read a file as described in routing.h
 * @out: to be freed with routing_record_free(), also on error
 *
 * Return: as routing_create().
 */
int routing_file_read(const char *path, bool strict, const struct model_config *m,
		      struct routing_record *out, struct engine_error *e);

/**
 * routing_record_free - free what a record holds; one that is all zero is allowed
 */
void routing_record_free(struct routing_record *r);

#endif /* _ENGINE_ROUTING_FILE_H */

// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a ggml graph computes, by ggml's exported functions and the tensor structure of ggml.h,
 * which has not changed from 2024 to 2026. The library is asked for the structure's size and for a
 * field's place; where it answers otherwise, FLOPs are 0 and the step is bound by memory alone.
 */
#include <dlfcn.h>
#include <link.h>
#include <stddef.h>
#include <string.h>

#include "preload/preload.h"

struct tensor {
	int type;
	void *buffer;
	int64_t ne[4];		/* elements, the fastest dimension first */
	size_t nb[4];
	int op;
	int32_t op_params[16];
	int32_t flags;
	const struct tensor *src[10];
	void *view_src;
	size_t view_offset;
	void *data;
	char name[64];
	void *extra;
	char padding[8];
};

#define TENSOR_OVERHEAD	(32 + sizeof(struct tensor))	/* struct ggml_object goes with it */

static struct ggml {
	size_t (*ggml_tensor_overhead)(void);
	int (*ggml_graph_n_nodes)(const void *graph);
	const struct tensor *(*ggml_graph_node)(const void *graph, int i);
	const char *(*ggml_op_name)(int op);
	const char *(*ggml_get_name)(const struct tensor *t);
} ggml;

/* Programs that load ggml as a plugin have it in a scope of its own. */
static int find_library(struct dl_phdr_info *info, size_t bytes, void *arg)
{
	(void)bytes;
	if (!strstr(info->dlpi_name, "libggml-base"))
		return 0;
	*(const char **)arg = info->dlpi_name;
	return 1;
}

void *graph_symbol(const char *name)
{
	void *symbol = dlsym(RTLD_NEXT, name), *library;
	const char *path = NULL;

	if (symbol)
		return symbol;
	dl_iterate_phdr(find_library, &path);
	library = path ? dlopen(path, RTLD_LAZY | RTLD_NOLOAD) : NULL;
	return library ? dlsym(library, name) : NULL;
}

static bool resolve(void *function, const char *name)
{
	return preload_function(function, graph_symbol(name));
}

static bool ggml_resolve(struct ggml *g)
{
	return resolve(&g->ggml_tensor_overhead, "ggml_tensor_overhead") &&
	       resolve(&g->ggml_graph_n_nodes, "ggml_graph_n_nodes") &&
	       resolve(&g->ggml_graph_node, "ggml_graph_node") &&
	       resolve(&g->ggml_op_name, "ggml_op_name") &&
	       resolve(&g->ggml_get_name, "ggml_get_name") &&
	       g->ggml_tensor_overhead() == TENSOR_OVERHEAD;
}

/* One thread computes at a time: see steps.c. */
static bool ggml_known(void)
{
	static enum { UNTRIED, KNOWN, UNKNOWN } state;

	if (state == UNTRIED)
		state = ggml_resolve(&ggml) ? KNOWN : UNKNOWN;
	return state == KNOWN;
}

static uint64_t elements(const struct tensor *t)
{
	return (uint64_t)t->ne[0] * t->ne[1] * t->ne[2] * t->ne[3];
}

enum op { OP_OTHER, OP_PRODUCT, OP_ATTENTION };

/* Numbers of operations differ between versions, their names do not. */
static enum op op_kind(int op)
{
	static unsigned char kinds[256];	/* 0: not looked up */
	const char *name;

	if (op < 0 || op >= (int)sizeof(kinds))
		return OP_OTHER;
	if (!kinds[op]) {
		name = ggml.ggml_op_name(op);
		if (!strcmp(name, "MUL_MAT") || !strcmp(name, "MUL_MAT_ID"))
			kinds[op] = 1 + OP_PRODUCT;
		else if (!strcmp(name, "FLASH_ATTN_EXT"))
			kinds[op] = 1 + OP_ATTENTION;
		else
			kinds[op] = 1 + OP_OTHER;
	}
	return kinds[op] - 1;
}

/* Two for each multiply and add. */
static uint64_t node_flops(const struct tensor *t)
{
	switch (op_kind(t->op)) {
	case OP_PRODUCT:
		return t->src[0] ? 2 * (uint64_t)t->src[0]->ne[0] * elements(t) : 0;
	case OP_ATTENTION:	/* queries with all keys, then those with all values */
		return t->src[0] && t->src[1] ? 2 * (uint64_t)t->src[1]->ne[1] *
		       (elements(t->src[0]) + elements(t)) : 0;
	default:
		return 0;
	}
}

void graph_work(const void *graph, struct graph_work *work)
{
	const struct tensor *t = NULL;
	bool first = true;
	int i, n;

	*work = (struct graph_work) { .tokens = 1, .outputs = 1 };
	if (!ggml_known())
		return;
	n = ggml.ggml_graph_n_nodes(graph);
	for (i = 0; i < n; i++) {
		t = ggml.ggml_graph_node(graph, i);
		if (!i && ggml.ggml_get_name(t) != t->name)
			return;
		work->flops += node_flops(t);
		/* the first product is of all rows, the last node is what comes out */
		if (first && op_kind(t->op) == OP_PRODUCT) {
			work->tokens = t->ne[1];
			first = false;
		}
	}
	if (t)
		work->outputs = t->ne[1];
}

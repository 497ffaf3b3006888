// SPDX-License-Identifier: LGPL-2.1-or-later
/* Check 11: equation 2 of Mooncake. */
#include <errno.h>

#include "sim/reload.h"
#include "sim/validate.h"

int validate_reload(const struct validate *v, struct checks *all, struct engine_error *e)
{
	/* The paper's figures have two decimals. */
	static const struct check_limit limit = { -0.005, 0.005, 0, "GB/s" };
	static const struct reload_shape llama70 = { .hidden = 8192, .gqa = 8, .kv_bytes = 2 };
	static const struct {
		const char *name;
		double flops;
		double published;
	} node[] = {
		{ "8 A800", 8 * 312e12, 5.86 },
		{ "8 H800", 8 * 989e12, 18.57 },
	};
	struct check *c = check_begin(all, "11 Mooncake equation 2 (engine)", &limit);
	unsigned int i;

	(void)v;
	(void)e;
	for (i = 0; i < sizeof(node) / sizeof(node[0]); i++)
		check_row(c, reload_break_even(&llama70, 8192, node[i].flops) / 1e9 -
			  node[i].published, "%s", node[i].name);
	return 0;
}

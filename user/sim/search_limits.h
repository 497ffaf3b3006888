/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Layouts that a model cannot be divided into, whatever memory there is. */
#ifndef _SIM_SEARCH_LIMITS_H
#define _SIM_SEARCH_LIMITS_H

#include "sim/capacity.h"

/**
 * search_ep - devices that share the experts: tp x dp of a mixture, else 1
 */
uint32_t search_ep(const struct model_config *m, const struct capacity_shard *s);

/**
 * search_excluded - is there a reason why a model cannot be divided so?
 * @why: the reason
 *
 * Each tensor parallel device has as many heads, and of KV heads as many, or each head is on as
 * many devices; it has an equal part of a dense FFN. Of experts a device has as many, or each has
 * equal parts on as many devices. Stages may differ by a layer.
 */
bool search_excluded(const struct model_config *m, const struct capacity_shard *s,
		     struct engine_error *why);

#endif /* _SIM_SEARCH_LIMITS_H */

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether KV of a prompt is better read from a slower tier than computed again. */
#ifndef _SIM_RELOAD_H
#define _SIM_RELOAD_H

/**
 * struct reload_shape - the model, as a dense decoder
 * @hidden: width of a layer
 * @gqa: heads per KV head
 * @kv_bytes: bytes of a number of the KV cache
 */
struct reload_shape {
	double hidden;
	double gqa;
	double kv_bytes;
};

/**
 * reload_break_even - bandwidth above which reading KV is faster than computing it
 * @tokens: of the prefix
 * @flops_per_second: what the accelerators really do
 *
 * B / G > 2 d s / (gqa (a p d + b d^2)) with a = 4 and b = 22 (Qin et al., Mooncake, FAST 2025,
 * equation 2): bytes of K and V of a token and layer by the operations that make them.
 *
 * Return: bytes/s.
 */
double reload_break_even(const struct reload_shape *shape, double tokens, double flops_per_second);

#endif /* _SIM_RELOAD_H */

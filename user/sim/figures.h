/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The figures of a run: every name, unit and formula once, for those who compute, print and explain
 * them.
 */
#ifndef _SIM_FIGURES_H
#define _SIM_FIGURES_H

/*
 * In the order they are explained in; run_figures.c computes them by their formulas.
 * X(name, unit, formula in words and symbols)
 */
#define FIGURES(X)										\
	X(requests_served, "requests",								\
	  "requests that were not rejected")							\
	X(requests_rejected, "requests",							\
	  "requests that would never fit")							\
	X(trace_lines_left_out, "lines",							\
	  "malformed lines of the trace")							\
	X(duration, "s",									\
	  "from the trace's beginning to the last token")					\
	X(prompt_tokens, "tokens",								\
	  "sum of prompts of requests served")							\
	X(tokens, "tokens",									\
	  "sum of answers of requests served")							\
	X(tokens_per_second, "tokens/s",							\
	  "tokens / duration")									\
	X(useful_tokens, "tokens",								\
	  "tokens of requests with TTFT <= slo-ttft and TPOT <= slo-tpot")			\
	X(useful_tokens_per_second, "tokens/s",							\
	  "useful_tokens / duration")								\
	X(late_first_tokens, "tokens",								\
	  "tokens of requests with TTFT > slo-ttft")						\
	X(slow_tokens, "tokens",								\
	  "tokens of other requests with TPOT > slo-tpot")					\
	X(rejected_tokens, "tokens",								\
	  "answers of requests that were rejected")						\
	X(recomputed_tokens, "tokens",								\
	  "tokens computed again after their blocks were lost")					\
	X(cached_tokens, "tokens",								\
	  "tokens of prompts whose KV was cached")						\
	X(ttft_mean, "ms",									\
	  "mean of first token - arrival")							\
	X(ttft_p50, "ms",									\
	  "50th percentile of first token - arrival")						\
	X(ttft_p90, "ms",									\
	  "90th percentile of first token - arrival")						\
	X(ttft_p99, "ms",									\
	  "99th percentile of first token - arrival")						\
	X(tpot_mean, "ms",									\
	  "mean of (last token - first token) / (tokens of the answer - 1)")			\
	X(tpot_p50, "ms",									\
	  "50th percentile of (last - first token) / (tokens of the answer - 1)")		\
	X(tpot_p90, "ms",									\
	  "90th percentile of (last - first token) / (tokens of the answer - 1)")		\
	X(tpot_p99, "ms",									\
	  "99th percentile of (last - first token) / (tokens of the answer - 1)")		\
	X(steps, "steps",									\
	  "steps of all groups")								\
	X(peak_batch, "requests",								\
	  "most requests at a time")								\
	X(preemptions, "requests",								\
	  "requests that lost their blocks")							\
	X(evictions, "blocks",									\
	  "cached blocks that were given up")							\
	X(step_mean, "ms",									\
	  "sum of (PP x (bound + network) + software) / steps; the bound is max(compute, tiers), "	\
	  "with --bound serial their sum, or a calibration's")					\
	X(step_mean_serial, "ms",								\
	  "sum of (PP x (compute + tiers + network) + overhead) / steps")			\
	X(step_network, "% of steps",								\
	  "100 x sum of PP x network / sum of steps' time")					\
	X(step_software, "% of steps",								\
	  "100 x sum of overhead / sum of steps' time")						\
	X(groups_busy, "%",									\
	  "100 x sum of steps' time / (duration x DP)")						\
	X(operations, "OP",									\
	  "sum of operations of all devices")							\
	X(accelerators_busy, "%",								\
	  "100 x operations / (peak_flops x efficiency_permille / 1000) / "			\
	  "(duration x devices)")								\
	X(decoded_tokens, "tokens",								\
	  "sum of tokens computed for requests that decode")					\
	X(tokens_per_turn, "tokens",								\
	  "tokens that came out of requests that decode / sum of these over steps")		\
	X(draft_tokens, "tokens",								\
	  "drafts of a step x sum of requests that decode over steps")				\
	X(rejected_draft_tokens, "tokens",							\
	  "draft_tokens - those that were right")						\
	X(draft_acceptance, "%",								\
	  "100 x drafts that were right / draft_tokens")					\
	X(tokens_beyond_end, "tokens",								\
	  "tokens that came out, but after the answer's end")					\
	X(prefill_groups_busy, "%",								\
	  "100 x sum of steps' time of prefill groups / (duration x these groups)")		\
	X(decode_groups_busy, "%",								\
	  "100 x sum of steps' time of groups that decode / (duration x these groups)")		\
	X(kv_transfers, "requests",								\
	  "requests whose KV went from prefill devices to others")				\
	X(kv_transferred, "B",									\
	  "sum of their prompts' KV, of all devices that receive it")				\
	X(kv_transfer_mean, "ms",								\
	  "mean of send and receive of a device's part")					\
	X(kv_transfer_wait_mean, "ms",								\
	  "mean of the time until the group had sent what was before it")			\
	X(kv_between_pools_peak, "B",								\
	  "most KV of prompts that were done, but had no room where they decode")		\
	X(energy, "J",										\
	  "energy_accelerators_computing + energy_accelerators_waiting + "			\
	  "energy_memory_moving + energy_memory_idle")						\
	X(energy_accelerators_computing, "J",							\
	  "active_watts x time of computing: "							\
	  "min(operations / (peak_flops x efficiency_permille / 1000), duration x devices)")	\
	X(energy_accelerators_waiting, "J",							\
	  "idle_watts x (duration x devices - time of computing): "				\
	  "min(operations / (peak_flops x efficiency_permille / 1000), duration x devices)")	\
	X(energy_memory_moving, "J",								\
	  "sum of energy_moving of the tiers")							\
	X(energy_memory_idle, "J",								\
	  "sum of energy_idle of the tiers")							\
	X(energy_per_token, "J/token",								\
	  "energy / tokens")									\
	X(energy_per_useful_token, "J/token",							\
	  "energy / useful_tokens")								\
	X(power_mean, "W",									\
	  "energy / duration")									\
	X(cost, "USD",										\
	  "cost_time + cost_wear + cost_energy")						\
	X(cost_time, "USD",									\
	  "duration / (life_years x YEAR x utilisation) x "					\
	  "(accelerator_usd + server_usd + *_usd_per_gb x GB of what is paid by time)")		\
	X(cost_wear, "USD",									\
	  "flash_life_used / 100 x *_usd_per_gb x GB of tiers that wear out first")		\
	X(cost_energy, "USD",									\
	  "energy / JOULES_PER_KWH x pue x electricity_usd_per_kwh")				\
	X(cost_per_million_tokens, "USD",							\
	  "cost / (tokens / 1e6)")								\
	X(cost_per_million_useful_tokens, "USD",						\
	  "cost / (useful_tokens / 1e6)")							\
	X(co2e, "g",										\
	  "co2e_operational + co2e_embodied")							\
	X(co2e_operational, "g",								\
	  "energy / JOULES_PER_KWH x pue x grid_g_per_kwh")					\
	X(co2e_embodied, "g",									\
	  "duration / (life_years x YEAR x utilisation) x (accelerator_kg + server_kg + "	\
	  "*_g_per_gb x GB), flash_life_used / 100 of tiers that wear out first")		\
	X(co2e_per_million_tokens, "g",								\
	  "co2e / (tokens / 1e6)")								\
	X(co2e_per_million_useful_tokens, "g",							\
	  "co2e / (useful_tokens / 1e6)")							\
	X(capacity_per_device, "B",								\
	  "capacity_bytes of the tier")								\
	X(weights_per_device, "B",								\
	  "greatest of the stages' weights x share in the tier")				\
	X(kv_room_per_device, "B",								\
	  "least of the stages' room for KV in the tier")					\
	X(weights_read, "B",									\
	  "sum of weights' bytes read, of all devices")						\
	X(kv_read, "B",										\
	  "sum of KV's bytes read, of all devices")						\
	X(kv_written, "B",									\
	  "sum of KV's bytes written, of all devices")						\
	X(activations_read, "B",								\
	  "sum of activations' bytes read, of all devices")					\
	X(activations_written, "B",								\
	  "sum of activations' bytes written, of all devices")					\
	X(read_peak_per_device, "B/s",								\
	  "min(read_bps, page_bytes x channels / page_read_ns) x bandwidth / 1000")		\
	X(read_mean_per_device, "B/s",								\
	  "bytes read / (duration x devices)")							\
	X(written_mean_per_device, "B/s",							\
	  "bytes written / (duration x devices)")						\
	X(busy, "%",										\
	  "100 x sum of the tier's time / (duration x devices)")				\
	X(energy_moving, "J",									\
	  "8e-15 x (read x (read_fj_per_bit + link_fj_per_bit) + "				\
	  "written x (write_fj_per_bit + link_fj_per_bit))")					\
	X(energy_idle, "J",									\
	  "idle_uw / 1e6 x duration x devices")							\
	X(flash_written, "B",									\
	  "sum of bytes written by the host, of all devices")					\
	X(flash_refreshed, "B",									\
	  "weights x duration / retention_s")							\
	X(flash_life_used, "%",									\
	  "100 x (flash_written + flash_refreshed) x waf_permille / 1000 / "			\
	  "(capacity_bytes x devices x endurance_cycles)")					\
	X(flash_life, "years",									\
	  "min((capacity_bytes - weights) x endurance_cycles x 1000 / "				\
	  "(flash_written / duration / devices x waf_permille), "				\
	  "endurance_cycles x retention_s x 1000 / waf_permille) / YEAR")

/* FIGURE_tokens and so on: the index of each */
#define FIGURE_INDEX(name, unit, formula)	FIGURE_##name,
enum figure_index { FIGURES(FIGURE_INDEX) FIGURES_N };
#undef FIGURE_INDEX

/**
 * struct figure - what a figure is
 */
struct figure {
	const char *name;
	const char *unit;
	const char *formula;
};

/* By enum figure_index. */
extern const struct figure figures[FIGURES_N];

#endif /* _SIM_FIGURES_H */

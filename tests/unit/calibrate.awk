# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The values of a calibration, from tables of measured kernels.
#
#   awk -F, -v hardware=H -v models=REGEX -v n=MODELS -v peak=OPS -v bps=BYTES -f calibrate.awk TABLES
#
# Operations of attention are 4 x heads x head size for each token attended to: heads x head size are
# the columns of q, found by o_proj's weights; KV of a token by the table.

FNR == 1 {
	delete at
	for (i = 1; i <= NF; i++)
		at[$i] = i
	next
}
$at["hardware"] != hardware || $at["tp"] != 1 { next }
("activated_experts" in at) {
	bytes = $at["expert_weight_bytes_touched"]
	experts = $at["activated_experts"]
	if (experts == 128 && $at["tokens"] <= 64) {
		moe_bytes += bytes
		moe_us += $at["time_us"]
	}
	if (experts == 8 && $at["tokens"] == 2048) {
		# Two bytes a parameter, two operations each, for each of the tokens.
		moe_ops += bytes * 2048
		moe_ops_us += $at["time_us"]
	}
	next
}
$at["model"] !~ models { next }
("layer" in at) {
	part = $at["layer"]
	us = $at["time_us"]
	tokens = $at["tokens_or_seqs"]
	if (part ~ /^(qkv|o|gate_up|down)_proj$/) {
		if (tokens == 1) {
			gemm_bytes += $at["weight_bytes"]
			gemm_us += us
		} else if (tokens == 2048) {
			gemm_ops += $at["weight_bytes"] * 2048
			gemm_ops_us += us
		}
	}
	if (tokens != 1)
		next
	if (part == "layernorm" || part == "qk_norm")
		layer_us += 2 * us
	if (part == "rotary_emb" || part == "act_fn")
		layer_us += us
	if (part == "embedding" || part == "final_layernorm" || part == "sampler")
		step_us += us
	next
}
$at["n_decode"] > 0 && $at["prefill_chunk"] == 0 {
	if ($at["decode_kv_bytes"] >= 2 ^ 28) {
		kv_bytes += $at["decode_kv_bytes"]
		kv_us += $at["time_us"]
	}
	if ($at["n_decode"] == 1 && $at["kv_decode"] == 256) {
		least_us += $at["time_us"]
		least_bytes += $at["decode_kv_bytes"]
	}
}
$at["prefill_chunk"] == 2048 && $at["n_decode"] == 0 {
	q = $at["model"] ~ /32B/ ? 64 * 128 : 32 * 128
	attention_ops += 4 * q * 2048 * ($at["kv_prefill"] + 2049 / 2)
	attention_us += $at["time_us"]
}
END {
	decode = kv_bytes / kv_us * 1e6 / bps
	printf "gemm_compute_permille %.0f\n", gemm_ops / gemm_ops_us * 1e9 / peak
	printf "gemm_bandwidth_permille %.0f\n", gemm_bytes / gemm_us * 1e9 / bps
	printf "decode_attention_bandwidth_permille %.0f\n", 1000 * decode
	printf "prefill_attention_compute_permille %.0f\n", attention_ops / attention_us * 1e9 / peak
	layer_us += least_us - least_bytes / (bps * decode) * 1e6
	printf "layer_ns %.0f\n", 5000 + 1000 * layer_us / n
	printf "step_ns %.0f\n", 1000 * step_us / n
	if (moe_us > 0) {
		printf "moe_compute_permille %.0f\n", moe_ops / moe_ops_us * 1e9 / peak
		printf "moe_bandwidth_permille %.0f\n", moe_bytes / moe_us * 1e9 / bps
	}
}

#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# When KV cache wears HBF out: the tables of Documentation/models/hbf.md, from the profiles and the
# models' configurations, with the formulas of Documentation/models/formulas.md:
#
#   P/E cycles a day	bytes written a day x WAF / capacity
#   life		endurance / P/E cycles a day
#   budget		capacity x endurance / (WAF x lifetime target)
#
# A refresh rewrites the whole capacity once in retention_s: so many bytes more a day.

set -euo pipefail
export LC_ALL=C
here=$(dirname "$0")
[ $# = 0 ] || { echo "usage: ${0##*/}
Prints the tables of KV cache on HBF in Documentation/models/hbf.md." >&2; exit 2; }
command -v jq >/dev/null || { echo "${0##*/}: jq is missing" >&2; exit 1; }

# profile NAME: its values as awk reads them
profile()
{
	awk -v name="$1" '
		/^[a-z_]+ = / { value[$1] = $3 }
		END {
			print "profile", name, value["capacity_bytes"], value["waf_permille"],
				value["lifetime_s"], value["retention_s"]
		}' "$here/../profiles/$1.ini"
}

# kv MODEL: bytes of KV a token in BF16; of MLA what is cached are the latent and the rotated key
kv()
{
	# shellcheck disable=SC2016 # of jq
	jq -r --arg name "$1" '"kv \($name) " + (.num_hidden_layers * 2 *
		if .kv_lora_rank then .kv_lora_rank + .qk_rope_head_dim
		else 2 * .num_key_value_heads * (.head_dim // .hidden_size / .num_attention_heads)
		end | tostring)' "$here/../../user/models/$1.json"
}

# number EXPRESSION
number()
{
	awk "BEGIN { printf \"%.0f\", $1 }"
}

# Published results. "writes": bytes a second to a stack and the room for KV on it, which both
# follow from what the study states; "life" and "cycles": seconds of life, or P/E cycles in so many
# seconds, from which the bytes a second follow.
#
# Kyung et al. (DOI 10.1109/LCA.2026.3695938): 8 devices of 5 stacks, context 8192. Bytes a second
# are batch / TPOT x KV a token x (1 + Lin / Lout); batch is what KV fits into 16 x 256 GB beside
# the weights, in eights: Maverick 999.73 GB, 196,608 B a token, batch 1920, 52 ms; R1 1581.70 GB,
# 70,272 B, batch 4360, 70 ms.
# Son et al. (DOI 10.1109/LCA.2026.3705817): cycles in three years on 8 GPUs, short prompts.
# Peng et al. (arXiv 2609.07175), Baek et al. (arXiv 2609.25782): years of life.
# FlashAccel (arXiv 2607.10186): what production of DeepSeek writes a day and GPU; here to one stack.
# Ma & Patterson (arXiv 2601.05047) give no rate. Decode reads the weights (8,030,261,248 parameters
# in BF16) and 32 contexts of 8192 tokens for 32 tokens at the bandwidth of the stack; prefill takes
# 2 FLOPs a parameter and token on half of the 989 TFLOP/s of an H100 (NVIDIA's data sheet).
studies()
{
	local decode prefill maverick r1

	decode=$(number '1.638e12 / (2 * 8030261248 + 32 * 8192 * 131072) * 32 * 131072')
	prefill=$(number '989e12 / 2 / (2 * 8030261248) * 131072')
	maverick=$(number '1920 / 0.052 * 196608 * 4 / 3 / 40')"|"$(number '512e9 - 999.73e9 / 40')
	r1=$(number '4360 / 0.070 * 70272 * 4 / 3 / 40')"|"$(number '512e9 - 1581.70e9 / 40')
	cat <<-END
		study hbf-ma-patterson|Every token, decode of llama-3.1-8b from the stack|infeasible (Ma & Patterson)|writes|$decode|512e9
		study hbf-ma-patterson|Every token, prefill of llama-3.1-8b|infeasible (Ma & Patterson)|writes|$prefill|512e9
		study hbf-kyung|Kyung et al., Maverick, Lin:Lout 1:3|6.2 years|writes|$maverick
		study hbf-kyung|Kyung et al., R1, Lin:Lout 1:3|10.0 years|writes|$r1
		study hbf-kyung|Kyung et al., Maverick, Lin:Lout 15:1|0.8 years|life|25246080
		study hbf-kyung|Kyung et al., all the time at 48 GB/s|two weeks|writes|48e9|512e9
		study hbf-son|Son et al., Llama 3 405B|171,814 cycles in 3 years|cycles|171814|94672800
		study hbf-son|Son et al., Llama 4|439,931 cycles in 3 years|cycles|439931|94672800
		study hbf-kyung|Peng et al., LRU|1 year|life|31557600
		study hbf-kyung|Peng et al., admitted at the tenth use|more than 6 years|life|189345600
		study hbf-kyung|Baek et al., idle sessions only|8 years|life|252460800
		study hbf-kyung|Baek et al., the same, at most|20 years|life|631152000
		study hbf-kyung|FlashAccel, prefill, 22.7 TB a day|–|writes|262731481|512e9
		study hbf-kyung|FlashAccel, decode, 26.9 TB a day|–|writes|311342593|512e9
	END
}

{
	profile hbf-ma-patterson
	profile hbf-son
	profile hbf-kyung
	profile hbf-ocp-grade2
	kv llama-3.1-8b
	kv llama-3.1-70b
	kv deepseek-v3
	studies
} | awk '
# SLC: Son, Kyung, Baek, Peng et al. and FlashAccel; TLC: the upper end of what 3D TLC is rated.
BEGIN {
	slc = 100000
	tlc = 3000
	day = 86400
	year = 365.25 * day
	n_rates = split("100 1000 10000", rates)
}
$1 == "profile" {
	names[++n] = $2
	capacity[$2] = $3
	waf[$2] = $4 / 1000
	target[$2] = $5
	refresh[$2] = $3 / $6 # bytes a second
}
$1 == "kv" {
	models[++m] = $2
	kv[$2] = $3
}
$1 == "study" { study[++s] = substr($0, 7) }

# 12345 as 12,345
function grouped(x, text) {
	text = sprintf("%.0f", x)
	while (match(text, /[0-9][0-9][0-9][0-9]($|,)/))
		text = substr(text, 1, RSTART) "," substr(text, RSTART + 1)
	return text
}
# Seconds of life.
function span(s) {
	if (s >= 9.95 * year)
		return grouped(s / year) " y"
	if (s >= 0.995 * year)
		return sprintf("%.1f y", s / year)
	return s >= 2 * day ? sprintf("%.0f d", s / day) : sprintf("%.0f h", s / 3600)
}
function life(bytes, waf, capacity, cycles) {
	return cycles * capacity / (bytes * waf)
}
# Without and with refresh; bold what reaches the target with it.
function lives(p, bytes, cycles, with, text) {
	with = life(bytes + refresh[p], waf[p], capacity[p], cycles)
	text = span(with)
	if (with >= target[p])
		text = "**" text "**"
	return span(life(bytes, waf[p], capacity[p], cycles)) " / " text
}
# Host bytes a second that reach the target.
function budget(p, cycles) {
	return capacity[p] * cycles / (waf[p] * target[p])
}
# Without and with what refresh takes of the budget.
function rate_limits(budgeted, refreshed, token, with) {
	with = "none"
	if (budgeted > refreshed)
		with = grouped((budgeted - refreshed) / token)
	return grouped(budgeted / token) " / " with
}
function limits(p, cycles, i, b) {
	b = budget(p, cycles)
	printf "| %s | %s | %.0f y | %.2f | %.0f |", p, grouped(cycles), target[p] / year,
		b * day / 1e12, b / 1e6
	for (i = 1; i <= m; i++)
		printf " %s |", rate_limits(b, refresh[p], kv[models[i]])
	print ""
}
function table_limits(i) {
	printf "| profile | cycles | target | TB a day | MB/s |"
	for (i = 1; i <= m; i++)
		printf " %s |", models[i]
	print "\n|---|---:|---:|---:|---:|---:|---:|---:|"
	for (i = 1; i <= n; i++)
		limits(names[i], slc)
	for (i = 1; i <= n; i++)
		limits(names[i], tlc)
}
function table_lives(cycles, i, j, k) {
	printf "| profile | KV of | bytes a token |"
	for (k = 1; k <= n_rates; k++)
		printf " %s tokens/s |", grouped(rates[k])
	print "\n|---|---|---:|---:|---:|---:|"
	for (i = 1; i <= n; i++)
		for (j = 1; j <= m; j++) {
			printf "| %s | %s | %s |", names[i], models[j], grouped(kv[models[j]])
			for (k = 1; k <= n_rates; k++)
				printf " %s |", lives(names[i], rates[k] * kv[models[j]], cycles)
			print ""
		}
}
function study_row(text, f, p, room, bytes, mark) {
	split(text, f, "|")
	p = f[1]
	room = capacity[p]
	mark = f[4] == "writes" ? "" : " *"
	if (f[4] == "writes") {
		bytes = f[5]
		room = f[6]
	} else if (f[4] == "life") {
		bytes = slc * room / (waf[p] * f[5])
	} else {
		bytes = f[5] * room / (waf[p] * f[6])
	}
	printf "| %s | %s%s | %s | %s | %s | %s |\n", f[2], grouped(bytes / 1e6), mark,
		span(life(bytes, waf[p], room, slc)),
		span(life(bytes + refresh[p], waf[p], room, slc)),
		span(life(bytes, waf[p], room, tlc)), f[3]
}
function table_studies(i) {
	print "| study | MB/s | SLC | refreshed | TLC | published |"
	print "|---|---:|---:|---:|---:|---:|"
	for (i = 1; i <= s; i++)
		study_row(study[i])
}
END {
	print "Tokens a second whose KV may be written to a stack for it to reach its lifetime target,"
	print "without / with refresh:\n"
	table_limits()
	print "\nLife at a rate of tokens with " grouped(slc) " cycles, without / with refresh; bold: the"
	print "target is reached:\n"
	table_lives(slc)
	print "\nThe same with " grouped(tlc) " cycles:\n"
	table_lives(tlc)
	print "\nWhat studies find, as bytes a second to a stack; *: the rate follows from the published"
	print "life or cycles, so that SLC agrees with them by construction:\n"
	table_studies()
}'

#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# llama.cpp under terrace run where Terrace cannot place its model: the output is right, and one line
# says why.

cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d) || exit 1
# shellcheck source=tests/selftests/flash.sh
. tests/selftests/flash.sh
# shellcheck source=tests/selftests/llama.sh
. tests/selftests/llama.sh
model=tests/data/clients/stories260K.gguf

# shellcheck disable=SC2317
cleanup()
{
	[ ! -e /dev/terrace.away ] || mv /dev/terrace.away /dev/terrace
	terrace tier unload >/dev/null 2>&1
	rm -rf "$work"
}
trap cleanup EXIT

# plainly NAME PATTERN [COMMAND...]: the story under terrace run, with the one line
plainly()
{
	local name=$1 pattern=$2
	shift 2
	text told 40 "$@" terrace run --
	same plain told "$name: the story is the same"
	[ "$(grep -c '^terrace: ' "$work/said")" = 1 ] && grep -qE "^terrace: .*$pattern" "$work/said"
	result $? "$name: one line says why"
}

# refuses NAME PATTERN COMMAND...: terrace run ends with one sentence
refuses()
{
	local name=$1 pattern=$2
	shift 2
	! "$@" >"$work/said" 2>&1 && grep -qE "$pattern" "$work/said" &&
		[ "$(wc -l <"$work/said")" = 1 ]
	result $? "$name"
}

echo "TAP version 13"
chmod 755 "$work"
text plain 40 env
result $? "the client runs without Terrace"
plainly "no tier is online" "online"
load_tiers mem:1
result $? "tiers come online"
plainly "no permission" "permission" setpriv --reuid 65534 --regid 65534 --clear-groups
terrace tier unload >/dev/null
cat >"$work/tiers.ini" <<-END
	[device]
	scale = 1
	[tier small]
	profile = hbm4
	capacity_bytes = 2097152
	backing = mem:0
	rank = 0
	classes = weights
END
terrace tier load "$work/tiers.ini" >"$work/said" 2>&1
result $? "a tier that one model fills"
text told 40 terrace run --
same plain told "no tier for the KV cache: the story is the same"
grep -qE '^terrace: kv-cache .*plain memory' "$work/said"
result $? "no tier for the KV cache: a line says why"
model=build/clients/moe.gguf
text plain 40 env
text told 40 terrace run --
same plain told "the tier is full: the story is the same"
grep -qE '^terrace: weights .*plain memory.*do not fit' "$work/said"
result $? "the tier is full: a line says why"
refuses "an unknown tier" 'nosuch.*small' terrace run --weights nosuch -- true
busybox=$(command -v busybox)
refuses "a static program" 'statically' terrace run -- "$busybox" true
refuses "no program" 'no program' terrace run -- nosuchprogram
terrace tier unload >/dev/null
mv /dev/terrace /dev/terrace.away
plainly "no device" "not there"
mv /dev/terrace.away /dev/terrace
echo "1..$number"

#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Every command of terrace on a real device: what it prints, its JSON, its exit statuses, and what
# it says to bad input.

cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d) || exit 1
holder=
# shellcheck disable=SC2317
cleanup()
{
	[ -z "$holder" ] || kill "$holder" 2>/dev/null
	wait
	terrace tier unload >/dev/null 2>&1
	rm -rf "$work"
}
trap cleanup EXIT

number=0
failures=0

# result STATUS NAME [WHY]
result()
{
	number=$((number + 1))
	if [ "$1" = 0 ]; then
		echo "ok $number - $2"
	else
		failures=$((failures + 1))
		[ $# -lt 3 ] || echo "# $3"
		sed 's/^/# /' "$work/out" "$work/err"
		echo "not ok $number - $2"
	fi
}

# check NAME STATUS PATTERN COMMAND...: the command ends with STATUS and says PATTERN, an extended
# regular expression, on standard output or error.
check()
{
	local name=$1 expected=$2 pattern=$3 status

	shift 3
	"$@" >"$work/out" 2>"$work/err" </dev/null
	status=$?
	if [ $status != "$expected" ]; then
		result 1 "$name" "exit status $status, not $expected"
	elif ! grep -qE -- "$pattern" "$work/out" "$work/err"; then
		result 1 "$name" "it does not say: $pattern"
	else
		result 0 "$name"
	fi
}

# refused NAME STATUS PATTERN COMMAND...: as check, and standard output is empty and standard error
# begins with the program's name.
refused()
{
	check "$@"
	if [ -s "$work/out" ] || ! head -n 1 "$work/err" | grep -q '^terrace'; then
		result 1 "$1: one sentence on standard error alone"
	fi
}

# json NAME STATUS FILTER COMMAND...: the output is JSON for which the filter is true.
json()
{
	local name=$1 expected=$2 filter=$3 status

	shift 3
	if ! command -v jq >/dev/null; then
		number=$((number + 1))
		echo "ok $number - $name # SKIP jq is missing"
		return
	fi
	"$@" --json >"$work/out" 2>"$work/err" </dev/null
	status=$?
	if [ $status != "$expected" ]; then
		result 1 "$name" "exit status $status, not $expected"
	elif ! jq -e "$filter" "$work/out" >/dev/null 2>>"$work/err"; then
		result 1 "$name" "not true: $filter"
	else
		result 0 "$name"
	fi
}

# tier NAME NODE RANK CLASSES REAL_MIB
tier()
{
	printf '[tier %s]\nprofile = ddr5\nbacking = mem:%s\nrank = %s\nclasses = %s\ncapacity_bytes = %s\n' \
		"$1" "$2" "$3" "$4" $(($5 << 30))
}

device='[device]
scale = 1024
'
all='weights kv context activation'
{ echo "$device"; tier near 0 0 "$all" 32; tier far 1 1 'weights kv' 64; } >"$work/two.ini"
{ echo "$device"; tier near 0 0 "$all" 32; tier lost 9 1 "$all" 32; } >"$work/no-node.ini"
{ echo "$device"; tier near 0 0 "$all" 32; tier near2 0 0 "$all" 32; } >"$work/same-rank.ini"
{ echo "$device"; tier near 0 0 "$all" 32; tier flash 0 1 "$all" 32; } |
	sed 's/mem:0$/&/; /tier flash/,$ s|mem:0|blk:/dev/nvme0n1|' >"$work/flash.ini"
{ echo "$device"; tier near 0 0 "$all" 32; } | sed 's/ddr5/ddr6/' >"$work/no-profile.ini"
{ echo "$device"; tier near 0 0 'weihgts' 32; } >"$work/bad-class.ini"
# a model minute is a second, so that the first one passes
{ echo "$device"; echo 'clock_acceleration = 60'; tier near 0 0 "$all" 32
  printf '[tier hbf0]\nprofile = hbf-kyung\nbacking = mem:1\nrank = 1\nclasses = context\n'; } \
	>"$work/wear.ini"

# hold NAME CLASS MIB: a buffer of a process of its own (TERRACE_IOC_CREATE by hand, so that no
# program has to be built); sets holder and buffer.
hold()
{
	rm -f "$work/id"
	# shellcheck disable=SC2016
	perl -e '
		my ($name, $class, $mib) = @ARGV;
		open(my $device, "+<", "/dev/terrace") or die "/dev/terrace: $!";
		my $arg = pack("LLLLQLlLLQa32", 80, 0, $class, 0, $mib << 20, 0xffffffff, 0, 0, 0, 0,
			       $name);
		ioctl($device, 0xc0505483, $arg) or die "create: $!";
		my @field = unpack("LLLLQLlLLQa32", $arg);
		open(my $buffer, "+<&=", $field[6]) or die "buffer: $!";
		syswrite($buffer, "x" x 4096) or die "write: $!";
		$| = 1;
		print "$field[7]\n";
		sleep 600' "$@" >"$work/id" &
	holder=$!
	while kill -0 $holder 2>/dev/null && [ ! -s "$work/id" ]; do
		sleep 0.1
	done
	buffer=$(cat "$work/id")
}

release()
{
	kill $holder
	wait $holder 2>/dev/null
	holder=
}

# --- help and the command line ---

check "terrace --help" 0 'Commands:' terrace --help
check "terrace --version" 0 '^terrace [0-9]' terrace --version
for command in 'tier load' 'tier list' 'tier show' 'tier unload' status buffers migrate version; do
	# shellcheck disable=SC2086
	check "$command --help has examples" 0 '^  (.*=.*)?terrace ' terrace $command --help
	# shellcheck disable=SC2086
	refused "$command refuses an unknown option" 2 "unrecognized option" terrace $command --bogus
done
refused "no command" 2 'a command is missing' terrace
refused "unknown command names the nearest" 2 "did you mean 'buffers'" terrace bufers
refused "unknown tier command names the nearest" 2 "did you mean 'unload'" terrace tier unlod
refused "tier load without a file" 2 'a FILE is missing' terrace tier load
refused "tier load of two files" 2 'one FILE at a time' terrace tier load a b
refused "tier show without a name" 2 'NAME is missing' terrace tier show
refused "status takes no argument" 2 "'extra' is too much" terrace status extra
refused "migrate without a buffer" 2 'BUFFER is missing' terrace migrate
refused "migrate without a range" 2 'RANGE is missing' terrace migrate 1 --to near
refused "migrate without a tier" 2 '--to TIER is missing' terrace migrate 1 all
refused "migrate: buffer 0" 2 "'0' is not the number of a buffer" terrace migrate 0 all --to near
refused "migrate: buffer -1" 2 "'-1' is not the number" terrace migrate --to near -- -1 all
refused "migrate: buffer 2^32" 2 "'4294967296' is not the number" \
	terrace migrate 4294967296 all --to near
check "output to a full disk fails" 1 'cannot write' \
	bash -c 'terrace --version >/dev/null && terrace version >/dev/full'

# --- without tiers ---

check "version" 0 'module: kernel interface 1' terrace version
json "version --json" 0 '.abi == 1 and .module_abi == 1' terrace version
check "status without tiers says how to load them" 0 'terrace tier load FILE' terrace status
json "status --json without tiers" 0 '.tiers == [] and .buffers == 0' terrace status
check "tier list without tiers" 0 'No tier is online' terrace tier list
json "tier list --json without tiers" 0 '. == []' terrace tier list
json "buffers --json without buffers" 0 '. == []' terrace buffers
refused "tier show of no tier" 1 '"near" is not online.*terrace tier load' terrace tier show near
refused "tier show of a path" 1 'not online' terrace tier show ../../null
refused "tier unload of no tier" 1 'there is no tier near' terrace tier unload near
refused "tier unload of a path" 1 'is not a tier name' terrace tier unload ../tiers
check "tier unload of nothing" 0 '^done$' sh -c 'terrace tier unload && echo done'

# --- loading: all or none ---

refused "tier load of no file" 1 "$work/none.ini" terrace tier load "$work/none.ini"
refused "tier load of an unknown profile" 1 'ddr6' terrace tier load "$work/no-profile.ini"
refused "tier load of an unknown class names the nearest" 1 'weights' \
	terrace tier load "$work/bad-class.ini"
refused "tier load of equal ranks" 1 'rank' terrace tier load "$work/same-rank.ini"
refused "tier load of a missing node" 1 'tier lost cannot come online.*mem:9' \
	terrace tier load "$work/no-node.ini"
json "a failed load leaves no tier" 0 '. == []' terrace tier list
check "a failed load leaves no directory" 0 '^0$' \
	sh -c 'ls /sys/kernel/config/terrace/tiers | wc -l'
dd if=/dev/zero of=/dev/nvme0n1 bs=4096 count=1 conv=notrunc status=none
refused "tier load of a block device that is not formatted" 1 \
	'/dev/nvme0n1 was never formatted; see .terrace tier format' \
	terrace tier load "$work/flash.ini"
json "that leaves no tier either" 0 '. == []' terrace tier list
check "tier load" 0 'tier near is online: 32.00 GiB modelled on 32.00 MiB of mem:0' \
	terrace tier load "$work/two.ini"
refused "tier load again" 1 'terrace tier unload' terrace tier load "$work/two.ini"

# --- looking ---

check "tier list" 0 '^near +0 mem:0 +32.00 MiB +0 B +32.00 GiB .* GB/s' terrace tier list
json "tier list --json" 0 'map(.name) == ["near", "far"] and .[1].classes == ["weights", "kv"] and
	.[0].capacity_bytes == 33554432 and .[0].model_capacity_bytes == 34359738368 and
	.[1].backing == "mem:1"' terrace tier list
check "tier show" 0 '^capacity_bytes +33554432 \(32.00 MiB\)' terrace tier show near
json "tier show --json" 0 '.name == "far" and .capacity_bytes == 67108864 and .rank == 1 and
	.faults == 0' terrace tier show far
check "status" 0 '^scale +1 : 1024' terrace status
json "status --json" 0 '.scale == 1024 and (.tiers | length) == 2 and .sessions == 1 and
	.tiers[0].used_bytes == 0' terrace status

# --- buffers and migration ---

hold 'a held one' 1 8
check "the test's own buffer is there" 0 '^[1-9][0-9]*$' cat "$work/id"
check "buffers" 0 "^ +$buffer a held one +kv +8.00 MiB +2.00 MiB .* near 8.00 MiB" terrace buffers
json "buffers --json" 0 ".[0] | .buffer == $buffer and .class == \"kv\" and .bytes == 8388608 and
	.resident_bytes == 2097152 and .pid == $holder and .uid == 0 and .sealed_bytes == 0 and
	.tier_bytes == {\"near\": 8388608}" terrace buffers
check "migrate a range" 0 '^2097152\+4194304: 4.00 MiB of 4.00 MiB on far$' \
	terrace migrate "$buffer" 2MiB+4MiB --to far
json "the range is there" 0 '.[0].tier_bytes == {"near": 4194304, "far": 4194304}' terrace buffers
json "migrate --json" 0 '.moved_bytes == 4194304 and .to == "far" and .ranges[0].error == null and
	.ranges[0].done_bytes == 8388608' terrace migrate "$buffer" all --to far
json "migrate the same again moves nothing" 0 '.moved_bytes == 0 and
	.ranges[0].done_bytes == 8388608' terrace migrate "$buffer" all --to far
json "one bad range does not stop the others" 1 '.moved_bytes == 2097152 and
	.ranges[0].error == "EINVAL" and .ranges[0].reason == "range" and
	.ranges[1].error == null' terrace migrate "$buffer" 1+2 0+2MiB --to near
check "a bad range in text" 1 'cannot move: range \(EINVAL\)' \
	terrace migrate "$buffer" 0+1GiB --to near
mapfile -t many < <(yes 0+2MiB | head -n 300)
json "more ranges than one call takes" 0 '(.ranges | length) == 300 and .moved_bytes == 2097152' \
	terrace migrate "$buffer" "${many[@]}" --to far
refused "migrate of another form of range" 2 "'0-2MiB' is not a range" \
	terrace migrate "$buffer" 0-2MiB --to near
refused "migrate of too large a number" 2 '2\^64 - 1' \
	terrace migrate "$buffer" 0+99999999999999999999 --to near
refused "migrate to no tier names those online" 1 '"nearer" is not online; online are near, far' \
	terrace migrate "$buffer" all --to nearer
refused "migrate of no buffer" 1 'there is no buffer 4000000000' \
	terrace migrate 4000000000 all --to near
release

hold 'scratch' 3 24
check "class not allowed" 1 'class not allowed \(EXDEV\)' terrace migrate "$buffer" all --to far
refused "unloading all with a buffer" 1 'still hold buffers \(1\)' terrace tier unload
refused "unloading what fits nowhere else" 1 'tier near cannot go offline' terrace tier unload near
json "it stays online" 0 'map(.name) == ["near", "far"]' terrace tier list
release

hold 'cache' 1 16
json "16 of 32 MiB are used" 0 '.tiers[0].used_bytes == 16777216' terrace status
check "unloading a tier moves what it holds" 0 'tier near is offline' terrace tier unload near
json "to the other tier" 0 '.[0].tier_bytes == {"far": 16777216}' terrace buffers
release

# --- without permission ---

# shellcheck disable=SC2317
as_nobody()
{
	setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}
refused "status as nobody" 1 'no permission to open /dev/terrace: run as root' \
	as_nobody "$(command -v terrace)" status
refused "tier load as nobody" 1 'run as root' \
	as_nobody "$(command -v terrace)" tier load tests/data/tiers/hbm.ini
refused "tier unload as nobody" 1 'run as root' as_nobody "$(command -v terrace)" tier unload far

json "tier unload --json" 0 '.unloaded == ["far"]' terrace tier unload
json "nothing is left" 0 '. == []' terrace tier list

# --- write budget and lifetime in words ---

terrace tier load "$work/wear.ini" >/dev/null
check "tier show: the arithmetic of the write budget" 0 \
	'^write budget: 512 GB x 100000 cycles / \(1\.02 x 1826 days\) = 27\.49 TB a day$' \
	terrace tier show hbf0
check "what is left of it by class" 0 '^write budget left: 27\.49 TB of context$' \
	terrace tier show hbf0
check "and that of a lifetime" 0 '^lifetime: ' terrace tier show hbf0
check "not of memory that does not wear" 0 '^none$' \
	sh -c '! terrace tier show near | grep -E "^(write budget|lifetime)" && echo none'
json "not in JSON" 0 '(keys | all(test("^[a-z0-9_]+$"))) and has("write_budget_bytes_per_day")' \
	terrace tier show hbf0
# until the first model minute is over there is no value
while ! cat /sys/class/misc/terrace/tiers/hbf0/lifetime_seconds >/dev/null 2>&1; do
	sleep 0.5
done
check "nothing was written" 0 '^lifetime: \(100000 - 0\) cycles left / 0 cycles a day = unlimited, ' \
	terrace tier show hbf0
hold 'context' 2 8
terrace migrate "$buffer" all --to near >/dev/null
check "the extent that has content moves to it" 0 'of 8.00 MiB on hbf0' \
	terrace migrate "$buffer" all --to hbf0
# 2 GiB modelled, 1.02 times over, in 512 GB
check "what was written is in the lifetime" 0 \
	'^lifetime: \(100000 - 0\.004\) cycles left / [0-9.e+-]+ cycles a day = [0-9.]+ (years|days), extrapolated ' \
	terrace tier show hbf0
release
terrace tier unload >/dev/null

echo "1..$number"
exit $((failures > 0))

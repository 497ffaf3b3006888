#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# terrace run with a client that does with memory what programs may do: everything is as without
# Terrace, where its memory is in buffers as well as where it cannot be.

cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d) || exit 1
client=build/clients/plain_client
# shellcheck source=tests/selftests/flash.sh
. tests/selftests/flash.sh

# shellcheck disable=SC2317
cleanup()
{
	[ ! -e /dev/terrace.away ] || mv /dev/terrace.away /dev/terrace
	terrace tier unload >/dev/null 2>&1
	rm -rf "$work"
}
trap cleanup EXIT

# file of 400 pages and a bit, of bytes that the client knows
make_file()
{
	perl -e 'print pack("C*", map { ($_ * 7 + int($_ / 4096) * 3 + 1) & 255 } 0 .. 400 * 4096 + 122)' \
		>"$work/plain.bin"
	chmod 666 "$work/plain.bin"
}

# client_tests NAME ARGUMENT [COMMAND...]: every test of the client, run by COMMAND, is a result
client_tests()
{
	local name=$1 argument=$2 line notes=
	shift 2
	timeout 250 "$@" $client "$argument" "$work/plain.bin" >"$work/out" 2>"$work/said"
	[ $? -le 1 ]
	result $? "$name: the client ends"
	while read -r line; do
		case $line in
		ok*)	result 0 "$name: ${line#* - }" ;;
		not*)	echo "$notes"
			result 1 "$name: ${line#* - }" ;;
		*)	notes=$line ;;
		esac
	done <"$work/out"
	[ "$(grep -c '^\(not \)\?ok' "$work/out")" = "$(wc -l <"$work/tests")" ]
	result $? "$name: no test is missing"
}

# one_line NAME PATTERN [COMMAND...]: a process that cannot place says so once
one_line()
{
	local name=$1 pattern=$2
	shift 2
	"$@" "${run[@]}" $client plain "$work/plain.bin" allocator >"$work/out" 2>"$work/said"
	[ "$(wc -l <"$work/said")" = 1 ] && grep -qE "^terrace: .*$pattern" "$work/said"
	result $? "$name: one line says why"
}

# gone: no buffer is left after a moment
gone()
{
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		[ "$(terrace buffers --json | jq length)" != 0 ] || return 0
		sleep 0.5
	done
	return 1
}

echo "TAP version 13"
chmod 755 "$work"
make_file
cat >"$work/rules.ini" <<-END
	[rule file]
	what = file
	class = weights
	path = $work/plain.bin
	[rule memory]
	what = memory
	class = kv
	min_bytes = 1MiB
END
run=(terrace run --rules "$work/rules.ini" --report "$work/report" --)
$client list >"$work/tests"
[ -s "$work/tests" ]
result $? "the client has tests"
client_tests "without Terrace" plain env

client_tests "no tier" plain "${run[@]}"
one_line "no tier" online
terrace tier load tests/data/tiers/hbm-cxl.ini >"$work/said" 2>&1
result $? "tiers come online"
client_tests "on tiers" placed "${run[@]}"
gone
result $? "no buffer is left"
rm -f "$work/report"
client_tests "no permission" plain setpriv --reuid 65534 --regid 65534 --clear-groups "${run[@]}"
one_line "no permission" permission setpriv --reuid 65534 --regid 65534 --clear-groups
[ ! -e "$work/report" ]
result $? "no permission: nothing to report"

# a script starts several programs, each of which is placed
cat >"$work/script" <<-END
	#!/bin/sh
	$client placed $work/plain.bin unmap_parts || exit 1
	$client placed $work/plain.bin file_content fork | cat
	exec $client placed $work/plain.bin allocator
END
chmod 755 "$work/script"
"${run[@]}" "$work/script" >"$work/out" 2>"$work/said"
[ "$(grep -c '^ok' "$work/out")" = 4 ] && ! grep -q '^not' "$work/out" && [ ! -s "$work/said" ]
result $? "programs of a script"
LD_PRELOAD=libpthread.so.0 "${run[@]}" $client placed "$work/plain.bin" allocator \
	>"$work/out" 2>"$work/said"
grep -q '^ok' "$work/out" && [ ! -s "$work/said" ]
result $? "with another library preloaded"
"${run[@]}" "${run[@]}" $client placed "$work/plain.bin" allocator >"$work/out" 2>"$work/said"
grep -q '^ok' "$work/out" && [ ! -s "$work/said" ]
result $? "terrace run under terrace run"
"${run[@]}" timeout 20 build/clients/own_allocator >"$work/out" 2>"$work/said"
[ "$(cat "$work/out")" = fine ]
result $? "a program with an allocator of its own"

"${run[@]}" $client hold >"$work/out" 2>"$work/said" &
holder=$!
for _ in {1..100}; do
	! grep -q held "$work/out" || break
	sleep 0.1
done
terrace buffers --json >"$work/said"
[ "$(jq '[.[] | select(.name == "memory")] | length' "$work/said")" = 2 ]
result $? "a buffer for each allocation"
kill -KILL $holder
wait $holder 2>/dev/null
gone
result $? "killed, it leaves no buffer"

terrace tier unload >/dev/null
mv /dev/terrace /dev/terrace.away
client_tests "no device" plain "${run[@]}"
one_line "no device" "not there"
mv /dev/terrace.away /dev/terrace
echo "1..$number"

#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The model gives identical results in the kernel and in user space: digests of a million random
# inputs, one for each function.

cd "$(dirname "$0")/../.." || exit 1
program=build/tests/model_digest
inputs=${TERRACE_MODEL_INPUTS:-1000000}
name=terrace_model_test

bail()
{
	echo "Bail out! $1"
	exit 1
}

# The module that was built for the running kernel.
module=
for file in build/$name.ko build/debug/$name.ko; do
	[ -e "$file" ] && grep -aq "vermagic=$(uname -r) " "$file" && module=$file && break
done
[ -n "$module" ] || bail "no $name.ko is built for $(uname -r): run make module"
[ -x $program ] || bail "$program is not built: run make -C tests/modules"

# Both at the same time: the guest has two processors.
output=$(mktemp) || bail "there is no temporary file"
trap 'rm -f "$output"' EXIT
$program "$inputs" >"$output" &
insmod "$module" n="$inputs" || bail "$module cannot be loaded"
IFS=, read -ra kernel </sys/module/$name/parameters/digests
rmmod $name || bail "$name cannot be unloaded"
wait $! || bail "$program failed"
mapfile -t user <"$output"

echo "TAP version 13"
echo "1..$((${#user[@]} + 1))"
status=0
number=1
if [ "${#user[@]}" -gt 0 ] && [ "${#kernel[@]}" -eq "${#user[@]}" ]; then
	echo "ok $number - as many digests in the kernel as in user space"
else
	echo "not ok $number - ${#kernel[@]} digests in the kernel, ${#user[@]} in user space"
	status=1
fi
for i in "${!user[@]}"; do
	number=$((number + 1))
	function=${user[i]% *}
	if [ "${kernel[i]}" = "${user[i]#* }" ]; then
		echo "ok $number - $function: $inputs inputs, digest ${kernel[i]}"
	else
		echo "not ok $number - $function: ${kernel[i]} in the kernel, ${user[i]#* } in user space"
		status=1
	fi
done
exit $status

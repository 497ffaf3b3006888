# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
#
# Where downloads and slow builds are kept, and how a Debian package gets there. Sourced by the
# scripts that need one. Every entry carries the version of what it holds, and is moved to its
# place only when it is whole, so that an interrupted run leaves nothing half done behind.

cache=${XDG_CACHE_HOME:-/var/cache}/terrace
series=6.12

die()
{
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# cache_entry DIR COMMAND...: unless DIR exists, run COMMAND with a new empty folder as its last
# argument and then give the folder that name. Concurrent callers wait for the first.
cache_entry()
{
	local entry=$1 work
	shift
	[ -d "$entry" ] && return 0
	mkdir -p "${entry%/*}" || return 1
	exec {cache_lock}>"$entry.lock"
	flock "$cache_lock"
	if [ ! -d "$entry" ]; then
		work=$entry.part
		rm -rf "$work"
		mkdir "$work" && "$@" "$work" && mv "$work" "$entry"
	fi
	exec {cache_lock}>&-
	[ -d "$entry" ]
}

# package_version NAME: the newest version apt knows.
package_version()
{
	apt-cache show --no-all-versions "$1" 2>/dev/null | sed -n 's/^Version: //p' | head -n 1
}

# unpack_packages NAME... DIR: download packages and unpack them, without installing, into DIR.
unpack_packages()
{
	local dir=${*: -1} names=("${@:1:$#-1}") deb
	mkdir -p "$dir/deb" || return 1
	chmod 755 "$dir" "$dir/deb"
	echo "downloading ${names[*]}" >&2
	(
		cd "$dir/deb" && download=(apt-get -q -o APT::Sandbox::User=root download) || exit 1
		"${download[@]}" "${names[@]}" >&2 && exit
		# Lists that are too old name files that are gone.
		[ "$(id -u)" = 0 ] && [ "${TERRACE_NO_INSTALL-}" != 1 ] && apt-get -q update >&2 &&
			"${download[@]}" "${names[@]}" >&2
	) || return 1
	for deb in "$dir"/deb/*.deb; do
		dpkg -x "$deb" "$dir" || return 1
	done
	rm -r "$dir/deb"
}

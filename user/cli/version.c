// SPDX-License-Identifier: LGPL-2.1-or-later
/* terrace version: of program and library, and of the module when it is loaded. */
#include <terrace/terrace.h>

#include "cli/commands.h"
#include "cli/output.h"

static const struct argp argp = {
	.options = command_json_options,
	.parser = command_json_parser,
	.doc = "Print the version of the program and of the kernel interface it was built for, and of the "
	       "module when it is loaded.\v"
	       "Examples:\n"
	       "  terrace version\n"
	       "  terrace version --json | jq .module_abi",
};

int cmd_version(int argc, char **argv)
{
	struct terrace_session *s = NULL;
	struct terrace_info info = { 0 };
	bool json = false;

	command_parse(&argp, argc, argv, &json);
	if (!terrace_session_open(NULL, &s) && terrace_session_info(s, &info))
		info.abi_version = 0;
	terrace_session_close(s);
	if (json)
		return print_json(json_pack("{s:s, s:i, s:o?}", "terrace", CLI_VERSION, "abi",
					    TERRACE_ABI_VERSION, "module_abi", info.abi_version ?
					    json_integer(info.abi_version) : json_null()));
	printf("terrace %s, kernel interface %d\n", CLI_VERSION, TERRACE_ABI_VERSION);
	if (info.abi_version)
		printf("module: kernel interface %u\n", info.abi_version);
	else
		printf("module: not to be had (%s)\n", terrace_error());
	return STATUS_DONE;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* Missing module, type information or permission. */
#include "daemon/requirements.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define MODULE_FOLDER	"/sys/module/terrace"
#define KERNEL_BTF	"/sys/kernel/btf/vmlinux"
#define MODULE_BTF	"/sys/kernel/btf/terrace"

int requirements_check(struct engine_error *e)
{
	if (access(MODULE_FOLDER, F_OK)) {
		engine_error_set(e, "the kernel module terrace is not loaded (no %s): load it with `modprobe terrace`, or `make load` in the checkout",
				 MODULE_FOLDER);
		return -ENODEV;
	}
	if (access(KERNEL_BTF, F_OK)) {
		engine_error_set(e, "the kernel has no type information (no %s), which the BPF programs need: boot a kernel built with CONFIG_DEBUG_INFO_BTF, such as Debian's",
				 KERNEL_BTF);
		return -EOPNOTSUPP;
	}
	if (access(MODULE_BTF, F_OK)) {
		engine_error_set(e, "the loaded module terrace has no type information (no %s), so its tracepoints cannot be observed: install pahole (package dwarves) and the running kernel's headers, build the module again and reload it",
				 MODULE_BTF);
		return -EOPNOTSUPP;
	}
	return 0;
}

int requirements_bpf_error(const char *what, int err, struct engine_error *e)
{
	switch (-err) {
	case EPERM:
	case EACCES:
		engine_error_set(e, "%s may not be loaded: run terraced as root, or with CAP_BPF, CAP_PERFMON and CAP_SYS_ADMIN",
				 what);
		break;
	case ESRCH:
	case ENOENT:
		engine_error_set(e, "%s found no such tracepoint in the loaded module terrace: module and daemon are of different versions, install both from one build",
				 what);
		break;
	case ENOMEM:
		engine_error_set(e, "%s needs more memory than there is: lower heat_extents", what);
		break;
	default:
		engine_error_set(e,
				 "%s could not be loaded: %s; libbpf's words above say more", what,
				 strerror(-err));
	}
	return err;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the daemon needs of the host, and what to do when it is missing.
 */
#ifndef _DAEMON_REQUIREMENTS_H
#define _DAEMON_REQUIREMENTS_H

#include "engine/error.h"

/**
 * requirements_check - are the module, its type information and the kernel's there?
 *
 * Return: 0; -ENODEV the module is not loaded; -EOPNOTSUPP type information (BTF) is missing.
 */
int requirements_check(struct engine_error *e);

/**
 * requirements_bpf_error - say why a BPF program could not be loaded or attached
 * @what: the program, in words
 * @err: negative errno of libbpf
 *
 * Return: @err.
 */
int requirements_bpf_error(const char *what, int err, struct engine_error *e);

#endif /* _DAEMON_REQUIREMENTS_H */

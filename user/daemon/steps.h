/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The observers of step.bpf.c: latency histograms, an event a step, and probes of a function.
 *
 * Not thread safe.
 */
#ifndef _DAEMON_STEPS_H
#define _DAEMON_STEPS_H

#include <linux/types.h>

#include "../bpf/step.h"
#include "engine/error.h"

struct steps;

/**
 * steps_open - load the programs and begin to observe steps
 *
 * Return: 0; a negative errno with @e set.
 */
int steps_open(struct steps **out, struct engine_error *e);

/**
 * steps_close - stop observing; NULL is allowed
 */
void steps_close(struct steps *s);

/**
 * steps_probe - measure the calls of a function, in every process, instead of the one before
 * @file: executable or shared library; one without a slash is searched for as ld.so(8) and the
 *        shell would; "" = none
 * @function: symbol in its symbol table or dynamic symbol table
 *
 * Return: 0; a negative errno with @e set; then nothing is probed.
 */
int steps_probe(struct steps *s, const char *file, const char *function, struct engine_error *e);

/**
 * steps_fd - readable when steps have ended
 */
int steps_fd(const struct steps *s);

/**
 * steps_ended - take the events that wait
 *
 * Return: how many steps ended since the last call, as far as events were not lost.
 */
__u64 steps_ended(struct steps *s);

/**
 * steps_hist - copy a histogram
 */
int steps_hist(const struct steps *s, enum step_hist which, struct hist *out);

/**
 * steps_lost - events that found the ring full
 * steps_unmatched - returns of the probed function without a known entry
 */
__u64 steps_lost(const struct steps *s);
__u64 steps_unmatched(const struct steps *s);

#endif /* _DAEMON_STEPS_H */

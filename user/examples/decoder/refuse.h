/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Why something was refused: one sentence that names the value, the limit and the remedy. */
#ifndef DECODER_REFUSE_H
#define DECODER_REFUSE_H

/*
 * Keeps the sentence. It is -1, so that a function can end with it, and a macro, so that who reads
 * the caller, a person or an analyzer, sees that.
 */
#define refuse(...) (refuse_because(__VA_ARGS__), -1)

void refuse_because(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The last sentence. Names out of a file may be in it, so it holds printable ASCII only. */
const char *refusal(void);

#endif

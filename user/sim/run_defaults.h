/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a run takes when it is not asked for; explain_constants.c has the sources. */
#ifndef _SIM_RUN_DEFAULTS_H
#define _SIM_RUN_DEFAULTS_H

#define RUN_DEFAULT_TTFT_MS		2000
#define RUN_DEFAULT_TPOT_MS		200
#define RUN_DEFAULT_BATCH		256
#define RUN_DEFAULT_STEP_TOKENS		8192
#define RUN_DEFAULT_BLOCK_TOKENS	16
#define RUN_DEFAULT_OVERHEAD_US		0
#define RUN_DEFAULT_BANDWIDTH		1000

#endif /* _SIM_RUN_DEFAULTS_H */

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a search was asked for, and the defaults it took. */
#ifndef _SIM_SEARCH_SETTINGS_H
#define _SIM_SEARCH_SETTINGS_H

#include "sim/run_settings.h"
#include "sim/search_space.h"

void search_settings(const struct search *s, const struct run_args *args,
		     struct run_settings *out);

#endif /* _SIM_SEARCH_SETTINGS_H */

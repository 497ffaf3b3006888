/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sessions as terrace status shows them. */
#ifndef _CLI_STATUS_SESSIONS_H
#define _CLI_STATUS_SESSIONS_H

#include <jansson.h>

#include "cli/sessions.h"

void status_sessions_text(const struct sessions *sessions);

/* An array; NULL without memory. */
json_t *status_sessions_json(const struct sessions *sessions);

#endif /* _CLI_STATUS_SESSIONS_H */

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tiers fast (memory) and slow (flash) whose device fails where a test says. */
#ifndef _SELFTESTS_FAULTY_H
#define _SELFTESTS_FAULTY_H

#include "devices.h"
#include "tiers.h"

#define FAULTY_BYTES	(64 * MIB)	/* 31 segments behind the tables, 29 of them promised */
#define FAULTY_CAPACITY	(16 * MIB)	/* of each tier */
#define FAULTY_LANDING	(4 * MIB)

/* NULL, or why there can be no such device: to skip a test. */
const char *faulty_lacks(void);

/* The device, sound and formatted; 0 or a negative errno. What a killed test left is taken away. */
int faulty_up(struct loop_device *disk);
void faulty_down(struct loop_device *disk);

/* The tiers on it as it is; 0 or a negative errno. */
int faulty_tiers_up(void);

/* From @at on @bytes fail as a feature of dm-flakey says: error_reads or error_writes. */
int faulty_range(struct loop_device *disk, uint64_t at, uint64_t bytes, const char *feature);

/* The tables of wear cannot be written. */
int faulty_tables(struct loop_device *disk);

/* Nothing fails. */
int faulty_none(struct loop_device *disk);

/* Where a segment begins. */
uint64_t faulty_segment(struct loop_device *disk, uint32_t index);

#endif /* _SELFTESTS_FAULTY_H */

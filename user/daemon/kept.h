/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The table of kept weights: which ranges of which files are in buffers, and who uses them.
 *
 * No device and no socket in it. What is kept has a descriptor of its buffer, which the table
 * closes. An entry is loading, or ready; who waits for it counts as a user as well. Without users
 * it stays for the time that is configured, unless its file has changed or its room is needed.
 */
#ifndef _DAEMON_KEPT_H
#define _DAEMON_KEPT_H

#include <stdbool.h>
#include <stdint.h>
#include <terrace/terrace.h>

#define KEPT_MAX	64
#define KEPT_ANY_UID	UINT32_MAX

/**
 * struct kept_key - what makes weights the same; compared whole, so zeroed before it is filled
 * @mount: unique id of the mount where the device number is one that the next mount may get
 *         (anonymous, major 0); else 0
 * @size: of the file
 * @offset, @bytes: range in it
 * @tier: "" unless the room had to be on this one
 */
struct kept_key {
	uint32_t device_major;
	uint32_t device_minor;
	uint64_t mount;
	uint64_t inode;
	int64_t modified_s;
	int64_t changed_s;
	uint32_t modified_ns;
	uint32_t changed_ns;
	uint64_t size;
	uint64_t offset;
	uint64_t bytes;
	uint32_t extent_bytes;
	uint32_t class_id;
	char tier[TERRACE_NAME_MAX];
};

enum kept_state { KEPT_FREE, KEPT_LOADING, KEPT_READY };

/**
 * struct kept - an entry
 * @outdated: the file has changed: nobody gets it any more
 * @uid: who loads or has loaded it, and is charged
 * @users: who wait for it or use it
 * @fd: of the buffer, once it is ready
 * @bytes: of the buffer
 * @unused_ns: CLOCK_MONOTONIC when the last user went
 */
struct kept {
	enum kept_state state;
	bool outdated;
	struct kept_key key;
	uint32_t uid;
	uint32_t users;
	int fd;
	uint64_t bytes;
	uint64_t unused_ns;
};

/**
 * struct kept_table - all of them
 * @keep_ns: how long one stays without users; 0 = not
 * @evictions: entries dropped for their room
 */
struct kept_table {
	struct kept kept[KEPT_MAX];
	uint64_t keep_ns;
	uint64_t evictions;
};

/**
 * kept_find - the entry of a key; NULL when there is none, or it is outdated
 *
 * Other versions of the key's file are outdated from now on; those without users are dropped.
 */
struct kept *kept_find(struct kept_table *t, const struct kept_key *key);

/**
 * kept_add - an entry that loads, without a user; evicts when the table is full
 *
 * Return: the entry; NULL when all are in use.
 */
struct kept *kept_add(struct kept_table *t, const struct kept_key *key, uint32_t uid);

/**
 * kept_ready - it is loaded; @fd is the table's from now on
 */
void kept_ready(struct kept *k, int fd, uint64_t bytes, uint64_t now_ns);

/**
 * kept_drop - give an entry up, and its buffer
 */
void kept_drop(struct kept *k);

/**
 * kept_take - one more user
 */
void kept_take(struct kept *k);

/**
 * kept_put - one user less; drops a ready entry that is not to be kept
 */
void kept_put(struct kept_table *t, struct kept *k, uint64_t now_ns);

/**
 * kept_evict - drop what has been without users longest
 * @uid: only what is charged to it; or KEPT_ANY_UID
 *
 * Return: false when everything is in use.
 */
bool kept_evict(struct kept_table *t, uint32_t uid);

/**
 * kept_expire - drop what has been without users for long enough
 *
 * Return: CLOCK_MONOTONIC of the next one's end; 0 = there is none.
 */
uint64_t kept_expire(struct kept_table *t, uint64_t now_ns);

/**
 * kept_clear - drop all
 */
void kept_clear(struct kept_table *t);

/**
 * kept_count, kept_bytes - of those that are ready
 */
uint32_t kept_count(const struct kept_table *t);
uint64_t kept_bytes(const struct kept_table *t);

#endif /* _DAEMON_KEPT_H */

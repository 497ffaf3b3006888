// SPDX-License-Identifier: LGPL-2.1-or-later
/* The table of kept weights. */
#include "daemon/kept.h"

#include <string.h>
#include <unistd.h>

static bool same_file(const struct kept_key *a, const struct kept_key *b)
{
	return a->device_major == b->device_major && a->device_minor == b->device_minor &&
	       a->mount == b->mount && a->inode == b->inode;
}

static bool same_version(const struct kept_key *a, const struct kept_key *b)
{
	return a->modified_s == b->modified_s && a->modified_ns == b->modified_ns &&
	       a->changed_s == b->changed_s && a->changed_ns == b->changed_ns &&
	       a->size == b->size;
}

static bool is_unused(const struct kept *k)
{
	return k->state == KEPT_READY && !k->users;
}

struct kept *kept_find(struct kept_table *t, const struct kept_key *key)
{
	struct kept *found = NULL;

	for (struct kept *k = t->kept; k < t->kept + KEPT_MAX; k++) {
		if (k->state == KEPT_FREE || !same_file(&k->key, key))
			continue;
		if (!same_version(&k->key, key)) {
			k->outdated = true;
			if (is_unused(k))
				kept_drop(k);
		} else if (!k->outdated && !memcmp(&k->key, key, sizeof(*key))) {
			found = k;
		}
	}
	return found;
}

static struct kept *find_free(struct kept_table *t)
{
	for (struct kept *k = t->kept; k < t->kept + KEPT_MAX; k++)
		if (k->state == KEPT_FREE)
			return k;
	return NULL;
}

struct kept *kept_add(struct kept_table *t, const struct kept_key *key, uint32_t uid)
{
	struct kept *k = find_free(t);

	if (!k && kept_evict(t, KEPT_ANY_UID))
		k = find_free(t);
	if (k)
		*k = (struct kept) {
			.state = KEPT_LOADING, .key = *key, .uid = uid, .fd = -1,
		};
	return k;
}

void kept_ready(struct kept *k, int fd, uint64_t bytes, uint64_t now_ns)
{
	k->state = KEPT_READY;
	k->fd = fd;
	k->bytes = bytes;
	k->unused_ns = now_ns;
}

void kept_drop(struct kept *k)
{
	if (k->state == KEPT_READY)
		close(k->fd);
	k->state = KEPT_FREE;
}

void kept_take(struct kept *k)
{
	k->users++;
}

void kept_put(struct kept_table *t, struct kept *k, uint64_t now_ns)
{
	if (--k->users)
		return;
	k->unused_ns = now_ns;
	if (is_unused(k) && (k->outdated || !t->keep_ns))
		kept_drop(k);
}

bool kept_evict(struct kept_table *t, uint32_t uid)
{
	struct kept *oldest = NULL;

	for (struct kept *k = t->kept; k < t->kept + KEPT_MAX; k++)
		if (is_unused(k) && (uid == KEPT_ANY_UID || k->uid == uid) &&
		    (!oldest || k->unused_ns < oldest->unused_ns))
			oldest = k;
	if (!oldest)
		return false;
	kept_drop(oldest);
	t->evictions++;
	return true;
}

uint64_t kept_expire(struct kept_table *t, uint64_t now_ns)
{
	uint64_t next = 0;

	for (struct kept *k = t->kept; k < t->kept + KEPT_MAX; k++) {
		if (!is_unused(k))
			continue;
		if (now_ns - k->unused_ns >= t->keep_ns)
			kept_drop(k);
		else if (!next || k->unused_ns + t->keep_ns < next)
			next = k->unused_ns + t->keep_ns;
	}
	return next;
}

void kept_clear(struct kept_table *t)
{
	for (struct kept *k = t->kept; k < t->kept + KEPT_MAX; k++)
		kept_drop(k);
}

uint32_t kept_count(const struct kept_table *t)
{
	uint32_t n = 0;

	for (const struct kept *k = t->kept; k < t->kept + KEPT_MAX; k++)
		n += k->state == KEPT_READY;
	return n;
}

uint64_t kept_bytes(const struct kept_table *t)
{
	uint64_t bytes = 0;

	for (const struct kept *k = t->kept; k < t->kept + KEPT_MAX; k++)
		if (k->state == KEPT_READY)
			bytes += k->bytes;
	return bytes;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Kept weights without a device: the table, what files are told apart by, and whom the daemon
 * refuses.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/kept.h"
#include "daemon/loader.h"
#include "daemon/weights.h"

#define SECOND	1000000000ULL

/* ---- the table ---- */

static struct kept_key key_of(uint64_t inode, uint64_t version)
{
	struct kept_key key;

	memset(&key, 0, sizeof(key));
	key.device_major = 8;
	key.inode = inode;
	key.modified_s = (int64_t)version;
	key.bytes = 100;
	return key;
}

static int some_fd(void)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

/* A ready entry that has had no users since a time. */
static struct kept *add_ready(struct kept_table *t, uint64_t inode, uint32_t uid, uint64_t now_ns)
{
	struct kept_key key = key_of(inode, 1);
	struct kept *k = kept_add(t, &key, uid);

	assert_non_null(k);
	kept_ready(k, some_fd(), 1000, now_ns);
	return k;
}

static void test_entry_lives(void **state)
{
	struct kept_table t = { .keep_ns = 10 * SECOND };
	struct kept_key key = key_of(1, 1), other = key;
	struct kept *k;
	int fd = some_fd();

	(void)state;
	assert_null(kept_find(&t, &key));
	k = kept_add(&t, &key, 0);
	assert_ptr_equal(kept_find(&t, &key), k);
	assert_int_equal(k->state, KEPT_LOADING);
	assert_int_equal(kept_count(&t), 0);
	kept_take(k);
	kept_ready(k, fd, 4096, SECOND);
	assert_int_equal(kept_count(&t), 1);
	assert_int_equal(kept_bytes(&t), 4096);
	/* in use it does not expire */
	assert_int_equal(kept_expire(&t, 100 * SECOND), 0);
	assert_ptr_equal(kept_find(&t, &key), k);
	other.offset = 4096;
	assert_null(kept_find(&t, &other));
	kept_put(&t, k, 100 * SECOND);
	assert_true(kept_expire(&t, 109 * SECOND) == 110 * SECOND);
	assert_true(is_open(fd));
	assert_int_equal(kept_expire(&t, 110 * SECOND), 0);
	assert_false(is_open(fd));
	assert_null(kept_find(&t, &key));
	assert_int_equal(t.evictions, 0);
}

static void test_keys_are_compared_whole(void **state)
{
	struct kept_table t = { .keep_ns = SECOND };
	struct kept_key key = key_of(1, 1), other;

	(void)state;
	assert_non_null(kept_add(&t, &key, 0));
	for (size_t i = 0; i < sizeof(key); i++) {
		struct kept_table copy = t;

		other = key;
		((unsigned char *)&other)[i] ^= 1;
		assert_null(kept_find(&copy, &other));
	}
	assert_non_null(kept_find(&t, &key));
}

static void test_keep_nothing(void **state)
{
	struct kept_table t = { .keep_ns = 0 };
	struct kept *k = add_ready(&t, 1, 0, 0);
	int fd = k->fd;

	(void)state;
	kept_take(k);
	kept_take(k);
	kept_put(&t, k, SECOND);
	assert_true(is_open(fd));
	kept_put(&t, k, SECOND);
	assert_false(is_open(fd));
	assert_int_equal(k->state, KEPT_FREE);
}

static void test_changed_file(void **state)
{
	struct kept_table t = { .keep_ns = SECOND };
	struct kept_key first = key_of(1, 1), second = key_of(1, 2);
	struct kept *unused = add_ready(&t, 1, 0, 0), *used, *apart;
	int fd = unused->fd;

	(void)state;
	apart = add_ready(&t, 2, 0, 0);
	assert_ptr_equal(kept_find(&t, &first), unused);
	assert_null(kept_find(&t, &second));
	assert_false(is_open(fd));
	assert_int_equal(apart->state, KEPT_READY);
	/* what is in use stays until it is not, but nobody else gets it */
	used = add_ready(&t, 1, 0, 0);
	fd = used->fd;
	kept_take(used);
	assert_null(kept_find(&t, &second));
	assert_true(is_open(fd));
	assert_null(kept_find(&t, &first));
	kept_put(&t, used, 0);
	assert_false(is_open(fd));
	assert_int_equal(kept_count(&t), 1);
	kept_clear(&t);
}

static void test_least_recently_used_goes(void **state)
{
	struct kept_table t = { .keep_ns = 1000 * SECOND };
	struct kept *a = add_ready(&t, 1, 7, 3 * SECOND), *b = add_ready(&t, 2, 8, SECOND);
	struct kept *c = add_ready(&t, 3, 7, 2 * SECOND);

	(void)state;
	/* b was first, and is used again */
	kept_take(b);
	kept_put(&t, b, 4 * SECOND);
	assert_true(kept_evict(&t, KEPT_ANY_UID));
	assert_int_equal(c->state, KEPT_FREE);
	assert_int_equal(a->state, KEPT_READY);
	assert_true(kept_evict(&t, 8));
	assert_int_equal(b->state, KEPT_FREE);
	assert_false(kept_evict(&t, 8));
	kept_take(a);
	assert_false(kept_evict(&t, KEPT_ANY_UID));
	assert_int_equal(t.evictions, 2);
	kept_clear(&t);
	assert_int_equal(kept_count(&t), 0);
}

static void test_full_table(void **state)
{
	struct kept_table t = { .keep_ns = 1000 * SECOND };
	struct kept_key key = key_of(1000, 1);
	struct kept *k;

	(void)state;
	for (int i = 0; i < KEPT_MAX; i++)
		kept_take(add_ready(&t, i + 1, 0, 0));
	assert_int_equal(kept_count(&t), KEPT_MAX);
	assert_null(kept_add(&t, &key, 0));
	kept_put(&t, &t.kept[5], SECOND);
	k = kept_add(&t, &key, 0);
	assert_ptr_equal(k, &t.kept[5]);
	/* what loads is not evicted */
	assert_null(kept_add(&t, &key, 0));
	assert_int_equal(t.evictions, 1);
	kept_clear(&t);
}

/* ---- files ---- */

struct file {
	char path[32];
	int fd;
};

static void file_make(struct file *f)
{
	strcpy(f->path, "/tmp/terrace-unit-XXXXXX");
	f->fd = mkstemp(f->path);
	assert_true(f->fd >= 0);
	assert_int_equal(ftruncate(f->fd, 10000), 0);
}

static void file_remove(struct file *f)
{
	close(f->fd);
	unlink(f->path);
}

static struct named_request request_for(uint64_t offset, uint64_t bytes)
{
	return (struct named_request) {
		.size = sizeof(struct named_request), .version = NAMED_VERSION,
		.offset = offset, .bytes = bytes,
	};
}

static int key_for(int fd, uint64_t offset, uint64_t bytes, struct kept_key *key)
{
	struct named_request r = request_for(offset, bytes);
	const char *why = NULL;
	int err = loader_key(&r, fd, key, &why);

	assert_int_equal(!err, !why);
	return err;
}

static void test_ranges(void **state)
{
	struct kept_key key;
	struct file f;

	(void)state;
	file_make(&f);
	assert_int_equal(key_for(f.fd, 0, 10000, &key), 0);
	assert_int_equal(key.size, 10000);
	assert_int_equal(key.extent_bytes, 2 << 20);
	assert_int_equal(key_for(f.fd, 9999, 1, &key), 0);
	assert_int_equal(key_for(f.fd, 0, 0, &key), -EINVAL);
	assert_int_equal(key_for(f.fd, 1, 10000, &key), -EINVAL);
	assert_int_equal(key_for(f.fd, 10000, 1, &key), -EINVAL);
	assert_int_equal(key_for(f.fd, UINT64_MAX, 2, &key), -EINVAL);
	assert_int_equal(key_for(f.fd, 2, UINT64_MAX, &key), -EINVAL);
	file_remove(&f);
}

static void test_descriptors(void **state)
{
	struct kept_key key;
	struct file f;
	int fd, pipes[2];

	(void)state;
	file_make(&f);
	fd = open(f.path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(key_for(fd, 0, 1, &key), 0);
	close(fd);
	fd = open(f.path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(key_for(fd, 0, 1, &key), -EBADF);
	close(fd);
	fd = open(f.path, O_PATH | O_CLOEXEC);
	assert_int_equal(key_for(fd, 0, 1, &key), -EBADF);
	close(fd);
	assert_int_equal(key_for(-1, 0, 1, &key), -EBADF);
	fd = open("/tmp", O_RDONLY | O_CLOEXEC);
	assert_int_equal(key_for(fd, 0, 1, &key), -EINVAL);
	close(fd);
	fd = some_fd();
	assert_int_equal(key_for(fd, 0, 1, &key), -EINVAL);
	close(fd);
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	assert_int_equal(key_for(pipes[0], 0, 1, &key), -EINVAL);
	close(pipes[0]);
	close(pipes[1]);
	file_remove(&f);
}

static void test_versions(void **state)
{
	struct kept_key first, second;
	struct file f;
	int fd;

	(void)state;
	file_make(&f);
	assert_int_equal(key_for(f.fd, 0, 1, &first), 0);
	/* another descriptor, another position and reading are nothing new */
	fd = open(f.path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(lseek(fd, 77, SEEK_SET), 77);
	assert_int_equal(key_for(fd, 0, 1, &second), 0);
	assert_memory_equal(&first, &second, sizeof(first));
	close(fd);
	/* the same size and content, at once */
	assert_int_equal(pwrite(f.fd, "", 1, 0), 1);
	assert_int_equal(key_for(f.fd, 0, 1, &second), 0);
	assert_memory_not_equal(&first, &second, sizeof(first));
	file_remove(&f);
}

static void test_strict_tier(void **state)
{
	struct named_request r = request_for(0, 1);
	struct kept_key any, strict;
	const char *why;
	struct file f;

	(void)state;
	file_make(&f);
	strcpy(r.tier, "fast");
	assert_int_equal(loader_key(&r, f.fd, &any, &why), 0);
	r.flags = NAMED_STRICT;
	assert_int_equal(loader_key(&r, f.fd, &strict, &why), 0);
	assert_string_equal(any.tier, "");
	assert_string_equal(strict.tier, "fast");
	file_remove(&f);
}

/* ---- the daemon, without a device ---- */

struct served {
	char folder[32];
	char path[64];
	struct weights *w;
};

static int serve(void **state)
{
	static struct served s;
	struct engine_error e = { "" };

	strcpy(s.folder, "/tmp/terrace-unit-XXXXXX");
	assert_non_null(mkdtemp(s.folder));
	snprintf(s.path, sizeof(s.path), "%s/weights.sock", s.folder);
	assert_int_equal(weights_open(s.path, NULL, 10, &s.w, &e), 0);
	*state = &s;
	return 0;
}

static int unserve(void **state)
{
	struct served *s = *state;

	weights_close(s->w);
	assert_int_equal(access(s->path, F_OK), -1);
	return rmdir(s->folder);
}

static int client(const struct served *s)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	strcpy(to.sun_path, s->path);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

static bool readable(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms) == 1;
}

/* Let the daemon work until a client has something to read. */
static ssize_t wait_for(struct served *s, int fd, struct named_answer *a)
{
	int given;
	ssize_t got;

	while (!readable(fd, 0))
		if (readable(weights_fd(s->w), 100))
			weights_run(s->w);
	got = named_receive(fd, a, sizeof(*a), &given);
	assert_int_equal(given, -1);
	return got;
}

static uint64_t failures(const struct served *s)
{
	struct weights_stats stats;

	weights_stats(s->w, &stats);
	return stats.failures;
}

/* Send a message as a request, and expect a refusal. */
static void refused(struct served *s, const void *message, size_t bytes, int fd, int err)
{
	struct named_answer a = { 0 };
	uint64_t before = failures(s);
	int sock = client(s);

	assert_int_equal(named_send(sock, message, bytes, fd), 0);
	do
		assert_int_equal(wait_for(s, sock, &a), sizeof(a));
	while (a.status == NAMED_WAIT);
	if (a.status != err)
		print_message("%d: %s\n", a.status, a.text);
	assert_int_equal(a.status, err);
	assert_int_not_equal(a.text[0], '\0');
	/* and then it has done with it */
	assert_int_equal(wait_for(s, sock, &a), 0);
	assert_int_equal(failures(s), before + 1);
	close(sock);
}

static void test_socket_is_for_all(void **state)
{
	const struct served *s = *state;
	struct stat st;

	assert_int_equal(stat(s->path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 0777, 0666);
}

static void test_wrong_requests(void **state)
{
	struct named_request r = request_for(0, 1);
	char longer[1000] = "";
	struct file f;
	int fd;

	file_make(&f);
	refused(*state, &r, sizeof(r), -1, -EBADF);
	refused(*state, &r, sizeof(r) - 4, f.fd, -EINVAL);
	refused(*state, "hello", 5, f.fd, -EPROTO);
	memcpy(longer, &r, sizeof(r));
	refused(*state, longer, sizeof(longer), f.fd, -EMSGSIZE);
	r.version = NAMED_VERSION + 1;
	refused(*state, &r, sizeof(r), f.fd, -EPROTO);
	r = request_for(1, 10000);
	refused(*state, &r, sizeof(r), f.fd, -EINVAL);
	r = request_for(0, 1);
	fd = open(f.path, O_WRONLY | O_CLOEXEC);
	refused(*state, &r, sizeof(r), fd, -EBADF);
	close(fd);
	file_remove(&f);
}

static void test_no_device(void **state)
{
	struct named_request r = request_for(0, 1);
	struct weights_stats stats;
	struct served *s = *state;
	struct file f;

	if (!access("/dev/terrace", F_OK)) {
		print_message("the host has a device\n");
		skip();
	}
	file_make(&f);
	refused(s, &r, sizeof(r), f.fd, -ENOENT);
	weights_stats(s->w, &stats);
	assert_int_equal(stats.files, 0);
	assert_int_equal(stats.loads, 0);
	assert_int_equal(stats.clients, 0);
	file_remove(&f);
}

static void test_too_many_users(void **state)
{
	struct named_answer a;
	struct served *s = *state;
	int socks[65];

	for (int i = 0; i < 65; i++) {
		socks[i] = client(s);
		weights_run(s->w);
	}
	assert_int_equal(wait_for(s, socks[64], &a), sizeof(a));
	assert_int_equal(a.status, -EAGAIN);
	assert_int_equal(wait_for(s, socks[64], &a), 0);
	close(socks[64]);
	/* one less: there is room again */
	close(socks[0]);
	weights_run(s->w);
	socks[0] = client(s);
	weights_run(s->w);
	assert_false(readable(socks[0], 0));
	for (int i = 0; i < 64; i++)
		close(socks[i]);
	weights_run(s->w);
	assert_int_equal(failures(s), 1);
}

static int open_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += is_open(fd);
	return n;
}

/* Whenever they go, nothing of them stays. */
static void test_clients_that_go(void **state)
{
	struct named_request r = request_for(0, 1);
	struct served *s = *state;
	int before = open_fds();
	struct file f;

	file_make(&f);
	for (int i = 0; i < 60; i++) {
		int sock = client(s);

		if (i % 3)
			assert_int_equal(named_send(sock, &r, sizeof(r), f.fd), 0);
		for (int j = 0; j < i % 5; j++)
			weights_run(s->w);
		close(sock);
	}
	file_remove(&f);
	/* the children need their time to end */
	for (int i = 0; i < 300 && open_fds() != before; i++)
		if (readable(weights_fd(s->w), 100))
			weights_run(s->w);
	assert_int_equal(open_fds(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_entry_lives),
		cmocka_unit_test(test_keys_are_compared_whole),
		cmocka_unit_test(test_keep_nothing),
		cmocka_unit_test(test_changed_file),
		cmocka_unit_test(test_least_recently_used_goes),
		cmocka_unit_test(test_full_table),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_strict_tier),
		cmocka_unit_test_setup_teardown(test_socket_is_for_all, serve, unserve),
		cmocka_unit_test_setup_teardown(test_wrong_requests, serve, unserve),
		cmocka_unit_test_setup_teardown(test_no_device, serve, unserve),
		cmocka_unit_test_setup_teardown(test_too_many_users, serve, unserve),
		cmocka_unit_test_setup_teardown(test_clients_that_go, serve, unserve),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

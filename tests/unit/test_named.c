// SPDX-License-Identifier: LGPL-2.1-or-later
/* Asking terraced for weights: what a request may say, and peers that are not what they seem. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/internal.h"
#include "lib/named.h"

static struct named_request good_request(void)
{
	return (struct named_request) {
		.size = sizeof(struct named_request), .version = NAMED_VERSION, .bytes = 1,
	};
}

static int check(const struct named_request *r, size_t bytes)
{
	const char *why = NULL;
	int err = named_request_check(r, bytes, &why);

	if (err)
		assert_non_null(why);
	return err;
}

static void test_requests(void **state)
{
	struct named_request r = good_request();

	(void)state;
	assert_int_equal(check(&r, sizeof(r)), 0);
	assert_int_equal(check(&r, sizeof(r) - 1), -EINVAL);
	assert_int_equal(check(&r, 7), -EPROTO);
	assert_int_equal(check(&r, 0), -EPROTO);
	r.size--;
	assert_int_equal(check(&r, sizeof(r)), -EINVAL);
	r = good_request();
	r.version++;
	assert_int_equal(check(&r, sizeof(r)), -EPROTO);
	r = good_request();
	r.flags = NAMED_STRICT << 1;
	assert_int_equal(check(&r, sizeof(r)), -EINVAL);
	r.flags = NAMED_STRICT;
	assert_int_equal(check(&r, sizeof(r)), -EINVAL);
	strcpy(r.tier, "fast");
	assert_int_equal(check(&r, sizeof(r)), 0);
	memset(r.tier, 'x', sizeof(r.tier));
	assert_int_equal(check(&r, sizeof(r)), -EINVAL);
	r = good_request();
	r.reserved = 1;
	assert_int_equal(check(&r, sizeof(r)), -EINVAL);
	r = good_request();
	r.class_id = TERRACE_CLASSES;
	assert_int_equal(check(&r, sizeof(r)), -EINVAL);
}

static void test_extent_sizes(void **state)
{
	struct named_request r = good_request();
	const uint32_t refused[] = { 1, 2048, 4097, 3 << 20, 4 << 20, 1U << 31 };

	(void)state;
	for (uint32_t size = 4096; size <= 2 << 20; size *= 2) {
		r.extent_bytes = size;
		assert_int_equal(check(&r, sizeof(r)), 0);
	}
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		r.extent_bytes = refused[i];
		assert_int_equal(check(&r, sizeof(r)), -EINVAL);
	}
}

/* ---- messages ---- */

static int open_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* As a peer may that means ill. */
static void send_fds(int sock, const int *fds, size_t n)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(8 * sizeof(int))];
	} control = { .bytes = { 0 } };
	char text[] = "fds";
	struct iovec part = { .iov_base = text, .iov_len = sizeof(text) };
	struct msghdr m = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control,
		.msg_controllen = CMSG_SPACE(n * sizeof(int)),
	};

	control.header.cmsg_len = CMSG_LEN(n * sizeof(int));
	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	memcpy(CMSG_DATA(&control.header), fds, n * sizeof(int));
	assert_int_equal(sendmsg(sock, &m, 0), sizeof(text));
}

static void test_messages(void **state)
{
	int pair[2], fd, before;
	const int many[8] = { 0, 1, 2, 0, 1, 2, 0, 1 };
	char text[8];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	before = open_fds();
	assert_int_equal(named_receive(pair[1], text, sizeof(text), &fd), -EAGAIN);
	assert_int_equal(named_send(pair[0], "hello", 6, -1), 0);
	assert_int_equal(named_receive(pair[1], text, sizeof(text), &fd), 6);
	assert_string_equal(text, "hello");
	assert_int_equal(fd, -1);
	assert_int_equal(named_send(pair[0], "hello", 6, 0), 0);
	assert_int_equal(named_receive(pair[1], text, sizeof(text), &fd), 6);
	assert_true(fd > 2);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
	/* too long, with a descriptor */
	assert_int_equal(named_send(pair[0], "hello, world", 13, 0), 0);
	assert_int_equal(named_receive(pair[1], text, sizeof(text), &fd), -EMSGSIZE);
	assert_int_equal(fd, -1);
	for (size_t n = 2; n <= 8; n++) {
		send_fds(pair[0], many, n);
		assert_int_equal(named_receive(pair[1], text, sizeof(text), &fd), -EMSGSIZE);
		assert_int_equal(fd, -1);
	}
	assert_int_equal(open_fds(), before);
	close(pair[0]);
	assert_int_equal(named_receive(pair[1], text, sizeof(text), &fd), 0);
	assert_int_equal(named_send(pair[1], "hello", 6, -1), -EPIPE);
	close(pair[1]);
}

/* ---- peers ---- */

struct peer {
	char folder[32];
	char path[64];
	int listener;
	pid_t pid;
};

/* Does as the peer does with a connection whose request has come. */
typedef void (*peer_fn)(int sock);

static void peer_bind(struct peer *p, int type)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	strcpy(p->folder, "/tmp/terrace-unit-XXXXXX");
	assert_non_null(mkdtemp(p->folder));
	snprintf(p->path, sizeof(p->path), "%s/socket", p->folder);
	strcpy(to.sun_path, p->path);
	p->listener = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(p->listener, (struct sockaddr *)&to, sizeof(to)), 0);
	assert_int_equal(listen(p->listener, 4), 0);
}

static void peer_serve(int listener, peer_fn serve)
{
	struct named_request r;
	int sock = accept(listener, NULL, NULL);

	if (recv(sock, &r, sizeof(r), MSG_PEEK) != sizeof(r) || r.bytes != 1)
		_exit(1);
	serve(sock);
	/* until the client goes */
	recv(sock, &r, sizeof(r), MSG_TRUNC);
	recv(sock, &r, sizeof(r), 0);
	_exit(0);
}

static void peer_start(struct peer *p, peer_fn serve)
{
	peer_bind(p, SOCK_SEQPACKET);
	p->pid = fork();
	assert_true(p->pid >= 0);
	if (!p->pid)
		peer_serve(p->listener, serve);
}

static void peer_remove(struct peer *p)
{
	close(p->listener);
	unlink(p->path);
	rmdir(p->folder);
}

/* Its end shows that the client has closed its side. */
static void peer_end(struct peer *p)
{
	int status;

	assert_int_equal(waitpid(p->pid, &status, 0), p->pid);
	assert_int_equal(status, 0);
	peer_remove(p);
}

static int ask_peer(peer_fn serve, int *view)
{
	struct named_request r = good_request();
	struct peer p;
	int before = open_fds(), file, sock;

	peer_start(&p, serve);
	file = open("/dev/null", O_RDONLY | O_CLOEXEC);
	sock = named_ask(p.path, &r, file, view);
	close(file);
	if (sock >= 0)
		close(sock);
	peer_end(&p);
	assert_int_equal(open_fds(), before + (*view >= 0));
	return sock < 0 ? sock : 0;
}

static void answer(int sock, int status, const char *text, int fd)
{
	struct named_answer a = {
		.size = sizeof(a), .version = NAMED_VERSION, .status = status,
	};

	strcpy(a.text, text);
	if (named_send(sock, &a, sizeof(a), fd))
		_exit(2);
}

static void give(int sock)
{
	answer(sock, 0, "", 0);
}

static void wait_and_give(int sock)
{
	answer(sock, NAMED_WAIT, "", -1);
	usleep(100000);
	answer(sock, 0, "", 0);
}

static void test_view_comes(void **state)
{
	int view;

	(void)state;
	assert_int_equal(ask_peer(give, &view), 0);
	assert_int_equal(fcntl(view, F_GETFD), FD_CLOEXEC);
	close(view);
	assert_int_equal(ask_peer(wait_and_give, &view), 0);
	assert_true(view >= 0);
	close(view);
}

static void refuse(int sock)
{
	answer(sock, -EDQUOT, "there is no more", -1);
}

static void test_refusal(void **state)
{
	int view;

	(void)state;
	assert_int_equal(ask_peer(refuse, &view), -EDQUOT);
	assert_string_equal(terrace_error(), "there is no more");
}

static void end_at_once(int sock)
{
	(void)sock;
	_exit(0);
}

static void wait_and_end(int sock)
{
	answer(sock, NAMED_WAIT, "", -1);
	_exit(0);
}

static void test_peer_ends(void **state)
{
	int view, err;

	(void)state;
	/* what it had not read is lost */
	err = ask_peer(end_at_once, &view);
	assert_true(err == -ECONNRESET);
	assert_int_equal(ask_peer(wait_and_end, &view), -ECONNRESET);
	assert_int_equal(view, -1);
}

static void say_nothing(int sock)
{
	(void)sock;
}

static void test_silent_peer(void **state)
{
	int view;

	(void)state;
	assert_int_equal(ask_peer(say_nothing, &view), -ETIMEDOUT);
	assert_non_null(strstr(terrace_error(), "5000 ms"));
}

static void say_little(int sock)
{
	if (send(sock, "hello", 5, 0) != 5)
		_exit(2);
}

static void say_much(int sock)
{
	char text[4096] = "";

	if (send(sock, text, sizeof(text), 0) != sizeof(text))
		_exit(2);
}

static void give_nothing(int sock)
{
	answer(sock, 0, "", -1);
}

static void refuse_and_give(int sock)
{
	answer(sock, -EPERM, "no", 0);
}

static void wait_with_view(int sock)
{
	answer(sock, NAMED_WAIT, "", 0);
}

static void unknown_status(int sock)
{
	answer(sock, NAMED_WAIT + 1, "", -1);
}

static void other_version(int sock)
{
	struct named_answer a = { .size = sizeof(a), .version = NAMED_VERSION + 1 };

	if (named_send(sock, &a, sizeof(a), 0))
		_exit(2);
}

static void endless_text(int sock)
{
	struct named_answer a = { .size = sizeof(a), .version = NAMED_VERSION, .status = -1 };

	memset(a.text, 'x', sizeof(a.text));
	if (named_send(sock, &a, sizeof(a), -1))
		_exit(2);
}

static void give_two(int sock)
{
	const int fds[2] = { 0, 1 };

	send_fds(sock, fds, 2);
}

static void test_wrong_answers(void **state)
{
	static const struct {
		peer_fn serve;
		int err;
	} peers[] = {
		{ say_little, -EPROTO }, { say_much, -EMSGSIZE }, { give_nothing, -EPROTO },
		{ refuse_and_give, -EPROTO }, { wait_with_view, -EPROTO },
		{ unknown_status, -EPROTO }, { other_version, -EPROTO },
		{ endless_text, -EPROTO }, { give_two, -EMSGSIZE },
	};
	int view;

	(void)state;
	for (size_t i = 0; i < sizeof(peers) / sizeof(peers[0]); i++) {
		assert_int_equal(ask_peer(peers[i].serve, &view), peers[i].err);
		assert_int_equal(view, -1);
		assert_int_not_equal(terrace_error()[0], '\0');
	}
}

static volatile sig_atomic_t alarms;

static void on_alarm(int signal)
{
	(void)signal;
	alarms++;
}

static void test_signals_do_not_end_it(void **state)
{
	const struct itimerval every = { { .tv_usec = 5000 }, { .tv_usec = 5000 } };
	const struct itimerval never = { { 0 }, { 0 } };
	const struct sigaction act = { .sa_handler = on_alarm };	/* no SA_RESTART */
	int view;

	(void)state;
	assert_int_equal(sigaction(SIGALRM, &act, NULL), 0);
	alarms = 0;
	assert_int_equal(setitimer(ITIMER_REAL, &every, NULL), 0);
	assert_int_equal(ask_peer(wait_and_give, &view), 0);
	assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
	assert_true(alarms > 0);
	close(view);
}

static void test_nobody_there(void **state)
{
	struct named_request r = good_request();
	char longer[200];
	struct peer p;
	int view;

	(void)state;
	assert_int_equal(named_ask("/nonexistent/socket", &r, 0, &view), -ENOENT);
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(named_ask(longer, &r, 0, &view), -ENAMETOOLONG);
	peer_bind(&p, SOCK_STREAM);
	assert_int_equal(named_ask(p.path, &r, 0, &view), -EPROTOTYPE);
	close(p.listener);
	assert_int_equal(named_ask(p.path, &r, 0, &view), -ECONNREFUSED);
	p.listener = -1;
	peer_remove(&p);
}

static void test_name_of_weights(void **state)
{
	static const char path[] = "/tmp/terrace-unit-\xc3\xa4 0123456789012345";
	char name[TERRACE_NAME_MAX];
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	(void)state;
	assert_true(fd >= 0);
	weights_name(fd, name);
	assert_string_equal(name, "terrace-unit-?? 012345678901234");
	close(fd);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_name_of_weights),
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_extent_sizes),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_view_comes),
		cmocka_unit_test(test_refusal),
		cmocka_unit_test(test_peer_ends),
		cmocka_unit_test(test_silent_peer),
		cmocka_unit_test(test_wrong_answers),
		cmocka_unit_test(test_signals_do_not_end_it),
		cmocka_unit_test(test_nobody_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

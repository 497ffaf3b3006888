// SPDX-License-Identifier: LGPL-2.1-or-later
/* The metrics page by HTTP, with libmicrohttpd driven from outside. */
#include "daemon/http.h"

#include <errno.h>
#include <limits.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/metrics.h"
#include "daemon/unix_socket.h"

#define BACKLOG			16
#define CONNECTIONS_MAX		32U
#define IDLE_SECONDS		10U

struct http {
	struct MHD_Daemon *server;
	http_page_fn page;
	void *arg;
	char unlink[sizeof(((struct sockaddr_un *)NULL)->sun_path)];	/* "" for TCP */
};

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned int status,
			      const char *type, char *text, size_t bytes)
{
	enum MHD_Result result;
	struct MHD_Response *response;

	response = MHD_create_response_from_buffer(bytes, text, MHD_RESPMEM_MUST_COPY);
	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result answer_text(struct MHD_Connection *connection, unsigned int status,
				   const char *text)
{
	return answer(connection, status, "text/plain", (char *)text, strlen(text));
}

static enum MHD_Result answer_page(struct http *h, struct MHD_Connection *connection)
{
	enum MHD_Result result;
	char *text = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);
	int failed = 1;

	if (out) {
		h->page(h->arg, out);
		failed = ferror(out);
		failed |= fclose(out);
	}
	result = failed ? answer_text(connection, MHD_HTTP_INTERNAL_SERVER_ERROR,
				      "out of memory\n") :
		 answer(connection, MHD_HTTP_OK, METRICS_CONTENT_TYPE, text, bytes);
	free(text);
	return result;
}

/* Called once when the headers are there; uploads are refused with the first call. */
static enum MHD_Result handle(void *arg, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *data,
			      size_t *data_bytes, void **state)
{
	struct http *h = arg;

	(void)version;
	(void)data;
	(void)data_bytes;
	(void)state;
	if (strcmp(method, MHD_HTTP_METHOD_GET) && strcmp(method, MHD_HTTP_METHOD_HEAD))
		return answer_text(connection, MHD_HTTP_METHOD_NOT_ALLOWED,
				   "only GET is allowed here\n");
	if (strcmp(url, "/metrics"))
		return answer_text(connection, MHD_HTTP_NOT_FOUND,
				   "there is only /metrics here\n");
	return answer_page(h, connection);
}

static int start(int fd, http_page_fn page, void *arg, struct http **out)
{
	struct http *h = calloc(1, sizeof(*h));

	if (!h)
		return -ENOMEM;
	h->page = page;
	h->arg = arg;
	h->server = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, handle, h,
				     MHD_OPTION_LISTEN_SOCKET, fd,
				     MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX,
				     MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS, MHD_OPTION_END);
	if (!h->server) {
		free(h);
		return -EIO;
	}
	*out = h;
	return 0;
}

static int listen_on(const struct sockaddr *address, socklen_t bytes)
{
	const int on = 1;
	int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int err;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, address, bytes) || listen(fd, BACKLOG)) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

int http_open_unix(const char *path, http_page_fn page, void *arg, struct http **out,
		   struct engine_error *e)
{
	int fd = unix_socket_listen(path, SOCK_STREAM, 0660, BACKLOG);
	int err = fd < 0 ? fd : start(fd, page, arg, out);

	if (err) {
		engine_error_set(e, "the metrics cannot be served on socket=%s: %s", path,
				 unix_socket_why(err));
		return err;
	}
	snprintf((*out)->unlink, sizeof((*out)->unlink), "%s", path);
	return 0;
}

int http_open_tcp(const struct sockaddr *address, socklen_t bytes, http_page_fn page, void *arg,
		  struct http **out, struct engine_error *e)
{
	int fd = listen_on(address, bytes);
	int err = fd < 0 ? fd : start(fd, page, arg, out);

	if (err)
		engine_error_set(e, "the metrics cannot be served on the address of listen: %s%s",
				 strerror(-err),
				 err == -EADDRINUSE ? "; use another port" : "");
	return err;
}

int http_fd(const struct http *h)
{
	return MHD_get_daemon_info(h->server, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
}

int http_timeout_ms(const struct http *h)
{
	MHD_UNSIGNED_LONG_LONG ms;

	if (MHD_get_timeout(h->server, &ms) != MHD_YES)
		return -1;
	return ms < INT_MAX ? (int)ms : INT_MAX;
}

void http_run(struct http *h)
{
	MHD_run(h->server);
}

void http_close(struct http *h)
{
	if (!h)
		return;
	MHD_stop_daemon(h->server);
	if (h->unlink[0])
		unlink(h->unlink);
	free(h);
}

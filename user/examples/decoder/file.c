// SPDX-License-Identifier: LGPL-2.1-or-later
/* Files are mapped while their metadata are read. */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gguf.h"
#include "llama2c.h"
#include "refuse.h"

struct file {
	int fd;
	void *data;
	uint64_t bytes;
};

static void file_unmap(struct file *f)
{
	munmap(f->data, f->bytes);
}

/* Not to be kept waiting by a pipe that nobody writes to, it is opened without. */
static int file_map(const char *path, struct file *f)
{
	struct stat s;

	f->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (f->fd < 0)
		return refuse("cannot open %s: %s", path, strerror(errno));
	if (fstat(f->fd, &s) || !S_ISREG(s.st_mode) || s.st_size <= 0) {
		close(f->fd);
		return refuse("%s is no regular file with something in it: give a model", path);
	}
	f->bytes = s.st_size;
	f->data = mmap(NULL, f->bytes, PROT_READ, MAP_PRIVATE, f->fd, 0);
	if (f->data != MAP_FAILED)
		return 0;
	close(f->fd);
	return refuse("cannot map %s: %s", path, strerror(errno));
}

static int read_tokenizer(const char *path, uint32_t pieces, struct vocab *v)
{
	struct file f;
	int err;

	if (!path)
		return refuse("a checkpoint of llama2.c has no vocabulary: give its file with --tokenizer");
	if (file_map(path, &f))
		return -1;
	err = llama2c_read_vocab(f.data, f.bytes, pieces, v);
	file_unmap(&f);
	close(f.fd);
	return err;
}

static int read_mapped(const struct file *f, const char *tokenizer, struct model *m,
		       struct vocab *v)
{
	if (!gguf_begins(f->data, f->bytes)) {
		if (llama2c_read(f->data, f->bytes, m))
			return -1;
		return read_tokenizer(tokenizer, m->vocab, v);
	}
	if (tokenizer)
		return refuse("a GGUF file has its vocabulary in it: leave --tokenizer out");
	return gguf_read(f->data, f->bytes, m, v);
}

int file_read_model(const char *path, const char *tokenizer, struct model *m, struct vocab *v)
{
	struct file f;
	int err;

	if (file_map(path, &f))
		return -1;
	err = read_mapped(&f, tokenizer, m, v);
	file_unmap(&f);
	if (!err)
		return f.fd;
	close(f.fd);
	return -1;
}

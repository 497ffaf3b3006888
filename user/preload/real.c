// SPDX-License-Identifier: LGPL-2.1-or-later
/* The functions behind ours, and the mark that sends calls there. */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "preload/preload.h"

/* Of the thread, and how it came in. */
static __thread unsigned int inside;
static __thread int errno_before;
static __thread int cancel_before;

bool preload_inside(void)
{
	return inside || !preload_settings.ready;
}

/* A cancelled thread would leave locks behind, in functions that are no cancellation points. */
void preload_enter(void)
{
	if (inside++)
		return;
	errno_before = errno;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_before);
}

void preload_leave(void)
{
	if (inside == 1) {
		pthread_setcancelstate(cancel_before, NULL);
		errno = errno_before;
	}
	inside--;
}

static void resolve(void *function, const char *name)
{
	preload_function(function, dlsym(RTLD_NEXT, name));
}

const struct real *real(void)
{
	static struct real functions;
	static bool resolving;

	if (__atomic_load_n(&functions.malloc_usable_size, __ATOMIC_ACQUIRE))
		return &functions;
	if (resolving)		/* dlsym() allocates */
		return NULL;
	resolving = true;
	resolve(&functions.malloc, "malloc");
	resolve(&functions.calloc, "calloc");
	resolve(&functions.realloc, "realloc");
	resolve(&functions.free, "free");
	resolve(&functions.aligned_alloc, "aligned_alloc");
	resolve(&functions.memalign, "memalign");
	resolve(&functions.posix_memalign, "posix_memalign");
	/* last: it says that all are there */
	__atomic_store_n((void **)&functions.malloc_usable_size,
			 dlsym(RTLD_NEXT, "malloc_usable_size"), __ATOMIC_RELEASE);
	resolving = false;
	return &functions;
}

void *real_mmap(void *addr, size_t bytes, int prot, int flags, int fd, off_t offset)
{
	return (void *)syscall(SYS_mmap, addr, bytes, prot, flags, fd, offset);
}

int real_munmap(void *addr, size_t bytes)
{
	return syscall(SYS_munmap, addr, bytes);
}

int real_madvise(void *addr, size_t bytes, int advice)
{
	return syscall(SYS_madvise, addr, bytes, advice);
}

void *real_mremap(void *addr, size_t bytes, size_t to_bytes, int flags, void *to)
{
	return (void *)syscall(SYS_mremap, addr, bytes, to_bytes, flags, to);
}

int real_mprotect(void *addr, size_t bytes, int prot)
{
	return syscall(SYS_mprotect, addr, bytes, prot);
}

int real_mlock(const void *addr, size_t bytes, int flags)
{
	return syscall(SYS_mlock2, addr, bytes, flags);
}

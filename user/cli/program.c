// SPDX-License-Identifier: LGPL-2.1-or-later
/* Finding a program, and looking whether the dynamic linker will load it. */
#include "cli/program.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SCRIPTS_MAX	4	/* as the kernel: interpreters that are scripts */
#define SEGMENTS_MAX	128
#define LINE_MAX_BYTES	256	/* as the kernel: of a script's first line */

static bool is_program(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode) && !access(path, X_OK);
}

int program_find(const char *name, char *path, struct engine_error *e)
{
	const char *folder = getenv("PATH");
	bool more = true;

	if (!folder)
		folder = "/bin:/usr/bin";

	if (strchr(name, '/')) {
		snprintf(path, PATH_MAX, "%s", name);
		if (is_program(path))
			return 0;
		engine_error_set(e, "%s is not a program that may be run: see 'ls -l %s'", name,
				 name);
		return access(name, F_OK) ? -ENOENT : -EACCES;
	}
	while (more) {
		int length = strcspn(folder, ":");

		snprintf(path, PATH_MAX, "%.*s/%s", length ? length : 1, length ? folder : ".",
			 name);
		if (is_program(path))
			return 0;
		more = folder[length];
		folder += length + more;
	}
	engine_error_set(e, "there is no program %s in PATH: give its path", name);
	return -ENOENT;
}

/* Is there a program header of a type? */
static bool elf_has(int fd, const Elf64_Ehdr *elf, uint32_t type)
{
	Elf64_Phdr segment;
	unsigned int i;

	for (i = 0; i < elf->e_phnum && i < SEGMENTS_MAX; i++)
		if (pread(fd, &segment, sizeof(segment),
			  elf->e_phoff + i * sizeof(segment)) == sizeof(segment) &&
		    segment.p_type == type)
			return true;
	return false;
}

/* The dynamic linker itself may be run with a program as its argument, which it preloads into. */
static bool is_linker(const char *path)
{
	const char *base = strrchr(path, '/');

	base = base ? base + 1 : path;
	return !strncmp(base, "ld-linux", 8) || !strncmp(base, "ld.so", 5);
}

static int elf_check(int fd, const char *path, const Elf64_Ehdr *elf, struct engine_error *e)
{
	if (elf->e_ident[EI_CLASS] != ELFCLASS64 || elf->e_machine != EM_X86_64) {
		engine_error_set(e, "%s is not an x86-64 program, and the library to preload is: run it without 'terrace run'",
				 path);
		return -ENOEXEC;
	}
	if (elf_has(fd, elf, PT_INTERP) || is_linker(path))
		return 0;
	engine_error_set(e, "%s is linked statically, so that nothing can be preloaded into it: link it dynamically, or use libterrace in it",
			 path);
	return -ENOEXEC;
}

/* Look at a file; for a script, @path becomes its interpreter. Returns 1 for a script. */
static int check_file(int fd, char *path, struct engine_error *e)
{
	union {
		Elf64_Ehdr elf;
		char line[LINE_MAX_BYTES];
	} head = { 0 };
	char *word;

	if (pread(fd, &head, sizeof(head) - 1, 0) < 2)
		memset(&head, 0, sizeof(head));
	if (!memcmp(head.elf.e_ident, ELFMAG, SELFMAG))
		return elf_check(fd, path, &head.elf, e);
	if (strncmp(head.line, "#!", 2)) {
		engine_error_set(e, "%s is neither a program nor a script", path);
		return -ENOEXEC;
	}
	word = head.line + 2 + strspn(head.line + 2, " \t");
	word[strcspn(word, " \t\n")] = '\0';
	snprintf(path, PATH_MAX, "%s", word);
	return 1;
}

static int check_owner(int fd, const char *path, struct engine_error *e)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	if (!(st.st_mode & (S_ISUID | S_ISGID)))
		return 0;
	engine_error_set(e, "%s is set-user-ID or set-group-ID, so that the linker preloads nothing: run it as the user it becomes",
			 path);
	return -EPERM;
}

int program_check(const char *program, struct engine_error *e)
{
	char path[PATH_MAX];
	int depth, fd, err = 1;

	snprintf(path, sizeof(path), "%s", program);
	for (depth = 0; err == 1 && depth <= SCRIPTS_MAX; depth++) {
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 && errno == EACCES)
			return 0;	/* it may be run all the same */
		if (fd < 0) {
			err = -errno;
			engine_error_set(e, "%s cannot be read: %s", path, strerror(-err));
			return err;
		}
		err = check_owner(fd, path, e);
		if (!err)
			err = check_file(fd, path, e);
		close(fd);
	}
	if (err == 1) {
		engine_error_set(e, "%s: more than %d scripts interpret each other", program,
				 SCRIPTS_MAX);
		err = -ENOEXEC;
	}
	return err;
}

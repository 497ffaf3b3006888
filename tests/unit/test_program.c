// SPDX-License-Identifier: LGPL-2.1-or-later
/* Which programs terrace run takes, and what it says to the others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/program.h"

#include "ini_fixture.h"

struct image {
	Elf64_Ehdr elf;
	Elf64_Phdr segments[2];
};

static struct image image(uint32_t type)
{
	return (struct image) {
		.elf = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64 },
			 .e_machine = EM_X86_64, .e_phoff = offsetof(struct image, segments),
			 .e_phnum = 2 },
		.segments = { { .p_type = PT_LOAD }, { .p_type = type } },
	};
}

/* Write a program and look at it. */
static int check(void **state, const char *name, const void *content, size_t bytes, mode_t mode,
		 struct engine_error *e)
{
	struct ini_fixture *f = *state;

	memset(e, 0, sizeof(*e));
	ini_fixture_write(f, name, content, bytes);
	assert_int_equal(chmod(f->path, mode), 0);
	return program_check(f->path, e);
}

static void check_says(const struct engine_error *e, const char *text)
{
	if (!strstr(e->text, text))
		fail_msg("'%s' does not hold '%s'", e->text, text);
}

static void test_dynamic(void **state)
{
	struct image dynamic = image(PT_INTERP), linked = image(PT_NOTE);
	struct engine_error e;

	assert_int_equal(check(state, "dynamic", &dynamic, sizeof(dynamic), 0755, &e), 0);
	assert_int_equal(check(state, "ld-linux-x86-64.so.2", &linked, sizeof(linked), 0755, &e),
			 0);
	assert_int_equal(program_check("/proc/self/exe", &e), 0);
}

static void test_static(void **state)
{
	struct image statically = image(PT_NOTE);
	struct engine_error e;

	assert_int_equal(check(state, "static", &statically, sizeof(statically), 0755, &e),
			 -ENOEXEC);
	check_says(&e, "static is linked statically");
	/* a header that says more than there is */
	statically.elf.e_phnum = UINT16_MAX;
	statically.elf.e_phoff = UINT64_MAX - 8;
	assert_int_equal(check(state, "liar", &statically, sizeof(statically), 0755, &e), -ENOEXEC);
	assert_int_equal(check(state, "short", &statically, 20, 0755, &e), -ENOEXEC);
}

static void test_other_machine(void **state)
{
	struct image old = image(PT_INTERP), other = image(PT_INTERP);
	struct engine_error e;

	old.elf.e_ident[EI_CLASS] = ELFCLASS32;
	assert_int_equal(check(state, "old", &old, sizeof(old), 0755, &e), -ENOEXEC);
	check_says(&e, "old is not an x86-64 program");
	other.elf.e_machine = EM_AARCH64;
	assert_int_equal(check(state, "other", &other, sizeof(other), 0755, &e), -ENOEXEC);
	check_says(&e, "other is not an x86-64 program");
}

static void test_set_user_id(void **state)
{
	struct image dynamic = image(PT_INTERP);
	struct engine_error e;

	assert_int_equal(check(state, "suid", &dynamic, sizeof(dynamic), 04755, &e), -EPERM);
	check_says(&e, "set-user-ID");
	assert_int_equal(check(state, "sgid", &dynamic, sizeof(dynamic), 02755, &e), -EPERM);
}

static void test_no_program(void **state)
{
	struct engine_error e;

	assert_int_equal(check(state, "text", "hello\n", 6, 0755, &e), -ENOEXEC);
	check_says(&e, "neither a program nor a script");
	assert_int_equal(check(state, "empty", "", 0, 0755, &e), -ENOEXEC);
	assert_int_equal(check(state, "gone", "#!/nonexistent/sh\n", 18, 0755, &e), -ENOENT);
	check_says(&e, "/nonexistent/sh cannot be read");
}

static void test_script(void **state)
{
	struct ini_fixture *f = *state;
	struct image statically = image(PT_NOTE);
	struct engine_error e;
	char text[PATH_MAX + 16];
	int i;

	assert_int_equal(check(state, "s", "#!/proc/self/exe -x\n", 20, 0755, &e), 0);
	assert_int_equal(check(state, "t", "#! \t/proc/self/exe", 18, 0755, &e), 0);
	check(state, "static", &statically, sizeof(statically), 0755, &e);
	snprintf(text, sizeof(text), "#!%s\n", f->path);
	assert_int_equal(check(state, "u", text, strlen(text), 0755, &e), -ENOEXEC);
	check_says(&e, "linked statically");
	/* scripts of scripts, as many as the kernel takes */
	check(state, "0", "#!/proc/self/exe\n", 17, 0755, &e);
	for (i = 1; i < 4; i++) {
		snprintf(text, sizeof(text), "#!%s/%d\n", f->folder, i - 1);
		snprintf(text + PATH_MAX, 16, "%d", i);
		assert_int_equal(check(state, text + PATH_MAX, text, strlen(text), 0755, &e), 0);
	}
	snprintf(text, sizeof(text), "#!%s/self\n", f->folder);
	assert_int_equal(check(state, "self", text, strlen(text), 0755, &e), -ENOEXEC);
	check_says(&e, "scripts interpret each other");
}

static void test_find(void **state)
{
	struct ini_fixture *f = *state;
	struct engine_error e;
	char path[PATH_MAX], list[PATH_MAX + 32], expected[PATH_MAX + 8];

	ini_fixture_text(f, "tool", "#!/bin/sh\n");
	assert_int_equal(chmod(f->path, 0755), 0);
	ini_fixture_text(f, "data", "x");
	assert_int_equal(chmod(f->path, 0644), 0);
	snprintf(expected, sizeof(expected), "%s/tool", f->folder);
	snprintf(list, sizeof(list), "/nonexistent:%s", f->folder);
	assert_int_equal(setenv("PATH", list, 1), 0);
	assert_int_equal(program_find("tool", path, &e), 0);
	assert_string_equal(path, expected);
	assert_int_equal(program_find(expected, path, &e), 0);
	assert_int_equal(program_find("data", path, &e), -ENOENT);
	assert_int_equal(program_find("missing", path, &e), -ENOENT);
	check_says(&e, "no program missing in PATH");
	snprintf(expected, sizeof(expected), "%s/data", f->folder);
	assert_int_equal(program_find(expected, path, &e), -EACCES);
	assert_int_equal(program_find(f->folder, path, &e), -EACCES);
	assert_int_equal(program_find("/nonexistent/tool", path, &e), -ENOENT);
	/* an empty name in the list is the folder one is in, also at its end */
	assert_int_equal(chdir(f->folder), 0);
	assert_int_equal(setenv("PATH", "/nonexistent:", 1), 0);
	assert_int_equal(program_find("tool", path, &e), 0);
	assert_int_equal(setenv("PATH", ":/nonexistent", 1), 0);
	assert_int_equal(program_find("tool", path, &e), 0);
	/* without a list it is the system's */
	assert_int_equal(unsetenv("PATH"), 0);
	assert_int_equal(program_find("sh", path, &e), 0);
	assert_int_equal(chdir("/"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, ini_fixture_begin, ini_fixture_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_dynamic),
		TEST(test_static),
		TEST(test_other_machine),
		TEST(test_set_user_id),
		TEST(test_no_program),
		TEST(test_script),
		TEST(test_find),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Commands of a program and tables of them. Each is a function of the arguments of a main function;
 * the first is the command's full name, for help and errors.
 *
 * Exit statuses: STATUS_DONE, STATUS_FAILED (the device, a file or a check said no; one sentence on
 * standard error says why), STATUS_USAGE (the command line is wrong).
 */
#ifndef _CLI_COMMAND_H
#define _CLI_COMMAND_H

#include <argp.h>
#include <stddef.h>

#define STATUS_DONE	0
#define STATUS_FAILED	1
#define STATUS_USAGE	2

#define CLI_VERSION	"1.0"

/**
 * struct command - a line of a table of commands
 * @name: as typed; NULL ends the table
 * @run: returns an exit status
 * @summary: for the list in --help
 */
struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary;
};

/**
 * commands_run - run the command that the first argument names
 * @table: ended by a name of NULL
 * @doc: for --help, as of argp; the table is added to it
 *
 * Return: an exit status; STATUS_FAILED also when standard output cannot be written.
 */
int commands_run(int argc, char **argv, const struct command *table, const char *doc);

/**
 * command_parse - parse the arguments of a command
 * @argp: its options, arguments and help
 * @input: handed to its parser
 *
 * Ends the program on a wrong command line and on --help.
 */
void command_parse(const struct argp *argp, int argc, char **argv, void *input);

/**
 * command_failed - print the program's name and a sentence on standard error
 *
 * Return: STATUS_FAILED.
 */
int command_failed(const char *format, ...) __attribute__((format(printf, 1, 2)));

/**
 * command_refused - the same where what was asked for is wrong, in options or in the files they name
 *
 * Return: STATUS_USAGE.
 */
int command_refused(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* For commands without arguments and with no option but --json; the input is a bool. */
extern const struct argp_option command_json_options[];
error_t command_json_parser(int key, char *arg, struct argp_state *state);

/* The option that every command has. */
#define OPTION_JSON { "json", 'j', NULL, 0, "Print JSON instead of text", 0 }

#endif /* _CLI_COMMAND_H */

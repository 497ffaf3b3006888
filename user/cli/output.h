/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the commands print: numbers with their units, JSON. */
#ifndef _CLI_OUTPUT_H
#define _CLI_OUTPUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define UNIT_MAX	32	/* bytes of a formatted number, with its NUL */

/* "0 B", "4.00 KiB", "1.50 GiB": binary multiples, as capacities are counted. */
void format_bytes(char out[UNIT_MAX], uint64_t bytes);

/* "512 GB", "27.49 TB", "-3.5 MB": decimal, four digits, as data sheets of flash state bytes. */
void format_decimal_bytes(char out[UNIT_MAX], double bytes);

/* "8000.00 GB/s": decimal, as data sheets state bandwidths. */
void format_bandwidth(char out[UNIT_MAX], uint64_t bytes_per_second);

/* "12 ns", "1.50 us", "3.20 s". */
void format_time(char out[UNIT_MAX], uint64_t ns);

/* "5 uJ", "1.50 mJ", "3.20 J". */
void format_energy(char out[UNIT_MAX], uint64_t uj);

/* "40 s", "2.50 days", "5.10 years"; "unlimited" for the largest number. */
void format_lifetime(char out[UNIT_MAX], uint64_t seconds);

/**
 * json_amount - a number for JSON
 *
 * null for what a signed number does not hold, which is how the kernel says "not limited".
 */
json_t *json_amount(uint64_t value);

/**
 * print_json - print a value on standard output and free it
 * @value: NULL when there was no memory to build it
 *
 * Return: an exit status.
 */
int print_json(json_t *value);

#endif /* _CLI_OUTPUT_H */

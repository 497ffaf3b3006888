// SPDX-License-Identifier: LGPL-2.1-or-later
/* HBF, HBM4, DDR5, LPDDR5 and flash beside each other. */
#include <math.h>

#include "engine/profile.h"
#include "sim/endurance.h"
#include "sim/table.h"

#define DAY_SECONDS	86400.0
static const char *const memories[] = { "hbf", "hbm4", "ddr5", "lpddr5", "flash", NULL };

static const struct table_key keys[] = {
	{ "profile", TABLE_NAME, 0, 0 },
	{ "capacity_gb", TABLE_PUBLISHED, 0, 0 },
	{ "read_gbps", TABLE_PUBLISHED, 0, 0 },
	{ "watts", TABLE_PUBLISHED, 0, 0 },
	{ "gbps_per_watt", TABLE_PUBLISHED, 0, 0 },
	{ "gb_per_watt", TABLE_PUBLISHED, 0, 0 },
	{ "read_latency_ns", TABLE_PUBLISHED, 0, 0 },
	{ "read_bytes", TABLE_PUBLISHED, 0, 0 },
	{ "write_endurance", TABLE_PUBLISHED, 0, 0 },
	{ NULL }
};

static const struct table_group groups[] = { { memories, keys }, { NULL } };

/* Reading all the time at the full rate: waiting, the array and the link. */
static double watts(const struct tmodel_profile *p)
{
	return (double)p->idle_uw / 1e6 +
	       8 / 1e15 * (double)(p->read_fj_per_bit + p->link_fj_per_bit) *
	       (double)p->read_bps;
}

/* The finite bound of "< 80" and "> 20.5" stands for the figure. */
static double published(const struct table *t, const char *memory, const char *key)
{
	struct table_range r = table_range(table_text(&t->in, memory, key));

	return isfinite(r.high) ? r.high : r.low;
}

static void add(struct table *t, const char *memory, const char *figure, const char *unit,
		double computed, const char *basis, const char *key)
{
	struct table_row *r = table_add(t, memory, figure, unit, computed, "%s", basis);

	table_publish(t, r, memory, key);
}

/* What the published figures give by themselves. */
static void add_arithmetic(struct table *t, const char *memory)
{
	double power = published(t, memory, "watts");

	add(t, memory, "bandwidth per watt", "GB/s/W", published(t, memory, "read_gbps") / power,
	    "published bandwidth / published power", "gbps_per_watt");
	add(t, memory, "capacity per watt", "GB/W", published(t, memory, "capacity_gb") / power,
	    "published capacity / published power", "gb_per_watt");
}

static void add_profile(struct table *t, const char *memory, const struct tmodel_profile *p)
{
	double gb = (double)p->capacity_bytes / 1e9, gbps = (double)p->read_bps / 1e9;

	add(t, memory, "capacity", "GB", gb, "capacity_bytes", "capacity_gb");
	add(t, memory, "read bandwidth", "GB/s", gbps, "read_bps", "read_gbps");
	add(t, memory, "power", "W", watts(p), "idle_uw + (read_fj + link_fj)_per_bit x read_bps",
	    "watts");
	add(t, memory, "model's bandwidth per watt", "GB/s/W", gbps / watts(p),
	    "read bandwidth / power, both of the profile", "gbps_per_watt");
	add(t, memory, "model's capacity per watt", "GB/W", gb / watts(p),
	    "capacity / power, both of the profile", "gb_per_watt");
}

static void add_access(struct table *t, const char *memory, const struct tmodel_profile *p)
{
	struct tmodel_sat sat = { 0 };

	add(t, memory, "read latency", "ns",
	    (double)tmodel_exposed_ns(p, TMODEL_READ, p->read_granule_bytes, 1000, &sat),
	    "read_latency_ns + page_read_ns", "read_latency_ns");
	add(t, memory, "bytes per read", "B", (double)p->read_granule_bytes, "read_granule_bytes",
	    "read_bytes");
}

static void add_endurance(struct table *t, const char *memory, const struct tmodel_profile *p)
{
	double life = endurance_life_seconds(p, 0, (double)p->write_bps) / DAY_SECONDS;
	struct table_row *r = table_add(t, memory, "write endurance", "", NAN,
					"low = endurance_cycles has a limit");

	r->words = p->endurance_cycles ? "low" : "high";
	table_publish(t, r, memory, "write_endurance");
	table_add(t, memory, "life of writing non-stop", "days", life,
		  "capacity x endurance_cycles / (WAF x write_bps)");
	if (p->retention_s)
		table_add(t, memory, "data kept without rewrite", "h",
			  (double)p->retention_s / 3600, "retention_s, powered on at 85 C");
}

static int compute(struct table *t, struct engine_error *e)
{
	struct engine_profile p;
	int i, err;

	for (i = 0; memories[i]; i++) {
		err = engine_profile_find_file(table_text(&t->in, memories[i], "profile"), NULL,
					       &p, e);
		if (err)
			return err;
		add_arithmetic(t, memories[i]);
		add_profile(t, memories[i], &p.model);
		add_access(t, memories[i], &p.model);
		add_endurance(t, memories[i], &p.model);
	}
	return 0;
}

const struct table_definition table_memories = { "memories", groups, compute };

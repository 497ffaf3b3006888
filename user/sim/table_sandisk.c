// SPDX-License-Identifier: LGPL-2.1-or-later
/* SanDisk's headlines of HBF, over what they depend on. */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <string.h>

#include "engine/profile.h"
#include "sim/endurance.h"
#include "sim/models.h"
#include "sim/operators.h"
#include "sim/prices.h"
#include "sim/data_path.h"
#include "sim/table.h"
#include "sim/thermal.h"

#define MATRIX_BYTES	1e6	/* norms and the embedding's rows are less */
#define DAY_SECONDS	86400.0

static const char *const vary[] = { "vary", NULL };
static const char *const generations[] = { "generation_1", "generation_2", "generation_3", NULL };

static const struct table_key main_keys[] = {
	{ "model", TABLE_NAME, 0, 0 },
	{ "profile", TABLE_NAME, 0, 0 },
	{ "hbm_profile", TABLE_NAME, 0, 0 },
	{ "prices", TABLE_NAME, 0, 0 },
	{ "page_read_ns", TABLE_NUMBER, 0, 1e9 },
	{ "stacks", TABLE_NUMBER, 1, 1024 },
	{ "watts", TABLE_NUMBER, 1, 1e4 },
	{ "dies", TABLE_NUMBER, 1, THERMAL_DIES_MAX },
	{ "die_gbit", TABLE_NUMBER, 1, 1e5 },
	{ "area_mm2", TABLE_NUMBER, 1, 10000 },
	{ "slower", TABLE_PUBLISHED, 0, 0 },
	{ "capacity_gb", TABLE_PUBLISHED, 0, 0 },
	{ "capacity_ratio", TABLE_PUBLISHED, 0, 0 },
	{ "bandwidth_ratio", TABLE_PUBLISHED, 0, 0 },
	{ "price_ratio", TABLE_PUBLISHED, 0, 0 },
	{ "refresh_watts", TABLE_PUBLISHED, 0, 0 },
	{ NULL }
};

static const struct table_key vary_keys[] = {
	{ "page_read_ns_1", TABLE_NUMBER, 0, 1e9 },
	{ "page_read_ns_2", TABLE_NUMBER, 0, 1e9 },
	{ "page_read_ns_3", TABLE_NUMBER, 0, 1e9 },
	{ "page_read_ns_4", TABLE_NUMBER, 0, 1e9 },
	{ "stacks", TABLE_NUMBER, 1, 1024 },
	{ "hbm_gb_1", TABLE_NUMBER, 1, 1e6 },
	{ "hbm_gb_2", TABLE_NUMBER, 1, 1e6 },
	{ NULL }
};

static const struct table_key generation_keys[] = {
	{ "gb", TABLE_NUMBER, 1, 1e6 },
	{ "read_bps", TABLE_NUMBER, 1e9, 1e15 },
	{ "power", TABLE_NUMBER, 0.01, 10 },
	{ NULL }
};

static const struct table_group groups[] = {
	{ table_main, main_keys }, { vary, vary_keys }, { generations, generation_keys }, { NULL }
};

/**
 * struct facts - what the headlines are computed from
 * @ops: of a step that decodes
 * @hbf, @hbm: stacks
 */
struct facts {
	struct operators ops;
	struct tmodel_profile hbf;
	struct tmodel_profile hbm;
	struct prices prices;
};

/**
 * struct reading - all matrices of the model once, one after the other
 * @kernels: that read one each
 * @seconds: of their bytes alone, as from memory without a latency and with all capacity
 * @exposed: seconds that flash takes longer
 */
struct reading {
	double kernels;
	double seconds;
	double exposed;
};

/* ---- reading the inputs ---- */

static int read_profile(const struct table_inputs *in, const char *key,
			struct tmodel_profile *out, struct engine_error *e)
{
	struct engine_profile p;
	int err = engine_profile_find_file(table_text(in, NULL, key), NULL, &p, e);

	if (!err)
		*out = p.model;
	return err;
}

static int read_operators(const struct table_inputs *in, struct operators *out,
			  struct engine_error *e)
{
	const struct step_shape shape = { STEP_DECODE, 1, 1, 1 };
	const struct number_bits bits = { 8, 8, 8 };
	struct model_config m;

	return sim_model_find(table_text(in, NULL, "model"), MODEL_FP8, &m, e) ?:
	       operators_of_step(&m, &shape, &bits, OPERATORS_EXACT, out, e);
}

static int read_prices(const struct table_inputs *in, struct prices *out, struct engine_error *e)
{
	char path[PATH_MAX];

	return sim_data_path("prices", "TERRACE_PRICES", ".ini", table_text(in, NULL, "prices"),
			     path, e) ?:
	       prices_read(path, out, e);
}

static int read_facts(const struct table_inputs *in, struct facts *f, struct engine_error *e)
{
	return read_operators(in, &f->ops, e) ?: read_profile(in, "profile", &f->hbf, e) ?:
	       read_profile(in, "hbm_profile", &f->hbm, e) ?: read_prices(in, &f->prices, e);
}

/* ---- one kernel at a time ---- */

static bool is_one_of(const char *name, const char *const *names)
{
	for (; *names; names++)
		if (!strcmp(name, *names))
			return true;
	return false;
}

/* With fused kernels these are read together with the one before. */
static bool is_fused(const char *name)
{
	static const char *const second[] = { "k_proj", "v_proj", "up_proj", NULL };

	return is_one_of(name, second);
}

static void add_kernel(struct reading *r, const struct tmodel_profile *p, double bytes,
		       double times)
{
	struct tmodel_sat sat = { 0 };

	r->kernels += times;
	r->seconds += times * (double)tmodel_transfer_ns(p, TMODEL_READ, (uint64_t)bytes, 1000,
							 &sat) / 1e9;
	r->exposed += times * (double)tmodel_exposed_ns(p, TMODEL_READ, (uint64_t)bytes, 1000,
							&sat) / 1e9;
}

/* What is sensed at a time is so much that the bandwidth is kept up, whatever the latency. */
static void set_latency(struct tmodel_profile *p, uint64_t page_read_ns)
{
	double chunk = (double)p->read_bps * (double)page_read_ns / 1e9;

	p->page_read_ns = page_read_ns;
	while ((double)(p->page_bytes * p->channels) < chunk)
		p->page_bytes *= 2;
}

/* Each stack has its part of every matrix. */
static struct reading read_all(const struct facts *f, double page_read_ns, double stacks,
			       bool fused)
{
	struct tmodel_profile p = f->hbf;
	struct reading r = { 0 };
	double bytes = 0, times = 0;
	size_t i;

	set_latency(&p, (uint64_t)page_read_ns);
	for (i = 0; i < f->ops.n; i++) {
		const struct sim_operator *op = &f->ops.op[i];
		double here = (double)op->bits[OPERATOR_WEIGHTS] / 8;

		if (here < MATRIX_BYTES)
			continue;
		if (bytes > 0 && !(fused && is_fused(op->name))) {
			add_kernel(&r, &p, bytes / stacks, times);
			bytes = 0;
		}
		bytes += here;
		times = (double)op->times;
	}
	add_kernel(&r, &p, bytes / stacks, times);
	return r;
}

static void add_reading(struct table *t, const struct facts *f, double page_read_ns, double stacks,
			bool fused)
{
	struct reading r = read_all(f, page_read_ns, stacks, fused);
	struct table_row *row = table_add(t, fused ? "fused kernels" : "one by one",
					  "slower than HBM", "%", r.exposed / r.seconds * 100,
					  "%g kernels, tR %g us, stacks %g: %.4g ms + %.3g ms",
					  r.kernels, page_read_ns / 1e3, stacks, r.seconds * 1e3,
					  r.exposed * 1e3);

	table_publish(t, row, NULL, "slower");
}

/* What tR gives the published figure: each kernel waits for it once. */
static void add_solved(struct table *t, const struct facts *f, double stacks, bool fused)
{
	struct table_range published = table_range(table_text(&t->in, NULL, "slower"));
	struct reading r = read_all(f, 0, stacks, fused);

	table_add(t, fused ? "fused kernels" : "one by one", "tR that gives it", "us",
		  published.high / 100 * r.seconds / r.kernels * 1e6,
		  "stacks %g: published share x %.4g ms / %g kernels", stacks, r.seconds * 1e3,
		  r.kernels);
}

static void add_speed(struct table *t, const struct facts *f)
{
	static const char *const varied[] = { "page_read_ns_1", "page_read_ns_2",
					      "page_read_ns_3", "page_read_ns_4" };
	double usual = table_number(&t->in, NULL, "page_read_ns");
	double stacks = table_number(&t->in, NULL, "stacks");
	double many = table_number(&t->in, "vary", "stacks");
	size_t i;

	add_reading(t, f, usual, stacks, true);
	add_reading(t, f, usual, stacks, false);
	for (i = 0; i < sizeof(varied) / sizeof(varied[0]); i++)
		add_reading(t, f, table_number(&t->in, "vary", varied[i]), stacks, true);
	add_reading(t, f, usual, many, true);
	add_solved(t, f, stacks, true);
	add_solved(t, f, stacks, false);
	add_solved(t, f, many, true);
}

/* ---- capacity, price, refresh ---- */

static void add_capacity(struct table *t, const struct facts *f)
{
	static const char *const varied[] = { "hbm_gb_1", "hbm_gb_2" };
	double gb = table_number(&t->in, NULL, "dies") * table_number(&t->in, NULL, "die_gbit") / 8;
	double hbm_gb = (double)f->hbm.capacity_bytes / 1e9;
	struct table_row *r = table_add(t, "stack", "capacity", "GB", gb, "dies x die_gbit / 8");
	size_t i;

	table_publish(t, r, NULL, "capacity_gb");
	r = table_add(t, "stack", "capacity, times HBM's", "x", gb / hbm_gb, "HBM of %g GB",
		      hbm_gb);
	table_publish(t, r, NULL, "capacity_ratio");
	for (i = 0; i < sizeof(varied) / sizeof(varied[0]); i++) {
		hbm_gb = table_number(&t->in, "vary", varied[i]);
		r = table_add(t, "stack", "capacity, times HBM's", "x", gb / hbm_gb,
			      "HBM of %g GB", hbm_gb);
		table_publish(t, r, NULL, "capacity_ratio");
	}
}

static void add_ratios(struct table *t, const struct facts *f)
{
	double hbf_usd = (double)f->hbf.capacity_bytes / 1e9 *
			 prices_memory_usd(&f->prices, PRICES_HBF);
	double hbm_usd = (double)f->hbm.capacity_bytes / 1e9 *
			 prices_memory_usd(&f->prices, PRICES_HBM);
	struct table_row *r = table_add(t, "stack", "bandwidth, times HBM's", "x",
					(double)f->hbf.read_bps / (double)f->hbm.read_bps,
					"read_bps of both profiles");

	table_publish(t, r, NULL, "bandwidth_ratio");
	r = table_add(t, "stack", "price, times HBM's", "x", hbf_usd / hbm_usd,
		      "%.4g USD / %.4g USD by the file of prices", hbf_usd, hbm_usd);
	table_publish(t, r, NULL, "price_ratio");
}

/* All of a stack is read and written again once in its retention time. */
static void add_refresh(struct table *t, const struct facts *f)
{
	const struct tmodel_profile *p = &f->hbf;
	double bps = p->retention_s ? (double)p->capacity_bytes / (double)p->retention_s : 0;
	double watts = bps * 8 / 1e15 * (double)(p->read_fj_per_bit + p->write_fj_per_bit);
	double cycles = endurance_cycles(p, bps, (double)p->lifetime_s);
	struct table_row *r = table_add(t, "stack", "power of refresh", "W", watts,
					"capacity / retention_s x energy of reading and writing");

	table_publish(t, r, NULL, "refresh_watts");
	table_add(t, "stack", "bandwidth of refresh", "MB/s", bps / 1e6,
		  "capacity / retention_s of the OCP specification");
	table_add(t, "stack", "wear of refresh", "%",
		  cycles / (double)p->endurance_cycles * 100, "%.5g of %g P/E cycles in lifetime_s",
		  cycles, (double)p->endurance_cycles);
}

/* ---- generations ---- */

static void add_generation(struct table *t, const char *name)
{
	double bps = table_number(&t->in, name, "read_bps");
	double watts = table_number(&t->in, NULL, "watts") * table_number(&t->in, name, "power");
	struct thermal_stack s;
	double limit;

	thermal_init(&s, (unsigned int)table_number(&t->in, NULL, "dies"),
		     table_number(&t->in, NULL, "area_mm2"));
	limit = thermal_watts(&s);
	table_add(t, name, "bandwidth per watt", "GB/s/W", bps / 1e9 / watts,
		  "%g GB/s / %g W", bps / 1e9, watts);
	table_add(t, name, "capacity per watt", "GB/W", table_number(&t->in, name, "gb") / watts,
		  "gb / the same");
	table_add(t, name, "energy per bit", "pJ/bit", watts / bps / 8 * 1e12,
		  "power / bandwidth");
	table_add(t, name, "bandwidth that heat allows", "GB/s",
		  fmin(1, limit / watts) * bps / 1e9, "%.3g W at 85 C, all power by reading",
		  limit);
}

static int compute(struct table *t, struct engine_error *e)
{
	struct facts f;
	int i, err = read_facts(&t->in, &f, e);

	if (err)
		return err;
	if (!f.hbf.endurance_cycles || !f.hbf.page_bytes) {
		engine_error_set(e, "[table]: %s is no flash: it has no endurance_cycles or pages",
				 table_text(&t->in, NULL, "profile"));
		return -EINVAL;
	}
	add_speed(t, &f);
	add_capacity(t, &f);
	add_ratios(t, &f);
	add_refresh(t, &f);
	for (i = 0; generations[i]; i++)
		add_generation(t, generations[i]);
	return 0;
}

const struct table_definition table_sandisk = { "sandisk", groups, compute };

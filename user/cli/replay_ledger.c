// SPDX-License-Identifier: LGPL-2.1-or-later
/* The ledger of a replay: the device's statistics now, less what they were at the seal. */
#include <errno.h>
#include <string.h>

#include "cli/replay_driver.h"
#include "cli/sysfs.h"

static int number(const char *tier, const char *attribute, uint64_t *value, struct engine_error *e)
{
	int err = sysfs_number(tier, attribute, value);

	if (err)
		engine_error_set(e, "cannot read %s of tier %s: %s", attribute, tier,
				 strerror(-err));
	return err;
}

static int tier_statistics(const struct engine_tier *t, struct replay_tier *s,
			   struct engine_error *e)
{
	int err = number(t->name, "model_energy_uj", &s->energy_uj, e);

	if (!err)
		err = number(t->name, "model_idle_energy_uj", &s->idle_uj, e);
	if (err || !t->profile.endurance_cycles)
		return err;
	err = number(t->name, "wear_host_bytes", &s->host_bytes, e);
	if (!err)
		err = number(t->name, "wear_media_bytes", &s->media_bytes, e);
	return err ? err : number(t->name, "wear_cycles_milli", &s->cycles_milli, e);
}

/* Only tiers on block devices have the file. */
static int flash_programmed(const char *tier, bool *flash, uint64_t *bytes, struct engine_error *e)
{
	char text[SYSFS_VALUE_MAX];

	*flash = sysfs_read(tier, "flash_programmed_bytes", text) != -ENOENT;
	return *flash ? number(tier, "flash_programmed_bytes", bytes, e) : 0;
}

int replay_driver_begin(struct replay_driver *d, struct engine_error *e)
{
	uint32_t i;
	int err = 0;

	for (i = 0; !err && i < d->file->n_tiers; i++)
		err = flash_programmed(d->file->tiers[i].name, &d->tier[i].flash,
				       &d->tier[i].programmed_bytes, e);
	return err;
}

static int device_statistics(struct replay_driver *d, struct terrace_ledger *ledger,
			     struct terrace_info *info, struct engine_error *e)
{
	if (terrace_session_ledger(d->extents.session, ledger) ||
	    terrace_session_info(d->extents.session, info)) {
		engine_error_set(e, "%s", terrace_error());
		return -EIO;
	}
	return 0;
}

int replay_driver_mark(struct replay_driver *d, struct engine_error *e)
{
	struct terrace_info info;
	uint32_t i;
	int err = device_statistics(d, &d->sealed, &info, e);

	if (err)
		return err;
	for (i = 0; !err && i < d->file->n_tiers; i++) {
		d->tier[i].busy_ns = 0;
		err = tier_statistics(&d->file->tiers[i], &d->tier[i], e);
	}
	d->sealed_clock_ns = info.clock_ns;
	d->sealed_saturations = info.saturations;
	d->accel = (struct tmodel_energy) { 0 };
	return err;
}

static void subtract_entry(struct terrace_ledger_entry *to, const struct terrace_ledger_entry *now,
			   const struct terrace_ledger_entry *then)
{
	to->model_read_bytes = now->model_read_bytes - then->model_read_bytes;
	to->model_write_bytes = now->model_write_bytes - then->model_write_bytes;
	to->model_in_bytes = now->model_in_bytes - then->model_in_bytes;
	to->model_out_bytes = now->model_out_bytes - then->model_out_bytes;
	to->model_energy_uj = now->model_energy_uj - then->model_energy_uj;
}

/* What is left of the memory, at the rate of the run. */
static void fill_lifetime(const struct tmodel_profile *p, const struct replay_tier *now,
			  uint64_t media_bytes, uint64_t ran_ns, struct tmodel_lifetime *l,
			  struct tmodel_sat *sat)
{
	uint64_t all = tmodel_muldiv(p->capacity_bytes, p->endurance_cycles, 1, TMODEL_DOWN, sat);
	uint64_t left = all > now->media_bytes ? all - now->media_bytes : 0;

	l->valid = ran_ns >= TMODEL_NS_PER_MINUTE;
	l->extrapolated = ran_ns < TMODEL_NS_PER_DAY;
	l->seconds = media_bytes ? tmodel_muldiv(left, ran_ns / TMODEL_NS_PER_S, media_bytes,
						 TMODEL_DOWN, sat) : TMODEL_U64_MAX;
}

static int fill_tier(struct replay_driver *d, uint32_t i, const struct terrace_ledger *ledger,
		     uint64_t ran_ns, struct ledger_tier *l, struct engine_error *e)
{
	const struct engine_tier *t = &d->file->tiers[i];
	const struct replay_tier *then = &d->tier[i];
	const struct terrace_ledger_entry *sealed;
	struct replay_tier now = { 0 };
	uint64_t accesses_uj = 0;
	uint32_t c;
	int err = tier_statistics(t, &now, e);

	if (err)
		return err;
	memcpy(l->name, t->name, sizeof(l->name));
	l->rank = t->rank;
	l->capacity_bytes = t->profile.capacity_bytes;
	l->read_bps = t->profile.read_bps;
	for (c = 0; c < TERRACE_CLASSES; c++) {
		sealed = &d->sealed.entry[then->index][c];
		subtract_entry(&l->class[c], &ledger->entry[then->index][c], sealed);
		accesses_uj += l->class[c].model_energy_uj;
		l->load_bytes += d->sealed.entry[then->index][c].model_write_bytes;
	}
	l->busy_ns = then->busy_ns;
	/* classes are rounded down one by one: the sum may lack a few microjoules, never exceed */
	l->migration_uj = now.energy_uj - then->energy_uj > accesses_uj ?
			  now.energy_uj - then->energy_uj - accesses_uj : 0;
	l->idle_uj = now.idle_uj - then->idle_uj;
	l->wears = t->profile.endurance_cycles;
	if (!l->wears)
		return 0;
	l->host_bytes = now.host_bytes - then->host_bytes;
	l->media_bytes = now.media_bytes - then->media_bytes;
	l->cycles_milli = now.cycles_milli - then->cycles_milli;
	fill_lifetime(&t->profile, &now, l->media_bytes, ran_ns, &l->lifetime, &d->sat);
	return 0;
}

static int fill_flash(const struct replay_tier *then, const uint64_t sealed[TERRACE_TIERS_MAX],
		      struct ledger_tier *l, struct engine_error *e)
{
	uint64_t programmed = 0;
	int err = flash_programmed(l->name, &l->flash, &programmed, e);

	if (err || !l->flash)
		return err;
	l->real_sealed_bytes = sealed[then->index];
	l->real_programmed_bytes = programmed - then->programmed_bytes;
	return 0;
}

int replay_driver_ledger(struct replay_driver *d, struct ledger *l, struct engine_error *e)
{
	uint64_t sealed[TERRACE_TIERS_MAX];
	struct terrace_ledger ledger;
	struct terrace_info info;
	uint32_t i;
	int err = device_statistics(d, &ledger, &info, e);

	if (!err)
		err = replay_extents_sealed(&d->extents, sealed, e);
	if (err)
		return err;
	*l = (struct ledger) {
		.charging = TERRACE_CHARGING_DECLARED,
		.n_tiers = d->file->n_tiers,
		.accel_uj = d->accel.uj,
		.migrations = d->extents.moved,
		.saturations = info.saturations - d->sealed_saturations + d->sat.count,
		.real_checked_bytes = d->checked_bytes,
	};
	for (i = 0; !err && i < l->n_tiers; i++) {
		err = fill_tier(d, i, &ledger, info.clock_ns - d->sealed_clock_ns, &l->tiers[i], e);
		if (!err)
			err = fill_flash(&d->tier[i], sealed, &l->tiers[i], e);
	}
	return err;
}

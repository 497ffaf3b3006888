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

/* What the device has counted of a tier, and the session's @ledger of the tier @index. */
static int tier_count(const struct engine_tier *t, const struct terrace_ledger *ledger,
		      uint32_t index, struct ledger_count *c, struct engine_error *e)
{
	int err = number(t->name, "model_energy_uj", &c->energy_uj, e);

	memcpy(c->class, ledger->entry[index], sizeof(c->class));
	if (err || !t->profile.endurance_cycles)
		return err;
	err = number(t->name, "wear_host_bytes", &c->host_bytes, e);
	if (!err)
		err = number(t->name, "wear_media_bytes", &c->media_bytes, e);
	return err ? err : number(t->name, "wear_cycles_milli", &c->cycles_milli, e);
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
	struct terrace_ledger ledger;
	struct terrace_info info;
	uint32_t i;
	int err = device_statistics(d, &ledger, &info, e);

	if (err)
		return err;
	for (i = 0; !err && i < d->file->n_tiers; i++) {
		d->tier[i].busy_ns = 0;
		err = tier_count(&d->file->tiers[i], &ledger, d->tier[i].index,
				 &d->tier[i].sealed, e);
	}
	d->sealed_clock_ns = info.clock_ns;
	d->sealed_saturations = info.saturations;
	d->accel = (struct tmodel_energy) { 0 };
	return err;
}

static int fill_tier(struct replay_driver *d, uint32_t i, const struct terrace_ledger *ledger,
		     uint64_t ran_ns, struct ledger_tier *l, struct engine_error *e)
{
	const struct engine_tier *t = &d->file->tiers[i];
	struct ledger_count now = { 0 };
	int err = tier_count(t, ledger, d->tier[i].index, &now, e);

	if (err)
		return err;
	ledger_tier_fill(l, t, &d->tier[i].sealed, &now, ran_ns, &d->sat);
	l->busy_ns = d->tier[i].busy_ns;
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

int replay_driver_ledger(void *ctx, struct ledger *l, struct engine_error *e)
{
	uint64_t sealed[TERRACE_TIERS_MAX];
	struct replay_driver *d = ctx;
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
		.migrations = d->extents.extents.moved,
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

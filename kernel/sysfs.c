// SPDX-License-Identifier: GPL-2.0-only
/*
 * Statistics: /sys/class/misc/terrace/, one value a file, the unit in its name, documented in
 * Documentation/ABI/testing/sysfs-class-misc-terrace.
 */
#include <linux/device.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "media.h"
#include "terrace.h"

static struct kobject *device_kobj;
static struct kobject *tiers_kobj;

/* The directory of a tier; its attributes find the tier through it. */
struct tier_dir {
	struct kobject kobj;
	struct terrace_tier *tier;
};

struct tier_attribute {
	struct attribute attr;
	ssize_t (*show)(struct terrace_tier *t, char *buf);
};

static ssize_t tier_attr_show(struct kobject *kobj, struct attribute *attr, char *buf)
{
	struct tier_dir *dir = container_of(kobj, struct tier_dir, kobj);
	struct tier_attribute *a = container_of(attr, struct tier_attribute, attr);

	return a->show(dir->tier, buf);
}

static void tier_dir_release(struct kobject *kobj)
{
	kfree(container_of(kobj, struct tier_dir, kobj));
}

static const struct sysfs_ops tier_sysfs_ops = {
	.show = tier_attr_show,
};

#define TIER_ATTR(_name)							\
	static struct tier_attribute tier_attr_##_name = {			\
		.attr = { .name = #_name, .mode = 0444 },			\
		.show = tier_##_name##_show,						\
	}

/* A value that is read under the tier's lock. */
#define TIER_VALUE(_name, _format, _expression)					\
static ssize_t tier_##_name##_show(struct terrace_tier *t, char *buf)			\
{										\
	guard(spinlock)(&t->lock);						\
	return sysfs_emit(buf, _format "\n", _expression);			\
}										\
TIER_ATTR(_name)

/* An event counter. */
#define TIER_EVENT(_name, _event)						\
static ssize_t tier_##_name##_show(struct terrace_tier *t, char *buf)			\
{										\
	return sysfs_emit(buf, "%lld\n", atomic64_read(&t->events[_event]));	\
}										\
TIER_ATTR(_name)

static u64 tier_sum(struct terrace_tier *t, size_t offset)
{
	u64 sum = 0;
	u32 c;

	for (c = 0; c < TERRACE_CLASSES; c++)
		sum = tmodel_add(sum, *(u64 *)((void *)&t->traffic[c] + offset), &terrace.sat);
	return sum;
}

/* Modelled bytes of all classes, and the same as real bytes. */
#define TIER_SUM(_name, _field, _shift)						\
	TIER_VALUE(_name, "%llu",						\
		   tier_sum(t, offsetof(struct terrace_traffic, _field)) >> (_shift))

static u64 tier_energy_uj(struct terrace_tier *t)
{
	struct tmodel_energy e = {};
	u32 c;

	for (c = 0; c < TERRACE_CLASSES; c++)
		tmodel_energy_add(&e, &t->traffic[c].energy, &terrace.sat);
	return e.uj;
}

static ssize_t tier_model_idle_energy_uj_show(struct terrace_tier *t, char *buf)
{
	struct tmodel_energy e = {};

	tmodel_energy_power(&e, t->profile.idle_uw, terrace_clock() - t->online_ns, &terrace.sat);
	return sysfs_emit(buf, "%llu\n", e.uj);
}
TIER_ATTR(model_idle_energy_uj);

static ssize_t tier_model_bandwidth_bytes_per_second_show(struct terrace_tier *t, char *buf)
{
	return sysfs_emit(buf, "%llu\n", terrace_tier_bandwidth(t));
}
TIER_ATTR(model_bandwidth_bytes_per_second);

static ssize_t tier_classes_show(struct terrace_tier *t, char *buf)
{
	int at = 0;
	u32 c;

	for (c = 0; c < TERRACE_CLASSES; c++)
		if (t->classes & BIT(c))
			at += sysfs_emit_at(buf, at, "%s%s", at ? " " : "", terrace_class_names[c]);
	return at + sysfs_emit_at(buf, at, "\n");
}
TIER_ATTR(classes);

TIER_VALUE(index, "%u", t->index);
TIER_VALUE(rank, "%u", t->rank);
static ssize_t tier_backing_show(struct terrace_tier *t, char *buf)
{
	if (t->media)
		return sysfs_emit(buf, "blk:%pg\n", t->media->disk.bdev);
	return sysfs_emit(buf, "mem:%d\n", t->node);
}
TIER_ATTR(backing);
TIER_VALUE(derate_permille, "%u", t->derate_permille);
TIER_VALUE(capacity_bytes, "%llu", t->capacity);
TIER_VALUE(used_bytes, "%llu", t->used);
TIER_VALUE(detached_bytes, "%llu", t->detached);
TIER_VALUE(poisoned_bytes, "%llu", t->poisoned);
TIER_VALUE(model_capacity_bytes, "%llu", t->profile.capacity_bytes);
TIER_VALUE(model_busy_ns, "%llu", t->busy_ns);
TIER_VALUE(model_migrate_busy_ns, "%llu", t->timeline.busy_ns);
TIER_VALUE(model_energy_uj, "%llu", tier_energy_uj(t));
TIER_SUM(model_read_bytes, read_bytes, 0);
TIER_SUM(model_write_bytes, write_bytes, 0);
TIER_SUM(model_in_bytes, in_bytes, 0);
TIER_SUM(model_out_bytes, out_bytes, 0);
TIER_SUM(read_bytes, read_bytes, terrace.scale_shift);
TIER_SUM(write_bytes, write_bytes, terrace.scale_shift);
TIER_EVENT(faults, TERRACE_EV_FAULTS);
TIER_EVENT(major_faults, TERRACE_EV_MAJOR_FAULTS);
TIER_EVENT(migrations_in, TERRACE_EV_MIGRATIONS_IN);
TIER_EVENT(migrations_out, TERRACE_EV_MIGRATIONS_OUT);
TIER_EVENT(migrate_busy, TERRACE_EV_MIGRATE_BUSY);
TIER_EVENT(allocation_fallbacks, TERRACE_EV_FALLBACKS);
TIER_EVENT(sigbus, TERRACE_EV_SIGBUS);

static struct attribute *tier_attrs[] = {
	&tier_attr_index.attr,
	&tier_attr_rank.attr,
	&tier_attr_backing.attr,
	&tier_attr_classes.attr,
	&tier_attr_derate_permille.attr,
	&tier_attr_capacity_bytes.attr,
	&tier_attr_used_bytes.attr,
	&tier_attr_detached_bytes.attr,
	&tier_attr_poisoned_bytes.attr,
	&tier_attr_read_bytes.attr,
	&tier_attr_write_bytes.attr,
	&tier_attr_model_capacity_bytes.attr,
	&tier_attr_model_read_bytes.attr,
	&tier_attr_model_write_bytes.attr,
	&tier_attr_model_in_bytes.attr,
	&tier_attr_model_out_bytes.attr,
	&tier_attr_model_busy_ns.attr,
	&tier_attr_model_migrate_busy_ns.attr,
	&tier_attr_model_energy_uj.attr,
	&tier_attr_model_idle_energy_uj.attr,
	&tier_attr_model_bandwidth_bytes_per_second.attr,
	&tier_attr_faults.attr,
	&tier_attr_major_faults.attr,
	&tier_attr_migrations_in.attr,
	&tier_attr_migrations_out.attr,
	&tier_attr_migrate_busy.attr,
	&tier_attr_allocation_fallbacks.attr,
	&tier_attr_sigbus.attr,
	NULL
};

static const struct attribute_group tier_group = {
	.attrs = tier_attrs,
};

/* Tiers of limited endurance show their wear as well. */

static void tier_lifetime(struct terrace_tier *t, struct tmodel_lifetime *l)
{
	u64 now = terrace_clock();

	guard(spinlock)(&t->lock);
	tmodel_wear_lifetime(&t->wear, &t->profile, now, l, &terrace.sat);
}

/* -ENODATA in the first model minute: a rate is not known yet. */
static ssize_t tier_lifetime_seconds_show(struct terrace_tier *t, char *buf)
{
	struct tmodel_lifetime l;

	tier_lifetime(t, &l);
	return l.valid ? sysfs_emit(buf, "%llu\n", l.seconds) : -ENODATA;
}
TIER_ATTR(lifetime_seconds);

static ssize_t tier_lifetime_extrapolated_show(struct terrace_tier *t, char *buf)
{
	struct tmodel_lifetime l;

	tier_lifetime(t, &l);
	return l.valid ? sysfs_emit(buf, "%u\n", l.extrapolated) : -ENODATA;
}
TIER_ATTR(lifetime_extrapolated);

TIER_VALUE(wear_host_bytes, "%llu", t->wear.host_bytes);
TIER_VALUE(wear_media_bytes, "%llu", t->wear.media_bytes);
TIER_VALUE(wear_cycles_milli, "%llu",
	   tmodel_wear_cycles_milli(&t->wear, &t->profile, &terrace.sat));
TIER_VALUE(write_budget_bytes_per_day, "%llu", tmodel_wear_budget(&t->profile, &terrace.sat));

static u64 tier_write_left(struct terrace_tier *t, u32 class_id)
{
	u64 debt;

	return terrace_tier_write_left(t, class_id, &debt);
}

static u64 tier_write_debt(struct terrace_tier *t)
{
	u64 debt, sum = 0;
	u32 c;

	for (c = 0; c < TERRACE_CLASSES; c++) {
		terrace_tier_write_left(t, c, &debt);
		sum = tmodel_add(sum, debt, &terrace.sat);
	}
	return sum;
}

#define TIER_BUDGET(_name, _class)						\
	TIER_VALUE(write_budget_left_##_name##_bytes, "%llu", tier_write_left(t, _class))

TIER_BUDGET(weights, TERRACE_CLASS_WEIGHTS);
TIER_BUDGET(kv, TERRACE_CLASS_KV);
TIER_BUDGET(context, TERRACE_CLASS_CONTEXT);
TIER_BUDGET(activation, TERRACE_CLASS_ACTIVATION);
TIER_VALUE(write_budget_debt_bytes, "%llu", tier_write_debt(t));
TIER_EVENT(write_budget_refusals, TERRACE_EV_BUDGET_REFUSED);

/* Without a device the wear is forgotten when the tier goes offline. */
TIER_VALUE(wear_durable, "%d", !!t->media);

static struct attribute *wear_attrs[] = {
	&tier_attr_wear_durable.attr,
	&tier_attr_lifetime_seconds.attr,
	&tier_attr_lifetime_extrapolated.attr,
	&tier_attr_wear_host_bytes.attr,
	&tier_attr_wear_media_bytes.attr,
	&tier_attr_wear_cycles_milli.attr,
	&tier_attr_write_budget_bytes_per_day.attr,
	&tier_attr_write_budget_left_weights_bytes.attr,
	&tier_attr_write_budget_left_kv_bytes.attr,
	&tier_attr_write_budget_left_context_bytes.attr,
	&tier_attr_write_budget_left_activation_bytes.attr,
	&tier_attr_write_budget_debt_bytes.attr,
	&tier_attr_write_budget_refusals.attr,
	NULL
};

static umode_t wear_visible(struct kobject *kobj, struct attribute *attr, int n)
{
	struct tier_dir *dir = container_of(kobj, struct tier_dir, kobj);

	return dir->tier->profile.endurance_cycles ? attr->mode : 0;
}

static const struct attribute_group wear_group = {
	.attrs = wear_attrs,
	.is_visible = wear_visible,
};

/* Flash tiers show their medium as well. Its wear is that of the device, since it was formatted. */

TIER_VALUE(landing_bytes, "%llu", t->landing.limit);
TIER_VALUE(landing_session_bytes, "%llu", t->landing.session_limit);
TIER_VALUE(landing_used_bytes, "%llu", READ_ONCE(t->landing.used));

static u64 pages_bytes(u64 pages)
{
	return min(pages, U64_MAX >> PAGE_SHIFT) << PAGE_SHIFT;
}

TIER_VALUE(flash_programmed_bytes, "%llu", pages_bytes(READ_ONCE(t->media->total_pages)));
TIER_VALUE(flash_uncertain_bytes, "%llu", pages_bytes(t->media->uncertain_pages));
TIER_VALUE(flash_retired_bytes, "%llu",
	   (u64)READ_ONCE(t->media->retired) << TERRACE_MEDIA_SEGMENT_SHIFT);
TIER_EVENT(readaheads, TERRACE_EV_READAHEADS);
TIER_EVENT(evictions, TERRACE_EV_EVICTIONS);
TIER_EVENT(writebacks, TERRACE_EV_WRITEBACKS);
TIER_EVENT(media_errors, TERRACE_EV_MEDIA_ERRORS);
TIER_EVENT(retention_losses, TERRACE_EV_EXPIRED);
TIER_EVENT(read_disturbs, TERRACE_EV_DISTURBED);
TIER_VALUE(refreshed_bytes, "%llu", t->refreshed_bytes);
TIER_VALUE(zero_writes_avoided_bytes, "%llu", t->avoided_bytes);

static ssize_t tier_pe_cycles_average_milli_show(struct terrace_tier *t, char *buf)
{
	return sysfs_emit(buf, "%llu\n", terrace_media_cycles_average(t->media));
}
TIER_ATTR(pe_cycles_average_milli);

static ssize_t tier_pe_cycles_max_milli_show(struct terrace_tier *t, char *buf)
{
	return sysfs_emit(buf, "%llu\n", terrace_media_cycles_max(t->media));
}
TIER_ATTR(pe_cycles_max_milli);

static struct attribute *flash_attrs[] = {
	&tier_attr_landing_bytes.attr,
	&tier_attr_landing_used_bytes.attr,
	&tier_attr_landing_session_bytes.attr,
	&tier_attr_readaheads.attr,
	&tier_attr_evictions.attr,
	&tier_attr_writebacks.attr,
	&tier_attr_media_errors.attr,
	&tier_attr_retention_losses.attr,
	&tier_attr_read_disturbs.attr,
	&tier_attr_refreshed_bytes.attr,
	&tier_attr_zero_writes_avoided_bytes.attr,
	&tier_attr_flash_programmed_bytes.attr,
	&tier_attr_flash_uncertain_bytes.attr,
	&tier_attr_flash_retired_bytes.attr,
	&tier_attr_pe_cycles_average_milli.attr,
	&tier_attr_pe_cycles_max_milli.attr,
	NULL
};

static umode_t flash_visible(struct kobject *kobj, struct attribute *attr, int n)
{
	struct tier_dir *dir = container_of(kobj, struct tier_dir, kobj);

	return dir->tier->media ? attr->mode : 0;
}

static const struct attribute_group flash_group = {
	.attrs = flash_attrs,
	.is_visible = flash_visible,
};

static const struct attribute_group *tier_groups[] = {
	&tier_group,
	&wear_group,
	&flash_group,
	NULL
};

static const struct kobj_type tier_ktype = {
	.sysfs_ops	= &tier_sysfs_ops,
	.release	= tier_dir_release,
	.default_groups	= tier_groups,
};

/**
 * terrace_sysfs_add_tier - make the directory of a tier that comes online
 */
int terrace_sysfs_add_tier(struct terrace_tier *t)
{
	struct tier_dir *dir = kzalloc(sizeof(*dir), GFP_KERNEL);
	int err;

	if (!dir)
		return -ENOMEM;
	dir->tier = t;
	err = kobject_init_and_add(&dir->kobj, &tier_ktype, tiers_kobj, "%s", t->name);
	if (err) {
		kobject_put(&dir->kobj);
		return err;
	}
	t->kobj = &dir->kobj;
	return 0;
}

/**
 * terrace_sysfs_remove_tier - remove it; waits for readers
 */
void terrace_sysfs_remove_tier(struct terrace_tier *t)
{
	kobject_del(t->kobj);
	kobject_put(t->kobj);
	t->kobj = NULL;
}

/* ---- the device's own files ---- */

static ssize_t scale_shift_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", terrace.scale_shift);
}

static DEVICE_ATTR_RO(scale_shift);

static ssize_t clock_ns_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", terrace_clock());
}

static DEVICE_ATTR_RO(clock_ns);

static ssize_t sessions_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	size_t n;

	spin_lock(&terrace.sessions_lock);
	n = list_count_nodes(&terrace.sessions);
	spin_unlock(&terrace.sessions_lock);
	return sysfs_emit(buf, "%zu\n", n);
}

static DEVICE_ATTR_RO(sessions);

static ssize_t buffers_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct terrace_buffer *b;
	unsigned long id, n = 0;

	rcu_read_lock();
	xa_for_each(&terrace.buffers, id, b)
		n++;
	rcu_read_unlock();
	return sysfs_emit(buf, "%lu\n", n);
}

static DEVICE_ATTR_RO(buffers);

static ssize_t saturations_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", READ_ONCE(terrace.sat.count));
}

static DEVICE_ATTR_RO(saturations);

static ssize_t sigbus_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%lld\n", atomic64_read(&terrace.sigbus));
}

static DEVICE_ATTR_RO(sigbus);

static ssize_t policy_rejected_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%lld\n", atomic64_read(&terrace.bad_policy));
}

static DEVICE_ATTR_RO(policy_rejected);

static struct attribute *device_attrs[] = {
	&dev_attr_scale_shift.attr,
	&dev_attr_clock_ns.attr,
	&dev_attr_sessions.attr,
	&dev_attr_buffers.attr,
	&dev_attr_saturations.attr,
	&dev_attr_sigbus.attr,
	&dev_attr_policy_rejected.attr,
	NULL
};

static const struct attribute_group device_group = {
	.attrs = device_attrs,
};

/**
 * terrace_sysfs_init - the device's files and the directory of tiers
 */
int terrace_sysfs_init(struct kobject *parent)
{
	int err;

	tiers_kobj = kobject_create_and_add("tiers", parent);
	if (!tiers_kobj)
		return -ENOMEM;
	err = sysfs_create_group(parent, &device_group);
	if (err) {
		kobject_put(tiers_kobj);
		return err;
	}
	device_kobj = parent;
	return 0;
}

/**
 * terrace_sysfs_exit - remove them
 */
void terrace_sysfs_exit(void)
{
	sysfs_remove_group(device_kobj, &device_group);
	kobject_put(tiers_kobj);
}

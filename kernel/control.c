// SPDX-License-Identifier: GPL-2.0-only
/*
 * Control through configfs: /sys/kernel/config/terrace/, documented in
 * Documentation/ABI/testing/configfs-terrace.
 *
 * A tier's attributes are collected in its directory, committed by writing 1 to online and fixed
 * from then on. An online tier pins its directory; an open buffer pins nothing here, but its bytes
 * keep the tier from going offline.
 */
#include <linux/configfs.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "terrace.h"

#define SCALE_SHIFT_MAX		20
#define ACCELERATION_MAX	1000000
#define POWER_UW_MAX		1000000000000ULL	/* 1 MW */
#define FLOPS_MAX		1000000000000000000ULL	/* 1 EFLOP/s */

#define LANDING_MIN		(2ULL << 20)		/* the largest extent */
#define LANDING_MAX		BIT_ULL(40)
#define LANDING_DEFAULT		(64ULL << 20)

static struct configfs_subsystem control_subsys;

/* ---- tiers/NAME ---- */

/**
 * struct tier_item - a tier's directory
 * @lock: protects the rest; innermost, and never held for long
 * @changing: goes online or offline, which may last: nothing else may change meanwhile
 * @index: slot while online, -1 otherwise
 */
struct tier_item {
	struct config_item item;
	struct mutex lock;
	struct terrace_tier_settings settings;
	bool changing;
	int index;
};

static struct tier_item *to_tier_item(struct config_item *item)
{
	return container_of(item, struct tier_item, item);
}

static bool tier_item_fixed(const struct tier_item *t)
{
	lockdep_assert_held(&t->lock);
	return t->changing || t->index >= 0;
}

/* Parse a decimal number in a range. */
static int parse_range(const char *page, u64 low, u64 high, u64 *value)
{
	int err = kstrtou64(page, 10, value);

	if (err)
		return err;
	return *value < low || *value > high ? -ERANGE : 0;
}

static ssize_t profile_show(struct config_item *item, size_t offset, char *page)
{
	struct tier_item *t = to_tier_item(item);

	guard(mutex)(&t->lock);
	return sysfs_emit(page, "%llu\n", *(u64 *)((void *)&t->settings.profile + offset));
}

static ssize_t profile_store(struct config_item *item, size_t offset, u64 low, u64 high,
			     const char *page, size_t count)
{
	struct tier_item *t = to_tier_item(item);
	u64 value;
	int err = parse_range(page, low, high, &value);

	if (err)
		return err;
	guard(mutex)(&t->lock);
	if (tier_item_fixed(t))
		return -EBUSY;
	*(u64 *)((void *)&t->settings.profile + offset) = value;
	return count;
}

#define PROFILE_ATTR(_name, _low, _high, _default)					\
static ssize_t tier_##_name##_show(struct config_item *item, char *page)		\
{											\
	return profile_show(item, offsetof(struct tmodel_profile, _name), page);	\
}											\
static ssize_t tier_##_name##_store(struct config_item *item, const char *page,	\
				    size_t count)					\
{											\
	return profile_store(item, offsetof(struct tmodel_profile, _name), _low, _high, \
			     page, count);						\
}											\
CONFIGFS_ATTR(tier_, _name);

TMODEL_PROFILE_FIELDS(PROFILE_ATTR)

static ssize_t tier_backing_show(struct config_item *item, char *page)
{
	struct tier_item *t = to_tier_item(item);

	guard(mutex)(&t->lock);
	if (t->settings.device[0])
		return sysfs_emit(page, "blk:%s\n", t->settings.device);
	return t->settings.node < 0 ? sysfs_emit(page, "\n") :
	       sysfs_emit(page, "mem:%d\n", t->settings.node);
}

/* mem:NODE, or blk: and the absolute path of a block device. */
static int parse_backing(const char *page, int *node, char device[TERRACE_DEVICE_MAX])
{
	u64 value;
	int err;

	device[0] = '\0';
	*node = -1;
	if (!strncmp(page, "mem:", 4)) {
		err = parse_range(page + 4, 0, MAX_NUMNODES - 1, &value);
		*node = err ? -1 : value;
		return err;
	}
	if (strncmp(page, "blk:/", 5))
		return -EINVAL;
	if (strscpy(device, page + 4, TERRACE_DEVICE_MAX) < 0)
		return -ENAMETOOLONG;
	strim(device);
	return 0;
}

static ssize_t tier_backing_store(struct config_item *item, const char *page, size_t count)
{
	struct tier_item *t = to_tier_item(item);
	char device[TERRACE_DEVICE_MAX];
	int node, err;

	err = parse_backing(page, &node, device);
	if (err)
		return err;
	guard(mutex)(&t->lock);
	if (tier_item_fixed(t))
		return -EBUSY;
	t->settings.node = node;
	strscpy(t->settings.device, device);
	return count;
}
CONFIGFS_ATTR(tier_, backing);

#define LANDING_ATTR(_name)								\
static ssize_t tier_##_name##_show(struct config_item *item, char *page)		\
{											\
	struct tier_item *t = to_tier_item(item);					\
											\
	guard(mutex)(&t->lock);								\
	return sysfs_emit(page, "%llu\n", t->settings._name);				\
}											\
static ssize_t tier_##_name##_store(struct config_item *item, const char *page,	\
				    size_t count)					\
{											\
	struct tier_item *t = to_tier_item(item);					\
	u64 bytes;									\
	int err = parse_range(page, LANDING_MIN, LANDING_MAX, &bytes);			\
											\
	if (err)									\
		return err;								\
	guard(mutex)(&t->lock);								\
	if (tier_item_fixed(t))								\
		return -EBUSY;								\
	t->settings._name = bytes;							\
	return count;									\
}											\
CONFIGFS_ATTR(tier_, _name)

LANDING_ATTR(landing_bytes);
LANDING_ATTR(landing_session_bytes);

static ssize_t tier_rank_show(struct config_item *item, char *page)
{
	struct tier_item *t = to_tier_item(item);

	guard(mutex)(&t->lock);
	return sysfs_emit(page, "%u\n", t->settings.rank);
}

static ssize_t tier_rank_store(struct config_item *item, const char *page, size_t count)
{
	struct tier_item *t = to_tier_item(item);
	u64 rank;
	int err = parse_range(page, 0, U8_MAX, &rank);

	if (err)
		return err;
	guard(mutex)(&t->lock);
	if (tier_item_fixed(t))
		return -EBUSY;
	t->settings.rank = rank;
	return count;
}
CONFIGFS_ATTR(tier_, rank);

static ssize_t tier_classes_show(struct config_item *item, char *page)
{
	struct tier_item *t = to_tier_item(item);
	int at = 0;
	u32 c;

	guard(mutex)(&t->lock);
	for (c = 0; c < TERRACE_CLASSES; c++)
		if (t->settings.classes & BIT(c))
			at += sysfs_emit_at(page, at, "%s%s", at ? " " : "",
					    terrace_class_names[c]);
	return at + sysfs_emit_at(page, at, "\n");
}

static int parse_classes(char *words, u32 *classes)
{
	char *word;
	int c;

	*classes = 0;
	while ((word = strsep(&words, " \t\n"))) {
		if (!*word)
			continue;
		c = match_string(terrace_class_names, TERRACE_CLASSES, word);
		if (c < 0)
			return c;
		*classes |= BIT(c);
	}
	return *classes ? 0 : -EINVAL;
}

static ssize_t tier_classes_store(struct config_item *item, const char *page, size_t count)
{
	struct tier_item *t = to_tier_item(item);
	u32 classes;
	char *words;
	int err;

	words = kstrndup(page, count, GFP_KERNEL);
	if (!words)
		return -ENOMEM;
	err = parse_classes(words, &classes);
	kfree(words);
	if (err)
		return err;
	guard(mutex)(&t->lock);
	if (tier_item_fixed(t))
		return -EBUSY;
	t->settings.classes = classes;
	return count;
}
CONFIGFS_ATTR(tier_, classes);

static ssize_t tier_derate_permille_show(struct config_item *item, char *page)
{
	struct tier_item *t = to_tier_item(item);

	guard(mutex)(&t->lock);
	return sysfs_emit(page, "%u\n",
			  t->index < 0 ? 1000 : terrace.tiers[t->index].derate_permille);
}

static ssize_t tier_derate_permille_store(struct config_item *item, const char *page, size_t count)
{
	struct tier_item *t = to_tier_item(item);
	u64 permille;
	int err = parse_range(page, 1, 1000, &permille);

	if (err)
		return err;
	guard(mutex)(&t->lock);
	if (t->changing)
		return -EBUSY;
	if (t->index < 0)
		return -ENXIO;
	terrace_tier_derate(t->index, permille);
	return count;
}
CONFIGFS_ATTR(tier_, derate_permille);

static ssize_t tier_online_show(struct config_item *item, char *page)
{
	struct tier_item *t = to_tier_item(item);

	guard(mutex)(&t->lock);
	return sysfs_emit(page, "%d\n", t->index >= 0);
}

static int tier_item_online(struct tier_item *t, int *index)
{
	int err;

	err = configfs_depend_item_unlocked(&control_subsys, &t->item);
	if (err)
		return err;
	err = terrace_tier_online(&t->settings);
	if (err < 0) {
		configfs_undepend_item(&t->item);
		return err;
	}
	*index = err;
	return 0;
}

static int tier_item_offline(struct tier_item *t, int *index)
{
	int err = terrace_tier_offline(*index);

	if (err)
		return err;
	configfs_undepend_item(&t->item);
	*index = -1;
	return 0;
}

/* Keep everybody else from changing the item. -EALREADY: it is what it shall become. */
static int tier_item_claim(struct tier_item *t, bool online, int *index)
{
	guard(mutex)(&t->lock);
	if (t->changing)
		return -EBUSY;
	*index = t->index;
	if (t->index >= 0 ? online : !online)
		return -EALREADY;
	t->changing = true;
	return 0;
}

static void tier_item_unclaim(struct tier_item *t, int index)
{
	guard(mutex)(&t->lock);
	t->changing = false;
	t->index = index;
}

static ssize_t tier_online_store(struct config_item *item, const char *page, size_t count)
{
	struct tier_item *t = to_tier_item(item);
	bool online;
	int index, err;

	err = kstrtobool(page, &online);
	if (err)
		return err;
	err = tier_item_claim(t, online, &index);
	if (err == -EALREADY)
		return online ? -EBUSY : count;
	if (err)
		return err;
	err = online ? tier_item_online(t, &index) : tier_item_offline(t, &index);
	tier_item_unclaim(t, index);
	return err ?: count;
}
CONFIGFS_ATTR(tier_, online);

#define PROFILE_ATTR_REF(_name, _low, _high, _default) \
	&tier_attr_##_name,

static struct configfs_attribute *tier_item_attrs[] = {
	&tier_attr_backing,
	&tier_attr_landing_bytes,
	&tier_attr_landing_session_bytes,
	&tier_attr_rank,
	&tier_attr_classes,
	TMODEL_PROFILE_FIELDS(PROFILE_ATTR_REF)
	&tier_attr_derate_permille,
	&tier_attr_online,
	NULL
};

static void tier_item_release(struct config_item *item)
{
	kfree(to_tier_item(item));
}

static struct configfs_item_operations tier_item_ops = {
	.release = tier_item_release,
};

static const struct config_item_type tier_item_type = {
	.ct_item_ops	= &tier_item_ops,
	.ct_attrs	= tier_item_attrs,
	.ct_owner	= THIS_MODULE,
};

static bool tier_name_valid(const char *name)
{
	return strlen(name) < TERRACE_NAME_MAX &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_") == strlen(name);
}

static struct config_item *tiers_make_item(struct config_group *group, const char *name)
{
	struct tier_item *t;

	if (!tier_name_valid(name))
		return ERR_PTR(-EINVAL);
	t = kzalloc(sizeof(*t), GFP_KERNEL);
	if (!t)
		return ERR_PTR(-ENOMEM);
	mutex_init(&t->lock);
	strscpy(t->settings.name, name, sizeof(t->settings.name));
	t->settings.node = -1;
	t->settings.landing_bytes = LANDING_DEFAULT;
	t->settings.landing_session_bytes = LANDING_MAX;
	t->index = -1;
	tmodel_profile_init(&t->settings.profile);
	config_item_init_type_name(&t->item, name, &tier_item_type);
	return &t->item;
}

static struct configfs_group_operations tiers_group_ops = {
	.make_item = tiers_make_item,
};

static const struct config_item_type tiers_type = {
	.ct_group_ops	= &tiers_group_ops,
	.ct_owner	= THIS_MODULE,
};

/* ---- quotas/UID ---- */

struct quota_item {
	struct config_item item;
	struct terrace_quota *quota;
};

static struct quota_item *to_quota_item(struct config_item *item)
{
	return container_of(item, struct quota_item, item);
}

static ssize_t quota_show(struct config_item *item, u32 class_id, char *page)
{
	u64 limit = terrace_quota_limit(to_quota_item(item)->quota, class_id);

	return limit == U64_MAX ? sysfs_emit(page, "max\n") : sysfs_emit(page, "%llu\n", limit);
}

static ssize_t quota_store(struct config_item *item, u32 class_id, const char *page, size_t count)
{
	u64 limit = U64_MAX;
	int err;

	if (!sysfs_streq(page, "max")) {
		err = kstrtou64(page, 10, &limit);
		if (err)
			return err;
	}
	terrace_quota_set_limit(to_quota_item(item)->quota, class_id, limit);
	return count;
}

#define QUOTA_ATTR(_name, _class)							\
static ssize_t quota_##_name##_show(struct config_item *item, char *page)		\
{											\
	return quota_show(item, _class, page);						\
}											\
static ssize_t quota_##_name##_store(struct config_item *item, const char *page,	\
				     size_t count)					\
{											\
	return quota_store(item, _class, page, count);					\
}											\
CONFIGFS_ATTR(quota_, _name)

QUOTA_ATTR(weights_bytes, TERRACE_CLASS_WEIGHTS);
QUOTA_ATTR(kv_bytes, TERRACE_CLASS_KV);
QUOTA_ATTR(context_bytes, TERRACE_CLASS_CONTEXT);
QUOTA_ATTR(activation_bytes, TERRACE_CLASS_ACTIVATION);

static struct configfs_attribute *quota_item_attrs[] = {
	&quota_attr_weights_bytes,
	&quota_attr_kv_bytes,
	&quota_attr_context_bytes,
	&quota_attr_activation_bytes,
	NULL
};

/* Removing the directory lifts the limits. */
static void quota_item_release(struct config_item *item)
{
	struct quota_item *q = to_quota_item(item);
	u32 c;

	for (c = 0; c < TERRACE_CLASSES; c++)
		terrace_quota_set_limit(q->quota, c, U64_MAX);
	terrace_quota_put(q->quota);
	kfree(q);
}

static struct configfs_item_operations quota_item_ops = {
	.release = quota_item_release,
};

static const struct config_item_type quota_item_type = {
	.ct_item_ops	= &quota_item_ops,
	.ct_attrs	= quota_item_attrs,
	.ct_owner	= THIS_MODULE,
};

static struct config_item *quotas_make_item(struct config_group *group, const char *name)
{
	struct quota_item *q;
	kuid_t kuid;
	u32 uid;

	/* one spelling of a uid, so that no uid has two directories */
	if (strspn(name, "0123456789") != strlen(name) || (name[0] == '0' && name[1]) ||
	    kstrtou32(name, 10, &uid))
		return ERR_PTR(-EINVAL);
	kuid = make_kuid(&init_user_ns, uid);
	if (!uid_valid(kuid))
		return ERR_PTR(-EINVAL);
	q = kzalloc(sizeof(*q), GFP_KERNEL);
	if (!q)
		return ERR_PTR(-ENOMEM);
	q->quota = terrace_quota_get(kuid);
	if (IS_ERR(q->quota)) {
		int err = PTR_ERR(q->quota);

		kfree(q);
		return ERR_PTR(err);
	}
	config_item_init_type_name(&q->item, name, &quota_item_type);
	return &q->item;
}

static struct configfs_group_operations quotas_group_ops = {
	.make_item = quotas_make_item,
};

static const struct config_item_type quotas_type = {
	.ct_group_ops	= &quotas_group_ops,
	.ct_owner	= THIS_MODULE,
};

/* ---- what all tiers share ---- */

static bool any_tier_online(void)
{
	u32 i;

	for (i = 0; i < TERRACE_TIERS_MAX; i++)
		if (terrace_tier_valid(i))
			return true;
	return false;
}

static ssize_t device_store(u64 low, u64 high, const char *page, size_t count, void (*set)(u64))
{
	bool busy;
	u64 value;
	int err = parse_range(page, low, high, &value);

	if (err)
		return err;
	/* an evacuation may hold it for long */
	if (mutex_lock_killable(&terrace.control))
		return -EINTR;
	busy = any_tier_online();
	if (!busy)
		set(value);
	mutex_unlock(&terrace.control);
	return busy ? -EBUSY : count;
}

#define DEVICE_ATTR_U64(_name, _value, _low, _high, _set)				\
static void set_##_name(u64 value)							\
{											\
	_set;										\
}											\
static ssize_t control_##_name##_show(struct config_item *item, char *page)		\
{											\
	return sysfs_emit(page, "%llu\n", (u64)(_value));				\
}											\
static ssize_t control_##_name##_store(struct config_item *item, const char *page,	\
				       size_t count)					\
{											\
	return device_store(_low, _high, page, count, set_##_name);			\
}											\
CONFIGFS_ATTR(control_, _name)

DEVICE_ATTR_U64(scale_shift, terrace.scale_shift, 0, SCALE_SHIFT_MAX,
		terrace.scale_shift = value);
DEVICE_ATTR_U64(clock_acceleration, terrace.clock_acceleration, 1, ACCELERATION_MAX,
		terrace_clock_accelerate(value));
DEVICE_ATTR_U64(accel_peak_flops, terrace.accel.peak_flops, 0, FLOPS_MAX,
		terrace.accel.peak_flops = value);
DEVICE_ATTR_U64(accel_efficiency_permille, terrace.accel.efficiency_permille, 1, 1000,
		terrace.accel.efficiency_permille = value);
DEVICE_ATTR_U64(accel_idle_uw, terrace.accel.idle_uw, 0, POWER_UW_MAX,
		terrace.accel.idle_uw = value);
DEVICE_ATTR_U64(accel_active_uw, terrace.accel.active_uw, 0, POWER_UW_MAX,
		terrace.accel.active_uw = value);

static struct configfs_attribute *control_attrs[] = {
	&control_attr_scale_shift,
	&control_attr_clock_acceleration,
	&control_attr_accel_peak_flops,
	&control_attr_accel_efficiency_permille,
	&control_attr_accel_idle_uw,
	&control_attr_accel_active_uw,
	NULL
};

static const struct config_item_type control_type = {
	.ct_attrs	= control_attrs,
	.ct_owner	= THIS_MODULE,
};

static struct config_group tiers_group;
static struct config_group quotas_group;

/**
 * terrace_control_init - register the configfs subsystem
 */
int terrace_control_init(void)
{
	config_group_init_type_name(&control_subsys.su_group, "terrace", &control_type);
	mutex_init(&control_subsys.su_mutex);
	config_group_init_type_name(&tiers_group, "tiers", &tiers_type);
	config_group_init_type_name(&quotas_group, "quotas", &quotas_type);
	configfs_add_default_group(&tiers_group, &control_subsys.su_group);
	configfs_add_default_group(&quotas_group, &control_subsys.su_group);
	return configfs_register_subsystem(&control_subsys);
}

/**
 * terrace_control_exit - remove it; no directory is left in it
 */
void terrace_control_exit(void)
{
	configfs_unregister_subsystem(&control_subsys);
}

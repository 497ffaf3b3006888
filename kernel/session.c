// SPDX-License-Identifier: GPL-2.0-only
/* Sessions: open, the calls on /dev/terrace, the ring's mapping, fdinfo, release. */
#include <linux/capability.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "terrace.h"

/* Buffers one list call returns at most. */
#define LIST_MAX	1024U

/**
 * terrace_session_get - one more reference to a session's structure
 */
struct terrace_session *terrace_session_get(struct terrace_session *s)
{
	kref_get(&s->ref);
	return s;
}

static void session_free(struct kref *ref)
{
	struct terrace_session *s = container_of(ref, struct terrace_session, ref);

	vfree(s->ring);
	kvfree(s);
}

/**
 * terrace_session_put - give a reference back
 */
void terrace_session_put(struct terrace_session *s)
{
	kref_put(&s->ref, session_free);
}

static bool session_others_active(const struct terrace_session *s)
{
	const struct terrace_session *other;

	lockdep_assert_held(&terrace.sessions_lock);
	list_for_each_entry(other, &terrace.sessions, node)
		if (other != s && other->active)
			return true;
	return false;
}

/**
 * terrace_session_activate - the session is about to make a buffer or begin a step
 *
 * Return: 0, or -EBUSY while another session replays.
 */
int terrace_session_activate(struct terrace_session *s)
{
	guard(spinlock)(&terrace.sessions_lock);
	if (terrace.replay && terrace.replay != s)
		return -EBUSY;
	s->active = true;
	return 0;
}

/**
 * terrace_session_enter_replay - let the session drive the model clock
 *
 * Return: 0, or -EBUSY when another session is active or replays.
 */
int terrace_session_enter_replay(struct terrace_session *s)
{
	guard(spinlock)(&terrace.sessions_lock);
	if (terrace.replay || session_others_active(s))
		return -EBUSY;
	terrace.replay = s;
	s->replaying = true;
	terrace_clock_replay(true);
	return 0;
}

/**
 * terrace_session_leave_replay - hand the clock back, if this session had it
 */
void terrace_session_leave_replay(struct terrace_session *s)
{
	guard(spinlock)(&terrace.sessions_lock);
	if (terrace.replay != s)
		return;
	terrace.replay = NULL;
	s->replaying = false;
	terrace_clock_replay(false);
}

static int session_open(struct inode *inode, struct file *file)
{
	struct terrace_session *s;

	/* the device is there before all of the module is, which may yet fail to come up */
	if (!smp_load_acquire(&terrace.ready))
		return -ENODEV;
	s = kvzalloc(sizeof(*s), GFP_KERNEL_ACCOUNT);
	if (!s)
		return -ENOMEM;
	kref_init(&s->ref);
	s->uid = current_euid();
	mutex_init(&s->step_lock);
	spin_lock_init(&s->load_lock);
	spin_lock_init(&s->buffers_lock);
	INIT_LIST_HEAD(&s->buffers);
	spin_lock(&terrace.sessions_lock);
	s->id = ++terrace.next_session;
	list_add_tail(&s->node, &terrace.sessions);
	spin_unlock(&terrace.sessions_lock);
	file->private_data = s;
	return 0;
}

static int session_release(struct inode *inode, struct file *file)
{
	struct terrace_session *s = file->private_data;

	terrace_session_leave_replay(s);
	spin_lock(&terrace.sessions_lock);
	list_del(&s->node);
	spin_unlock(&terrace.sessions_lock);
	WRITE_ONCE(s->running, false);
	WRITE_ONCE(s->closed, true);
	terrace_session_put(s);
	return 0;
}

static int session_mmap(struct file *file, struct vm_area_struct *vma)
{
	return vma->vm_pgoff == TERRACE_MMAP_RING ? terrace_ring_mmap(file->private_data, vma) :
						    -EINVAL;
}

static int session_call_info(void *object, void *arg)
{
	struct terrace_session *s = object;
	struct terrace_info *info = arg;
	u32 i;

	if (info->reserved)
		return -EINVAL;
	info->abi_version = TERRACE_ABI_VERSION;
	info->features = TERRACE_FEATURE_URING | TERRACE_FEATURE_OBSERVED | TERRACE_FEATURE_PACING |
			 TERRACE_FEATURE_VIEW;
	info->tiers = 0;
	for (i = 0; i < TERRACE_TIERS_MAX; i++)
		if (terrace_tier_valid(i))
			info->tiers |= BIT(i);
	info->scale_shift = terrace.scale_shift;
	info->clock_ns = terrace_clock();
	info->peak_flops = terrace.accel.peak_flops;
	info->efficiency_permille = terrace.accel.efficiency_permille;
	info->session = s->id;
	info->saturations = terrace.sat.count;
	return 0;
}

static int session_call_tier(void *object, void *arg)
{
	struct terrace_tier_info *info = arg;
	struct terrace_tier *t;
	const struct tmodel_profile *p;
	u64 debt;
	u32 c;

	if (info->reserved || info->tier >= TERRACE_TIERS_MAX)
		return -EINVAL;
	t = &terrace.tiers[info->tier];
	p = &t->profile;
	guard(spinlock)(&t->lock);
	if (t->state == TERRACE_TIER_OFFLINE)
		return -ENXIO;
	strscpy_pad(info->name, t->name, sizeof(info->name));
	info->rank = t->rank;
	info->classes = t->classes;
	info->capacity_bytes = t->capacity;
	info->used_bytes = t->used;
	info->detached_bytes = t->detached;
	info->model_capacity_bytes = p->capacity_bytes;
	info->model_read_bps = tmodel_derated_bps(p->read_bps, t->derate_permille);
	info->model_write_bps = tmodel_derated_bps(p->write_bps, t->derate_permille);
	info->model_read_latency_ns = p->read_latency_ns + p->page_read_ns;
	info->node = t->media ? -1 : t->node;
	info->endurance_cycles = p->endurance_cycles;
	info->retention_s = t->media ? p->retention_s : 0;
	info->read_disturb_reads = t->media ? p->read_disturb_reads : 0;
	for (c = 0; c < TERRACE_CLASSES; c++)
		info->model_write_left_bytes[c] = terrace_tier_write_left(t, c, &debt);
	return 0;
}

static int session_call_setup(void *object, void *arg)
{
	return terrace_step_setup(object, arg);
}

static int session_call_open(void *object, void *arg, struct file **file)
{
	struct terrace_open *open = arg;
	struct terrace_buffer *b;

	if (open->reserved)
		return -EINVAL;
	b = terrace_buffer_get(open->buffer);
	if (!b)
		return -ENOENT;
	if (!terrace_buffer_permitted(b)) {
		terrace_buffer_put(b);
		return -EPERM;
	}
	*file = b->file;
	return 0;
}

static int session_call_create(void *object, void *arg, struct file **file)
{
	return terrace_buffer_create(object, arg, file);
}

static int session_call_view(void *object, void *arg, struct file **file)
{
	return terrace_view_create(object, arg, file);
}

static int list_entry_out(void __user *user, u32 entry_bytes, struct terrace_buffer *b)
{
	struct terrace_buffer_info info;

	terrace_buffer_describe(b, &info);
	return copy_to_user(user, &info, min_t(size_t, entry_bytes, sizeof(info))) ? -EFAULT : 0;
}

static int session_call_list(void *object, void *arg)
{
	struct terrace_list *list = arg;
	u32 room = list->count;
	u32 after = list->after;
	struct terrace_buffer *b;
	int err = 0;

	if (!room || room > LIST_MAX || list->entry_bytes < sizeof(struct terrace_buffer_info) ||
	    list->entry_bytes > PAGE_SIZE)
		return -EINVAL;
	list->count = 0;
	while (!err && list->count < room && (b = terrace_buffer_next(&after))) {
		if (terrace_buffer_permitted(b)) {
			err = list_entry_out(u64_to_user_ptr(list->buffers +
					     (u64)list->count * list->entry_bytes),
					     list->entry_bytes, b);
			list->count++;
		}
		terrace_buffer_put(b);
		if (fatal_signal_pending(current))
			err = -EINTR;
		cond_resched();
	}
	return err;
}

static int session_call_begin(void *object, void *arg)
{
	return terrace_step_begin(object, arg);
}

static int session_call_flush(void *object, void *arg)
{
	return terrace_step_flush(object);
}

static int session_call_end(void *object, void *arg)
{
	return terrace_step_end(object, arg);
}

static int session_call_advance(void *object, void *arg)
{
	return terrace_step_advance(object, arg);
}

static int session_call_ledger(void *object, void *arg)
{
	struct terrace_session *s = object;
	struct terrace_ledger *ledger = arg;

	if (ledger->reserved)
		return -EINVAL;
	guard(spinlock)(&s->load_lock);
	ledger->steps = s->ledger.steps;
	ledger->model_ns = s->ledger.model_ns;
	memcpy(ledger->entry, s->ledger.entry, sizeof(ledger->entry));
	return 0;
}

#define SESSION_NR(cmd)	(_IOC_NR(cmd) - _IOC_NR(TERRACE_IOC_INFO))

static const struct terrace_call session_calls[] = {
	[SESSION_NR(TERRACE_IOC_INFO)] = { sizeof(struct terrace_info), session_call_info },
	[SESSION_NR(TERRACE_IOC_TIER)] = { sizeof(struct terrace_tier_info), session_call_tier },
	[SESSION_NR(TERRACE_IOC_SETUP)] = { sizeof(struct terrace_setup), session_call_setup },
	[SESSION_NR(TERRACE_IOC_CREATE)] = {
		.bytes = sizeof(struct terrace_create),
		.fd_offset = offsetof(struct terrace_create, fd),
		.open = session_call_create,
	},
	[SESSION_NR(TERRACE_IOC_OPEN)] = {
		.bytes = sizeof(struct terrace_open),
		.fd_offset = offsetof(struct terrace_open, fd),
		.open = session_call_open,
	},
	[SESSION_NR(TERRACE_IOC_LIST)] = { sizeof(struct terrace_list), session_call_list },
	[SESSION_NR(TERRACE_IOC_STEP_BEGIN)] = {
		sizeof(struct terrace_step_begin), session_call_begin
	},
	[SESSION_NR(TERRACE_IOC_STEP_FLUSH)] = { 0, session_call_flush },
	[SESSION_NR(TERRACE_IOC_STEP_END)] = { sizeof(struct terrace_step_end), session_call_end },
	[SESSION_NR(TERRACE_IOC_ADVANCE)] = {
		sizeof(struct terrace_advance), session_call_advance
	},
	[SESSION_NR(TERRACE_IOC_LEDGER)] = { sizeof(struct terrace_ledger), session_call_ledger },
	[SESSION_NR(TERRACE_IOC_VIEW)] = {
		.bytes = sizeof(struct terrace_view),
		.fd_offset = offsetof(struct terrace_view, view),
		.open = session_call_view,
	},
};

static long session_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return terrace_call(session_calls, _IOC_NR(TERRACE_IOC_INFO), ARRAY_SIZE(session_calls),
			    file->private_data, cmd, arg);
}

static const char * const charging_names[] = {
	[TERRACE_CHARGING_DECLARED] = "declared",
	[TERRACE_CHARGING_OBSERVED] = "observed",
	[TERRACE_CHARGING_SAMPLED] = "sampled",
};

static void session_show_entry(struct seq_file *m, u32 tier, u32 class_id,
			       const struct terrace_ledger_entry *e)
{
	const char *name = terrace.tiers[tier].name;

	if (!e->model_read_bytes && !e->model_write_bytes && !e->model_in_bytes &&
	    !e->model_out_bytes)
		return;
	seq_printf(m, "%s-%s:\tmodel_read_bytes=%llu model_write_bytes=%llu ", name,
		   terrace_class_names[class_id], e->model_read_bytes, e->model_write_bytes);
	seq_printf(m, "model_in_bytes=%llu model_out_bytes=%llu model_energy_uj=%llu\n",
		   e->model_in_bytes, e->model_out_bytes, e->model_energy_uj);
}

static void session_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct terrace_session *s = file->private_data;
	u32 tier, class_id;

	seq_printf(m, "session:\t%llu\n", s->id);
	seq_printf(m, "charging:\t%s\n", charging_names[terrace_step_charging(s)]);
	seq_printf(m, "replay:\t%d\n", READ_ONCE(s->replaying));
	seq_printf(m, "tokens:\t%llu\n", READ_ONCE(s->tokens));
	seq_printf(m, "records:\t%llu\n", READ_ONCE(s->records));
	seq_printf(m, "rejected:\t%llu\n", READ_ONCE(s->rejected));
	guard(spinlock)(&s->load_lock);
	seq_printf(m, "steps:\t%llu\n", s->ledger.steps);
	seq_printf(m, "model_ns:\t%llu\n", s->ledger.model_ns);
	terrace_step_show(m, s);
	for (tier = 0; tier < TERRACE_TIERS_MAX; tier++)
		for (class_id = 0; class_id < TERRACE_CLASSES; class_id++)
			session_show_entry(m, tier, class_id, &s->ledger.entry[tier][class_id]);
}

const struct file_operations terrace_session_fops = {
	.owner		= THIS_MODULE,
	.open		= session_open,
	.release	= session_release,
	.unlocked_ioctl	= session_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.mmap		= session_mmap,
	.show_fdinfo	= session_show_fdinfo,
};

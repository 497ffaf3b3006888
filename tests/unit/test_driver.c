// SPDX-License-Identifier: LGPL-2.1-or-later
/* The model driver: its books against each other and against sums made by hand; what fits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "engine/fit.h"
#include "engine/model_driver.h"
#include "engine_fixture.h"

struct modelled {
	struct engine_result result;
	struct ledger ledger;
};

static void run_modelled(const struct trace *t, const struct model_config *m,
			 const struct engine_tierfile *tiers, enum policy_kind kind,
			 uint32_t kv_blocks, struct modelled *out)
{
	struct routing *routing = fixture_routing(m);
	struct model_driver_options d = { .tiers = tiers, .extent_bytes = 4096 };
	struct engine_options o = fixture_options;
	struct model_driver *driver;
	struct engine_error e = {};
	struct layout l;
	struct fit fit;

	fixture_layout(m, tiers->device.scale_shift, &l);
	policy_defaults(&d.policy, kind);
	d.policy.stay_ns = 1000000;
	d.policy.margin_ns = 1000;
	d.layout = &l;
	if (fit_model(tiers, &l, d.extent_bytes, &fit, &e))
		fail_msg("%s", e.text);
	d.kv_blocks = kv_blocks < fit.kv_blocks ? kv_blocks : fit.kv_blocks;
	o.sched.kv_blocks = d.kv_blocks;
	if (model_driver_create(&d, &driver, &e) ||
	    engine_run(t, m, &l, routing, &o, &model_driver_ops, driver, &out->result, &e))
		fail_msg("%s", e.text);
	model_driver_ledger(driver, &out->ledger);
	fixture_check_conserved(t, &o, &out->result);
	model_driver_free(driver);
	layout_free(&l);
	routing_free(routing);
}

/* One tier without latency: bytes and times are sums that can be made by hand. */
static void one_request_by_hand(void **state)
{
	const struct model_config *m = &fixture_dense;
	struct trace_request request = { .input_tokens = 3, .output_tokens = 3, .line = 1 };
	const struct trace t = { .requests = &request, .n = 1 };
	uint64_t head = (uint64_t)m->vocab * m->hidden * m->weight_dtype;
	uint64_t body = model_weight_bytes(m) - 2 * head;
	uint64_t kv = model_kv_token_bytes(m);
	uint64_t row = m->hidden * m->weight_dtype;
	const struct terrace_ledger_entry *entry;
	struct engine_tierfile tiers;
	uint64_t bytes, load;
	struct modelled r;

	(void)state;
	fixture_tiers(&tiers, 0, 1);
	run_modelled(&t, m, &tiers, POLICY_STATIC, 4, &r);
	/* Prefill of 3, decodes at contexts 3 and 4. */
	assert_int_equal(r.result.steps, 3);
	assert_int_equal(r.result.prefill_steps, 1);
	entry = r.ledger.tiers[0].class;
	bytes = 3 * (body + head) + (3 + 1 + 1) * row;
	assert_int_equal(entry[TERRACE_CLASS_WEIGHTS].model_read_bytes, bytes);
	assert_int_equal(entry[TERRACE_CLASS_WEIGHTS].model_write_bytes, 0);
	assert_int_equal(entry[TERRACE_CLASS_KV].model_read_bytes, (3 + 4) * kv);
	assert_int_equal(entry[TERRACE_CLASS_KV].model_write_bytes, (3 + 1 + 1) * kv);
	assert_int_equal(r.ledger.tiers[0].load_bytes, model_weight_bytes(m));
	/* 1 byte/ns each way, and 100 ns of latency a step. */
	assert_int_equal(r.result.model_ns, bytes + (7 + 5) * kv + 3 * 100);
	assert_int_equal(r.ledger.tiers[0].busy_ns, r.result.model_ns);
	assert_int_equal(r.result.serial_ns, r.result.model_ns);
	/* 1 pJ a bit in the array and on the link together, in whole microjoules since the load. */
	load = model_weight_bytes(m);
	assert_int_equal(entry[TERRACE_CLASS_WEIGHTS].model_energy_uj,
			 (load + bytes) * 8 / 1000000 - load * 8 / 1000000);
	assert_int_equal(r.ledger.tiers[0].idle_uj, r.result.model_ns * 2 / 1000);
	assert_int_equal(r.result.n_ttft, 1);
	assert_int_equal(r.result.n_tpot, 1);
	assert_int_equal(r.result.ttft_ns[0] + 2 * r.result.tpot_ns[0],
			 r.result.now_ns - (r.result.now_ns - r.result.ttft_ns[0]) % 2);
	engine_result_free(&r.result);
}

/* The first access of a step waits for its first byte, and the first expert of each layer. */
static void experts_expose_one_latency_a_layer(void **state)
{
	static const struct model_config *const models[] = { &fixture_moe, &fixture_mla };
	struct trace_request request = { .input_tokens = 30, .output_tokens = 40, .line = 1 };
	const struct trace t = { .requests = &request, .n = 1 };

	(void)state;
	for (int i = 0; i < 2; i++) {
		const struct model_config *m = models[i];
		struct engine_tierfile tiers;
		uint32_t waits = 1;
		struct modelled a, b;

		for (uint32_t layer = 0; layer < m->layers; layer++)
			waits += model_is_moe(m, layer);
		assert_true(waits > 1);
		fixture_tiers(&tiers, 0, 1);
		run_modelled(&t, m, &tiers, POLICY_STATIC, 4, &a);
		tiers.tiers[0].profile.read_latency_ns += 500;
		run_modelled(&t, m, &tiers, POLICY_STATIC, 4, &b);
		assert_int_equal(b.result.steps, 40);
		assert_int_equal(b.result.model_ns - a.result.model_ns, 40 * waits * 500);
		engine_result_free(&a.result);
		engine_result_free(&b.result);
	}
}

/* What is written once wears flash once: while the run is counted, nothing does. */
static void weights_wear_flash_only_when_loaded(void **state)
{
	const struct ledger_tier *flash;
	struct engine_tierfile tiers;
	struct engine_error e = {};
	struct modelled r;
	struct trace t;

	(void)state;
	if (trace_read(FIXTURE_SLICE, NULL, &t, &e))
		fail_msg("%s", e.text);
	fixture_tiers(&tiers, 0, 3);
	run_modelled(&t, &fixture_moe, &tiers, POLICY_CLASS, 400, &r);
	flash = &r.ledger.tiers[2];
	assert_true(flash->wears);
	assert_int_equal(flash->load_bytes, model_weight_bytes(&fixture_moe));
	assert_int_equal(flash->host_bytes, 0);
	assert_int_equal(flash->media_bytes, 0);
	assert_int_equal(ledger_flash_bytes(&r.ledger), 0);
	assert_true(flash->class[TERRACE_CLASS_WEIGHTS].model_read_bytes > flash->load_bytes);
	assert_int_equal(r.ledger.tiers[0].class[TERRACE_CLASS_WEIGHTS].model_read_bytes, 0);
	engine_result_free(&r.result);
	trace_free(&t);
}

static void the_same_run_twice_is_the_same(void **state)
{
	struct engine_tierfile tiers;
	struct engine_error e = {};
	struct modelled a, b;
	struct trace t;

	(void)state;
	if (trace_read(FIXTURE_SLICE, NULL, &t, &e))
		fail_msg("%s", e.text);
	fixture_tiers(&tiers, 0, 3);
	tiers.tiers[0].profile.capacity_bytes /= 64;
	run_modelled(&t, &fixture_mla, &tiers, POLICY_LRU, 400, &a);
	run_modelled(&t, &fixture_mla, &tiers, POLICY_LRU, 400, &b);
	assert_memory_equal(&a.ledger, &b.ledger, sizeof(a.ledger));
	assert_int_equal(a.result.now_ns, b.result.now_ns);
	assert_int_equal(a.result.n_ttft, b.result.n_ttft);
	assert_memory_equal(a.result.ttft_ns, b.result.ttft_ns,
			    a.result.n_ttft * sizeof(*a.result.ttft_ns));
	engine_result_free(&a.result);
	engine_result_free(&b.result);
	trace_free(&t);
}

/* Bytes that the accesses moved do not depend on where things are. */
static void tiers_share_the_same_bytes(void **state)
{
	struct engine_tierfile one, three;
	struct engine_error e = {};
	struct modelled a, b;
	uint64_t sum = 0;
	struct trace t;

	(void)state;
	if (trace_read(FIXTURE_SLICE, NULL, &t, &e))
		fail_msg("%s", e.text);
	/* All at once, so that the batches do not depend on how fast the tiers are. */
	for (size_t i = 0; i < t.n; i++)
		t.requests[i].arrival_ns = 0;
	fixture_tiers(&one, 0, 1);
	fixture_tiers(&three, 0, 3);
	three.tiers[0].profile.capacity_bytes = one.tiers[0].profile.capacity_bytes / 64;
	run_modelled(&t, &fixture_moe, &one, POLICY_STATIC, 400, &a);
	run_modelled(&t, &fixture_moe, &three, POLICY_STATIC, 400, &b);
	for (uint32_t i = 0; i < 3; i++)
		sum += ledger_served_bytes(&b.ledger.tiers[i]);
	assert_int_equal(a.result.steps, b.result.steps);
	assert_int_equal(sum, ledger_served_bytes(&a.ledger.tiers[0]));
	assert_int_equal(b.ledger.migrations, 0);
	assert_int_equal(a.ledger.saturations, 0);
	assert_true(ledger_rank0_share(&b.ledger) < 1 && ledger_rank0_share(&b.ledger) > 0);
	assert_true(b.result.model_ns <= b.result.serial_ns);
	engine_result_free(&a.result);
	engine_result_free(&b.result);
	trace_free(&t);
}

static void policies_move_and_pay(void **state)
{
	static const enum policy_kind kinds[] = { POLICY_LRU, POLICY_CLASS };
	struct engine_tierfile tiers;
	struct engine_error e = {};
	struct trace t;

	(void)state;
	if (trace_read(FIXTURE_SLICE, NULL, &t, &e))
		fail_msg("%s", e.text);
	fixture_tiers(&tiers, 0, 3);
	tiers.tiers[0].profile.capacity_bytes /= 64;
	for (size_t i = 0; i < 2; i++) {
		uint64_t in = 0, out = 0;
		struct modelled r;

		run_modelled(&t, &fixture_moe, &tiers, kinds[i], 400, &r);
		assert_true(r.ledger.migrations > 0);
		for (uint32_t tier = 0; tier < 3; tier++)
			for (int c = 0; c < TERRACE_CLASSES; c++) {
				in += r.ledger.tiers[tier].class[c].model_in_bytes;
				out += r.ledger.tiers[tier].class[c].model_out_bytes;
			}
		assert_int_equal(in, out);
		/* Homes of extents without content move too, and cost nothing. */
		assert_true(in > 0 && in <= r.ledger.migrations * 4096);
		assert_int_equal(in % 4096, 0);
		assert_int_equal(ledger_moved_bytes(&r.ledger), in);
		/* The KV class is not allowed on the third tier. */
		assert_int_equal(r.ledger.tiers[2].class[TERRACE_CLASS_KV].model_in_bytes, 0);
		assert_int_equal(r.ledger.tiers[2].class[TERRACE_CLASS_KV].model_read_bytes, 0);
		engine_result_free(&r.result);
	}
	trace_free(&t);
}

static void says_what_does_not_fit(void **state)
{
	struct model_driver_options d = { .extent_bytes = 4096, .kv_blocks = 1 };
	struct engine_tierfile tiers;
	struct engine_error e = {};
	struct model_driver *driver;
	struct layout l;
	struct fit fit;
	uint64_t weights;

	(void)state;
	fixture_layout(&fixture_dense, 0, &l);
	fixture_tiers(&tiers, 0, 1);
	policy_defaults(&d.policy, POLICY_STATIC);
	d.tiers = &tiers;
	d.layout = &l;
	weights = (l.weights_real_bytes + 4095) & ~4095ULL;

	tiers.tiers[0].profile.capacity_bytes = weights - 4096;
	assert_int_equal(model_driver_create(&d, &driver, &e), -ENOSPC);
	assert_non_null(strstr(e.text, "fast0: short by 4096 modelled bytes for the weights"));
	tiers.tiers[0].profile.capacity_bytes = weights;
	assert_int_equal(model_driver_create(&d, &driver, &e), -ENOSPC);
	assert_non_null(strstr(e.text, "one block of KV"));
	tiers.tiers[0].profile.capacity_bytes = weights + l.block_real_bytes + 4095;
	assert_int_equal(fit_model(&tiers, &l, 4096, &fit, &e), 0);
	assert_int_equal(fit.kv_blocks, 1);
	d.kv_blocks = 2;
	assert_int_equal(model_driver_create(&d, &driver, &e), -ENOSPC);
	assert_non_null(strstr(e.text, "2 blocks of KV do not fit"));
	d.kv_blocks = 1;
	assert_int_equal(model_driver_create(&d, &driver, &e), 0);
	model_driver_free(driver);

	tiers.tiers[0].classes = 1 << TERRACE_CLASS_KV;
	assert_int_equal(fit_model(&tiers, &l, 4096, &fit, &e), -EXDEV);
	assert_int_equal(fit_model(&tiers, &l, 4095, &fit, &e), -EINVAL);
	tiers.device.scale_shift = 1;
	assert_int_equal(fit_model(&tiers, &l, 4096, &fit, &e), -EINVAL);
	layout_free(&l);
}

/* Between several tiers for KV some room stays, or nothing could be exchanged. */
static void some_room_stays_free(void **state)
{
	struct engine_tierfile tiers;
	struct engine_error e = {};
	uint64_t room;
	struct layout l;
	struct fit fit;

	(void)state;
	fixture_layout(&fixture_dense, 0, &l);
	fixture_tiers(&tiers, 0, 3);
	assert_int_equal(fit_model(&tiers, &l, 4096, &fit, &e), 0);
	/* The weights lie on flash, which is at least half as fast and not for KV. */
	assert_int_equal(fit.weights_bytes[2], (l.weights_real_bytes + 4095) & ~4095ULL);
	assert_int_equal(fit.kv_bytes[0], 64 << 20);
	assert_int_equal(fit.kv_bytes[1], 256 << 20);
	assert_int_equal(fit.kv_bytes[2], 0);
	room = 320 << 20;
	assert_int_equal(fit.kv_blocks, (room - room / FIT_SPARE) / l.block_real_bytes);
	layout_free(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_request_by_hand),
		cmocka_unit_test(experts_expose_one_latency_a_layer),
		cmocka_unit_test(weights_wear_flash_only_when_loaded),
		cmocka_unit_test(the_same_run_twice_is_the_same),
		cmocka_unit_test(tiers_share_the_same_bytes),
		cmocka_unit_test(policies_move_and_pay),
		cmocka_unit_test(says_what_does_not_fit),
		cmocka_unit_test(some_room_stays_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* A run: its settings, key figures, rooflines and tiers. */

const KEY_FIGURES = [
	["tokens_per_second", "throughput"],
	["useful_tokens_per_second", "useful throughput"],
	["ttft_p50", "time to first token, median"],
	["ttft_p99", "time to first token, 99 %"],
	["tpot_p50", "time per token, median"],
	["tpot_p99", "time per token, 99 %"],
	["energy_per_token", "energy of a token"],
	["power_mean", "mean power"],
	["cost_per_million_tokens", "cost of a million tokens"],
	["co2e_per_million_tokens", "CO2e of a million tokens"],
];

function settingOf(run, name) {
	const value = run.report.settings[name]?.value;

	return typeof value === "string" ? value : "?";
}

/* A path is long; its last part tells files apart well enough. */
function titleOf(run) {
	const tiers = settingOf(run, "tiers").split("/").at(-1);

	return `${run.number}: ${settingOf(run, "model")}, ${settingOf(run, "devices")} x ${tiers}`;
}

function cards(run) {
	const list = element("dl", { class: "cards" });

	for (const [name, text] of KEY_FIGURES) {
		const figure = figureOf(run.report.figures, name);
		const [number, unit] = parts(figure.value, figure.unit);

		list.append(element("div", {}, element("dt", {}, text),
			element("dd", {}, number, element("small", {}, unit))));
	}
	return list;
}

function comparison(runs) {
	return table("Key figures of the runs", [
		{ name: "run", text: run => run.title },
		...KEY_FIGURES.map(([name, text]) => ({
			name: text,
			in: figureOf(runs[0].report.figures, name).unit,
			number: run => valueOf(run.report.figures, name),
		})),
	], runs);
}

function settingsTable(settings) {
	const value = ([, setting]) => {
		const text = element("span", {}, String(setting?.value ?? setting ?? NONE));

		if (setting?.default)
			text.append(element("span", { class: "default" }, "default"));
		return text;
	};

	return table("Settings", [
		{ name: "setting", text: ([name]) => name },
		{ name: "value", text: value, long: true },
	], Object.entries(settings));
}

function tierBytes(tier, way) {
	return ["weights", "kv", "activations"].reduce((sum, name) => {
		const value = valueOf(tier.figures, `${name}_${way}`);

		return sum + (isNumber(value) ? value : 0);
	}, 0);
}

/* Only flash wears out, and only when it is written to. */
function lifeOf(tier) {
	if (!tier.figures.flash_life)
		return "no limit";
	const { value, unit } = tier.figures.flash_life;

	return isNumber(value) ? withUnit(value, unit) : "no end";
}

function tierTable(run) {
	const of = name => tier => valueOf(tier.figures, name);

	return table("Tiers", [
		{ name: "tier", text: tier => tier.name },
		{ name: "capacity of a device", number: of("capacity_per_device"), unit: "B" },
		{ name: "weights", number: of("weights_per_device"), unit: "B" },
		{ name: "room for KV", number: of("kv_room_per_device"), unit: "B" },
		{ name: "read, all devices", number: tier => tierBytes(tier, "read"), unit: "B" },
		{ name: "written", number: tier => tierBytes(tier, "written"), unit: "B" },
		{ name: "bandwidth of a device", number: of("read_peak_per_device"), unit: "B/s" },
		{ name: "read in the mean", number: of("read_mean_per_device"), unit: "B/s" },
		{ name: "busy", number: of("busy"), unit: "%" },
		{ name: "life", text: lifeOf },
	], run.report.tier);
}

function allFigures(run) {
	const rows = [["", run.report.figures], ...run.report.tier.map(t => [t.name, t.figures])]
		.flatMap(([tier, figures]) => Object.entries(figures)
			.map(([name, figure]) => ({ tier, name, figure })));

	return table("All figures", [
		{ name: "figure", text: row => row.name },
		{ name: "tier", text: row => row.tier },
		{ name: "value", text: row => withUnit(row.figure?.value, row.figure?.unit) },
	], rows);
}

function rooflines(run) {
	const roofline = run.report.roofline;
	const steps = (roofline?.step ?? []).filter(step => step.operators?.length);

	if (!steps.length)
		return element("p", {}, "The report of this run has no operators: make it anew.");
	return element("div", { class: "pair" },
		...steps.map(step => rooflineFigure(roofline, step, run.number)));
}

function runSection(run) {
	return [
		element("p", { class: "quiet" }, `From ${run.file}, line ${run.line}.`),
		cards(run),
		element("h3", {}, "Rooflines"),
		element("p", {}, "A line is the bandwidth of a tier of one device, or the peak of its " +
			"operations. A mark is one operator or more, at their operations per byte of the " +
			"tier that takes longest and on the line that bounds them; the larger it is, the " +
			"longer they take."),
		rooflines(run),
		element("h3", {}, "Tiers"),
		tierTable(run),
		element("h3", {}, "Settings"),
		settingsTable(run.report.settings),
		details("All figures", allFigures(run)),
	];
}

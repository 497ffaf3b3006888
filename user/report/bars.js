// SPDX-License-Identifier: LGPL-2.1-or-later
/* Stacked bars: what energy, cost and carbon of runs are made of. */

const HATCH = { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [2, 4], rotation: -Math.PI / 4 };

/* Per token what a run took; of a run without tokens there is nothing to show. */
function perToken(run, value, tokens) {
	return value / valueOf(run.report.figures, "tokens") * tokens;
}

function tierNames(runs) {
	return [...new Set(runs.flatMap(run => run.report.tier.map(t => t.name)))];
}

function tierValue(run, tier, name) {
	const found = run.report.tier.find(t => t.name === tier);

	return found ? valueOf(found.figures, name) : 0;
}

/* [{ name, colour, hatched, value: run => number }] */
function energyParts(runs) {
	const of = name => run => valueOf(run.report.figures, name);

	return [
		{ name: "accelerators computing", colour: 0, value: of("energy_accelerators_computing") },
		{ name: "accelerators waiting", colour: 0, hatched: true,
			value: of("energy_accelerators_waiting") },
		...tierNames(runs).flatMap((tier, i) => [
			{ name: `${tier} moving`, colour: i + 1,
				value: run => tierValue(run, tier, "energy_moving") },
			{ name: `${tier} idle`, colour: i + 1, hatched: true,
				value: run => tierValue(run, tier, "energy_idle") },
		]),
	];
}

function costParts() {
	return [
		{ name: "by time", colour: 0, value: run => valueOf(run.report.figures, "cost_time") },
		{ name: "by wear", colour: 1, value: run => valueOf(run.report.figures, "cost_wear") },
		{ name: "energy", colour: 2, value: run => valueOf(run.report.figures, "cost_energy") },
	];
}

function carbonParts() {
	return [
		{ name: "embodied", colour: 0,
			value: run => valueOf(run.report.figures, "co2e_embodied") },
		{ name: "operational", colour: 2,
			value: run => valueOf(run.report.figures, "co2e_operational") },
	];
}

function barSeries(part, bars, theme) {
	const colour = theme.colours[part.colour % theme.colours.length];

	return {
		name: part.name,
		type: "bar",
		stack: "all",
		barMaxWidth: 34,
		itemStyle: {
			color: colour,
			borderColor: theme.ground,
			borderWidth: 0.5,
			decal: part.hatched ? { ...HATCH, color: theme.ground } : { symbol: "none" },
		},
		data: bars.runs.map(run => {
			const value = perToken(run, part.value(run), bars.tokens);

			return isNumber(value) ? value : 0;
		}),
	};
}

function barTip(bars, run) {
	const whole = bars.parts.reduce((sum, p) => sum + perToken(run, p.value(run), bars.tokens), 0);

	return tip(run.title, [
		...bars.parts.map(p => [p.name, withUnit(perToken(run, p.value(run), bars.tokens),
			bars.unit)]),
		["all", withUnit(whole, bars.unit)],
	]);
}

function labelRoom(width) {
	return isNarrow(width) ? 48 : Math.min(250, width / 4);
}

function barOption(bars, theme, width) {
	const axis = axisLook(theme);
	const names = bars.parts.map(p => p.name);
	const runs = bars.runs;

	return {
		legend: { ...legendLook(theme), data: names },
		grid: { left: labelRoom(width) + 15, right: 24, bottom: 46,
			top: 12 + 24 * legendRows(names, width) },
		xAxis: { type: "value", ...axis, name: bars.axis, nameLocation: "middle", nameGap: 28,
			axisLabel: { ...axis.axisLabel, formatter: plain } },
		yAxis: { type: "category", inverse: true, ...axis, splitLine: { show: false },
			data: runs.map(run => isNarrow(width) ? `run ${run.number}` : run.title),
			axisLabel: { ...axis.axisLabel, color: theme.text, overflow: "truncate",
				width: labelRoom(width) } },
		tooltip: { ...frame(theme).tooltip, trigger: "axis", axisPointer: { type: "shadow" },
			formatter: items => barTip(bars, runs[items[0].dataIndex]) },
		series: bars.parts.map(part => barSeries(part, bars, theme)),
	};
}

function barTable(bars) {
	const value = (part, run) => perToken(run, part.value(run), bars.tokens);

	return table(bars.label, [
		{ name: "run", text: run => run.title },
		...bars.parts.map(p => ({ name: p.name, number: run => value(p, run), in: bars.unit })),
		{ name: "all", in: bars.unit,
			number: run => bars.parts.reduce((sum, p) => sum + value(p, run), 0) },
	], bars.runs);
}

/* A run that has no price has no bar: it is named instead. */
function barFigure(bars) {
	const has = run => bars.parts.every(p => isNumber(perToken(run, p.value(run), bars.tokens)));
	const shown = { ...bars, runs: bars.runs.filter(has) };
	const missing = bars.runs.filter(run => !has(run)).map(run => run.title).join("; ");
	const said = missing ? [element("p", { class: "quiet" }, `Without a value: ${missing}.`)] : [];

	if (!shown.runs.length)
		return element("div", {}, ...said);
	return element("div", {}, figure({
		name: bars.name,
		label: bars.label,
		height: width => 60 + 24 * legendRows(bars.parts.map(p => p.name), width) +
			Math.max(46, 40 * shown.runs.length),
		option: (theme, width) => barOption(shown, theme, width),
		data: barTable(shown),
	}), ...said);
}

function barSection(runs) {
	return [
		element("h3", {}, "Energy by component"),
		barFigure({ name: "energy", runs, tokens: 1, unit: "J/token", axis: "J per token",
			label: "Energy of a token: accelerators, and bytes moved and idle power of each tier.",
			parts: energyParts(runs) }),
		element("h3", {}, "Cost by component"),
		barFigure({ name: "cost", runs, tokens: 1e6, unit: "USD", axis: "USD per million tokens",
			label: "Cost of a million tokens: what is paid by time, by wear of flash, and energy.",
			parts: costParts() }),
		element("h3", {}, "CO2e by component"),
		barFigure({ name: "carbon", runs, tokens: 1e6, unit: "g", axis: "g CO2e per million tokens",
			label: "CO2e of a million tokens: of making the devices, and of the energy they take.",
			parts: carbonParts() }),
	];
}

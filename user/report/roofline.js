// SPDX-License-Identifier: LGPL-2.1-or-later
/* Rooflines: operators of a step, below the bandwidths of tiers and the peak of the operations. */

const LABELLED = 5;	/* marks whose names are in the chart */

/*
 * An operator is drawn at its operations per byte of the tier that takes longest: it lies on the
 * line of the tier that bounds it, or on the peak.
 */
function pointOf(operator) {
	const slowest = operator.tier.reduce((a, b) => (b.seconds > a.seconds ? b : a));

	return [operator.ops / (slowest.read + slowest.written), operator.attainable];
}

function isDrawn(operator) {
	const [x, y] = pointOf(operator);

	return isNumber(x) && isNumber(y) && x > 0 && y > 0;
}

/* What is at an edge on the right or above gets a decade more, for its name. */
function rooflineRange(roofline, operators) {
	const points = operators.map(pointOf);
	const ridges = roofline.tier.map(t => roofline.peak_ops / t.read_bps);
	const per = [...points.map(p => p[0]), ...ridges];
	const rates = [...points.map(p => p[1]), roofline.peak_ops];
	const [left, right] = decades(per);
	const [low, high] = decades(rates);

	return { left, right: right < 4 * Math.max(...per) ? 10 * right : right, low,
		high: high < 2 * Math.max(...rates) ? 10 * high : high };
}

/* From the left or lower edge up to the peak. */
function tierLine(tier, i, roofline, range, theme) {
	const start = Math.max(range.left, range.low / tier.read_bps);
	const ridge = roofline.peak_ops / tier.read_bps;

	return {
		name: `${tier.name} ${withUnit(tier.read_bps, "B/s")}`,
		type: "line",
		symbol: "none",
		silent: true,
		color: theme.colours[i + 1],
		lineStyle: { width: 2, type: DASHES[i % DASHES.length] },
		data: [[start, start * tier.read_bps], [ridge, roofline.peak_ops]],
	};
}

function peakLine(roofline, range, theme) {
	const first = Math.min(...roofline.tier.map(t => roofline.peak_ops / t.read_bps));

	return {
		name: `compute ${withUnit(roofline.peak_ops, "OP/s")}`,
		type: "line",
		symbol: "none",
		silent: true,
		color: theme.colours[0],
		lineStyle: { width: 2 },
		data: [[first, roofline.peak_ops], [range.right, roofline.peak_ops]],
	};
}

/* Operators that lie on one another are one mark: [{ bound, at, operators, seconds }]. */
function marksOf(operators) {
	const marks = new Map();

	for (const operator of [...operators].sort((a, b) => b.seconds - a.seconds)) {
		const at = pointOf(operator);
		const key = [operator.bound, ...at.map(v => Math.round(Math.log10(v) * 20))].join();
		const mark = marks.get(key) ?? { bound: operator.bound, at, operators: [], seconds: 0 };

		mark.operators.push(operator);
		mark.seconds += operator.seconds;
		marks.set(key, mark);
	}
	return [...marks.values()].sort((a, b) => b.seconds - a.seconds);
}

function markName(mark) {
	const more = mark.operators.length - 1;

	return mark.operators[0].name + (more ? ` + ${more}` : "");
}

function markTip(mark, whole) {
	return tip(mark.operators.map(o => o.name).join(", "), [
		["bound by", mark.bound],
		["operations per byte", plain(mark.at[0])],
		["attains", withUnit(mark.at[1], "OP/s")],
		["time", withUnit(mark.seconds, "s")],
		["share of all", `${plain(Math.round(1000 * mark.seconds / whole) / 10)} %`],
	]);
}

/* Where a mark is in the chart, in pixels from its upper left corner. */
function pixelOf(mark, range, area) {
	const part = (value, from, to) => Math.log10(value / from) / Math.log10(to / from);

	return [area.width * part(mark.at[0], range.left, range.right),
		area.height * (1 - part(mark.at[1], range.low, range.high))];
}

/* Places of a name: right or left of what rises, below or above the peak. [x, y] is its middle. */
function labelPlaces(mark, text, [x, y]) {
	const half = 3.4 * text.length;

	return mark.bound === "compute" ?
		[["bottom", [x, y + 22]], ["top", [x, y - 22]]].map(p => [...p, half]) :
		[["right", [x + half + 18, y]], ["left", [x - half - 18, y]]].map(p => [...p, half]);
}

function isFree([, [x, y], half], taken, area) {
	return x - half > 0 && x + half < area.width + 16 && taken.every(t =>
		Math.abs(t.x - x) > t.half + half || Math.abs(t.y - y) > 14);
}

/* The longest first; a name that has no place is in the tooltip and the table only. */
function placeLabels(marks, range, area) {
	const taken = [];

	for (const mark of marks) {
		const text = markName(mark);
		const place = labelPlaces(mark, text, pixelOf(mark, range, area))
			.find(p => isFree(p, taken, area));

		if (!place || taken.length === LABELLED)
			continue;
		mark.label = place[0];
		taken.push({ x: place[1][0], y: place[1][1], half: place[2] });
	}
}

function labelLook(mark, theme) {
	return {
		show: Boolean(mark.label),
		position: mark.label,
		color: theme.text,
		textBorderColor: theme.ground,
		textBorderWidth: 3,
		formatter: () => markName(mark),
	};
}

function markSeries(roofline, marks, theme) {
	const bounds = ["compute", ...roofline.tier.map(t => t.name)];
	const whole = marks.reduce((sum, m) => sum + m.seconds, 0);

	return bounds.map((bound, i) => ({
		name: `bound by ${bound}`,
		type: "scatter",
		symbol: SYMBOLS[i % SYMBOLS.length],
		color: theme.colours[i],
		itemStyle: { opacity: 0.9, borderColor: theme.ground, borderWidth: 1 },
		z: 3,
		data: marks.filter(mark => mark.bound === bound).map(mark => ({
			value: mark.at,
			symbolSize: 8 + 22 * Math.sqrt(mark.seconds / whole),
			mark,
			whole,
			label: labelLook(mark, theme),
		})),
	})).filter(series => series.data.length);
}

function rooflineOption(roofline, operators, theme, width, height) {
	const range = rooflineRange(roofline, operators);
	const axis = { type: "log", ...axisLook(theme), nameLocation: "middle" };
	const lines = [peakLine(roofline, range, theme),
		...roofline.tier.map((t, i) => tierLine(t, i, roofline, range, theme))];

	const names = lines.map(l => l.name);
	const marks = marksOf(operators);
	const grid = { left: 64, right: 20, top: 16 + 24 * legendRows(names, width), bottom: 52 };

	placeLabels(marks, range, { width: width - grid.left - grid.right,
		height: height - grid.top - grid.bottom });
	return {
		legend: { ...legendLook(theme), itemStyle: { opacity: 0 }, data: names },
		grid,
		xAxis: { ...axis, name: "operations per byte (OP/B)", nameGap: 30, min: range.left,
			max: range.right, axisLabel: { ...axis.axisLabel, formatter: plain } },
		yAxis: { ...axis, name: "rate (OP/s)", nameGap: 48, min: range.low, max: range.high,
			axisLabel: { ...axis.axisLabel, formatter: tick } },
		tooltip: { ...frame(theme).tooltip, trigger: "item",
			formatter: p => p.data.mark ? markTip(p.data.mark, p.data.whole) : "" },
		series: [...lines, ...markSeries(roofline, marks, theme)],
	};
}

function operatorTable(step) {
	const whole = step.operators.reduce((sum, o) => sum + o.seconds, 0);

	return table(`Operators of the ${step.name} step`, [
		{ name: "operator", text: o => o.name },
		{ name: "layers", number: o => o.layers },
		{ name: "operations", number: o => o.ops, unit: "OP" },
		...step.operators[0].tier.map((t, i) => (
			{ name: `bytes, ${t.name}`, number: o => o.tier[i].read + o.tier[i].written, unit: "B" })),
		{ name: "per byte", number: o => o.intensity, unit: "OP/B" },
		{ name: "attains", number: o => o.attainable, unit: "OP/s" },
		{ name: "bound by", text: o => o.bound },
		{ name: "time", number: o => o.seconds, unit: "s" },
		{ name: "share", number: o => 100 * o.seconds / whole, unit: "%" },
	], step.operators);
}

function stepText(step) {
	const of = step.name === "decode" ?
		`${plain(step.batch)} requests, each with ${plain(step.context)} tokens of context` :
		`one prompt of ${plain(step.tokens)} tokens`;
	const cut = step.microbatches > 1 ? `, in ${step.microbatches} microbatches` : "";

	const name = step.name === "decode" ? "Decode" : "Prefill";

	return `${name}: ${of}${cut}. The step takes ${withUnit(step.seconds, "s")}, ` +
		`${withUnit(step.serial_seconds, "s")} if nothing overlapped.`;
}

function rooflineFigure(roofline, step, run) {
	const operators = step.operators.filter(isDrawn);

	if (!operators.length)
		return element("p", {}, `Nothing of the ${step.name} step can be drawn.`);
	return figure({
		name: `roofline-${step.name}-${run}`,
		label: `Roofline. ${stepText(step)}`,
		height: width => isNarrow(width) ? 380 : 420,
		option: (...looks) => rooflineOption(roofline, operators, ...looks),
		data: operatorTable(step),
	});
}

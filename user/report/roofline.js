// SPDX-License-Identifier: LGPL-2.1-or-later
/* Rooflines: operators of a step, below the bandwidths of tiers and the peak of the operations. */

const LABELLED = 5;	/* operators whose names are in the chart */

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

function rooflineRange(roofline, operators) {
	const points = operators.map(pointOf);
	const ridges = roofline.tier.map(t => roofline.peak_ops / t.read_bps);
	const [left, right] = decades([...points.map(p => p[0]), ...ridges]);
	const rates = [...points.map(p => p[1]), roofline.peak_ops];
	const [low, high] = decades(rates);

	return { left, right: right * (right < Math.max(...ridges) * 3 ? 10 : 1), low,
		high: high > roofline.peak_ops * 1.5 ? high : high * 10 };
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

function operatorTip(operator) {
	const lines = [
		["bound by", operator.bound],
		["operations", withUnit(operator.ops, "OP")],
		...operator.tier.map(t => [`${t.name}, bytes`, withUnit(t.read + t.written, "B")]),
		["attains", withUnit(operator.attainable, "OP/s")],
		["time", withUnit(operator.seconds, "s")],
	];

	return tip(operator.name, lines);
}

function operatorMarks(roofline, operators, theme) {
	const bounds = ["compute", ...roofline.tier.map(t => t.name)];
	const whole = operators.reduce((sum, o) => sum + o.seconds, 0);
	const longest = [...operators].sort((a, b) => b.seconds - a.seconds).slice(0, LABELLED);

	return bounds.map((bound, i) => ({
		name: `bound by ${bound}`,
		type: "scatter",
		symbol: SYMBOLS[i % SYMBOLS.length],
		color: theme.colours[i],
		itemStyle: { opacity: 0.85, borderColor: theme.ground, borderWidth: 1 },
		labelLayout: { hideOverlap: true },
		z: 3,
		data: operators.filter(o => o.bound === bound).map(o => ({
			value: pointOf(o),
			symbolSize: 8 + 22 * Math.sqrt(o.seconds / whole),
			operator: o,
			label: { show: longest.includes(o), position: "bottom", color: theme.text,
				formatter: () => o.name },
		})),
	})).filter(series => series.data.length);
}

function rooflineOption(roofline, operators, theme, width) {
	const range = rooflineRange(roofline, operators);
	const axis = { type: "log", ...axisLook(theme), nameLocation: "middle" };
	const lines = [peakLine(roofline, range, theme),
		...roofline.tier.map((t, i) => tierLine(t, i, roofline, range, theme))];

	axis.axisLabel = { ...axis.axisLabel, formatter: tick };
	return {
		legend: { ...legendLook(theme), data: lines.map(l => l.name) },
		grid: { left: 64, right: 20, top: isNarrow(width) ? 84 : 64, bottom: 52 },
		xAxis: { ...axis, name: "operations per byte (OP/B)", nameGap: 30, min: range.left,
			max: range.right },
		yAxis: { ...axis, name: "rate (OP/s)", nameGap: 48, min: range.low, max: range.high },
		tooltip: { ...frame(theme).tooltip, trigger: "item",
			formatter: p => p.data.operator ? operatorTip(p.data.operator) : "" },
		series: [...lines, ...operatorMarks(roofline, operators, theme)],
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

	return `${step.name}: ${of}${cut}. The step takes ${withUnit(step.seconds, "s")}, ` +
		`${withUnit(step.serial_seconds, "s")} if nothing overlapped. Operators of a device by ` +
		"operations per byte of their slowest tier; the larger, the longer it takes.";
}

function rooflineFigure(roofline, step, run) {
	const operators = step.operators.filter(isDrawn);

	if (!operators.length)
		return element("p", {}, `Nothing of the ${step.name} step can be drawn.`);
	return figure({
		name: `roofline-${step.name}-${run}`,
		label: `Roofline, ${stepText(step)}`,
		height: width => isNarrow(width) ? 380 : 420,
		option: (theme, width) => rooflineOption(roofline, operators, theme, width),
		data: operatorTable(step),
	});
}

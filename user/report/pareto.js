// SPDX-License-Identifier: LGPL-2.1-or-later
/* Pareto front: points that no other one is better than in both of two numbers. */

const MORE_IS_BETTER = /per_second|useful|tokens_s|throughput|life|^tokens$|served|hit|cached|room|kv_blocks/;
const COLUMNS_MAX = 10;
const TEXT_MAX = 40;	/* bytes of a text that has a column */

const DRAWN_MAX = 4000;	/* points besides the front that are drawn */
const ROWS_MAX = 500;

/* So many of a list, evenly. */
function someOf(list, most) {
	const step = Math.max(1, list.length / most);

	return step === 1 ? list : Array.from({ length: most }, (_, i) => list[Math.floor(i * step)]);
}

function numbersOf(points) {
	return [...new Set(points.flatMap(p => Object.keys(p.numbers)))];
}

function differs(points, name) {
	return new Set(points.map(p => p.numbers[name] ?? p.texts[name])).size > 1;
}

function value(point, axis) {
	return point.numbers[axis.name];
}

/* Of what is equally good in x the best in y comes first, so that it alone is kept. */
function frontOf(points, x, y) {
	const sign = axis => (axis.more ? -1 : 1);
	const sorted = [...points].sort((a, b) => sign(x) * (value(a, x) - value(b, x)) ||
		sign(y) * (value(a, y) - value(b, y)));
	const front = [];
	let best = Infinity;

	for (const p of sorted) {
		const cost = sign(y) * value(p, y);

		if (cost < best)
			front.push(p);
		best = Math.min(best, cost);
	}
	return front;
}

function pointName(point) {
	return point.run ? point.run.title : `${point.file}, line ${point.line}`;
}

/* Whether a column of it says something of most points. */
function tells(points, name) {
	const values = points.map(p => p.numbers[name] ?? p.texts[name]).filter(v => v !== undefined);

	return 2 * values.length >= points.length && differs(points, name) &&
		values.every(v => isNumber(v) || v.length <= TEXT_MAX);
}

function tellingNames(points, x, y) {
	const texts = points.flatMap(p => Object.keys(p.texts));

	return [...new Set([...texts, ...numbersOf(points)])].filter(name =>
		name !== x.name && name !== y.name && tells(points, name)).slice(0, COLUMNS_MAX);
}

function shown(point, name) {
	return point.texts[name] ?? plain(point.numbers[name]);
}

function pointTip(point, names, x, y) {
	return tip(pointName(point), [
		...[x, y].map(axis => [words(axis.name), plain(value(point, axis))]),
		...names.map(name => [words(name), shown(point, name)]),
	]);
}

function valueAxis(axis, points, theme) {
	const values = points.map(p => value(p, axis));
	const low = values.reduce((a, b) => Math.min(a, b), Infinity);
	const high = values.reduce((a, b) => Math.max(a, b), -Infinity);
	const spread = low > 0 && high / low > 30;
	const looks = axisLook(theme);

	return {
		type: spread ? "log" : "value",
		scale: true,
		...looks,
		axisLabel: { ...looks.axisLabel, formatter: plain },
		name: `${words(axis.name)}${axis.unit ? ` (${axis.unit})` : ""}, ` +
			`${axis.more ? "more" : "less"} is better`,
	};
}

function paretoOption(state, theme) {
	const { x, y, points, front, names } = state;
	const best = new Set(front);
	const others = someOf(points.filter(p => !best.has(p)), DRAWN_MAX);
	const marks = list => list.map(p => ({ value: [value(p, x), value(p, y)], point: p }));

	return {
		legend: { ...legendLook(theme), data: ["Pareto front", "other points"] },
		grid: { left: 64, right: 24, top: 72, bottom: 56 },
		xAxis: { ...valueAxis(x, points, theme), nameLocation: "middle", nameGap: 30 },
		yAxis: { ...valueAxis(y, points, theme), nameLocation: "end", nameGap: 14,
			nameTextStyle: { color: theme.text, align: "left", padding: [0, 0, 0, -56] } },
		tooltip: { ...frame(theme).tooltip, trigger: "item",
			formatter: p => p.data.point ? pointTip(p.data.point, names, x, y) : "" },
		series: [
			{ name: "Pareto front", type: "line", symbol: "diamond", symbolSize: 12, z: 3,
				step: "end", color: theme.colours[1],
				lineStyle: { width: 2 }, data: marks(front) },
			{ name: "other points", type: "scatter", symbolSize: 8, color: theme.colours[0],
				itemStyle: { opacity: 0.6 }, data: marks(others) },
		],
	};
}

function pointTable(caption, points, state) {
	return table(caption, [
		{ name: "point", text: pointName },
		...[state.x, state.y].map(axis => (
			{ name: words(axis.name), number: p => value(p, axis), in: axis.unit })),
		...state.names.map(name => columnOf(name, points)),
	], points);
}

function columnOf(name, points) {
	if (points.some(p => name in p.texts))
		return { name: words(name), text: p => shown(p, name) };
	return { name: words(name), number: p => p.numbers[name] };
}

/* What is left out is said. */
function fewer(all, drawn) {
	if (all <= ROWS_MAX)
		return [];
	const chart = drawn && all > drawn ?
		` The chart has all points of the front and ${plain(drawn)} of the others.` : "";

	return [element("p", {}, `${plain(ROWS_MAX)} of ${plain(all)} rows are shown.${chart}`)];
}

function axisOf(name, runs) {
	const found = runs.map(run => figureOf(run.report.figures, name).unit).find(unit => unit);

	return { name, unit: found, more: MORE_IS_BETTER.test(name) };
}

function select(label, entries, chosen, change) {
	const box = element("select", {});

	for (const [key, text] of entries)
		box.append(element("option", { value: key }, text));
	box.value = chosen;
	box.addEventListener("change", () => change(box.value));
	return element("label", {}, label, box);
}

/* Axes can be chosen; chart and tables follow. */
function axisBoxes(state, update) {
	const names = numbersOf(state.all)
		.filter(name => differs(state.all, name) || [state.x.name, state.y.name].includes(name))
		.map(name => [name, words(name)]);
	const ways = [["less", "less is better"], ["more", "more is better"]];
	const boxes = element("fieldset", { class: "axes" });

	for (const key of ["x", "y"]) {
		const way = select(`${key}: which way`, ways, state[key].more ? "more" : "less", chosen => {
			state[key].more = chosen === "more";
			update();
		});

		boxes.append(select(`${key} axis`, names, state[key].name, name => {
			state[key] = axisOf(name, state.runs);
			way.lastChild.value = state[key].more ? "more" : "less";
			update();
		}), way);
	}
	return boxes;
}

function choose(state) {
	state.points = state.all.filter(p => isNumber(value(p, state.x)) && isNumber(value(p, state.y)));
	state.front = frontOf(state.points, state.x, state.y);
	state.names = tellingNames(state.points, state.x, state.y);
}

/* Two numbers that differ, when nothing usual is there. */
function firstAxes(data) {
	const usual = [data.x, data.y];
	const rest = numbersOf(data.points).filter(n => differs(data.points, n) && !usual.includes(n));

	return usual.map(name => name ?? rest.shift());
}

function paretoSection(data) {
	const [x, y] = firstAxes(data);

	if (!x || !y)
		return [element("p", {}, "The points have no two numbers that differ.")];
	const state = { all: data.points, runs: data.runs, x: axisOf(x, data.runs),
		y: axisOf(y, data.runs) };
	const front = element("div");
	const everything = element("div");
	const fill = () => {
		choose(state);
		front.replaceChildren(pointTable("Points of the Pareto front", state.front, state));
		everything.replaceChildren(pointTable("All points", someOf(state.points, ROWS_MAX), state),
			...fewer(state.points.length, DRAWN_MAX));
	};

	fill();
	const plot = figure({
		name: "pareto",
		label: "Each mark is a run or a point of a search; of the front's none is better than " +
			"another in both numbers.",
		height: width => isNarrow(width) ? 360 : 460,
		option: theme => paretoOption(state, theme),
		data: everything,
	});
	const chart = charts.at(-1);

	return [axisBoxes(state, () => { fill(); draw(chart); }), plot,
		element("h3", {}, "Points of the front"), front];
}

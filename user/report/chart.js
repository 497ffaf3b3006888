// SPDX-License-Identifier: LGPL-2.1-or-later
/* Charts: one frame for all, which is drawn again when the page's colours or width change. */

/* Okabe and Ito's colours, which people see alike who see colours differently; light, then dark. */
const COLOURS = [
	["#0072b2", "#d55e00", "#009e73", "#b8609a", "#b07800", "#3a9bd9", "#6b4fbb", "#7a6a58"],
	["#56b4e9", "#f08c3a", "#2fc99c", "#e69ac6", "#f0d04a", "#9cc9ff", "#b7a3f0", "#c4b5a2"],
];
const SYMBOLS = ["circle", "triangle", "rect", "diamond", "pin", "arrow"];
const DASHES = ["solid", "dashed", "dotted", [10, 3, 2, 3]];
const PRINT_WIDTH = 680;

const charts = [];
const dark = window.matchMedia("(prefers-color-scheme: dark)");
let printing = false;

function look() {
	const isDark = dark.matches && !printing;

	return {
		font: getComputedStyle(document.body).fontFamily,
		colours: COLOURS[isDark ? 1 : 0],
		ground: isDark ? "#14181c" : "#ffffff",
		raised: isDark ? "#1e242a" : "#ffffff",
		text: isDark ? "#e6eaee" : "#1b2229",
		quiet: isDark ? "#a3adb7" : "#55606b",
		line: isDark ? "#38414a" : "#d5dbe1",
	};
}

function isNarrow(width) {
	return width < 480;
}

/* Axes and legend are of the page's colours. */
function frame(theme) {
	return {
		animation: false,
		color: theme.colours,
		textStyle: { fontFamily: theme.font, color: theme.text },
		tooltip: {
			confine: true,
			backgroundColor: theme.raised,
			borderColor: theme.line,
			textStyle: { color: theme.text },
			extraCssText: "max-width: 22rem",
		},
	};
}

function axisLook(theme) {
	return {
		axisLine: { show: true, lineStyle: { color: theme.quiet } },
		axisLabel: { color: theme.quiet, hideOverlap: true },
		nameTextStyle: { color: theme.text },
		splitLine: { lineStyle: { color: theme.line } },
	};
}

function legendLook(theme) {
	return {
		type: "plain",
		top: 0,
		left: 0,
		itemGap: 12,
		textStyle: { color: theme.text },
		selectedMode: false,
	};
}

/* What a tooltip says is an element, as all else: [[name, text]]. */
function tip(title, lines) {
	const rows = lines.map(([name, text]) =>
		element("tr", {}, element("th", {}, name), element("td", {}, text)));

	return element("div", { class: "tip" }, element("strong", {}, title),
		element("table", {}, element("tbody", {}, ...rows)));
}

/* Rows of the legend, by the widths of its words. */
function legendRows(names, width) {
	const all = names.reduce((sum, name) => sum + 55 + 7 * name.length, 0);

	return Math.ceil(all / Math.max(width - 20, 100));
}

function draw(chart) {
	const width = printing ? PRINT_WIDTH : chart.place.clientWidth;
	const height = chart.height(width);
	const theme = look();

	chart.place.style.height = `${height}px`;
	chart.library.resize({ width, height });
	chart.library.setOption({ ...frame(theme), ...chart.option(theme, width, height) }, true);
	chart.width = width;
}

/*
 * name: for the page's tests; label: what is seen, in a sentence; height: of a width;
 * option: what the library draws, of colours, width and height; data: the table behind it.
 */
function figure({ name, label, height, option, data }) {
	const place = element("div", { class: "chart", role: "img", "aria-label": label,
		"data-chart": name });
	const whole = element("figure", {}, element("figcaption", {}, label), place,
		details("Data of this chart", data));

	charts.push({ place, height, option });
	return whole;
}

/* Once all places are in the page and have a width. */
function drawAll() {
	for (const chart of charts) {
		chart.library = echarts.init(chart.place, null, { renderer: "svg" });
		draw(chart);
	}
}

function redrawAll() {
	charts.filter(chart => chart.library).forEach(draw);
}

function redrawResized() {
	for (const chart of charts)
		if (!printing && chart.library && chart.place.clientWidth !== chart.width)
			draw(chart);
}

/* A chart that is drawn while sizes are told would change them: it waits for the next picture. */
function watch() {
	const sizes = new ResizeObserver(() => requestAnimationFrame(redrawResized));

	charts.forEach(chart => sizes.observe(chart.place));
	dark.addEventListener("change", redrawAll);
	window.addEventListener("beforeprint", () => { printing = true; redrawAll(); });
	window.addEventListener("afterprint", () => { printing = false; redrawAll(); });
}

/* Ticks of rates: 1 T, 10 T. */
function tick(value) {
	const [short, prefix] = scaled(value, 3);

	return prefix ? `${short} ${prefix}` : short;
}

/* Powers of ten around all values, which are above 0. */
function decades(values) {
	return [10 ** Math.floor(Math.log10(Math.min(...values)) + 1e-9),
		10 ** Math.ceil(Math.log10(Math.max(...values)) - 1e-9)];
}

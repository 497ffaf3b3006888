// SPDX-License-Identifier: LGPL-2.1-or-later
/* Elements and numbers. Text of the data becomes text nodes, never markup. */

/* element("p", { class: "quiet" }, "text", otherElement) */
function element(name, attributes, ...children) {
	const e = document.createElement(name);

	for (const [key, value] of Object.entries(attributes ?? {}))
		e.setAttribute(key, value);
	e.append(...children);
	return e;
}

const NONE = "–";
const PREFIXES = ["f", "p", "n", "µ", "m", "", "k", "M", "G", "T", "P", "E", "Z"];
/* Units that take a prefix; what is compared in a table is written out. */
const SCALED = ["B", "B/s", "OP", "OP/s", "J", "s"];

function isNumber(value) {
	return typeof value === "number" && Number.isFinite(value);
}

/* 12345.678 is "12,346", 0.012345 is "0.01235". */
function plain(value) {
	if (!isNumber(value))
		return NONE;
	if (value === 0)
		return "0";
	const size = Math.floor(Math.log10(Math.abs(value)));

	if (size < -4 || size >= 15)
		return value.toExponential(2);
	const digits = Number.isInteger(value) ? 0 : Math.max(0, Math.min(3 - size, 8));
	const [whole, part] = value.toFixed(digits).split(".");
	const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
	const rest = (part ?? "").replace(/0+$/, "");

	return rest ? `${grouped}.${rest}` : grouped;
}

/* 1.31e13 is ["13.1", "T"]. */
function scaled(value, digits = 4) {
	if (!isNumber(value) || value === 0)
		return [plain(value), ""];
	let step = Math.floor(Math.log10(Math.abs(value)) / 3 + 1e-12);

	step = Math.max(-5, Math.min(7, step));
	/* 999.96 becomes 1000 when it is rounded. */
	let short = Number((value / 1000 ** step).toPrecision(digits));

	if (Math.abs(short) >= 1000 && step < 7) {
		step++;
		short /= 1000;
	}
	return [plain(short), PREFIXES[step + 5]];
}

/* ["13.1", "TB/s"]: value and unit. */
function parts(value, unit) {
	if (!isNumber(value))
		return [NONE, ""];
	if (!SCALED.includes(unit))
		return [plain(value), unit ?? ""];
	const [short, prefix] = scaled(value);

	return [short, prefix + unit];
}

/* A unit stays on the line of its value. */
function withUnit(value, unit) {
	return parts(value, unit).filter(part => part).join("\u00a0");
}

/* "energy_memory_idle" is "energy memory idle". */
function words(name) {
	return name.replace(/_/g, " ");
}

function figureOf(figures, name) {
	const figure = figures?.[name];

	return figure && typeof figure === "object" ? figure : {};
}

function valueOf(figures, name) {
	const { value } = figureOf(figures, name);

	return isNumber(value) ? value : NaN;
}

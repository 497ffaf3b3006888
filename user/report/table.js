// SPDX-License-Identifier: LGPL-2.1-or-later
/* Tables, and the ones behind charts. */

/*
 * columns: [{ name, unit, text: row => string, number: row => value }], text or number. A number
 * has its unit beside it, or in the column's head when that is the same for all (in: unit).
 * The first column names its row. long: texts without spaces are cut where they have to be.
 */
function table(caption, columns, rows) {
	const head = element("tr");
	const body = element("tbody");

	for (const c of columns)
		head.append(element("th", { scope: "col", class: c.number ? "number" : "" },
			c.in ? `${c.name}, ${c.in}` : c.name));
	for (const row of rows) {
		const line = element("tr");

		columns.forEach((c, i) => line.append(cell(c, row, i === 0)));
		body.append(line);
	}
	return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
		element("table", {}, element("thead", {}, head), body));
}

function cell(column, row, first) {
	const content = column.number ? withUnit(column.number(row), column.unit) :
		column.text(row) ?? NONE;
	const attributes = { class: column.number ? "number" : column.long ? "long" : "" };

	if (first)
		return element("th", { ...attributes, scope: "row" }, content);
	return element("td", attributes, content);
}

function details(summary, ...children) {
	return element("details", {}, element("summary", {}, summary), ...children);
}

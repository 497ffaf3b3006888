// SPDX-License-Identifier: LGPL-2.1-or-later
/* The page, of the data in it. */

const SECTIONS_MAX = 12;	/* of runs */

function addSection(id, title, children) {
	document.getElementById("content").append(
		element("section", { "aria-labelledby": id }, element("h2", { id }, title), ...children));
	document.getElementById("sections").append(
		element("li", {}, element("a", { href: `#${id}` }, title)));
}

function count(n, what) {
	return `${plain(n)} ${what}${n === 1 ? "" : "s"}`;
}

function prepare(data) {
	data.runs.forEach((run, i) => { run.number = i + 1; });
	data.runs.forEach(run => { run.title = titleOf(run); });
	for (const point of data.points)
		point.run = point.run === null ? null : data.runs[point.run];
}

/* What is left out is said. */
function addNote(text) {
	document.getElementById("content").append(element("p", { class: "quiet" }, text));
}

function addRuns(data) {
	const more = data.runs.length - SECTIONS_MAX + data.left_out;

	for (const run of data.runs.slice(0, SECTIONS_MAX))
		addSection(`run-${run.number}`, `Run ${run.title}`, runSection(run));
	if (data.runs.length > SECTIONS_MAX)
		addNote(`${count(more, "run")} more have no section of their own; make reports of fewer ` +
			"runs to see all of each.");
}

function addComparison(data) {
	if (data.runs.length > 1)
		addSection("runs", "Runs", [comparison(data.runs)]);
	if (data.runs.length)
		addSection("components", "Energy and cost", barSection(data.runs));
	if (data.left_out)
		addNote(`${count(data.left_out, "run")} more are points of the Pareto front only.`);
	if (data.points.length > 1)
		addSection("pareto", "Pareto front", paretoSection(data));
}

/* Settings of searches, and what has no figures: why a cell of a sweep could not be. */
function addRest(data) {
	data.settings.forEach((s, i) => {
		const { kind, basis, ...settings } = s.settings;

		addSection(`settings-${i + 1}`, `Settings of ${s.file}`, [settingsTable(settings)]);
	});
	if (data.others.length)
		addSection("others", "Without figures", [table("Lines without figures", [
			{ name: "line", text: o => `${o.file}, line ${o.line}` },
			{ name: "what it says", text: o => Object.entries(o.texts)
				.map(([name, text]) => `${words(name)}: ${text}`).join("; ") },
		], data.others.slice(0, ROWS_MAX)), ...fewer(data.others.length)]);
}

function start() {
	const data = JSON.parse(document.getElementById("data").textContent);

	prepare(data);
	document.getElementById("summary").textContent =
		`${data.program}: ${count(data.runs.length, "run")}, ` +
		`${count(data.points.length, "point")}. All figures are modelled.`;
	addComparison(data);
	addRuns(data);
	addRest(data);
	drawAll();
	watch();
}

try {
	start();
} catch (error) {
	document.getElementById("content").prepend(element("p", { role: "alert" },
		"The JSON that this page was made of has another form than the page expects: " +
		`${error.message}. Make it with the same version of terrace-sim.`));
	throw error;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
/* The page, of the data in it. */

const RUNS_MAX = 12;	/* that have a section of their own */

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

function addRuns(data) {
	const several = data.runs.length > 1;

	if (several)
		addSection("runs", "Runs", [comparison(data.runs)]);
	if (data.runs.length)
		addSection("components", "Energy and cost", barSection(data.runs));
	if (data.points.length > 1)
		addSection("pareto", "Pareto front", paretoSection(data));
	for (const run of data.runs.slice(0, RUNS_MAX))
		addSection(`run-${run.number}`, `Run ${run.title}`, runSection(run));
	if (data.runs.length > RUNS_MAX)
		document.getElementById("content").append(element("p", {},
			`The first ${RUNS_MAX} of ${data.runs.length} runs have a section of their own; ` +
			"make reports of fewer runs to see the others."));
}

function start() {
	const data = JSON.parse(document.getElementById("data").textContent);

	prepare(data);
	document.getElementById("summary").textContent =
		`${data.program}: ${count(data.runs.length, "run")}, ` +
		`${count(data.points.length, "point")}. All figures are modelled.`;
	addRuns(data);
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

// The details behind the fields of a report. What is open stands in the address: #cell/LOCK/GUARANTEE,
// #pair/LOCK/SCENARIO, #run/LOCK/SCENARIO/SEED.

const VERDICTS = [["held", "\u2713 held"], ["broken", "! broken"], ["unknown", "? unknown"], ["none", "\u2013 not exercised"]];
const STANDINGS = ["", "not as it should be", "not found, or not put to the test", "cannot be said"];
const detail = document.getElementById("detail");
const scenarioName = (row) => DATA.scenarios[row[1]][0];
const protocolName = (row) => DATA.protocols[row[0]];
const link = (...parts) => `#${parts.map(encodeURIComponent).join("/")}`;
const badge = (cell) => {
  const [style, word] = cell[3] === 1 && cell[6] === 1 ? ["alarm", "\u2715 BROKEN"] : VERDICTS[cell[3]];
  return `<span class="cell ${style}"><b>${word}</b></span>`;
};
const reason = (cell) => (cell[14] ? escaped(DATA.texts[cell[14] - 1]) : "");
const failureOf = (protocol, scenario, seed) => DATA.failures.find((one) =>
  one[0] === protocol && one[1] === scenario && one[2] === seed);
const replay = (protocol, scenario, seed) => {
  const call = DATA.scenarios[scenario][3];
  const word = /^[\w./-]+$/.test(call) ? call : `'${call.replaceAll("'", "'\\''")}'`;
  return `cargo run --release -- run ${word} --protocol ${DATA.protocols[protocol]} --seed ${seed}`;
};
const command = (text) =>
  `<p class="command"><code>${escaped(text)}</code><button type="button" data-copy="${escaped(text)}">Copy</button></p>`;

/** How often it broke, with the interval in which the rate lies. */
function rate(cell) {
  const [, , , , , , , runs, , broken, , least, most] = cell;
  const percent = (millionths) => `${Math.round(millionths / 1000) / 10} %`;
  const x = (millionths) => 2 + (96 * millionths) / 1e6;
  const share = runs ? (broken / runs) * 1e6 : 0;
  const said = `${broken} of ${runs} runs; with 95 % confidence between ${percent(least)} and ${percent(most)} of all seeds`;
  return `<svg width="100" height="16" role="img" aria-label="${said}" data-tip="${said}"><line x1="2" x2="98" y1="8" y2="8" stroke="var(--line)" stroke-width="4"/>`
    + `<line x1="${x(least)}" x2="${x(most)}" y1="8" y2="8" stroke="var(--accent)" stroke-width="4"/><circle cx="${x(share)}" cy="8" r="4.5" fill="var(--ink)"/></svg> ${broken}/${runs}`;
}

function cellTable(cells, first) {
  const rows = cells.map((cell) => {
    const named = first === "scenario"
      ? `<a href="${link("pair", protocolName(cell), scenarioName(cell))}">${escaped(scenarioName(cell))}</a>`
      : `<span title="${escaped(DATA.guarantees[cell[2]][1])}">${DATA.guarantees[cell[2]][0]}</span>`;
    const wanted = [cell[5] ? "promised" : "", cell[4] >= 0 ? VERDICTS[cell[4]][1].slice(2) : ""].filter(Boolean).join(", ");
    const told = cell[13] !== null && cell[3] === 1
      ? ` <a href="${link("run", protocolName(cell), scenarioName(cell), cell[13])}">seed ${cell[13]}: see how</a>` : "";
    const standing = cell[6] ? `<b class="sign bad">${STANDINGS[cell[6]]}</b> ` : "";
    return `<tr><th scope="row">${named}</th><td>${badge(cell)}</td><td class="small">${wanted}</td><td>${rate(cell)}</td><td class="small">${standing}${reason(cell)}${told}</td></tr>`;
  }).join("");
  return `<div class="scroll" tabindex="0" role="region" aria-label="Verdicts"><table><thead><tr><th>${first}</th><th>verdict</th><th>wanted</th><th>runs that broke it</th><th>how, or why</th></tr></thead><tbody>${rows}</tbody></table></div>`;
}

function showCell(protocol, guarantee) {
  const cells = DATA.cells.filter((cell) => protocolName(cell) === protocol && DATA.guarantees[cell[2]][0] === guarantee);
  const order = [1, 2, 0, 3];
  cells.sort((a, b) => (b[6] === 1) - (a[6] === 1) || order.indexOf(a[3]) - order.indexOf(b[3]));
  const about = DATA.guarantees.find(([name]) => name === guarantee)?.[1] ?? "";
  const tested = cells.filter((cell) => cell[3] !== 3);
  const rest = cells.filter((cell) => cell[3] === 3);
  return [`${protocol}: ${guarantee}`, `<p>${escaped(about)}.</p>${cellTable(tested, "scenario")}`
    + (rest.length ? `<details><summary>${rest.length} scenarios that did not put it to the test</summary>${cellTable(rest, "scenario")}</details>` : "")];
}

function runTable(measures, protocol, scenario) {
  const rows = measures[12].map(([seed, broken, grants, p50, p99]) => {
    const names = broken.map((at) => DATA.guarantees[at][0]).join(", ");
    const at = DATA.protocols.indexOf(protocol);
    const told = failureOf(at, measures[1], seed) ? ` <a href="${link("run", protocol, scenario, seed)}">see how</a>` : "";
    return `<tr><th scope="row">${seed}</th><td>${names ? `<span class="cell broken">! ${names}</span>` : '<span class="cell held">\u2713</span>'}${told}</td><td class="num">${grants}</td><td class="num">${p50 === null ? "\u2013" : span(p50)}</td><td class="num">${p99 === null ? "\u2013" : span(p99)}</td></tr>`;
  }).join("");
  return `<details open><summary>The runs, by seed</summary><div class="scroll" tabindex="0" role="region" aria-label="Runs"><table><thead><tr><th>seed</th><th>broke</th><th class="num">grants</th><th class="num">wait p50</th><th class="num">p99</th></tr></thead><tbody>${rows}</tbody></table></div>`
    + `<p class="small dim">Any of them again:</p>${command(replay(DATA.protocols.indexOf(protocol), measures[1], measures[12][0]?.[0] ?? 1))}</details>`;
}

function showPair(protocol, scenario) {
  const same = (row) => protocolName(row) === protocol && scenarioName(row) === scenario;
  const cells = DATA.cells.filter(same);
  const measures = DATA.measures.find(same);
  const known = DATA.scenarios.find(([name]) => name === scenario);
  if (!known || !measures) return ["Not in this report", "<p>There is no such pair.</p>"];
  const faults = known[5].map((fault) => `<li>${escaped(fault)}</li>`).join("");
  const source = known[2] ? `<p class="small dim">${escaped(known[2])}</p>` : "";
  return [`${protocol} in ${scenario}`, `<p>${escaped(known[1])}</p>${source}${faults ? `<ul>${faults}</ul>` : ""}`
    + `${cellTable(cells, "guarantee")}<h3>What it cost</h3><div class="charts">${chartsOf([measures], measures[1])}</div>${runTable(measures, protocol, scenario)}`];
}

function showRun(protocol, scenario, seed) {
  const [p, s] = [DATA.protocols.indexOf(protocol), DATA.scenarios.findIndex(([name]) => name === scenario)];
  const found = failureOf(p, s, Number(seed));
  if (!found) return ["Not told in this report", command(replay(p, Math.max(s, 0), seed))];
  const [breaks, rows, drawn] = found[3];
  const told = storyOf(rows);
  const broke = breaks.map(([guarantee, , text]) =>
    `<li><b>${DATA.guarantees[guarantee][0]}</b>: ${escaped(DATA.texts[text])}</li>`).join("");
  const story = told.map(([at, node, mark, text]) =>
    `<li class="${MARKS[mark]}"><time>${mark === 4 ? "" : moment(at)}</time><span class="node">${node}</span><span class="text">${escaped(text)}</span></li>`).join("");
  const about = DATA.scenarios[s];
  return [`${protocol} in ${scenario}, seed ${seed}`, `<p>${escaped(about[1])}</p><div class="banner bad">Broke in this run:<ul>${broke}</ul></div>`
    + `${command(replay(p, s, seed))}<h3>What happened around the break</h3><div id="diagram"></div>`
    + `<details${drawn ? "" : " open"}><summary>The whole run as a story</summary><ol class="story">${story}</ol></details>`
    + `<p><a href="${link("pair", protocol, scenario)}">All of ${protocol} in ${scenario}</a></p>`,
    () => drawn && diagramIn(detail.querySelector("#diagram"), told, diagramOf(drawn))];
}

/** Opens what the address asks for. */
function open() {
  const [what, ...parts] = location.hash.slice(1).split("/").map(decodeURIComponent);
  const shows = { cell: showCell, pair: showPair, run: showRun }[what];
  document.querySelectorAll("a.cell[aria-current]").forEach((cell) => cell.removeAttribute("aria-current"));
  detail.hidden = !shows;
  if (!shows) { detail.innerHTML = ""; return; }
  const [title, body, after] = shows(...parts);
  detail.innerHTML = `<header><h2>${escaped(title)}</h2><a href="#matrix" id="close">Close</a></header>${body}`;
  after?.();
  const chosen = document.querySelector(`a.cell[href="${CSS.escape(location.hash)}"]`)
    ?? [...document.querySelectorAll("a.cell")].find((cell) => cell.getAttribute("href") === location.hash);
  chosen?.setAttribute("aria-current", "true");
  detail.scrollIntoView({ block: "start" });
  detail.focus({ preventScroll: true });
}

/** Shows the rows and the letters that are asked for. */
function filter() {
  const [wanted, text] = [document.getElementById("only").value, document.getElementById("find").value.trim().toLowerCase()];
  document.querySelectorAll(".where tr[data-name]").forEach((row) => {
    const broke = [...row.querySelectorAll("a.cell")].some((cell) => cell.textContent.includes(wanted));
    row.hidden = !row.dataset.name.includes(text) || (wanted !== "" && !broke);
  });
  document.querySelectorAll(".where tbody").forEach((body) => {
    body.hidden = ![...body.querySelectorAll("tr[data-name]")].some((row) => !row.hidden);
  });
}

function costs() {
  const at = DATA.scenarios.findIndex(([name]) => name === document.getElementById("scenario").value);
  document.getElementById("charts").innerHTML = chartsOf(DATA.measures.filter((row) => row[1] === at), at);
}

document.addEventListener("click", (event) => {
  const text = event.target.closest("[data-copy]")?.dataset.copy;
  if (text && navigator.clipboard) {
    navigator.clipboard.writeText(text).then(() => { event.target.textContent = "Copied"; }, () => {});
  }
});
addEventListener("hashchange", open);
document.getElementById("only").addEventListener("change", filter);
document.getElementById("find").addEventListener("input", filter);
document.getElementById("scenario")?.addEventListener("change", costs);
tips();
if (document.getElementById("scenario")) costs();
open();

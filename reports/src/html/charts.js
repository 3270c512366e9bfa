// Charts: one value for each lock, as marks with the interval in which it lies; and who was served
// when. Every chart has the same as text in its label.

/** A round number at or above this. */
function round(most) {
  const unit = 10 ** Math.floor(Math.log10(Math.max(most, 1e-9)));
  return [1, 2, 5, 10].map((step) => step * unit).find((step) => step >= most) ?? most;
}

/** Rows of marks on one axis: `rows` are [name, [[value, least, most, label], ...]]. */
function rowChart(title, about, rows, say, logarithmic) {
  const known = rows.filter(([, marks]) => marks.length);
  if (!known.length) return "";
  const [left, right, high, wide] = [150, 16, 24, 560];
  const all = known.flatMap(([, marks]) => marks.flatMap(([value, least, most]) => [value, least ?? value, most ?? value]));
  const most = round(Math.max(...all));
  const least = logarithmic ? Math.max(1, Math.min(...all.filter((value) => value > 0), most / 10)) : 0;
  const x = (value) => left + (wide - left - right) * (logarithmic
    ? Math.log10(Math.max(value, least) / least) / Math.log10(most / least) : value / most);
  const steps = [];
  if (logarithmic) for (let at = 10 ** Math.ceil(Math.log10(least)); at <= most * 1.001; at *= 10) steps.push(at);
  else for (let at = 0; at <= 4; at += 1) steps.push((most * at) / 4);
  const few = steps.filter((_, at) => steps.length < 7 || at % 2 === 0);
  const foot = known.length * high + 30;
  const axis = few.map((at) => `<line class="axis" x1="${x(at)}" x2="${x(at)}" y1="26" y2="${foot}"/>`
    + `<text class="axis-text" text-anchor="middle" x="${x(at)}" y="${foot + 15}">${say(at)}</text>`).join("");
  const drawn = known.map(([name, marks], row) => {
    const y = 40 + row * high;
    const line = marks.length > 1
      ? `<line class="axis" x1="${x(marks[0][0])}" x2="${x(marks[marks.length - 1][0])}" y1="${y}" y2="${y}" stroke-width="2"/>` : "";
    const points = marks.map(([value, low, up, label], at) => {
      const said = `${name}${label ? `, ${label}` : ""}: ${say(value)}${low === undefined || low === null ? "" : ` (${say(low)} to ${say(up)})`}`;
      const whisker = low === undefined || low === null ? ""
        : `<path class="whisker" d="M${x(low)} ${y - 4}v8M${x(low)} ${y}H${x(up)}M${x(up)} ${y - 4}v8"/>`;
      const radius = marks.length > 1 ? 3 + at : 5;
      return `<g data-tip="${escaped(said)}">${whisker}<circle class="mark" cx="${x(value)}" cy="${y}" r="${radius}"/><rect fill="transparent" x="${x(value) - 9}" y="${y - 11}" width="18" height="22"/></g>`;
    }).join("");
    return `<text x="${left - 10}" y="${y + 4}" text-anchor="end">${escaped(name)}</text>${line}${points}`;
  }).join("");
  const text = known.map(([name, marks]) => `${name} ${marks.map(([value]) => say(value)).join(", ")}`).join("; ");
  return `<figure class="chart" style="margin:0"><h3>${title}</h3><p class="small dim">${about}</p>`
    + `<svg viewBox="0 0 ${wide} ${foot + 22}" role="img" aria-label="${escaped(`${title}: ${text}`)}">${axis}${drawn}</svg></figure>`;
}

/** Who was served when: `rows` are [name, runs, [[second, share, faulty runs], ...]]. */
function timeChart(title, about, rows, heal, end) {
  const known = rows.filter(([, , seconds]) => seconds.some(([, share]) => share !== null));
  if (!known.length) return "";
  const [left, wide, high] = [150, 900, 46];
  const last = Math.max(end / 1e6, ...known.flatMap(([, , seconds]) => seconds.map(([second]) => second + 1)));
  const x = (second) => left + ((wide - left - 12) * second) / last;
  const foot = 12 + known.length * high;
  const steps = [0, 1, 2, 3, 4, 5].map((at) => Math.round((last * at) / 5));
  const axis = steps.map((at) => `<line class="axis" x1="${x(at)}" x2="${x(at)}" y1="6" y2="${foot}"/>`
    + `<text class="axis-text" text-anchor="middle" x="${x(at)}" y="${foot + 16}">${at} s</text>`).join("");
  const drawn = known.map(([name, runs, seconds], row) => {
    const base = 8 + (row + 1) * high - 8;
    const top = (share) => base - ((high - 14) * share) / 1000;
    const bands = seconds.filter(([, , faulty]) => faulty).map(([second, , faulty]) =>
      `<rect class="band" x="${x(second)}" y="${base - high + 12}" width="${x(1) - x(0) + 0.5}" height="${high - 12}" style="opacity:${(0.28 * faulty) / runs + 0.04}"/>`).join("");
    // Where nobody waited, nothing is drawn.
    let path = "";
    let before = -2;
    seconds.filter(([, share]) => share !== null).forEach(([second, share]) => {
      path += `${second === before + 1 ? "L" : "M"}${x(second)} ${top(share)}H${x(second + 1)}`;
      before = second;
    });
    const worst = seconds.filter(([, share]) => share !== null).reduce((a, b) => (b[1] < a[1] ? b : a));
    const tip = `${name}: at worst ${worst[1] / 10} % served, ${worst[0]} s into the runs`;
    return `<g data-tip="${escaped(tip)}"><rect fill="transparent" x="${left}" y="${base - high + 12}" width="${wide - left}" height="${high - 12}"/>${bands}`
      + `<line class="axis" x1="${left}" x2="${wide - 12}" y1="${base}" y2="${base}"/><path fill="none" stroke="var(--accent)" stroke-width="2" d="${path}"/></g>`
      + `<text x="${left - 10}" y="${base - high / 2 + 10}" text-anchor="end">${escaped(name)}</text>`;
  }).join("");
  const mark = heal ? `<line x1="${x(heal / 1e6)}" x2="${x(heal / 1e6)}" y1="6" y2="${foot}" stroke="var(--good)" stroke-dasharray="4 3"/><text class="axis-text" x="${x(heal / 1e6) + 4}" y="${foot - 2}">all faults over</text>` : "";
  const text = known.map(([name, , seconds]) => {
    const waited = seconds.filter(([, share]) => share !== null).map(([, share]) => share);
    return `${name} at worst ${Math.min(...waited) / 10} %`;
  }).join("; ");
  return `<figure class="chart wide" style="margin:0"><h3>${title}</h3><p class="small dim">${about}</p>`
    + `<svg viewBox="0 0 ${wide} ${foot + 24}" role="img" aria-label="${escaped(`${title}: ${text}`)}">${axis}${drawn}${mark}</svg></figure>`;
}

/** The charts of some rows of measures. */
function chartsOf(measures, scenario) {
  const name = (row) => DATA.protocols[row[0]];
  const of = (rows, take) => rows.map((row) => [name(row), take(row) ?? []]);
  const amount = (at) => (row) => row[at] && [[row[at][0], row[at][1]?.[0], row[at][1]?.[1]]];
  const latency = (row) => row[4] && ["p50", "p90", "p99", "longest"].map((label, at) =>
    [row[4][at], row[4][4]?.[at][0], row[4][4]?.[at][1], label]);
  const number = (value) => (value >= 1e5 ? String(Math.round(value / 1000)) : String(Math.round(value / 100) / 10));
  const [, , , , , faults, heal, end] = DATA.scenarios[scenario];
  return rowChart("Wait for a grant", "p50, p90, p99 and the longest of all grants, from left to right; the lines: where that of the middle run lies.",
    of(measures, latency), span, true)
    + rowChart("Messages a grant", "Those between clients and servers, and among servers.", of(measures, amount(6)), number, false)
    + rowChart("Disk writes a grant", "Those of the servers.", of(measures, amount(7)), number, false)
    + rowChart("Served within the bound", "Of the time in which somebody waited, the share that ended in time.",
      of(measures, amount(5)), (value) => `${value / 10} %`, false)
    + (faults.length ? rowChart("Recovery", "From the end of all faults to the first grant; the middle run.",
      of(measures, (row) => row[9] && [[row[9][0], row[10]?.[0], row[10]?.[1]]]), span, true) : "")
    + timeChart("Served over time", "For each second of the runs: of those who waited in it, the share whose wait ended in time. Shaded: a fault at work, the darker the more runs.",
      measures.map((row) => [name(row), row[2], row[11]]), faults.length ? heal : 0, end);
}

// Draws a run as a space-time diagram: lanes across, time down, the story beside it.
"use strict";

const MARKS = ["event", "consequence", "fault", "break", "fold"];
const FATES = ["arrived", "arrived once more", "was lost on the way", "did not get through: the link is cut",
  "was never handed over"];
const GUTTER = 92;

const escaped = (text) => String(text).replace(/[&<>"]/g,
  (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[sign]);

/** Microseconds as seconds, as the story has them. */
const moment = (at) => `${(Math.floor(at / 1000) / 1000).toFixed(3)} s`;

/** A duration in microseconds, as people say it. */
function span(micros) {
  if (micros === 0) return "0 s";
  const [size, unit] = micros >= 999950 ? [1e6, "s"] : micros >= 1000 ? [1e3, "ms"] : [1, "\u00b5s"];
  const number = micros / size;
  return `${number >= 100 ? Math.round(number) : Math.round(number * 10) / 10} ${unit}`;
}

/** Breaks a text into lines of at most so many letters. */
function lines(text, letters) {
  const broken = [""];
  for (const word of text.split(" ")) {
    const last = broken[broken.length - 1];
    if (last && last.length + 1 + word.length > letters) broken.push(word);
    else broken[broken.length - 1] = last ? `${last} ${word}` : word;
  }
  return broken;
}

/** Where everything stands: the rows of the story, and a place for every moment. */
function layout(diagram, story, view, width) {
  const wide = width >= 700;
  const label = wide ? Math.max(330, Math.round(width * 0.42)) : 0;
  const room = (width - GUTTER - label - 24) / Math.max(1, diagram.lanes.length);
  const step = Math.max(wide ? 58 : 46, Math.min(120, room));
  const letters = Math.floor((label - 20) / 6.6);
  let rows = [];
  for (let index = diagram.lines[0]; index < diagram.lines[1]; index += 1) {
    const [at, node, mark, text] = story[index];
    const time = Math.max(at, rows.length ? rows[rows.length - 1].at : diagram.from);
    const said = wide ? lines(node ? `${node} ${text}` : text, letters) : [];
    const height = wide ? said.length * 16 + 6 : 20;
    rows.push({ at: Math.min(time, diagram.to), node, mark, text, said, height });
  }
  // Who wants to see every message gets no row for what is left out.
  const times = new Set([diagram.from, diagram.to]);
  rows.forEach((row) => times.add(row.at));
  const inside = (at) => at >= diagram.from && at <= diagram.to;
  diagram.messages.forEach(([, , sent, arrived]) => [sent, arrived].forEach((at) => inside(at) && times.add(at)));
  [...diagram.beliefs, ...diagram.accounts].forEach(([, , from, to]) => [from, to].forEach((at) => inside(at) && times.add(at)));
  const sorted = [...times].sort((a, b) => a - b);
  const places = new Map();
  const scale = (view.zoom * Math.max(520, rows.length * 26)) / Math.max(1, diagram.to - diagram.from);
  let y = 26;
  let bottom = 0;
  let next = 0;
  const gaps = [];
  sorted.forEach((at, index) => {
    const passed = index ? at - sorted[index - 1] : 0;
    if (view.even) {
      const before = Math.max(y, index ? bottom - 14 : 0);
      y += index ? view.zoom * Math.min(44, 4 + 7 * Math.log10(1 + passed / 1000)) : 0;
      if (next < rows.length && rows[next].at === at) y = Math.max(y, bottom);
      if (passed >= 500000) {
        y = Math.max(y, before + 40);
        gaps.push([(before + y) / 2, passed]);
      }
    } else y = 26 + (at - diagram.from) * scale;
    places.set(at, y);
    let top = Math.max(y, bottom);
    while (next < rows.length && rows[next].at === at) {
      rows[next].y = y;
      rows[next].top = top;
      top += rows[next].height;
      bottom = top;
      next += 1;
    }
  });
  const lane = (index) => GUTTER + step * (index + 0.5);
  const right = GUTTER + step * diagram.lanes.length;
  const place = (at) => {
    if (at <= diagram.from) return 8;
    if (at >= diagram.to) return places.get(diagram.to) + (at > diagram.to ? 22 : 0);
    if (places.has(at)) return places.get(at);
    const after = sorted.findIndex((time) => time >= at);
    const [a, b] = [sorted[after - 1], sorted[after]];
    return places.get(a) + ((places.get(b) - places.get(a)) * (at - a)) / (b - a);
  };
  return { wide, lane, place, rows, gaps, right, step, label, width: Math.max(width - 2, right + label + 16),
    height: Math.max(y, bottom) + 36 };
}

/** What was wrong, behind everything else. */
function bands(diagram, at) {
  return diagram.bands.map(([lanes, kind, from, to, text]) => {
    const [top, foot] = [at.place(from), at.place(to)];
    const tip = `${text}, from ${moment(from)} to ${moment(to)} (${span(to - from)})`;
    const around = lanes.length > 3 || !lanes.length ? [[GUTTER - 4, at.right + 4]]
      : lanes.map((lane) => [at.lane(lane) - at.step * 0.42, at.lane(lane) + at.step * 0.42]);
    const style = kind === "pause" || kind === "crash" ? kind : "fault";
    const drawn = around.map(([left, right]) =>
      `<rect class="${style}" x="${left}" y="${top}" width="${right - left}" height="${Math.max(3, foot - top)}"/>`);
    if (style === "fault") {
      drawn.push(`<line class="fault-edge" x1="${around[0][0]}" x2="${around[0][0]}" y1="${top}" y2="${foot}"/>`);
    }
    if (kind === "crash") {
      const x = at.lane(lanes[0]);
      drawn.push(`<path class="broken-off" d="M${x - 7} ${top - 7}l14 14m0 -14l-14 14"/>`);
    }
    return `<g data-tip="${escaped(tip)}">${drawn.join("")}</g>`;
  }).join("");
}

/** Who believed to hold, and who was the owner by the servers' account. */
function bars(diagram, at) {
  const several = new Set([...diagram.beliefs, ...diagram.accounts].map(([, lock]) => lock)).size > 1;
  const draw = (all, style, shift, wide, words) => all.map(([lane, lock, from, to, token, end]) => {
    const [top, foot] = [at.place(from), at.place(to)];
    const number = several ? (Number(lock.slice(1)) - 1) % 3 : 0;
    const x = at.lane(lane) + (shift < 0 ? shift - number * 10 : shift + number * 7);
    const until = end === "open" ? "to the end of the run" : `to ${moment(to)} (${end})`;
    const named = token < 0 ? "" : `, token ${token}`;
    const tip = `${diagram.lanes[lane]} ${words} ${lock}${named}: from ${moment(from)} ${until}, ${span(to - from)}`;
    const name = several && foot - top > 24
      ? `<text class="axis-text" x="${x - 1}" y="${top - 3}" font-size="10">${lock}</text>` : "";
    return `<g class="item" tabindex="-1" data-tip="${escaped(tip)}" aria-label="${escaped(tip)}"><rect class="${style}" rx="2" x="${x}" y="${top}" width="${wide}" height="${Math.max(3, foot - top)}"/>${name}</g>`;
  }).join("");
  return draw(diagram.beliefs, "belief", -11, 9, "believes that it holds")
    + draw(diagram.accounts, "account", 3, 5, "is, by the servers' account, the owner of");
}

/** Messages; those that did not get through break off. */
function arrows(diagram, at) {
  return diagram.messages.map(([from, to, sent, arrived, fate, text]) => {
    const [x1, x2, y1] = [at.lane(from), at.lane(to), at.place(sent)];
    const gone = fate >= 2;
    const share = gone ? 0.55 : 1;
    const y2 = gone ? y1 + 10 : at.place(arrived);
    const side = Math.sign(x2 - x1) || 1;
    const x = x1 + (x2 - x1) * share - (gone ? 0 : side * 3);
    const tip = `${diagram.lanes[from]} to ${diagram.lanes[to]}: ${text}. Sent at ${moment(sent)}, `
      + (gone ? FATES[fate] : `${FATES[fate]} after ${span(arrived - sent)}`);
    const end = gone ? `<path class="broken-off" d="M${x - 5} ${y2 - 5}l10 10m0 -10l-10 10"/>`
      : head(x, y2, x1, y1);
    const line = `x1="${x1}" y1="${y1}" x2="${x}" y2="${y2}"`;
    return `<g class="item message" tabindex="-1" data-tip="${escaped(tip)}" aria-label="${escaped(tip)}"><line class="arrow${gone ? " lost" : ""}" ${line}/>${end}<line class="hit" ${line}/></g>`;
  }).join("");
}

function head(x, y, fromX, fromY) {
  const turn = (Math.atan2(y - fromY, x - fromX) * 180) / Math.PI;
  return `<path class="arrow-head" d="M0 0l-9 -4v8z" transform="translate(${x} ${y}) rotate(${turn.toFixed(1)})"/>`;
}

/** The tokens that were shown. */
function tokens(diagram, at) {
  const words = { granted: "is granted", read: "reads with", written: "writes with", refused: "is refused with" };
  return diagram.tokens.map(([lane, when, token, owner, what]) => {
    if (token < 0) return "";
    const text = `${what === "refused" ? "\u2715" : ""}${token}`;
    const [x, y] = [at.lane(lane) + 11, at.place(when)];
    const tip = `${owner} ${words[what]} token ${token} at ${moment(when)}`;
    return `<g class="token" data-tip="${escaped(tip)}"><rect class="token-box ${what}" rx="4" x="${x}" y="${y - 8}" width="${9 + text.length * 7}" height="15"/><text class="token" x="${x + 4.5}" y="${y + 3.5}">${text}</text></g>`;
  }).join("");
}

/** The story's lines: a dot where each happened, and its words beside it. */
function rows(diagram, at) {
  return at.rows.map((row, position) => {
    const mark = MARKS[row.mark];
    const lane = diagram.lanes.indexOf(row.node);
    const x = lane < 0 ? at.right + 6 : at.lane(lane);
    const tip = `${moment(row.at)}: ${row.node ? `${row.node} ` : ""}${row.text}`;
    const left = at.right + 18;
    const said = row.said.map((line, index) =>
      `<tspan x="${left}" y="${row.top + 4 + index * 16}">${escaped(line)}</tspan>`).join("");
    const lead = at.wide && mark !== "fold" && mark !== "break" && lane >= 0
      ? `<path class="lead" fill="none" d="M${x + 6} ${row.y}H${at.right}L${left - 4} ${row.top}"/>` : "";
    const dot = mark === "fold" || mark === "break" || lane < 0 ? ""
      : `<circle class="dot ${mark}" r="5" cx="${x}" cy="${row.y}"/>`;
    // Where there is no room for words, numbers stand for the lines of the list below.
    const number = at.wide || !dot ? "" : `<text class="number" x="${x - 9}" y="${row.y - 6}" text-anchor="end">${position + 1}</text>`;
    const high = Math.max(20, row.said.length * 16 + 6);
    const broken = mark !== "break" ? ""
      : `<rect class="break-band" x="${at.right + 8}" y="${row.top - 11}" width="${at.wide ? at.label + 10 : 0}" height="${high}"/>`
      + `<line class="break-line" x1="${GUTTER - 6}" x2="${at.right + 8}" y1="${row.y}" y2="${row.y}"/>`;
    const time = mark === "fold" ? "" : `<text class="time" x="${GUTTER - 14}" y="${row.top + 4}">${moment(row.at)}</text>`;
    return `<g class="item row-item" tabindex="-1" data-mark="${mark}" data-tip="${escaped(tip)}" aria-label="${escaped(tip)}">${broken}${lead}${dot}${number}${at.wide || mark === "break" ? time : ""}<text class="row ${mark}">${said}</text></g>`;
  }).join("");
}

/** Draws the diagram into its box. */
function draw(box, story, diagram, view) {
  const at = layout(diagram, story, view, box.clientWidth || 900);
  const heads = diagram.lanes.map((name, index) => {
    const x = at.lane(index);
    const wide = Math.min(at.step - 6, 80);
    return `<rect x="${x - wide / 2}" y="4" width="${wide}" height="24" rx="5"/><text x="${x}" y="21">${name}</text>`;
  }).join("");
  const lanes = diagram.lanes.map((name, index) =>
    `<line class="lane" x1="${at.lane(index)}" x2="${at.lane(index)}" y1="0" y2="${at.height}"/>`).join("");
  const gaps = at.gaps.map(([y, passed]) =>
    `<text class="gap" x="${GUTTER - 14}" y="${y + 4}">\u22ee ${span(passed)}</text>`).join("");
  const size = (height) => `width="${at.width}" height="${height}" viewBox="0 0 ${at.width} ${height}"`;
  box.innerHTML = `<div style="position:sticky;top:0;z-index:2;background:var(--paper);width:${at.width}px">`
    + `<svg class="diagram" aria-hidden="true" ${size(32)}><g class="head">${heads}</g></svg></div>`
    + `<svg class="diagram body" role="group" aria-label="Space-time diagram. The same as text: the story." ${size(at.height)}>`
    + `<defs><pattern id="hatch" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">`
    + `<rect width="7" height="7" fill="var(--fault-soft)"/><line x1="0" x2="0" y1="0" y2="7" stroke="var(--fault)" stroke-width="2.5"/></pattern></defs>`
    + bands(diagram, at) + lanes + bars(diagram, at) + arrows(diagram, at) + rows(diagram, at)
    + tokens(diagram, at) + gaps + `</svg>`;
  const list = box.parentElement.querySelector(".rows");
  list.innerHTML = at.wide ? "" : at.rows.map((row) =>
    `<li class="${MARKS[row.mark]}"><span class="dim">${moment(row.at)}</span> ${escaped(row.node ? `${row.node} ` : "")}${escaped(row.text)}</li>`).join("");
}

const KEYS = [
  ['<rect width="9" height="14" fill="var(--hold)"/>', "believes that it holds the lock"],
  ['<rect x="2" width="5" height="14" fill="var(--account)"/>', "owns it, by the servers' account"],
  ['<rect width="14" height="14" fill="url(#hatch)"/>', "stands still"],
  ['<rect width="14" height="14" fill="var(--ink)" opacity=".2"/>', "dead"],
  ['<rect width="14" height="14" fill="var(--fault)" opacity=".2"/>', "another fault at work"],
  ['<line y1="3" x2="12" y2="11" stroke="var(--dim)" stroke-width="1.5"/><path d="M14 12l-8 0l4 -6z" fill="var(--dim)"/>', "message"],
  ['<path d="M3 3l9 9m0 -9l-9 9" stroke="var(--bad)" stroke-width="2"/>', "message that did not get through"],
  ['<rect x=".5" y="1.5" width="13" height="12" rx="3" fill="none" stroke="var(--hold)"/>', "token"],
  ['<line y1="7" x2="14" y2="7" stroke="var(--bad)" stroke-width="2"/>', "a guarantee breaks"],
];

/** Makes a diagram with its tools in a place. */
function diagramIn(place, story, diagram) {
  const view = { even: true, zoom: 1 };
  const left = [];
  if (diagram.from > 0 || diagram.to < diagram.runEnd) {
    left.push(`Shown from ${moment(diagram.from)} to ${moment(diagram.to)} of a run of ${moment(diagram.runEnd)}`);
  }
  if (diagram.messagesLeftOut) left.push(`${diagram.messagesLeftOut} other messages of that time left out`);
  if (diagram.lanesLeftOut) left.push(`${diagram.lanesLeftOut} node${diagram.lanesLeftOut === 1 ? "" : "s"} to which nothing of it happens left out`);
  const keys = KEYS.map(([picture, words]) =>
    `<li><svg width="15" height="15" aria-hidden="true">${picture}</svg>${words}</li>`).join("");
  place.innerHTML = `<div class="tools"><button data-do="in" aria-label="Zoom in">+</button>`
    + `<button data-do="out" aria-label="Zoom out">\u2212</button>`
    + `<button data-do="even" aria-pressed="false">True to time</button>`
    + `<span class="dim small">Time runs down. ${escaped(left.join("; "))}${left.length ? ". " : ""}Point at anything, or walk with the arrow keys.</span></div>`
    + `<ul class="keys">${keys}</ul><div class="diagram-box" tabindex="0" role="region" aria-label="Space-time diagram"></div><ol class="rows"></ol>`;
  const box = place.querySelector(".diagram-box");
  const redraw = () => draw(box, story, diagram, view);
  const zoom = (by) => {
    const share = box.scrollTop / Math.max(1, box.scrollHeight);
    view.zoom = Math.min(12, Math.max(0.4, view.zoom * by));
    redraw();
    box.scrollTop = share * box.scrollHeight;
  };
  place.addEventListener("click", (event) => {
    const what = event.target.closest("button")?.dataset.do;
    if (what === "in") zoom(1.5);
    if (what === "out") zoom(1 / 1.5);
    if (what === "even") {
      view.even = !view.even;
      event.target.setAttribute("aria-pressed", String(!view.even));
      redraw();
    }
  });
  box.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    zoom(event.deltaY < 0 ? 1.2 : 1 / 1.2);
  }, { passive: false });
  box.addEventListener("keydown", (event) => {
    if (event.key === "+" || event.key === "=") zoom(1.5);
    else if (event.key === "-") zoom(1 / 1.5);
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      walk(box, event.key === "ArrowDown" ? 1 : -1);
    }
  });
  let width = 0;
  // Drawn after the observer is done: what is drawn may change the size that it observes.
  new ResizeObserver(() => requestAnimationFrame(() => {
    if (box.clientWidth === width) return;
    width = box.clientWidth;
    redraw();
  })).observe(box);
  redraw();
}

/** Moves on to the next thing of a diagram, from top to bottom. */
function walk(box, by) {
  const items = [...box.querySelectorAll(".item")].map((item) => [item.getBoundingClientRect().top, item]);
  items.sort((a, b) => a[0] - b[0]);
  const now = items.findIndex(([, item]) => item === document.activeElement);
  const next = items[Math.min(items.length - 1, Math.max(0, now + by))];
  if (next) {
    next[1].focus();
    next[1].scrollIntoView({ block: "nearest" });
  }
}

/** What the pointer or the keyboard is at, in words. */
function tips() {
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.setAttribute("role", "status");
  tip.hidden = true;
  document.body.append(tip);
  const show = (event) => {
    const at = event.target.closest?.("[data-tip]");
    tip.hidden = !at;
    if (!at) return;
    tip.textContent = at.dataset.tip;
    const box = at.getBoundingClientRect();
    const x = event.clientX ?? box.left + box.width / 2;
    const y = event.clientY ?? box.bottom;
    tip.style.left = `${Math.max(6, Math.min(x + 12, innerWidth - tip.offsetWidth - 8))}px`;
    tip.style.top = `${y + 18 + tip.offsetHeight > innerHeight ? y - tip.offsetHeight - 12 : y + 18}px`;
  };
  for (const kind of ["mouseover", "mousemove", "click", "focusin"]) document.addEventListener(kind, show);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") tip.hidden = true; });
  document.addEventListener("scroll", () => { tip.hidden = true; }, true);
}

const DATA = JSON.parse(document.getElementById("data").textContent);

/** A story with its texts. */
const storyOf = (rows) => rows.map(([at, node, mark, text]) => [at, node, mark, DATA.texts[text]]);

/** A diagram with its texts, by name. */
function diagramOf([[from, to, runEnd], lines_, lanes, lanesLeftOut, messages, messagesLeftOut, beliefs, accounts, bands_, tokens_]) {
  return {
    from, to, runEnd, lines: lines_, lanes, lanesLeftOut, messagesLeftOut, beliefs, accounts, tokens: tokens_,
    messages: messages.map((row) => [...row.slice(0, 5), DATA.texts[row[5]]]),
    bands: bands_.map((row) => [...row.slice(0, 4), DATA.texts[row[4]]]),
  };
}

// Uses a page as a person would, and writes down what it saw: a line `ok: ...` for what is as it
// should be, and one that begins otherwise for what is not.
{
  const found = [];
  const check = (so, what) => found.push(`${so ? "ok" : "NOT"}: ${what}`);
  const troubles = [];
  addEventListener("error", (event) => troubles.push(`error ${event.message}`));
  addEventListener("unhandledrejection", (event) => troubles.push(`error ${event.reason}`));
  addEventListener("securitypolicyviolation", (event) => troubles.push(`policy ${event.blockedURI}`));
  for (const kind of ["error", "warn", "log"]) console[kind] = (...all) => troubles.push(`console ${all}`);
  const wait = (millis) => new Promise((done) => setTimeout(done, millis));
  const fire = (at, kind, more = {}) => at.dispatchEvent(new MouseEvent(kind, { bubbles: true, clientX: 200, clientY: 200, ...more }));
  const press = (at, key) => at.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  const go = async (hash) => { location.hash = hash; await wait(120); };

  async function diagram() {
    const box = document.querySelector(".diagram-box");
    check(box !== null, "there is a diagram");
    const height = () => Number(box.querySelector("svg.body").getAttribute("height"));
    check(box.querySelectorAll(".message").length > 3, "it has messages");
    check(box.querySelectorAll("rect.belief").length > 1, "it has bars for who believed to hold");
    check(box.querySelectorAll(".break-line").length > 0, "the moment of the break is marked");
    const before = height();
    fire(document.querySelector("[data-do=in]"), "click");
    check(height() > before, `zooming in makes it taller: ${before} to ${height()}`);
    press(box, "-");
    check(Math.abs(height() - before) < 2, "the keyboard zooms out again");
    const even = document.querySelector("[data-do=even]");
    fire(even, "click");
    check(even.getAttribute("aria-pressed") === "true", "it can be true to time");
    fire(even, "click");
    const tip = document.querySelector(".tip");
    const message = box.querySelector(".message");
    fire(message.querySelector(".hit"), "mouseover");
    check(!tip.hidden && tip.textContent === message.dataset.tip && / to .*: .*Sent at/.test(tip.textContent),
      `pointing at a message tells of it: ${tip.textContent}`);
    press(box, "ArrowDown");
    const first = document.activeElement;
    press(first, "ArrowDown");
    check(first.matches(".item") && document.activeElement !== first && !tip.hidden, "the arrow keys walk through it");
  }

  async function report() {
    const detail = document.getElementById("detail");
    check(detail.hidden, "nothing is open at first");
    const cell = document.querySelector("#matrix a.cell.broken");
    cell.click();
    await wait(120);
    check(!detail.hidden && detail.textContent.includes("runs that broke it"), "a field of the matrix opens what is behind it");
    check(cell.getAttribute("aria-current") === "true", "the field that is open is marked");
    const pair = detail.querySelector("a[href^='#pair/']");
    pair.click();
    await wait(120);
    check(detail.querySelectorAll("svg").length > 3, "a scenario of it has charts");
    const rows = [...detail.querySelectorAll("table")].at(-1).querySelectorAll("tbody tr").length;
    check(rows === 6, `and its runs: ${rows}`);
    detail.querySelector("a[href^='#run/']").click();
    await wait(200);
    check(detail.querySelector(".banner").textContent.includes("Broke in this run"), "a run of it says what broke");
    await diagram();
    check(document.querySelectorAll("#charts svg").length >= 4, "costs are charted");
    const only = document.getElementById("only");
    only.value = "U";
    only.dispatchEvent(new Event("change"));
    const shown = [...document.querySelectorAll(".where tr[data-name]")].filter((row) => !row.hidden);
    check(shown.length > 0 && shown.every((row) => row.textContent.includes("U")), "scenarios can be chosen by guarantee");
    await go("matrix");
    check(detail.hidden, "it closes");
    await go("pair/raft/%3Cscript%3E");
    check(detail.textContent.includes("Not in this report"), "an address that leads nowhere is said to");
  }

  addEventListener("load", async () => {
    await wait(100);
    try {
      if (KIND === "report") await report();
      else await diagram();
    } catch (error) {
      troubles.push(`error ${error.stack}`);
    }
    const wide = document.documentElement.scrollWidth;
    check(wide <= innerWidth + 1, `the page is no wider than its window: ${wide} of ${innerWidth}`);
    const asked = performance.getEntriesByType("resource").map((entry) => entry.name).filter((name) => !name.startsWith("data:"));
    check(asked.length === 0, `nothing is asked of a network: ${asked}`);
    check(troubles.length === 0, `no trouble: ${troubles.join("; ")}`);
    const paint = performance.getEntriesByType("paint").find((entry) => entry.name === "first-contentful-paint");
    if (paint) check(paint.startTime < 2000, `first paint after ${Math.round(paint.startTime)} ms`);
    const note = document.createElement("pre");
    note.id = "findings";
    note.textContent = found.join("\n");
    document.body.prepend(note);
  });
}

// The page of one run.

const copies = () => document.addEventListener("click", (event) => {
  const text = event.target.closest("[data-copy]")?.dataset.copy;
  if (!text) return;
  const done = () => { event.target.textContent = "Copied"; };
  if (navigator.clipboard) navigator.clipboard.writeText(text).then(done, () => {});
});

copies();
tips();
const [, story, drawn] = DATA.run;
if (drawn) diagramIn(document.getElementById("diagram"), storyOf(story), diagramOf(drawn));

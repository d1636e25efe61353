"use strict";
// Filters the questions and moves between their drawers. Without scripts all questions are listed, and a drawer still
// opens by its link.
{
  const all = (what, within = document) => [...within.querySelectorAll(what)];
  const table = document.querySelector(".questions");
  const rows = all("tbody tr", table).map((row) => {
    const link = row.querySelector("a");
    return { row, link, drawer: document.getElementById(link.hash.slice(1)), text: "" };
  });
  const find = document.getElementById("find");
  const stage = document.getElementById("stage");
  const shown = () => rows.filter((one) => !one.row.hidden);
  const plain = (text) => text.toLowerCase().normalize("NFKD").replace(/\p{M}/gu, "");

  const filter = () => {
    const words = plain(find.value).split(/\s+/).filter(Boolean);
    const kind = document.querySelector("input[name=kind]:checked").value;
    for (const one of rows) {
      if (words.length && !one.text) {
        one.text = plain([one.row, ...all(".answer, .truth", one.drawer)].map((part) => part.textContent).join(" "));
      }
      one.row.hidden = !(
        one.row.dataset.kinds.split(" ").includes(kind) &&
        (!stage || !stage.value || one.row.dataset.more.split("\n").includes(stage.value)) &&
        words.every((word) => one.text.includes(word))
      );
    }
    const count = shown().length;
    document.getElementById("count").textContent = `${count} of ${rows.length}`;
    document.querySelector(".none").hidden = count > 0;
    table.parentNode.hidden = count === 0;
  };

  const current = () => rows.find((one) => one.drawer.id === location.hash.slice(1));
  const go = (step) => {
    const list = shown();
    const next = list[list.indexOf(current()) + step];
    if (next) location.replace(next.link.hash);
  };
  const close = () => {
    const open = current();
    if (!open) return;
    location.replace("#-"); // of no element: the page stays where it is
    open.link.focus({ preventScroll: true });
    open.row.scrollIntoView({ block: "nearest" });
  };
  const opened = () => {
    const open = current();
    for (const one of rows) one.row.classList.toggle("open", one === open);
    if (!open) return;
    open.drawer.scrollTop = 0;
    open.drawer.focus({ preventScroll: true });
  };

  document.querySelector(".tools").hidden = false;
  document.querySelector(".tools").addEventListener("submit", (event) => event.preventDefault());
  find.addEventListener("input", filter);
  for (const one of [...all("input[name=kind]"), ...(stage ? [stage] : [])]) one.addEventListener("change", filter);
  table.classList.add("ready");
  table.addEventListener("click", (event) => {
    const row = event.target.closest("tbody tr");
    if (row && !event.target.closest("a") && !String(getSelection())) location.hash = row.querySelector("a").hash;
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest(".drawer nav a");
    const outside = current() && !event.target.closest(".drawer, .questions tbody");
    if (!link && !outside) return;
    event.preventDefault();
    if (outside || link.matches(".close")) close();
    else go(link.matches(".next") ? 1 : -1);
  });
  document.addEventListener("keydown", (event) => {
    if (event.target.matches("input, select") || event.ctrlKey || event.metaKey || event.altKey || !current()) return;
    if (event.key === "Escape") close();
    else if (event.key === "j" || event.key === "ArrowRight") go(1);
    else if (event.key === "k" || event.key === "ArrowLeft") go(-1);
  });
  addEventListener("hashchange", opened);
  filter();
  opened();
}

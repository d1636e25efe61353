// Files come and go; what is read goes on in jobs that are asked how far they are.
import { call, find, make } from "./shared.js";

const ROWS = 200; // so many are drawn at once: ten thousand would take a second
const PAUSE = 600; // milliseconds between two looks at a job
let listed = [], drawn = ROWS;

async function json(path, options) {
  const reply = await call(path, options), value = await reply.json();
  if (!reply.ok) throw new Error(value.error?.message ?? `the service said ${reply.status}`);
  return value;
}

async function load() {
  const { documents, failed } = await json("/api/documents");
  listed = documents;
  draw();
  find("failed").hidden = !failed.length;
  find("failures").replaceChildren(...failed.map(failure));
}

function failure({ file, reason }) {
  const item = make("li");
  item.append(make("strong", "", file), " ", reason);
  return item;
}

function draw() {
  const wanted = find("filter").value.trim().toLowerCase();
  const found = listed.filter((one) => one.document.toLowerCase().includes(wanted));
  find("rows").replaceChildren(...found.slice(0, drawn).map(row));
  find("count").textContent = found.length === listed.length ? `${listed.length}` : `${found.length} of ${listed.length}`;
  find("none").hidden = listed.length > 0;
  find("table").hidden = !found.length;
  find("more").hidden = found.length <= drawn;
}

function row(one) {
  const line = make("tr"), name = make("th"), last = make("td", "num"), cut = one.document.lastIndexOf("/") + 1;
  name.scope = "row";
  name.append(make("span", "name", one.document.slice(cut)), make("span", "folder", one.document.slice(0, cut)));
  const remove = make("button", "quiet", "Remove");
  remove.type = "button";
  remove.setAttribute("aria-label", `Remove ${one.document}`);
  remove.addEventListener("click", () => confirmed(one));
  last.append(remove);
  const readers = one.groups === undefined ? "you" : one.groups.join(", ") || "everyone";
  line.append(name, make("td", "num", String(one.passages)), make("td", "readers", readers), last);
  return line;
}

function confirmed(one) {
  const dialog = find("sure");
  find("which").textContent = one.document;
  dialog.returnValue = "";
  dialog.showModal();
  dialog.addEventListener("close", () => {
    if (dialog.returnValue) follow(`Remove ${one.document}`, json(`/api/documents/${one.id}`, { method: "DELETE" }));
  }, { once: true });
}

function add(files) {
  if (!files.length) return;
  const form = new FormData();
  for (const file of files) form.append("file", file);
  const what = files.length === 1 ? files[0].name : `${files.length} files`;
  follow(`Add ${what}`, json("/api/documents", { method: "POST", body: form }));
}

async function follow(what, begun) {
  const item = make("li"), state = make("p", "", "Sending"), bar = make("progress");
  bar.setAttribute("aria-label", what);
  item.append(make("strong", "", what), state, bar);
  find("jobs").prepend(item);
  try {
    let job = await begun;
    while (job.status === "waiting" || job.status === "running") {
      state.textContent = job.status === "waiting" ? "Waiting for what was begun before" : told(job);
      if (job.total) [bar.value, bar.max] = [job.done, job.total];
      await new Promise((go) => setTimeout(go, PAUSE));
      job = await json(`/api/jobs/${job.id}`);
    }
    if (job.status === "failed") throw new Error(job.result.error?.message ?? "it failed");
    state.textContent = outcome(job.result);
    const failed = job.result.failed ?? [];
    if (failed.length) {
      const list = make("ul", "failures");
      list.append(...failed.map(failure));
      item.append(list);
    }
    item.className = failed.length ? "part" : "done";
  } catch (error) {
    state.textContent = error.message;
    item.className = "failed";
  }
  bar.remove();
  await load();
}

const told = (job) => job.total ? `${job.current || "Reading"}, ${job.done} of ${job.total}` : job.current || "Reading";

function outcome(result) {
  if (result.removed) return "Removed";
  const counts = [["added", "added"], ["changed", "read again"], ["unchanged", "known already"]];
  const said = counts.filter(([key]) => result[key]).map(([key, word]) => `${result[key]} ${word}`);
  if (result.failed?.length) said.push(`${result.failed.length} not read`);
  return `${said.join(", ") || "Nothing to read"}, ${result.seconds.toFixed(1)} s`;
}

async function filesOf(items) {
  const found = [];
  async function walk(entry) {
    if (entry.isFile) return found.push(await new Promise((go, no) => entry.file(go, no)));
    const reader = entry.createReader();
    for (;;) { // a folder is given in parts
      const part = await new Promise((go, no) => reader.readEntries(go, no));
      if (!part.length) return undefined;
      for (const one of part) await walk(one);
    }
  }
  for (const entry of [...items].map((one) => one.webkitGetAsEntry()).filter(Boolean)) await walk(entry);
  return found.filter((file) => !file.name.startsWith("."));
}

const drop = find("drop");
for (const name of ["dragenter", "dragover"]) drop.addEventListener(name, (event) => { event.preventDefault(); drop.className = "over"; });
for (const name of ["dragleave", "drop"]) drop.addEventListener(name, () => { drop.className = ""; });
drop.addEventListener("drop", async (event) => { event.preventDefault(); add(await filesOf(event.dataTransfer.items)); });
for (const id of ["files", "folder"]) find(id).addEventListener("change", ({ target }) => {
  add([...target.files].filter((file) => !file.name.startsWith(".")));
  target.value = "";
});
find("filter").addEventListener("input", () => { drawn = ROWS; draw(); });
find("more").addEventListener("click", () => { drawn += ROWS; draw(); });
await load();

// Files come and go; what is read goes on in jobs.
import { call, find, make } from "./shared.js";

const MOST_FILES = 200, MOST_BYTES = 100e6; // of one request

async function json(path, options) {
  const reply = await call(path, options), value = await reply.json();
  if (!reply.ok) throw new Error(value.error?.message ?? `the service said ${reply.status}`);
  return value;
}

function load() { // the list as it is now, at the place of it that is shown
  htmx.ajax("GET", location.pathname + location.search, { target: "#found", select: "#found", swap: "outerHTML" });
}

function confirmed(id, name) {
  const dialog = find("sure");
  find("which").textContent = name;
  dialog.returnValue = "";
  dialog.showModal();
  dialog.addEventListener("close", () => {
    if (dialog.returnValue) follow(`Remove ${name}`, json(`/api/documents/${id}`, { method: "DELETE" }));
  }, { once: true });
}

async function add(files) { // each with its path in the folder that was given, some at a time
  const visible = files.filter(({ path }) => !path.split("/").some((part) => part.startsWith(".")));
  while (visible.length) {
    const form = new FormData();
    let size = 0, count = 0, what = visible[0].path;
    do {
      const { file, path } = visible.shift();
      form.append("file", file, path);
      size += file.size;
    } while (++count < MOST_FILES && visible.length && size + visible[0].file.size < MOST_BYTES);
    if (count > 1) what = `${count} files`;
    const begun = json("/api/documents", { method: "POST", body: form });
    follow(`Add ${what}`, begun);
    await begun.catch(() => {});
  }
}

async function follow(what, begun) { // how far the job is, the piece that takes this one's place asks by itself
  const item = make("li"), state = make("p", "", "Sending");
  item.append(make("strong", "", what), state, make("progress"));
  item.lastChild.setAttribute("aria-label", what);
  find("jobs").prepend(item);
  try {
    const { id } = await begun;
    await htmx.ajax("GET", `/jobs/${id}`, { source: item, target: item, swap: "outerHTML" });
  } catch (error) {
    item.replaceChildren(item.firstChild, state);
    item.className = "failed";
    state.textContent = error.message;
  }
}

async function filesOf(items) {
  const found = [];
  async function walk(entry) {
    if (entry.isFile) return found.push({ file: await new Promise((go, no) => entry.file(go, no)), path: entry.fullPath.slice(1) });
    const reader = entry.createReader();
    for (;;) { // a folder is given in parts
      const part = await new Promise((go, no) => reader.readEntries(go, no));
      if (!part.length) return undefined;
      for (const one of part) await walk(one);
    }
  }
  for (const entry of [...items].map((one) => one.webkitGetAsEntry()).filter(Boolean)) await walk(entry);
  return found;
}

const drop = find("drop");
for (const name of ["dragenter", "dragover"]) drop.addEventListener(name, (event) => { event.preventDefault(); drop.className = "over"; });
for (const name of ["dragleave", "drop"]) drop.addEventListener(name, () => { drop.className = ""; });
drop.addEventListener("drop", async (event) => { event.preventDefault(); add(await filesOf(event.dataTransfer.items)); });
for (const id of ["files", "folder"]) find(id).addEventListener("change", ({ target }) => {
  add([...target.files].map((file) => ({ file, path: file.webkitRelativePath || file.name })));
  target.value = "";
});
document.addEventListener("click", ({ target }) => target.dataset.remove && confirmed(target.dataset.remove, target.dataset.name));
find("jobs").addEventListener("htmx:after:swap", () => find("jobs").querySelector("progress") || load());

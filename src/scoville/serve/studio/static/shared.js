// What the pages share: nodes of text, and calls with the key of whoever asks.
export const find = (id) => document.getElementById(id);

export function make(name, className = "", text = "") {
  const node = document.createElement(name);
  if (className) node.className = className;
  if (text) node.textContent = text;
  return node;
}

export async function call(path, options = {}) {
  const key = sessionStorage.getItem("key");
  const headers = { ...options.headers, ...(key ? { Authorization: `Bearer ${key}` } : {}) };
  const reply = await fetch(path, { ...options, headers });
  if (reply.status !== 401) return reply;
  await askForKey();
  return call(path, options);
}

function askForKey() {
  const dialog = find("locked");
  dialog.showModal();
  return new Promise((go) => dialog.addEventListener("close", () => {
    sessionStorage.setItem("key", find("key").value.trim());
    go();
  }, { once: true }));
}

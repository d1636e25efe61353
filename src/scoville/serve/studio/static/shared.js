// What the pages share: nodes of text, calls, and keys that do what a link or a button does.
export const find = (id) => document.getElementById(id);

export function make(name, className = "", text = "") {
  const node = document.createElement(name);
  if (className) node.className = className;
  if (text) node.textContent = text;
  return node;
}

export async function call(path, options = {}) {
  const reply = await fetch(path, options);
  if (reply.status === 401) location.reload(); // the key was revoked, or its month is over: the page asks for one
  return reply;
}

document.addEventListener("keydown", (event) => {
  const writes = event.target.matches("input:not([type=checkbox], [type=radio]), select, textarea");
  if (event.ctrlKey || event.metaKey || event.altKey || (writes && event.key !== "Escape")) return;
  const target = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (!target) return;
  event.preventDefault();
  if (writes) event.target.blur();
  else if (target.matches("input, select, textarea")) target.focus();
  else target.click();
});

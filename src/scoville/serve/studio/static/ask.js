// The answer stream and the page viewer. Text of answers and documents only ever becomes text nodes.
import { call, find, make } from "./shared.js";

const turns = find("turns"), field = find("question"), send = find("send"), viewer = find("viewer");
const talk = turns.dataset.talk || [...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
let history = [...turns.children].map((node, place) => ({ role: place % 2 ? "assistant" : "user", content: node.textContent.trim() }));
if (!turns.dataset.talk) history = [];
let waiting = null, cited = [], at = 0, shown = "";

async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const name = /^event: (.*)$/m.exec(block), data = /^data: (.*)$/m.exec(block);
      if (data) yield [name ? name[1] : "", JSON.parse(data[1])];
    }
  }
}

async function ask(question) {
  find("welcome")?.remove();
  turns.append(make("p", "asked", question));
  const turn = make("article", "answer"), said = make("div", "said wait");
  turn.append(said);
  turns.append(turn);
  turn.scrollIntoView({ block: "end" });
  waiting = new AbortController();
  send.textContent = "Stop";
  try {
    const reply = await call("/api/ask", {
      method: "POST", headers: { "Content-Type": "application/json" }, signal: waiting.signal,
      body: JSON.stringify({ question, history: history.slice(-12), conversation: talk, stream: true }),
    });
    if (!reply.ok) throw new Error((await reply.json()).error?.message ?? `the service said ${reply.status}`);
    for await (const [name, value] of events(reply.body)) {
      if (name === "text") {
        said.className = "said streaming";
        said.append(value.text);
      } else if (name === "answer") {
        show(turn, value);
        history = [...history, { role: "user", content: question }, { role: "assistant", content: value.answer }].slice(-12);
      } else if (name === "error") throw new Error(value.error?.message ?? "the answer broke off");
    }
  } catch (error) {
    const stopped = error.name === "AbortError";
    turn.replaceChildren(card("fault", stopped ? "Stopped." : "That did not work.", stopped ? "" : error.message));
  }
  waiting = null;
  send.textContent = "Ask";
  turn.scrollIntoView({ block: "nearest" });
}

const UNSURE_BELOW = 0.6; // as scoville.html has it

function card(kind, head, why) {
  const box = make("div", `refusal ${kind}`);
  if (head) box.append(make("p", "", head));
  if (why) box.append(make("p", "why", why));
  return box;
}

function show(turn, answer) {
  const meta = make("p", "meta");
  meta.append(make("span", "", `${answer.seconds.total.toFixed(1)} s`), make("span", "", answer.model ?? "no model asked"));
  if (answer.refused) {
    const box = card("", "", answer.because ?? ""), near = answer.refusal?.citations ?? [];
    box.prepend(...blocks(answer.answer, near));
    turn.replaceChildren(box);
    const choices = answer.refusal?.choices ?? [];
    if (choices.length) turn.append(offered(answer.question, choices));
    if (answer.refusal?.reason === "not_answered" && near.length) turn.append(make("p", "meta", "What comes closest:"));
    if (near.length) turn.append(sources(near));
    turn.append(meta, opinion(answer));
    return;
  }
  const said = make("div", "said");
  said.append(...blocks(answer.answer, answer.citations));
  turn.replaceChildren(said, sources(answer.citations), meta, opinion(answer));
  for (const note of answer.notes ?? []) said.after(make("p", "remark", note));
  if (answer.probability !== null && answer.probability < UNSURE_BELOW) said.after(make("p", "remark", "Not sure of this: look at the page before you rely on it."));
}

function opinion(answer) {
  const box = make("div", "opinion"), up = make("button", "quiet", "Right"), down = make("button", "quiet", "Wrong");
  const form = make("form"), why = make("textarea"), right = make("textarea"), send = make("button", "", "Send"), said = make("p", "kept");
  const none = make("input"), nothing = make("label", "check");
  none.type = "checkbox";
  nothing.append(none, "No document answers this: it should have refused");
  none.addEventListener("change", () => { right.disabled = none.checked; });
  up.type = down.type = "button";
  form.hidden = true;
  said.setAttribute("role", "status");
  for (const [field, label] of [[why, "What is wrong with it?"], [right, "The right answer, if you know it"]]) {
    const head = make("label", "", label);
    field.rows = 2;
    head.append(field);
    form.append(head);
  }
  if (!answer.refused) form.append(nothing);
  form.append(send);
  up.addEventListener("click", () => tell("up"));
  down.addEventListener("click", () => { form.hidden = !form.hidden; if (!form.hidden) why.focus(); });
  form.addEventListener("submit", (event) => { event.preventDefault(); tell("down"); });
  async function tell(rating) {
    const words = { ...(why.value.trim() && { reason: why.value.trim() }), ...(none.checked ? { answerable: false } : right.value.trim() && { answer: right.value.trim() }) };
    const reply = await call("/api/feedback", {
      method: "POST", headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ trace: answer.trace, rating, ...(rating === "down" ? words : {}) }),
    });
    said.textContent = reply.ok ? "Thank you, it is kept." : (await reply.json()).error?.message ?? "It could not be kept.";
    if (reply.ok) box.replaceChildren(said);
  }
  box.append(up, down, said, form);
  return box;
}

function offered(question, choices) {
  const row = make("p", "offered");
  for (const choice of choices) {
    const button = make("button", "quiet", choice);
    button.type = "button";
    button.addEventListener("click", () => waiting || ask(`${question.replace(/\?\s*$/, "")} (${choice})?`));
    row.append(button);
  }
  return row;
}

function blocks(text, citations) {
  const made = [];
  for (const line of text.split("\n").filter((one) => one.trim())) {
    const item = /^\s*[-*•–]\s+(.*)$/.exec(line);
    if (item && made.at(-1)?.tagName !== "UL") made.push(make("ul"));
    const node = make(item ? "li" : "p");
    node.append(...inline(item ? item[1] : line, citations));
    item ? made.at(-1).append(node) : made.push(node);
  }
  return made;
}

function inline(text, citations) {
  const nodes = text.split(/(\*\*[^*\n]+\*\*|\s?\[\d{1,3}\])/).map((piece) => {
    const bold = /^\*\*([^*]+)\*\*$/.exec(piece), marker = /^\s?\[(\d+)\]$/.exec(piece);
    if (bold) return make("strong", "", bold[1]);
    const first = marker ? citations.findIndex((one) => one.marker === Number(marker[1])) : -1;
    return first < 0 ? document.createTextNode(piece) : chip(citations, first);
  });
  nodes.forEach((node, at) => { // a number stays on the line of the word before it
    const before = nodes[at - 1], word = node.tagName === "BUTTON" && /\S{1,24}$/.exec(before?.data ?? "");
    if (!word) return;
    before.data = before.data.slice(0, word.index);
    nodes[at] = make("span", "whole", word[0]);
    nodes[at].append(node);
  });
  return nodes;
}

const STANDING = { unchecked: "Quote found, not checked", unsupported: "Unsupported" };

function chip(citations, index) {
  const one = citations[index];
  const button = make("button", one.verified ? "mark" : "mark open", String(one.marker));
  button.type = "button";
  button.dataset.quote = `${STANDING[one.state] ? `${STANDING[one.state]}. ` : ""}${short(one.quote, 260)}`;
  button.setAttribute("aria-label", `Citation ${one.marker}: ${name(one)}`);
  button.addEventListener("click", () => open(citations, index));
  return button;
}

function sources(citations) {
  const list = make("ol", "sources");
  citations.forEach((one, index) => {
    const button = make("button"), item = make("li");
    button.type = "button";
    button.append(make("span", "number", one.marker ? String(one.marker) : "·"), make("span", "name", name(one)));
    const place = make("span", "page", where(one));
    if (STANDING[one.state]) place.prepend(make("span", "badge", STANDING[one.state]), " ");
    button.append(place, make("span", "words", short(one.quote, 400)));
    button.addEventListener("click", () => open(citations, index));
    item.append(button);
    list.append(item);
  });
  return list;
}

const name = (one) => (one.document ?? "no such passage").split("/").at(-1);
const where = (one) => one.page ? `page ${one.page}` : one.anchor ?? "";
const plain = (quote) => quote.replace(/^\s*\|\s*|\s*\|\s*$/gm, "").replace(/\s*\|\s*/g, " · ");
const short = (quote, most) => plain(quote).length > most ? `${plain(quote).slice(0, most)} …` : plain(quote);

function open(citations, index) {
  cited = citations;
  viewer.hidden = false;
  turn(index);
  find("title").focus({ preventScroll: true });
}

async function turn(index) {
  at = (index + cited.length) % cited.length;
  const one = cited[at];
  find("title").textContent = name(one);
  find("title").title = one.document ?? "";
  find("place").textContent = where(one);
  find("quote").textContent = plain(one.quote);
  find("count").textContent = `${at + 1} of ${cited.length}`;
  for (const id of ["before", "next"]) find(id).hidden = cited.length < 2;
  find("count").hidden = cited.length < 2;
  await draw(one);
}

async function draw(one) {
  const sheet = find("sheet"), address = one.url ? one.url.replace(/([?&])boxes=[^&]*&?/, "$1").replace(/[?&]$/, "") : "";
  if (!address) return sheet.replaceChildren(make("p", "why", "This passage is not there any more."));
  const reply = await call(new URL(address).pathname + new URL(address).search);
  if (one !== cited[at]) return undefined; // another was chosen meanwhile
  if (!reply.ok) return sheet.replaceChildren(make("p", "why", (await reply.json()).error?.message ?? "It cannot be shown."));
  if (!reply.headers.get("Content-Type").startsWith("image/")) return write(sheet, await reply.text(), one.quote);
  const [width, height] = reply.headers.get("Page-Size").split(" ").map(Number);
  URL.revokeObjectURL(shown);
  shown = URL.createObjectURL(await reply.blob());
  const page = make("div", find("zoom").getAttribute("aria-pressed") === "true" ? "paper zoomed" : "paper"), picture = make("img");
  picture.alt = `${where(one)} of ${name(one)}`;
  picture.width = width;
  picture.height = height;
  picture.src = shown;
  page.append(picture, overlay(one, width, height));
  sheet.replaceChildren(page);
  await picture.decode();
  page.querySelector("rect")?.scrollIntoView({ block: "center", inline: "nearest" });
  return undefined;
}

function overlay(one, width, height) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("preserveAspectRatio", "none");
  for (const box of one.boxes.filter((each) => each.page === one.page)) {
    const rect = document.createElementNS(svg.namespaceURI, "rect");
    const edges = { x: box.x0 - 1.5, y: box.y0 - 1, width: box.x1 - box.x0 + 3, height: box.y1 - box.y0 + 2, rx: 1.5 };
    for (const [key, value] of Object.entries(edges)) rect.setAttribute(key, value);
    svg.append(rect);
  }
  return svg;
}

function write(sheet, text, quote) {
  const page = make("pre"), start = text.indexOf(quote);
  if (start < 0) page.textContent = text;
  else page.append(text.slice(0, start), make("mark", "", quote), text.slice(start + quote.length));
  sheet.replaceChildren(page);
  page.querySelector("mark")?.scrollIntoView({ block: "center" });
}

find("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  if (waiting) return waiting.abort();
  const question = field.value.trim();
  if (!question) return field.focus();
  field.value = "";
  return ask(question);
});
field.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  if (!waiting) find("ask").requestSubmit();
});
find("before").addEventListener("click", () => turn(at - 1));
find("next").addEventListener("click", () => turn(at + 1));
find("close").addEventListener("click", () => { viewer.hidden = true; field.focus(); });
find("zoom").addEventListener("click", ({ currentTarget }) => {
  const zoomed = currentTarget.getAttribute("aria-pressed") !== "true";
  currentTarget.setAttribute("aria-pressed", zoomed);
  document.querySelector(".paper")?.classList.toggle("zoomed", zoomed);
  document.querySelector(".paper rect")?.scrollIntoView({ block: "center", inline: "center" });
});
document.addEventListener("keydown", (event) => {
  if (viewer.hidden || event.target === field || event.ctrlKey || event.metaKey || event.altKey) return;
  const steps = { n: 1, p: -1 };
  if (event.key === "Escape") find("close").click();
  else if (event.key in steps) turn(at + steps[event.key]);
});

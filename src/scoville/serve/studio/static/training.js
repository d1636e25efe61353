// The losses of a model while it learns: a plot (uPlot) of what the service streams, and a table that says the same.
import { make } from "./shared.js";

const CURVES = [["loss", "Training", "--a"], ["dev", "Dev part", "--b"]], HEIGHT = 260, MOST_ROWS = 200;
const PAUSE = matchMedia("(prefers-reduced-motion: reduce)").matches ? 5000 : 0; // between two drawings
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const told = (value) => value === undefined || value === null ? "" : value.toPrecision(4);

class Stage {
  constructor(place, name) {
    const figure = make("figure"), body = make("tbody"), table = make("table"), more = make("details"), head = make("thead"), wide = make("div", "wide framed");
    this.columns = [[], [], []];
    this.body = body;
    this.now = make("p", "remark");
    const key = make("ul", "legend");
    CURVES.forEach(([, label], place) => {
      const item = make("li", ["first", "second"][place]);
      item.append(make("span", "key"), label);
      key.append(item);
    });
    this.canvas = make("div", "live");
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", `Losses of ${name} by step; the table below says the same`);
    wide.tabIndex = 0;
    wide.setAttribute("role", "group");
    wide.setAttribute("aria-label", `Losses of ${name}`);
    head.append(line("th", "Step", "Training", "Dev part"));
    table.append(head, body);
    wide.append(table);
    more.append(make("summary", "", "As a table"), wide);
    figure.append(make("figcaption", "", name), this.canvas, key, this.now, more);
    place.append(figure);
    this.plot = new uPlot({
      width: this.canvas.clientWidth, height: HEIGHT, legend: { show: false }, scales: { x: { time: false } },
      series: [{}, ...CURVES.map(([, label, name]) => ({ label, stroke: () => colour(name), width: 2.25, spanGaps: true }))],
      axes: ["steps", "loss (nats a token)"].map((label) => ({ label, stroke: () => colour("--soft"), grid: { stroke: () => colour("--line"), width: 1 }, ticks: { stroke: () => colour("--line"), width: 1 } })),
    }, this.columns, this.canvas);
    new ResizeObserver(() => this.plot.setSize({ width: this.canvas.clientWidth, height: HEIGHT })).observe(this.canvas);
  }

  add(row) {
    const [steps, ...curves] = this.columns;
    while (steps.length && steps.at(-1) >= row.step) { // it went on from an earlier step
      for (const column of this.columns) column.pop();
      this.body.firstChild?.remove();
    }
    steps.push(row.step);
    curves.forEach((column, place) => column.push(row[CURVES[place][0]] ?? null));
    this.body.prepend(line("td", row.step, told(row.loss), told(row.dev)));
    if (this.body.children.length > MOST_ROWS) this.body.lastChild.remove();
    this.last = row;
  }

  draw() {
    this.plot.setData(this.columns);
    const { step, loss, dev, eta_seconds: left } = this.last;
    const said = [`Step ${step}`, loss !== undefined && `training ${told(loss)}`, dev !== undefined && `dev part ${told(dev)}`, left > 0 && `${Math.ceil(left / 60)} min left`];
    this.now.textContent = said.filter(Boolean).join(", ");
  }
}

function line(kind, ...cells) {
  const row = make("tr");
  row.append(...cells.map((cell) => make(kind, "num", String(cell))));
  return row;
}

function follow(place) {
  const stages = new Map(), source = new EventSource(place.dataset.losses);
  let waits = false;
  source.addEventListener("rows", ({ data }) => {
    const pause = stages.size && PAUSE;
    for (const row of JSON.parse(data)) {
      if (!stages.has(row.stage)) stages.set(row.stage, new Stage(place, row.stage));
      stages.get(row.stage).add(row);
    }
    if (waits) return;
    waits = true;
    setTimeout(() => { waits = false; stages.forEach((stage) => stage.draw()); }, pause);
  });
  source.addEventListener("end", () => { source.close(); location.reload(); }); // drawn by the service, with its record
}

document.querySelectorAll("[data-losses]").forEach(follow);

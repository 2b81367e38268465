"use strict";
/* Charts whose reader chooses what they show. Pointer or arrow keys tell of each point. */
class ChosenChart {
  constructor(panel) {
    const part = (name) => panel.querySelector(name);
    this.data = JSON.parse(part("script").textContent);
    [this.svg, this.told, this.meaning, this.bar] = ["svg", "output", "p.note:last-of-type", ".controls"].map(part);
    this.chart = new LineChart(this.svg, part(".legend"));
    const { y, choose, lines } = this.data;
    this.selects = new Map([["y", "vertical axis"], ...choose.map((one) => [one.name, one.words]), [lines.name, lines.words], ["seed", "seed"]]
      .map(([name, words]) => [name, this.select(words)]));
    this.fill("y", y.map((one) => [one.name, one.words]));
    this.svg.onpointermove = (event) => this.near(event);
    this.svg.onpointerleave = () => this.tell(null);
    this.svg.onkeydown = (event) => this.key(event);
    panel.hidden = false;
    this.update();
  }

  select(words) {
    const label = document.createElement("label");
    const select = document.createElement("select");
    select.onchange = () => this.update();
    label.append(`${words} `, select);
    this.bar.append(label);
    return select;
  }

  fill(name, options) {
    const select = this.selects.get(name);
    const before = select.value;
    select.replaceChildren(...options.map(([value, words]) => new Option(words, value)));
    if (options.some(([value]) => value === before)) select.value = before;
    select.closest("label").hidden = options.length < 2;
  }

  value(name) { return this.selects.get(name).value; }

  /* Each choice leaves the rows that go with it, and the values that can be chosen after it. */
  update() {
    const { rows, choose, lines, x, y } = this.data;
    let left = [...rows.seed.keys()];
    for (const { name } of choose) {
      this.fill(name, [...new Set(left.map((n) => rows[name][n]))].filter(Boolean).map((value) => [value, { True: "yes", False: "no" }[value] || value]));
      left = left.filter((n) => !rows[name][n] || rows[name][n] === this.value(name));
    }
    const there = (name) => [...new Set(left.map((n) => rows[name][n]))];
    const known = lines.values.filter((value) => there(lines.name).includes(value));
    for (const [name, values] of [[lines.name, known], ["seed", there("seed")]]) {
      this.fill(name, [...(values.length > 1 ? [["", "all"]] : []), ...values.map((value) => [value, value || "none"])]);
      left = left.filter((n) => !this.value(name) || rows[name][n] === this.value(name));
    }
    const column = y.find((one) => one.name === this.value("y"));
    left = left.filter((n) => rows[column.name][n] !== null && (!x.log || rows[x.name][n] > 0));
    this.means = known.map((value) => this.mean(left.filter((n) => rows[lines.name][n] === value), value, column)).filter((one) => one.points.length);
    this.draw(left, column);
  }

  /* The line of a value: a mean over seeds at each x, and the seeds' own points. */
  mean(own, value, { name }) {
    const { rows, lines, x } = this.data;
    const place = lines.values.indexOf(value);
    const at = new Map();
    const bySeed = new Map();
    for (const n of own) {
      const point = [rows[x.name][n], rows[name][n]];
      at.set(point[0], [...(at.get(point[0]) || []), { seed: rows.seed[n], value: point[1] }]);
      bySeed.set(rows.seed[n], [...(bySeed.get(rows.seed[n]) || []), point]);
    }
    const points = [...at].map(([where, seeds]) => [where, seeds.reduce((sum, one) => sum + one.value, 0) / seeds.length]);
    return { title: `${lines.words} ${value || "none"}`, colour: lines.colours[place], place, points, seeds: [...at.values()], bySeed };
  }

  draw(left, column) {
    const { rows, x } = this.data;
    const ends = (values, room) => {
      const [low, high] = [Math.min(...values), Math.max(...values)];
      const more = (high - low) * room || (room ? Math.abs(high) * 0.1 || 1 : 0);
      return { low: low - more, high: high + more };
    };
    const thin = this.means.flatMap(({ colour, bySeed }) => (bySeed.size > 1 ? [...bySeed.values()].map((points) => ({ colour, points })) : []));
    const values = left.map((n) => rows[column.name][n]);
    const across = left.map((n) => rows[x.name][n]);
    this.told.textContent = "Nothing is measured there.";
    this.svg.replaceChildren();
    if (left.length) {
      this.chart.draw([...this.means, ...thin], { ...x, whole: across.every(Number.isInteger), ...ends(across, 0) }, { words: column.words, ...ends(values, 0.05) });
      this.tell(null);
    }
    const seeds = thin.length ? " Thick lines are means over seeds, thin ones the seeds." : "";
    this.meaning.textContent = `${column.words}: ${column.meaning.replaceAll("`", "")}.${seeds}`;
    this.svg.setAttribute("aria-label", `${this.data.title}: ${column.words} over ${x.words}; arrow keys go from point to point`);
  }

  /* Tell of a point of a line: [its place, that of the line]. */
  tell(place) {
    this.place = place;
    const line = place && this.means[place[1]];
    this.chart.ring(line ? line.points[place[0]] : null);
    if (!line) {
      this.told.textContent = "Point at a line, or go there with Tab and the arrow keys, for its numbers.";
      return;
    }
    const [at, value] = line.points[place[0]];
    const seeds = line.seeds[place[0]];
    const each = seeds.length > 1 ? ` (seeds: ${seeds.map((one) => `${one.seed}: ${short(one.value)}`).join(", ")})` : "";
    this.told.textContent = `${this.data.x.words} ${short(at)}, ${line.title}: ${short(value)}${each}.`;
  }

  near(event) {
    if (!this.svg.firstChild) return;
    const pointer = new DOMPoint(event.clientX, event.clientY).matrixTransform(this.svg.getScreenCTM().inverse());
    let [best, least] = [null, Infinity];
    this.means.forEach((line, k) => line.points.forEach((point, n) => {
      const distance = Math.hypot(this.chart.x(point[0]) - pointer.x, this.chart.y(point[1]) - pointer.y);
      if (distance < least) [best, least] = [[n, k], distance];
    }));
    this.tell(best);
  }

  key(event) {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!step || !this.means.length) return;
    event.preventDefault();
    const [n, k] = this.place || [-step[0], -step[1]]; // the first key goes to the first point
    const within = (value, count) => Math.max(0, Math.min(count - 1, value));
    const line = within(k + step[1], this.means.length);
    this.tell([within(n + step[0], this.means[line].points.length), line]);
  }
}

for (const panel of document.querySelectorAll(".chart-panel")) new ChosenChart(panel);

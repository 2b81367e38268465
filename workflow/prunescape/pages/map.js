"use strict";
/* A landscape as an SVG grid: one focusable rectangle a cell, and above them the region, the ellipse and marks. */
class LandscapeMap {
  static UNIT = 30; // of the view box, a cell

  /* grid: see `_grid` in landscapes.py; onCell is told the place of a cell. */
  constructor(svg, grid, onCell) {
    Object.assign(this, { svg, grid, onCell, current: null });
    const unit = LandscapeMap.UNIT;
    this.low = { i: Math.min(...grid.i), j: Math.min(...grid.j) };
    this.columns = Math.max(...grid.j) - this.low.j + 1;
    this.rows = Math.max(...grid.i) - this.low.i + 1;
    this.font = Math.max(6, Math.max(this.columns, this.rows) * unit * 0.037);
    this.left = 5.2 * this.font;
    this.width = this.left + this.columns * unit + this.font;
    this.height = this.rows * unit + 4.4 * this.font;
    this.places = new Map(grid.i.map((_, n) => [`${grid.i[n]},${grid.j[n]}`, n]));
    svg.replaceChildren();
    svg.setAttribute("viewBox", `0 0 ${this.width} ${this.height}`);
    svg.style.maxWidth = `${2.4 * this.width}px`; // few cells do not fill the page
    this.cells = this.drawCells();
    this.drawAxes();
    const line = { fill: "none", "pointer-events": "none", "aria-hidden": "true", "vector-effect": "non-scaling-stroke" };
    const haloed = (tag, inner, outer, parent) => [[outer, 4.4], [inner, 2]].map(([stroke, width]) =>
      svgElement(tag, { ...line, stroke, "stroke-width": width }, parent));
    const prior = this.places.get("0,0");
    if (prior !== undefined) this.frame(svgElement("rect", { ...line, stroke: "#1f2328", "stroke-width": 1.3 }, svg), prior, 6);
    this.regionPaths = haloed("path", "#1f2328", "#ffffff", svg);
    const clip = svgElement("clipPath", { id: `${svg.id}-cells` }, svg);
    svgElement("rect", { x: this.left, y: 0, width: this.columns * unit, height: this.rows * unit }, clip);
    const inCells = svgElement("g", { "clip-path": `url(#${svg.id}-cells)` }, svg); // a larger ellipse is cut at the grid's ends
    this.ellipses = haloed("ellipse", "#ffffff", "#1f2328", inCells);
    this.risked = svgElement("g", { "pointer-events": "none", "aria-hidden": "true" }, svg);
    this.star = svgElement("path", { fill: "#e0245e", stroke: "#ffffff", "stroke-width": 1.2, "pointer-events": "none" }, svg);
    this.cursor = svgElement("rect", { ...line, stroke: "#e0245e", "stroke-width": 3, visibility: "hidden" }, svg);
    svg.onpointerleave = () => this.onCell(null);
    svg.onkeydown = (event) => this.key(event);
  }

  left_of(n) { return this.left + (this.grid.j[n] - this.low.j) * LandscapeMap.UNIT; }
  top_of(n) { return (this.low.i + this.rows - 1 - this.grid.i[n]) * LandscapeMap.UNIT; }

  drawCells() {
    const cells = [];
    for (let row = this.rows - 1; row >= 0; row -= 1) {
      const group = svgElement("g", { role: "row" }, this.svg);
      for (let column = 0; column < this.columns; column += 1) {
        const n = this.places.get(`${this.low.i + row},${this.low.j + column}`);
        if (n === undefined) continue;
        const cell = svgElement("rect", {
          role: "gridcell", tabindex: -1, x: this.left_of(n), y: this.top_of(n),
          width: LandscapeMap.UNIT - 0.6, height: LandscapeMap.UNIT - 0.6,
        }, group);
        cell.onpointerenter = () => this.onCell(n);
        cell.onclick = () => this.onCell(n);
        cell.onfocus = () => this.onCell(n);
        cells[n] = cell;
      }
    }
    return cells;
  }

  drawAxes() {
    const bottom = this.rows * LandscapeMap.UNIT;
    const text = (content, attributes) => {
      const anchor = { "text-anchor": "middle", "font-size": this.font, fill: "#1f2328", "aria-hidden": "true" };
      svgElement("text", { ...anchor, ...attributes }, this.svg).textContent = content;
    };
    for (const [j, label] of this.grid.across.ticks) {
      const x = this.left + (j - this.low.j + 0.5) * LandscapeMap.UNIT;
      svgElement("path", { d: `M${x} ${bottom}v4`, stroke: "#667079", "aria-hidden": "true" }, this.svg);
      text(label, { x, y: bottom + 1.3 * this.font });
    }
    for (const [i, label] of this.grid.up.ticks) {
      const y = (this.low.i + this.rows - i - 0.5) * LandscapeMap.UNIT;
      svgElement("path", { d: `M${this.left} ${y}h-4`, stroke: "#667079", "aria-hidden": "true" }, this.svg);
      text(label, { x: this.left - 6, y: y + this.font / 3, "text-anchor": "end" });
    }
    text(this.grid.across.words, { x: this.left + this.columns * LandscapeMap.UNIT / 2, y: bottom + 3 * this.font });
    const y = bottom / 2;
    text(this.grid.up.words, { x: this.font, y, transform: `rotate(-90 ${this.font} ${y})` });
  }

  frame(rect, n, inset = 0) {
    const size = LandscapeMap.UNIT - 0.6 - 2 * inset;
    const place = { x: this.left_of(n) + inset, y: this.top_of(n) + inset, width: size, height: size };
    for (const [key, value] of Object.entries(place)) rect.setAttribute(key, value);
  }

  /* f, region, ellipse (or null), risked: places of the dense network's region; colour(value); label(n). */
  show({ f, region, ellipse, risked, colour, label }) {
    const inside = new Set(region);
    this.cells.forEach((cell, n) => {
      cell.setAttribute("fill", colour(f[n]));
      cell.setAttribute("aria-label", label(n));
    });
    const outline = this.outline(inside);
    for (const path of this.regionPaths) path.setAttribute("d", outline);
    this.showEllipse(ellipse);
    this.risked.replaceChildren(...risked.map((n) => svgElement("circle", {
      cx: this.left_of(n) + 15, cy: this.top_of(n) + 15, r: 4, fill: "#ffffff", stroke: "#1f2328", "stroke-width": 1.4,
    })));
    const best = hpspace.best(f);
    this.star.setAttribute("d", this.starAt(this.left_of(best) + 15, this.top_of(best) + 15, 10));
    if (!this.cells.some((cell) => cell.getAttribute("tabindex") === "0")) this.cells[best].setAttribute("tabindex", 0);
  }

  outline(inside) {
    const unit = LandscapeMap.UNIT;
    const has = (i, j) => inside.has(this.places.get(`${i},${j}`));
    return [...inside].map((n) => {
      const [i, j, x, y] = [this.grid.i[n], this.grid.j[n], this.left_of(n) - 0.3, this.top_of(n) - 0.3];
      return (has(i + 1, j) ? "" : `M${x} ${y}h${unit}`) + (has(i - 1, j) ? "" : `M${x} ${y + unit}h${unit}`)
        + (has(i, j - 1) ? "" : `M${x} ${y}v${unit}`) + (has(i, j + 1) ? "" : `M${x + unit} ${y}v${unit}`);
    }).join("");
  }

  showEllipse(ellipse) {
    const scale = LandscapeMap.UNIT / this.grid.step;
    for (const shape of this.ellipses) {
      shape.setAttribute("visibility", ellipse ? "visible" : "hidden");
      if (!ellipse) continue;
      const cx = this.left_of(0) + 15 + (ellipse.x - this.grid.x[0]) * scale;
      const cy = this.top_of(0) + 15 - (ellipse.y - this.grid.y[0]) * scale;
      const drawn = { cx, cy, rx: ellipse.length / 2 * scale, ry: ellipse.width / 2 * scale };
      drawn.transform = `rotate(${-ellipse.angle} ${cx} ${cy})`;
      for (const [key, value] of Object.entries(drawn)) shape.setAttribute(key, value);
    }
  }

  starAt(x, y, radius) {
    const points = [...Array(10).keys()].map((k) => {
      const [r, turn] = [k % 2 ? radius * 0.42 : radius, Math.PI * k / 5];
      return `${(x + r * Math.sin(turn)).toFixed(2)} ${(y - r * Math.cos(turn)).toFixed(2)}`;
    });
    return `M${points.join("L")}Z`;
  }

  point(n) {
    this.cursor.setAttribute("visibility", n === null ? "hidden" : "visible");
    if (n === null) return;
    this.frame(this.cursor, n);
    for (const cell of this.cells) cell.setAttribute("tabindex", -1);
    this.cells[n].setAttribute("tabindex", 0);
  }

  key(event) {
    const n = this.cells.indexOf(document.activeElement);
    const step = { ArrowUp: [1, 0], ArrowDown: [-1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (n < 0 || !step) return;
    event.preventDefault();
    for (let far = 1; far < Math.max(this.rows, this.columns); far += 1) { // over cells that were not trained
      const next = this.places.get(`${this.grid.i[n] + far * step[0]},${this.grid.j[n] + far * step[1]}`);
      if (next !== undefined) return this.cells[next].focus();
    }
  }
}

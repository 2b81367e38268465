"use strict";
/* Lines over an axis: the risk over the threshold of the region of interest, and the charts of companion studies. */
const DASHES = ["", "7 3", "2 3", "9 3 2 3", "4 4", "12 4"];

class LineChart {
  constructor(svg, legend) {
    const width = document.documentElement.clientWidth < 640 ? 400 : 640; // on a phone, so that text stays readable
    this.size = { width, height: 300, left: 58, right: 14, top: 12, bottom: 46 };
    Object.assign(this, { svg, legend });
  }

  /* lines: title, colour, place (of its dashes) and points, [x, y]; thin ones have no title. x, y: words, log, whether
     there are whole numbers alone (whole), and the least and largest value, low and high. */
  draw(lines, x, y) {
    const { width, height, left, right, top, bottom } = this.size;
    const along = (value) => (x.log ? Math.log(value) : value);
    const span = along(x.high) - along(x.low) || 1;
    this.x = (value) => left + (width - left - right) * (along(value) - along(x.low)) / span;
    this.y = (value) => height - bottom - (height - bottom - top) * (value - y.low) / (y.high - y.low || 1);
    this.svg.replaceChildren();
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.axes(x, y);
    this.now = svgElement("line", { y1: top, y2: height - bottom, stroke: "#1f2328", "stroke-width": 1, visibility: "hidden" }, this.svg);
    this.paths = lines.map((one) => svgElement("path", {
      d: one.points.map((point, n) => `${n ? "L" : "M"}${this.x(point[0]).toFixed(1)} ${this.y(point[1]).toFixed(1)}`).join(""),
      fill: "none", stroke: one.colour, "stroke-dasharray": one.title ? DASHES[one.place % DASHES.length] : "",
      "stroke-width": one.title ? 2 : 0.8, "stroke-opacity": one.title ? 1 : 0.6,
    }, this.svg));
    for (const { title, colour, points } of lines) {
      if (title && points.length < 40) for (const [at, value] of points) svgElement("circle", { cx: this.x(at), cy: this.y(value), r: 2.6, fill: colour }, this.svg);
    }
    this.dot = svgElement("circle", { r: 6, fill: "none", stroke: "#e0245e", "stroke-width": 2.5, visibility: "hidden" }, this.svg);
    this.entries = lines.filter((one) => one.title).map((one) => this.entry(one));
    this.legend.replaceChildren(...this.entries);
  }

  entry({ title, colour, place }) {
    const item = document.createElement("li");
    const sample = svgElement("svg", { viewBox: "0 0 34 8", "aria-hidden": "true" });
    svgElement("path", { d: "M0 4H34", stroke: colour, "stroke-width": 3, "stroke-dasharray": DASHES[place % DASHES.length] }, sample);
    item.append(sample, title);
    return item;
  }

  axes(x, y) {
    const { width, height, left, right, top, bottom } = this.size;
    const text = (content, attributes) => {
      svgElement("text", { "font-size": 13, fill: "#1f2328", "text-anchor": "middle", ...attributes }, this.svg).textContent = content;
    };
    for (const value of roundTicks(y.low, y.high)) {
      svgElement("path", { d: `M${left} ${this.y(value)}H${width - right}`, stroke: "#e4e7ea" }, this.svg);
      text(short(value), { x: left - 6, y: this.y(value) + 4, "text-anchor": "end" });
    }
    for (const value of x.log ? logTicks(x.low, x.high) : roundTicks(x.low, x.high).filter((value) => !x.whole || Number.isInteger(value))) {
      svgElement("path", { d: `M${this.x(value)} ${height - bottom}v4`, stroke: "#667079" }, this.svg);
      text(short(value), { x: this.x(value), y: height - bottom + 18 });
    }
    text(x.words, { x: (left + width - right) / 2, y: height - 8 });
    const middle = (top + height - bottom) / 2;
    text(y.words, { x: 14, y: middle, transform: `rotate(-90 14 ${middle})` });
  }

  /* A line across at a value of x. */
  mark(value) {
    this.now.setAttribute("visibility", "visible");
    for (const end of ["x1", "x2"]) this.now.setAttribute(end, this.x(value));
  }

  /* A ring around a point; none where it is null. */
  ring(point) {
    this.dot.setAttribute("visibility", point ? "visible" : "hidden");
    if (!point) return;
    this.dot.setAttribute("cx", this.x(point[0]));
    this.dot.setAttribute("cy", this.y(point[1]));
  }

  /* Draw one line, by its place, thicker than the others. */
  stress(chosen) {
    this.paths.forEach((path, k) => path.setAttribute("stroke-width", k === chosen ? 4 : 1.8));
    this.entries.forEach((entry, k) => entry.classList.toggle("chosen", k === chosen));
  }
}

/* Three to seven round values from low to high. */
function roundTicks(low, high) {
  const rough = (high - low) / 6 || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const size = [1, 2, 5, 10].map((step) => step * power).find((step) => step >= rough * 0.999);
  const first = Math.ceil(low / size - 1e-9);
  return [...Array(Math.max(0, Math.floor(high / size + 1e-9) - first + 1)).keys()].map((n) => Number(((first + n) * size).toPrecision(6)));
}

/* Powers of ten from low to high, and what lies between them where these are few. */
function logTicks(low, high) {
  const powers = [...Array(Math.ceil(Math.log10(high)) - Math.floor(Math.log10(low)) + 1).keys()].map((n) => Math.floor(Math.log10(low)) + n);
  for (const steps of [[1], [1, 3], [1, 2, 5], [1, 2, 3, 4, 5, 6, 7, 8, 9]]) {
    const found = powers.flatMap((power) => steps.map((step) => Number((step * 10 ** power).toPrecision(6)))).filter((value) => value >= low * 0.999 && value <= high * 1.001);
    if (found.length >= 3 || steps.length > 3) return found;
  }
  return [];
}

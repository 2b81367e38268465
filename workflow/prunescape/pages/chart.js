"use strict";
/* The mean risk of every variant over the threshold of the dense network's region of interest. */
const DASHES = ["", "7 3", "2 3", "9 3 2 3", "4 4", "12 4"];

class RiskChart {
  constructor(svg, legend, largest) {
    const width = document.documentElement.clientWidth < 640 ? 400 : 640; // on a phone, so that text stays readable
    this.size = { width, height: 300, left: 52, right: 14, top: 12, bottom: 46 };
    Object.assign(this, { svg, legend, largest });
    this.thresholds = [...Array(101).keys()].map((n) => n * largest / 100);
  }

  /* series: name, title, colour, f; the dense network first. */
  draw(series) {
    const { width, height, left, right, top, bottom } = this.size;
    const dense = series[0].f;
    const curves = series.map((one) => this.thresholds.map((threshold) => hpspace.risk(dense, one.f, threshold).mean));
    const highest = Math.max(...curves.flat(), 1e-9);
    this.x = (threshold) => left + (width - left - right) * threshold / this.largest;
    const y = (risk) => height - bottom - (height - bottom - top) * risk / highest;
    this.svg.replaceChildren();
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.axes(highest, y);
    this.now = svgElement("line", { y1: top, y2: height - bottom, stroke: "#1f2328", "stroke-width": 1 }, this.svg);
    this.lines = series.map((one, k) => svgElement("path", {
      d: `M${curves[k].map((risk, n) => `${this.x(this.thresholds[n]).toFixed(1)} ${y(risk).toFixed(1)}`).join("L")}`,
      fill: "none", stroke: one.colour, "stroke-dasharray": DASHES[k % DASHES.length],
    }, this.svg));
    this.entries = series.map((one, k) => this.entry(one, k));
    this.legend.replaceChildren(...this.entries);
  }

  entry(one, k) {
    const item = document.createElement("li");
    const sample = svgElement("svg", { viewBox: "0 0 34 8", "aria-hidden": "true" });
    const line = { d: "M0 4H34", stroke: one.colour, "stroke-width": 3, "stroke-dasharray": DASHES[k % DASHES.length] };
    svgElement("path", line, sample);
    item.append(sample, one.title);
    return item;
  }

  axes(highest, y) {
    const { width, height, left, right, top, bottom } = this.size;
    const text = (content, attributes) => {
      svgElement("text", { "font-size": 13, fill: "#1f2328", "text-anchor": "middle", ...attributes }, this.svg).textContent = content;
    };
    const ticks = (end) => {
      const size = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20].find((one) => end / one <= 6) || end;
      return [...Array(Math.floor(end / size + 1e-9) + 1).keys()].map((n) => Number((n * size).toPrecision(6)));
    };
    for (const risk of ticks(highest)) {
      svgElement("path", { d: `M${left} ${y(risk)}H${width - right}`, stroke: "#e4e7ea" }, this.svg);
      text(risk, { x: left - 6, y: y(risk) + 4, "text-anchor": "end" });
    }
    for (const threshold of ticks(this.largest)) text(threshold, { x: this.x(threshold), y: height - bottom + 18 });
    text("threshold of the dense network's ROI (points)", { x: (left + width - right) / 2, y: height - 8 });
    const middle = (top + height - bottom) / 2;
    text("mean risk (points)", { x: 14, y: middle, transform: `rotate(-90 14 ${middle})` });
  }

  /* Mark a threshold and a variant, by their order. */
  point(threshold, chosen) {
    this.now.setAttribute("x1", this.x(threshold));
    this.now.setAttribute("x2", this.x(threshold));
    this.lines.forEach((line, k) => line.setAttribute("stroke-width", k === chosen ? 4 : 1.8));
    this.entries.forEach((entry, k) => entry.classList.toggle("chosen", k === chosen));
  }
}

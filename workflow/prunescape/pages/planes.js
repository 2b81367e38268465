"use strict";
/* The plane that is chosen, as coloured points with the networks on it; pointer or arrow keys tell of each point. */
(() => {
  const data = JSON.parse(document.getElementById("plane-data").textContent);
  const at = (id) => document.getElementById(`plane-${id}`);
  const keys = ["model", "pruning", "retraining", "seed", "cycle"];
  const words = { fine_tuning: "fine-tuning", recomputed: "recomputed at each point", combined: "combined like the weights" };
  const svg = at("map");
  const SIZE = 600;
  const MARGIN = 46;
  let plane, values, limits, current;

  const element = (name, attributes, text) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    svg.append(made);
    return made;
  };
  const fill = (select, options) => {
    const before = select.value;
    select.replaceChildren(...options.map((value) => new Option(words[value] || value, value)));
    if (options.map(String).includes(before)) select.value = before;
    select.closest("label").hidden = options.length < 2;
  };
  const percent = (value) => (value === null ? "not a number" : `${value.toFixed(1)} %`);
  const number = (value) => (value === null ? "–" : value.toPrecision(3));

  /* Each choice leaves those that go with it; the planes that are left after all of them are one. */
  function choose() {
    let left = data.planes;
    for (const key of keys) {
      fill(at(key), [...new Set(left.map((one) => one[key]))]);
      left = left.filter((one) => String(one[key]) === at(key).value);
    }
    [plane] = left;
    fill(at("way"), ["recomputed", "combined"].filter((way) => way in plane.top1));
    values = plane.top1[at("way").value];
    const known = values.filter((value) => value !== null);
    limits = at("colours").value === "own" && known.length ? [Math.min(...known), Math.max(...known)] : [0, 100];
    draw();
    tell(null);
  }

  const span = () => {
    const ends = (list) => [list[0], list[list.length - 1]];
    const [x, y] = [ends(plane.x), ends(plane.y)];
    const unit = (SIZE - 2 * MARGIN) / Math.max(x[1] - x[0], y[1] - y[0]);
    return { x: (value) => MARGIN + (value - x[0]) * unit, y: (value) => MARGIN + (y[1] - value) * unit, height: 2 * MARGIN + (y[1] - y[0]) * unit };
  };

  function colour(value) {
    if (value === null) return "#c8ccd0";
    const place = limits[1] > limits[0] ? (value - limits[0]) / (limits[1] - limits[0]) : 1;
    return data.palette[Math.min(data.palette.length - 1, Math.max(0, Math.floor(place * data.palette.length)))];
  }

  const isCorner = ({ point }) => point === "W*" || point.slice(2) === String(plane.cycle);

  function draw() {
    const to = span();
    svg.replaceChildren();
    svg.setAttribute("viewBox", `0 0 ${SIZE} ${to.height.toFixed(0)}`);
    const [width, height] = [to.x(plane.x[1]) - to.x(plane.x[0]), to.y(plane.y[0]) - to.y(plane.y[1])];
    plane.y.forEach((y, row) => plane.x.forEach((x, column) => element("rect", {
      x: (to.x(x) - width / 2).toFixed(2), y: (to.y(y) - height / 2).toFixed(2), width: (width + 0.3).toFixed(2), height: (height + 0.3).toFixed(2),
      fill: colour(values[row * plane.x.length + column]),
    })));
    current = element("rect", { width: width.toFixed(2), height: height.toFixed(2), fill: "none", stroke: "#e0245e", "stroke-width": 3, visibility: "hidden" });
    element("path", {
      d: `M${plane.marks.map((mark) => `${to.x(mark.x).toFixed(1)} ${to.y(mark.y).toFixed(1)}`).join("L")}`,
      fill: "none", stroke: "#ffffff", "stroke-width": 1.5, "stroke-dasharray": "5 3",
    });
    for (const mark of plane.marks) {
      const [x, y] = [to.x(mark.x), to.y(mark.y)];
      element("circle", { cx: x.toFixed(1), cy: y.toFixed(1), r: isCorner(mark) ? 6 : 3.5, fill: isCorner(mark) ? "#f5ad3c" : "#ffffff", stroke: "#1f2328", "stroke-width": 1.2 });
      const off = isCorner(mark) ? "" : ` +${number(mark.off_plane)}`;
      element("text", {
        x: (x + 8).toFixed(1), y: (y - 6).toFixed(1), "font-size": isCorner(mark) ? 15 : 11, fill: "#1f2328",
        stroke: "#ffffff", "stroke-width": 3, "paint-order": "stroke", "text-anchor": x > SIZE - 90 ? "end" : "start",
      }, `${mark.point}${off}`);
    }
    at("low").textContent = percent(limits[0]);
    at("high").textContent = percent(limits[1]);
    at("bar").style.background = `linear-gradient(to right, ${data.palette.join(",")})`;
    at("marks").replaceChildren(...plane.marks.map((mark) => {
      const line = document.createElement("tr");
      const cells = [mark.point, isCorner(mark) ? "in it" : number(mark.off_plane), number(mark.distance), percent(values[nearest(mark.x, mark.y)]).replace(" %", "")];
      line.append(...cells.map((text) => Object.assign(document.createElement("td"), { textContent: text })));
      return line;
    }));
  }

  const closest = (list, value) => list.reduce((best, one, n) => (Math.abs(one - value) < Math.abs(list[best] - value) ? n : best), 0);
  const nearest = (x, y) => closest(plane.y, y) * plane.x.length + closest(plane.x, x);

  function tell(n) {
    svg.dataset.point = n === null ? "" : n;
    current.setAttribute("visibility", n === null ? "hidden" : "visible");
    if (n === null) {
      at("cell").textContent = "Point at the plane, or go there with Tab and the arrow keys, for its numbers.";
      return;
    }
    const [x, y] = [plane.x[n % plane.x.length], plane.y[Math.floor(n / plane.x.length)]];
    const to = span();
    current.setAttribute("x", to.x(x) - current.getAttribute("width") / 2);
    current.setAttribute("y", to.y(y) - current.getAttribute("height") / 2);
    const beside = plane.marks.filter((mark) => nearest(mark.x, mark.y) === n)
      .map((mark) => (isCorner(mark) ? mark.point : `${mark.point}, which is ${number(mark.off_plane)} off the plane`));
    at("cell").textContent = `Accuracy ${percent(values[n])} at ${number(x)} toward Wp and ${number(y)} toward Wr${beside.length ? `; here: ${beside.join(", ")}` : ""}.`;
  }

  svg.onpointermove = (event) => {
    const place = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    const to = span();
    const columns = plane.x.map(to.x);
    const rows = plane.y.map(to.y);
    tell(closest(rows, place.y) * plane.x.length + closest(columns, place.x));
  };
  svg.onpointerleave = () => tell(null);
  svg.onkeydown = (event) => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!step) return;
    event.preventDefault();
    const n = svg.dataset.point === "" ? nearest(0, 0) : Number(svg.dataset.point);
    const within = (value, end) => Math.max(0, Math.min(end - 1, value));
    const [column, row] = [within((n % plane.x.length) + step[0], plane.x.length), within(Math.floor(n / plane.x.length) + step[1], plane.y.length)];
    tell(row * plane.x.length + column);
  };
  for (const key of [...keys, "way", "colours"]) at(key).onchange = choose;
  at("explorer").hidden = false;
  choose();
})();

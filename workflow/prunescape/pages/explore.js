"use strict";
/* The landscape that can be explored: model, metric, variant, colours and threshold, kept in the address after `#`. */
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const at = (id) => document.getElementById(id);
  const controls = { model: at("model"), metric: at("metric"), variant: at("variant"), colours: at("colours"), roi: at("roi") };
  const names = { top1: "top-1 accuracy", top5: "top-5 accuracy" };
  const chart = new LineChart(at("risk-chart"), at("risk-legend"));
  const thresholds = [...Array(101).keys()].map((n) => n * data.largest_roi / 100);
  let model, metric, maps;

  const fill = (select, options) => {
    select.replaceChildren(...options.map(([value, title]) => new Option(title, value)));
    select.closest("label").hidden = options.length < 2;
  };
  const choose = (select, value) => {
    if ([...select.options].some((option) => option.value === value)) select.value = value;
  };
  const pick = (n, region) => region.includes(n);
  const cellWords = (n) => [model.grid.up, model.grid.across].map(({ words, values }) => `${words} ${short(values[n])}`).join(", ");
  const percent = (value) => `${value.toFixed(2)} %`;

  function chooseModel() {
    model = data.models.find((one) => one.name === controls.model.value);
    fill(controls.metric, Object.keys(model.metrics).map((name) => [name, names[name]]));
    maps = [at("map-dense"), at("map-variant")].map((svg) => new LandscapeMap(svg, model.grid, point));
  }

  function chooseMetric(variant) {
    metric = model.metrics[controls.metric.value];
    fill(controls.variant, metric.variants.slice(1).map((one) => [one.name, one.title]));
    choose(controls.variant, variant);
    at("bar").style.background = `linear-gradient(to right, ${data.palette.join(",")})`;
    const dense = metric.variants[0].f;
    const curves = metric.variants.map(({ title, colour, f }, place) => ({
      title, colour, place, points: thresholds.map((threshold) => [threshold, hpspace.risk(dense, f, threshold).mean]),
    }));
    const highest = Math.max(...curves.flatMap((curve) => curve.points.map((point) => point[1])), 1e-9);
    chart.draw(curves, { words: "threshold of the dense network's ROI (points)", low: 0, high: data.largest_roi }, { words: "mean risk (points)", low: 0, high: highest });
  }

  function bar() {
    const [low, high] = metric.limits[controls.colours.value];
    const own = controls.colours.value === "below_best";
    at("bar-low").textContent = own ? `${(-low).toFixed(1)} points below its own best, and further (grey)` : `${low.toFixed(1)} % and below (grey)`;
    at("bar-high").textContent = own ? "its own best" : percent(high);
  }

  /* The colour of an accuracy, by itself or by how far it is below the network's best. */
  function colour(accuracy, best) {
    const [low, high] = metric.limits[controls.colours.value];
    const value = controls.colours.value === "below_best" ? accuracy - best : accuracy;
    if (value < low) return data.under;
    const place = high > low ? (value - low) / (high - low) : 1;
    return data.palette[Math.min(data.palette.length - 1, Math.floor(place * data.palette.length))];
  }

  /* Everything that follows from the controls; pruned is null where a model has no pruned variant. */
  function derive() {
    const threshold = Number(controls.roi.value);
    const { x, y } = model.grid;
    const chosen = metric.variants.findIndex((one) => one.name === controls.variant.value);
    const of = (series) => {
      const region = hpspace.region(series.f, threshold);
      return {
        series, region, best: hpspace.best(series.f),
        ellipse: hpspace.ellipse(region, x, y, data.sigma, data.minimum_cells),
        risk: hpspace.risk(metric.variants[0].f, series.f, threshold),
      };
    };
    return { threshold, chosen, dense: of(metric.variants[0]), pruned: chosen > 0 ? of(metric.variants[chosen]) : null };
  }

  function update() {
    const state = derive();
    bar();
    for (const id of ["roi-value", "roi-again"]) at(id).textContent = `${state.threshold.toFixed(2)} points`;
    controls.roi.setAttribute("aria-valuetext", `${state.threshold.toFixed(2)} points`);
    [state.dense, state.pruned].forEach((side, k) => {
      at(k ? "panel-variant" : "panel-dense").hidden = !side;
      if (!side) return;
      const { f, title } = side.series;
      at(k ? "title-variant" : "title-dense").textContent = title;
      const svg = maps[k].svg;
      svg.setAttribute("aria-label", `${title}: ${names[controls.metric.value]} by ${model.grid.up.words} and ${model.grid.across.words}; arrow keys go from cell to cell`);
      maps[k].show({
        f, region: side.region, ellipse: side.ellipse, risked: k ? state.dense.region : [],
        colour: (value) => colour(value, f[side.best]),
        label: (n) => `${cellWords(n)}: ${percent(f[n])}${pick(n, side.region) ? ", in the region of interest" : ""}`,
      });
    });
    table(state);
    chart.mark(state.threshold);
    chart.stress(Math.max(state.chosen, 0));
    point(null);
  }

  function rows({ dense, pruned }) {
    const sides = pruned ? [dense, pruned] : [dense];
    const row = (id, title, value, digits) => ({ id, title, digits, values: sides.map((side, k) => value(side, k)) });
    const shift = (k) => (k ? hpspace.shift(dense.ellipse, pruned.ellipse) : null);
    const { up, across } = model.grid;
    const centre = (axis, place) => (axis.log ? 10 ** (place * axis.unit) : place * axis.unit);
    return [
      row("best", "best accuracy, %", (side) => side.series.f[side.best], 2),
      row(`best_${up.name}`, `at ${up.words}`, (side) => up.values[side.best]),
      row(`best_${across.name}`, `at ${across.words}`, (side) => across.values[side.best]),
      row("n_cells", "cells in the region of interest", (side) => side.region.length, 0),
      row(`centre_${up.name}`, `ellipse: centre, ${up.words}`, (side) => side.ellipse && centre(up, side.ellipse.y)),
      row(`centre_${across.name}`, `centre, ${across.words}`, (side) => side.ellipse && centre(across, side.ellipse.x)),
      row("length", `length, ${data.unit}`, (side) => side.ellipse && side.ellipse.length, 2),
      row("width", `width, ${data.unit}`, (side) => side.ellipse && side.ellipse.width, 2),
      row("angle_degrees", "angle of the long axis, degrees", (side) => side.ellipse && side.ellipse.angle, 1),
      row("shift", `centre moved by, ${data.unit}`, (_, k) => shift(k) && shift(k).shift, 2),
      row("area_ratio", "area, times the dense network's", (_, k) => shift(k) && shift(k).areaRatio, 2),
      row("turn_degrees", "turned by, degrees", (_, k) => shift(k) && shift(k).turn, 1),
      row("d_mean", "risk: mean loss at the dense region's cells, points", (side) => side.risk.mean, 2),
      row("d_std", "its standard deviation, points", (side) => side.risk.std, 2),
      row("rel_mean", "mean loss, part of the best accuracy", (side) => side.risk.relMean, 4),
      row("rel_std", "its standard deviation", (side) => side.risk.relStd, 4),
      row("loss_at_dense_optimum", "loss at the dense network's best cell, points", (side) => side.risk.atDenseOptimum, 2),
    ];
  }

  function table(state) {
    const head = ["quantity, as measured", "dense", ...(state.pruned ? [state.pruned.series.title] : [])];
    at("now-head").replaceChildren(...head.map((text) => {
      const cell = document.createElement("th");
      cell.scope = "col";
      cell.textContent = text;
      return cell;
    }));
    at("now").replaceChildren(...rows(state).map(({ id, title, values, digits }) => {
      const line = document.createElement("tr");
      const head = document.createElement("th");
      head.scope = "row";
      head.textContent = title;
      line.append(head, ...values.map((value) => {
        const cell = document.createElement("td");
        cell.textContent = value === null ? "–" : digits === undefined ? short(value) : value.toFixed(digits);
        if (value !== null) cell.dataset.value = value;
        return cell;
      }));
      line.dataset.quantity = id;
      return line;
    }));
  }

  /* Tell of one cell in both landscapes. */
  function point(n) {
    const state = derive();
    for (const map of maps) map.point(n);
    if (n === null) {
      at("cell").textContent = "Point at a cell, or go there with Tab and the arrow keys, for its numbers.";
      return;
    }
    const parts = [state.dense, state.pruned].filter(Boolean).map((side) => {
      const { f, seeds, diverged, title } = side.series;
      const each = seeds.length > 1 ? ` (seeds: ${seeds.map((values) => values[n].toFixed(2)).join(", ")})` : "";
      const lost = f[side.best] - f[n];
      const failed = diverged[n] ? `, diverged with ${diverged[n]} of ${seeds.length} seeds` : "";
      return `${title}: ${percent(f[n])}${each}, ${lost > 0 ? `${lost.toFixed(2)} points below its best` : "its best"}${pick(n, side.region) ? ", in its region of interest" : ""}${failed}`;
    });
    const words = cellWords(n);
    const place = `${words[0].toUpperCase()}${words.slice(1)}. `;
    at("cell").textContent = `${place}${parts.join(". ")}.`;
  }

  function keep() {
    const state = Object.fromEntries(Object.entries(controls).map(([key, control]) => [key, control.value]));
    try {
      history.replaceState(null, "", `#${new URLSearchParams(state)}`);
    } catch { /* inside another page there is no address of our own */ }
  }

  function start() {
    const wanted = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
    fill(controls.model, data.models.map((one) => [one.name, one.title]));
    choose(controls.model, wanted.model);
    chooseModel();
    choose(controls.metric, wanted.metric);
    chooseMetric(wanted.variant);
    controls.colours.value = data.landscape;
    choose(controls.colours, wanted.colours);
    controls.roi.max = data.largest_roi;
    controls.roi.value = wanted.roi || data.risk_roi;
    at("explorer").hidden = false;
    update();
  }

  const changed = () => { update(); keep(); };
  controls.model.onchange = () => { chooseModel(); chooseMetric(controls.variant.value); changed(); };
  controls.metric.onchange = () => { chooseMetric(controls.variant.value); changed(); };
  controls.variant.onchange = changed;
  controls.colours.onchange = changed;
  controls.roi.oninput = changed;
  window.onhashchange = () => { if (location.hash.includes("=")) start(); }; // else it is a link to a part of the page
  start();
})();

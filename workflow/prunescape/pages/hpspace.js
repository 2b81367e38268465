"use strict";
/* The definitions of the main job, as in prunescape/hpspace: landscape.py, ellipse.py and risk.py.
   A landscape f is an array of accuracies in percent, a value a cell, cells in the order of (i, j); a region is an
   array of places in it. */
const hpspace = {
  ROUNDING: 1e-9,

  /* Cells within `threshold` points of the best (thesis, eq. 3.3). */
  region(f, threshold) {
    const bound = Math.max(...f) - threshold - hpspace.ROUNDING;
    return f.map((_, n) => n).filter((n) => f[n] >= bound);
  },

  /* The best cell; of equals the first. */
  best(f) {
    return f.indexOf(Math.max(...f));
  },

  /* The `sigma` ellipse of a Gaussian fitted to the cells of a region, in the unit of x and y; null where there are too few. */
  ellipse(region, x, y, sigma, minimumCells) {
    const count = region.length;
    if (count < minimumCells) return null;
    const mean = (values) => region.reduce((sum, n) => sum + values[n], 0) / count;
    const [mx, my] = [mean(x), mean(y)];
    let [xx, yy, xy] = [0, 0, 0];
    for (const n of region) {
      xx += (x[n] - mx) ** 2;
      yy += (y[n] - my) ** 2;
      xy += (x[n] - mx) * (y[n] - my);
    }
    [xx, yy, xy] = [xx / (count - 1), yy / (count - 1), xy / (count - 1)];
    const half = (xx + yy) / 2;
    const root = Math.hypot((xx - yy) / 2, xy);
    const length = 2 * sigma * Math.sqrt(Math.max(half + root, 0));
    const width = 2 * sigma * Math.sqrt(Math.max(half - root, 0));
    const turned = (Math.atan2(2 * xy, xx - yy) / 2) * (180 / Math.PI);
    const angle = turned === -90 ? 90 : turned;
    return { x: mx, y: my, length, width, angle, area: (Math.PI / 4) * length * width };
  },

  /* How an ellipse differs from the dense network's: a length, a ratio, and degrees from -90 to 90. */
  shift(dense, pruned) {
    if (!dense || !pruned) return null;
    const turn = (((pruned.angle - dense.angle + 90) % 180) + 180) % 180 - 90;
    return { shift: Math.hypot(pruned.x - dense.x, pruned.y - dense.y), areaRatio: pruned.area / dense.area, turn };
  },

  /* The risk of a network at the cells of the dense network's region (eq. 3.4 to 3.6); standard deviations of a
     population. */
  risk(dense, f, threshold) {
    const best = Math.max(...f);
    const lost = hpspace.region(dense, threshold).map((n) => best - f[n]);
    const mean = lost.reduce((sum, d) => sum + d, 0) / lost.length;
    const std = Math.sqrt(lost.reduce((sum, d) => sum + (d - mean) ** 2, 0) / lost.length);
    const relative = best > 0 ? 1 / best : 0;
    return {
      cells: lost.length, mean, std, relMean: mean * relative, relStd: std * relative,
      atDenseOptimum: best - f[hpspace.best(dense)],
    };
  },
};

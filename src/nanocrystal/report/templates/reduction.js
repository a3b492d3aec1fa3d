"use strict";
window.addEventListener("DOMContentLoaded", () => {
  const report = JSON.parse(document.getElementById("report-data").textContent);

  const dot = (a, b) => a.reduce((sum, v, i) => sum + v * b[i], 0);

  // Orthonormal Q, Q², …: Legendre polynomials times Q, made orthogonal twice over, since once is not enough.
  const basisOf = (q, count) => {
    const x = q.map((v) => v / q[q.length - 1]);
    const vectors = [];
    let before = x.map(() => 0);
    let here = x.map(() => 1);
    for (let k = 0; k < count; k++) {
      let vector = here.map((v, i) => v * x[i]);
      for (let pass = 0; pass < 2; pass++) {
        for (const other of vectors) {
          const part = dot(vector, other);
          vector = vector.map((v, i) => v - part * other[i]);
        }
      }
      const size = Math.sqrt(dot(vector, vector));
      vectors.push(vector.map((v) => v / size));
      const next = here.map((v, i) => ((2 * k + 1) * (2 * x[i] - 1) * v - k * before[i]) / (k + 1));
      [before, here] = [here, next];
    }
    return vectors;
  };

  const structure = (data, { rpoly, blanks }) => {
    if (data.method !== "polynomial") return data.f;
    const { q, target } = data;
    const seen = data.blanks ? data.counts.map((v, i) => v - blanks * data.blanks[i]) : data.counts;
    const scale = dot(seen, target) / dot(seen, seen);
    const measured = seen.map((v, i) => q[i] * (scale * v - target[i]));
    const degree = (rpoly * q[q.length - 1]) / Math.PI;
    const whole = Math.floor(degree);
    let f = measured;
    basisOf(q, whole + (degree > whole ? 1 : 0)).forEach((vector, k) => {
      const part = (k < whole ? 1 : degree - whole) * dot(measured, vector);
      f = f.map((v, i) => v - part * vector[i]);
    });
    return f;
  };

  // The trapezoidal rule from qmin to qmax; below the first point F is a straight line from 0.
  const transformed = (data, f, { qmin, qmax }, window) => {
    const { q, r } = data;
    const steps = Math.ceil(q[0] / (q[1] - q[0]));
    const below = Array.from({ length: steps }, (_, k) => (k * q[0]) / steps);
    const inner = [...below, ...q].filter((v) => v > qmin + 1e-9 && v < qmax - 1e-9);
    const nodes = [qmin, ...inner, qmax];
    let k = 0;
    const values = nodes.map((v) => {
      if (v < q[0]) return (f[0] * v) / q[0];
      while (k < q.length - 2 && q[k + 1] < v) k++;
      return f[k] + ((f[k + 1] - f[k]) * (v - q[k])) / (q[k + 1] - q[k]);
    });
    const last = nodes.length - 1;
    const weights = nodes.map((v, i) => {
      const width = (nodes[Math.min(i + 1, last)] - nodes[Math.max(i - 1, 0)]) / 2;
      const phase = (Math.PI * v) / qmax;
      return (2 / Math.PI) * width * values[i] * (window === "lorch" && v > 0 ? Math.sin(phase) / phase : 1);
    });
    return r.map((at) => {
      let sum = 0;
      for (let i = 0; i <= last; i++) sum += weights[i] * Math.sin(nodes[i] * at);
      return sum;
    });
  };

  const peakAfter = (r, g, from) => {
    let best = -1;
    for (let i = 1; i < r.length - 1; i++) {
      if (r[i] > from && g[i] > g[i - 1] && g[i] >= g[i + 1]) {
        if (best < 0 || (r[i] < from + 2 && g[i] > g[best])) best = i;
      }
    }
    return best < 0 ? "none" : `${r[best].toFixed(2)} Å`;
  };

  // Of an edge: a Hann window that rises and falls over 1 Å⁻¹, and the transform as Python has it.
  const hann = (k, low, high) => {
    const part = (v) => Math.sin((Math.PI / 2) * Math.min(Math.max(v, 0), 1)) ** 2;
    return k.map((v) => part(v - low + 0.5) * part(high + 0.5 - v));
  };
  const magnitude = ({ k, chi, r }, { kmin, kmax, kweight }) => {
    const window = hann(k, kmin, kmax);
    const weighted = k.map((v, i) => v ** kweight * chi[i] * window[i] * ((k[1] - k[0]) / Math.sqrt(Math.PI)));
    return r.map((at) => {
      let re = 0;
      let im = 0;
      for (let i = 0; i < k.length; i++) {
        re += weighted[i] * Math.cos(2 * k[i] * at);
        im += weighted[i] * Math.sin(2 * k[i] * at);
      }
      return Math.hypot(re, im);
    });
  };

  for (const panel of document.querySelectorAll(".live.edge")) {
    const data = report.edges[panel.dataset.name];
    const plot = document.getElementById(panel.dataset.figure);
    const inputs = [...panel.querySelectorAll("input[type=range]")];
    const select = panel.querySelector("select");
    const draw = () => {
      const [kmin, kmax] = inputs.map((input) => Number(input.value));
      for (const input of inputs) input.nextElementSibling.textContent = Number(input.value).toFixed(2);
      const found = magnitude(data, { kmin, kmax, kweight: Number(select.value) });
      const top = found.reduce((best, v, i) => (data.r[i] > 1 && v > found[best] ? i : best), data.r.findIndex((r) => r > 1));
      panel.querySelector(".live-said").textContent =
        `Highest peak beyond 1 Å: ${data.r[top].toFixed(2)} Å. ` +
        `Shells nearer than ${(Math.PI / 2 / (kmax - kmin)).toFixed(3)} Å are not resolved (π/2Δk).`;
      panel.live = found;
      return Plotly.restyle(plot, { y: [found] }, [2]);
    };
    for (const input of [...inputs, select]) input.addEventListener("input", draw);
    panel.querySelector("button").addEventListener("click", () => {
      for (const input of inputs) input.value = data.start[input.name];
      select.value = data.start.kweight;
      draw();
    });
    draw();
  }

  for (const panel of document.querySelectorAll(".live:not(.edge)")) {
    const data = report.reductions[panel.dataset.name];
    const plot = document.getElementById(panel.dataset.figure);
    const inputs = [...panel.querySelectorAll("input[type=range]")];
    const select = panel.querySelector("select");
    const said = panel.querySelector(".live-said");
    const settings = () => ({
      ...data.start,
      ...Object.fromEntries(inputs.map((input) => [input.name, Number(input.value)])),
    });
    const before = transformed(data, structure(data, data.start), data.start, data.window);
    const draw = () => {
      const now = settings();
      for (const input of inputs) input.nextElementSibling.textContent = Number(input.value).toFixed(2);
      const f = structure(data, now);
      const g = transformed(data, f, now, select.value);
      const shown = data.q.map((v, i) => (v >= now.qmin && v <= now.qmax + 1e-9 ? f[i] : null));
      const apart = data.r.reduce((sum, r, i) => sum + (r > 1.5 ? (g[i] - before[i]) ** 2 : 0), 0);
      const norm = data.r.reduce((sum, r, i) => sum + (r > 1.5 ? before[i] ** 2 : 0), 0);
      const rw = Math.sqrt(apart / norm);
      panel.dataset.rw = rw.toExponential(6);
      said.textContent =
        `Against as reduced, above 1.5 Å: difference ${(100 * rw).toFixed(1)} %. ` +
        `Highest peak of the first two ångströms from 1.5 Å: ${peakAfter(data.r, g, 1.5)}. ` +
        `Peaks can be ${(Math.PI / now.qmax).toFixed(3)} Å narrow at best (π/qmax).`;
      panel.live = { f, g };
      return Plotly.restyle(plot, { y: [shown, g] }, [1, 3]);
    };
    let waiting = false;
    const soon = () => {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => {
        waiting = false;
        draw();
      });
    };
    for (const input of [...inputs, select]) input.addEventListener("input", soon);
    panel.querySelector("button").addEventListener("click", () => {
      for (const input of inputs) input.value = data.start[input.name];
      select.value = data.window;
      soon();
    });
    draw();
  }
});

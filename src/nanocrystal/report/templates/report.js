"use strict";
(() => {
  if (!window.Plotly) {
    document.getElementById("no-script")?.removeAttribute("hidden");
    return;
  }
  const report = JSON.parse(document.getElementById("report-data").textContent);
  const config = { responsive: true, displayModeBar: false, displaylogo: false, doubleClick: "reset" };
  const printWidth = 660; // fits A4 and Letter between margins of 15 mm
  const exportWidth = 560;

  const having = (plot, role) => plot.data.flatMap((trace, i) => (trace.meta?.role === role ? [i] : []));

  const save = (blob, name) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  };

  const blobOf = (url) => {
    const [head, body] = [url.slice(0, url.indexOf(",")), url.slice(url.indexOf(",") + 1)];
    const type = head.slice(5).split(/[;,]/)[0];
    if (!head.endsWith("base64")) return new Blob([decodeURIComponent(body)], { type });
    return new Blob([Uint8Array.from(atob(body), (c) => c.charCodeAt(0))], { type });
  };

  // What is switched off in the legend is left out of the image, also from its legend.
  const image = async (plot, format) => {
    const shown = plot.data.filter((trace) => trace.visible !== "legendonly");
    const { width, ...layout } = plot.layout;
    const size = { width: exportWidth, height: Math.round(plot.clientHeight), scale: format === "png" ? 4 : 1 };
    const url = await Plotly.toImage({ data: shown, layout }, { format, ...size });
    return blobOf(url);
  };

  // A map as three columns: both lengths and the density.
  const tableOf = (plot) => {
    const { x, y, z, name } = plot.data[0];
    const every = (pick) => y.flatMap((b, j) => x.map((a, i) => pick(a, b, z[j][i])));
    const heads = [plot.dataset.x, plot.layout.meta.column, name];
    return [every((a) => a), every((_, b) => b), every((_, __, v) => v)].map((values, k) => [heads[k], values]);
  };

  const csv = (plot) => {
    const columns = plot.data[0].z ? tableOf(plot) : [];
    for (const [grid, suffix] of [["points", ""], ["fine", ", fine grid"]]) {
      const own = plot.data.filter((trace) => trace.meta?.grid === grid);
      if (own.length) columns.push([plot.dataset.x + suffix, own[0].x]);
      for (const trace of own) {
        columns.push([trace.name + suffix, trace.customdata ?? trace.y]);
        if (trace.error_y) columns.push(["sigma", trace.error_y.array]);
        columns.push(...Object.entries(trace.meta.columns ?? {}));
      }
    }
    const text = (v) => (/[",\n]/.test(v) ? `"${v.replaceAll('"', '""')}"` : v);
    const plain = (html) => html.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
    const rows = [columns.map(([name]) => text(plain(name))).join(",")];
    const length = Math.max(...columns.map(([, values]) => values.length));
    for (let i = 0; i < length; i++) rows.push(columns.map(([, values]) => values[i] ?? "").join(","));
    return new Blob([rows.join("\n") + "\n"], { type: "text/csv" });
  };

  // The range a figure began with belongs to the axis type it began with.
  const whole = (plot) => {
    const { type, range } = plot.begunWith;
    const x = range && plot.layout.xaxis.type === type ? { "xaxis.range": [...range] } : { "xaxis.autorange": true };
    const begun = report.figures[plot.id].layout;
    const same = (axis) => begun[axis].range && begun[axis].type === plot.layout[axis].type;
    const y = Object.keys(begun).filter((key) => /^yaxis\d*$/.test(key));
    const changes = y.map((a) => (same(a) ? [`${a}.range`, [...begun[a].range]] : [`${a}.autorange`, true]));
    return { ...x, ...Object.fromEntries(changes) };
  };

  // Q, 2θ and d of each other; with a wavelength all three are known, without one only Q and d.
  const toQ = { Q: (q) => q, two_theta: (t, w) => (4 * Math.PI * Math.sin((t * Math.PI) / 360)) / w };
  const fromQ = {
    Q: (q) => q,
    two_theta: (q, w) => (360 * Math.asin((q * w) / (4 * Math.PI))) / Math.PI,
    d: (q) => (2 * Math.PI) / q,
  };
  const converted = (x, from, to, wavelength) => {
    if (from === to) return x;
    const finite = (v) => (Number.isFinite(v) ? Number(v.toPrecision(7)) : null);
    return x.map((v) => (v === null ? null : finite(fromQ[to](toQ[from](v, wavelength), wavelength))));
  };
  const rangeOf = (x, type) => {
    const shown = x.filter((v) => v !== null && (type !== "log" || v > 0));
    const ends = [shown[0], shown[shown.length - 1]].sort((a, b) => a - b);
    const [low, high] = type === "log" ? ends.map(Math.log10) : ends;
    const beyond = 0.012 * (high - low);
    return [low - beyond, high + beyond];
  };

  // plotly.js labels a logarithmic axis of few decades with single digits, which cannot be read.
  const numbersOn = (range) => {
    const steps = range[1] - range[0] > 2 ? [1, 2, 5] : [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8];
    const decades = Array.from({ length: 12 }, (_, i) => 10 ** (i - 4));
    return decades.flatMap((decade) => steps.map((step) => Number((step * decade).toPrecision(3))));
  };

  const press = (button, on) => button.setAttribute("aria-pressed", String(on));
  const toggled = (button) => {
    press(button, button.getAttribute("aria-pressed") !== "true");
    return button.getAttribute("aria-pressed") === "true";
  };

  const actions = {
    svg: async (plot) => save(await image(plot, "svg"), `${plot.dataset.file}.svg`),
    png: async (plot) => save(await image(plot, "png"), `${plot.dataset.file}.png`),
    csv: (plot) => save(csv(plot), `${plot.dataset.file}.csv`),
    reset: (plot) => Plotly.relayout(plot, whole(plot)),
    errors: (plot, button) =>
      Plotly.restyle(plot, { "error_y.visible": toggled(button) }, having(plot, "observed")),
    components: (plot, button) =>
      Plotly.restyle(plot, { visible: toggled(button) ? true : "legendonly" }, having(plot, "component")),
    intensity: (plot, button) => {
      const type = toggled(button) ? "log" : "linear";
      return Plotly.relayout(plot, { "yaxis.type": type, "yaxis.autorange": true });
    },
    over: (plot, button) => {
      const to = button.dataset.to;
      const { data, layout } = report.figures[plot.id];
      const { abscissa, wavelength, choices } = layout.meta;
      for (const other of button.parentElement.children) press(other, other === button);
      const x = data.map((trace) => converted(trace.x, abscissa, to, wavelength));
      const type = to === "d" ? "log" : layout.xaxis.type;
      const range = rangeOf(x[0], type);
      plot.begunWith = { type, range };
      plot.dataset.x = choices[to].column;
      const ticks = to === "d" ? { mode: "array", values: numbersOn(range) } : { mode: "auto", values: null };
      const axis = {
        "xaxis.type": type,
        "xaxis.tickmode": ticks.mode,
        "xaxis.tickvals": ticks.values,
        "xaxis.ticktext": ticks.values?.map(String) ?? null,
        "xaxis.minor.tickmode": ticks.mode,
        "xaxis.minor.tickvals": ticks.values && [],
        "xaxis.range": [...range],
      };
      const restyled = { x, hovertemplate: data.map((trace) => trace.hovertemplate) };
      return Plotly.update(plot, restyled, { ...axis, "xaxis.title.text": choices[to].title });
    },
    log: (plot, button) => {
      const type = toggled(button) ? "log" : "linear";
      const dtick = type === "log" ? 1 : null;
      const change = { "xaxis.type": type, "yaxis.type": type, "xaxis.dtick": dtick, "yaxis.dtick": dtick };
      return Plotly.relayout(plot, { ...change, "xaxis.autorange": true, "yaxis.autorange": true });
    },
  };

  const plots = [...document.querySelectorAll(".plot")];
  for (const plot of plots) {
    const { data, layout } = report.figures[plot.id];
    plot.begunWith = { type: layout.xaxis.type, range: layout.xaxis.range && [...layout.xaxis.range] };
    Plotly.newPlot(plot, structuredClone(data), structuredClone(layout), config);
    for (const button of plot.parentElement.querySelectorAll("button[data-do]")) {
      button.addEventListener("click", () => actions[button.dataset.do](plot, button));
    }
  }

  const views = [];
  for (const holder of document.querySelectorAll(".atoms")) {
    const view = atomView(holder.querySelector("canvas"), report.atoms[holder.id]);
    views.push(view);
    const deeds = {
      svg: () => save(view.svg(), `${holder.dataset.file}.svg`),
      png: async () => save(await view.png(), `${holder.dataset.file}.png`),
      reset: view.reset,
      larger: (button) => view.enlarge(toggled(button)),
      color: (button) => {
        for (const other of button.parentElement.children) press(other, other === button);
        view.color(button.dataset.to);
      },
    };
    for (const button of holder.parentElement.querySelectorAll("button[data-do]")) {
      button.addEventListener("click", () => deeds[button.dataset.do](button));
    }
  }

  document.getElementById("parameters-csv")?.addEventListener("click", (event) => {
    save(new Blob([report.parameters_csv], { type: "text/csv" }), event.currentTarget.dataset.file);
  });

  let opened = [];
  window.addEventListener("beforeprint", () => {
    for (const view of views) view.draw(6);
    opened = [...document.querySelectorAll("details:not([open])")];
    for (const details of opened) details.open = true;
    for (const plot of plots) {
      plot.heightOnScreen = plot.layout.height;
      const height = plot.data[0].type === "heatmap" ? plot.layout.height : 0.8 * plot.layout.height;
      Plotly.relayout(plot, { width: printWidth, height, autosize: false });
    }
  });
  window.addEventListener("afterprint", () => {
    for (const view of views) view.draw();
    for (const details of opened) details.open = false;
    for (const plot of plots) {
      Plotly.relayout(plot, { width: null, height: plot.heightOnScreen, autosize: true });
    }
  });
})();

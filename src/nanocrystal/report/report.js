"use strict";
(() => {
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

  const csv = (plot) => {
    const columns = [[plot.dataset.x, plot.data[0].x]];
    for (const trace of plot.data) {
      columns.push([trace.name, trace.customdata ?? trace.y]);
      if (trace.error_y) columns.push(["sigma", trace.error_y.array]);
    }
    const text = (v) => (/[",\n]/.test(v) ? `"${v.replaceAll('"', '""')}"` : v);
    const plain = (html) => html.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
    const rows = [columns.map(([name]) => text(plain(name))).join(",")];
    columns[0][1].forEach((_, i) => rows.push(columns.map(([, values]) => values[i] ?? "").join(",")));
    return new Blob([rows.join("\n") + "\n"], { type: "text/csv" });
  };

  // The range a figure began with belongs to the axis type it began with.
  const whole = (plot) => {
    const { type, range } = plot.begunWith;
    const x = range && plot.layout.xaxis.type === type ? { "xaxis.range": [...range] } : { "xaxis.autorange": true };
    return { ...x, "yaxis.autorange": true };
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
    Plotly.newPlot(plot, data, layout, config);
    for (const button of plot.parentElement.querySelectorAll("button[data-do]")) {
      button.addEventListener("click", () => actions[button.dataset.do](plot, button));
    }
  }

  document.getElementById("parameters-csv")?.addEventListener("click", (event) => {
    save(new Blob([report.parameters_csv], { type: "text/csv" }), event.currentTarget.dataset.file);
  });

  let opened = [];
  window.addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    for (const details of opened) details.open = true;
    for (const plot of plots) {
      plot.heightOnScreen = plot.layout.height;
      const height = plot.data[0].type === "heatmap" ? plot.layout.height : 0.8 * plot.layout.height;
      Plotly.relayout(plot, { width: printWidth, height, autosize: false });
    }
  });
  window.addEventListener("afterprint", () => {
    for (const details of opened) details.open = false;
    for (const plot of plots) {
      Plotly.relayout(plot, { width: null, height: plot.heightOnScreen, autosize: true });
    }
  });
})();

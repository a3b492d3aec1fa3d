"use strict";
// A picture of atoms that turns with the mouse: shaded circles, the far ones first and paler.
// Neither WebGL nor a library is needed, and an image of it can be saved as vectors.
const atomView = (canvas, picture) => {
  const { elements, kinds, positions, domains = [], domain_names: names = [], outlines = [] } = picture;
  const n = kinds.length;
  const levels = 10; // of paleness
  const start = { turn: -0.45, tilt: 0.35 };
  const lineColor = "#1a1a1a";
  let matrix, drawnSize, share, sprites, frame;
  let byDomain = names.length > 0;

  const reach = () => {
    let farthest = 1;
    for (let i = 0; i < n; i++) farthest = Math.max(farthest, Math.hypot(...positions.slice(3 * i, 3 * i + 3)));
    return farthest + Math.max(...elements.map((e) => e.radius));
  };
  const radius = reach();

  // The rims of boundaries in short pieces, so that atoms before them hide them: both ends of each.
  const pieces = outlines.flatMap((rim) => {
    const corners = Array.from({ length: rim.length / 3 }, (_, i) => rim.slice(3 * i, 3 * i + 3));
    return corners.flatMap((from, i) => {
      const to = corners[(i + 1) % corners.length];
      const parts = Math.max(1, Math.ceil(Math.hypot(...to.map((v, k) => v - from[k])) / 2.5));
      const at = (part) => from.map((v, k) => v + ((to[k] - v) * part) / parts);
      return Array.from({ length: parts }, (_, part) => [at(part), at(part + 1)]);
    });
  });

  const times = (a, b) => a.map((_, k) => [0, 1, 2].reduce((s, j) => s + a[3 * Math.floor(k / 3) + j] * b[3 * j + (k % 3)], 0));
  const about = (axis, angle) => {
    const [c, s] = [Math.cos(angle), Math.sin(angle)];
    return axis === "x" ? [1, 0, 0, 0, c, -s, 0, s, c] : [c, 0, s, 0, 1, 0, -s, 0, c];
  };
  // At first the third axis of the crystal points up.
  const reset = () => {
    const upright = [1, 0, 0, 0, 0, 1, 0, -1, 0];
    matrix = times(about("x", start.tilt), times(about("y", start.turn), upright));
  };

  const partsOf = (color) => [1, 3, 5].map((i) => parseInt(color.slice(i, i + 2), 16));
  const hex = (parts) => `#${parts.map((v) => Math.round(v).toString(16).padStart(2, "0")).join("")}`;
  const paler = (color, white) => hex(partsOf(color).map((v) => v + (255 - v) * white));
  const darker = (color, by) => hex(partsOf(color).map((v) => v * by));
  const strongest = elements.findIndex(({ pale }) => pale === 0);
  // What an atom is drawn in: the colour of its element, or the hue of its domain, paler for lighter elements.
  const colorOf = (kind, domain) => (domain < 0 ? elements[kind].color : paler(names[domain].color, elements[kind].pale));
  const legend = () =>
    byDomain
      ? names.map(({ name }, domain) => ({ words: name, kind: strongest, domain }))
      : elements.map(({ symbol }, kind) => ({ words: symbol, kind, domain: -1 }));
  const shades = (color, level) => {
    const pale = (0.55 * level) / (levels - 1);
    return [paler(color, pale + (1 - pale) * 0.75), paler(color, pale), paler(darker(color, 0.55), pale)];
  };

  // Atoms and pieces of rims from back to front: place on the picture, radius, element, domain, level of paleness.
  const arranged = (width, height) => {
    const scale = (0.5 * Math.min(width, height)) / radius;
    const [a, b, c, d, e, f, g, h, k] = matrix;
    const onPicture = ([x, y, z]) => [
      width / 2 + scale * (a * x + b * y + c * z),
      height / 2 - scale * (d * x + e * y + f * z),
      g * x + h * y + k * z,
    ];
    const levelAt = (deep) => Math.min(levels - 1, Math.max(0, Math.floor(levels * (0.5 - deep / (2 * radius)))));
    const items = Array.from(kinds, (kind, i) => {
      const [x, y, deep] = onPicture(positions.slice(3 * i, 3 * i + 3));
      const r = scale * share * elements[kind].radius;
      return { x, y, deep, r, kind, domain: byDomain ? domains[i] : -1, level: levelAt(deep) };
    });
    for (const ends of pieces) {
      const [from, to] = ends.map(onPicture);
      const deep = 0.5 * (from[2] + to[2]);
      items.push({ from, to, deep, level: levelAt(deep) });
    }
    items.sort((p, q) => p.deep - q.deep);
    return { items, scale };
  };
  const bar = (scale, width) => {
    const lengths = [1, 2, 5, 10, 20, 50, 100, 200, 500];
    const length = lengths.findLast((v) => v * scale < 0.2 * width) ?? 1;
    return { pixels: length * scale, text: length < 10 ? `${length} Å` : `${length / 10} nm` };
  };

  const lineWidth = (scale) => Math.max(1, 0.22 * scale);
  const lineShade = (level) => paler(lineColor, (0.6 * level) / (levels - 1));

  const spriteOf = (kind, domain, level, size) => {
    const key = `${kind} ${domain} ${level}`;
    if (sprites.has(key)) return sprites.get(key);
    const sprite = document.createElement("canvas");
    sprite.width = sprite.height = size;
    const pen = sprite.getContext("2d");
    const [light, main, dark] = shades(colorOf(kind, domain), level);
    const r = size / 2;
    const gradient = pen.createRadialGradient(0.7 * r, 0.65 * r, 0, r, r, r);
    gradient.addColorStop(0, light);
    gradient.addColorStop(0.45, main);
    gradient.addColorStop(1, dark);
    pen.fillStyle = gradient;
    pen.beginPath();
    pen.arc(r, r, r - 0.5, 0, 2 * Math.PI);
    pen.fill();
    sprites.set(key, sprite);
    return sprite;
  };

  const paint = (target, width, height, ratio) => {
    target.width = Math.round(width * ratio);
    target.height = Math.round(height * ratio);
    const pen = target.getContext("2d");
    pen.scale(ratio, ratio);
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, width, height);
    const { items, scale } = arranged(width, height);
    const size = Math.ceil(2 * ratio * scale * share * Math.max(...elements.map((e) => e.radius)));
    if (size !== drawnSize) [sprites, drawnSize] = [new Map(), size];
    [pen.lineWidth, pen.lineCap] = [lineWidth(scale), "round"];
    for (const { x, y, r, kind, domain, level, from, to } of items) {
      if (from) {
        pen.strokeStyle = lineShade(level);
        pen.beginPath();
        pen.moveTo(from[0], from[1]);
        pen.lineTo(to[0], to[1]);
        pen.stroke();
      } else pen.drawImage(spriteOf(kind, domain, level, size), x - r, y - r, 2 * r, 2 * r);
    }
    pen.font = "13px Arial, Helvetica, 'Liberation Sans', sans-serif";
    pen.textBaseline = "middle";
    pen.fillStyle = lineColor;
    legend().forEach(({ words, kind, domain }, k) => {
      pen.drawImage(spriteOf(kind, domain, 0, size), 8, 8 + 22 * k, 16, 16);
      pen.fillText(words, 30, 17 + 22 * k);
    });
    const { pixels, text } = bar(scale, width);
    pen.fillRect(10, height - 12, pixels, 2.5);
    pen.fillText(text, 10, height - 24);
  };

  const draw = (ratio) => {
    if (canvas.clientWidth) paint(canvas, canvas.clientWidth, canvas.clientHeight, ratio ?? Math.max(2, devicePixelRatio));
  };
  const soon = () => {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(() => draw());
  };
  const turn = (x, y) => {
    matrix = times(times(about("x", y), about("y", x)), matrix);
    soon();
  };

  const escaped = (text) => text.replace(/[<>&]/g, (c) => `&#${c.charCodeAt(0)};`);
  const svg = () => {
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    const { items, scale } = arranged(width, height);
    const atoms = items.filter(({ from }) => !from);
    const named = (kind, domain, level) => `s${kind}${domain < 0 ? "" : `d${domain}`}-${level}`;
    const used = new Map(
      [...atoms, ...legend().map((entry) => ({ ...entry, level: 0 }))].map((atom) => [named(atom.kind, atom.domain, atom.level), atom]),
    );
    const gradients = [...used].map(([name, { kind, domain, level }]) => {
      const stops = shades(colorOf(kind, domain), level).map((c, i) => `<stop offset="${[0, 0.45, 1][i]}" stop-color="${c}"/>`);
      return `<radialGradient id="${name}" fx="0.35" fy="0.32">${stops.join("")}</radialGradient>`;
    });
    const circle = (x, y, r, kind, domain, level) =>
      `<circle cx="${x.toFixed(2)}" cy="${y.toFixed(2)}" r="${r.toFixed(2)}" fill="url(#${named(kind, domain, level)})"/>`;
    const pen = `stroke-width="${lineWidth(scale).toFixed(2)}" stroke-linecap="round"`;
    const line = (from, to, level) => {
      const [x1, y1, x2, y2] = [from[0], from[1], to[0], to[1]].map((v) => v.toFixed(2));
      return `<path d="M${x1} ${y1}L${x2} ${y2}" ${pen} stroke="${lineShade(level)}"/>`;
    };
    const words = (x, y, text) => `<text x="${x}" y="${y}" dominant-baseline="middle">${escaped(text)}</text>`;
    const { pixels, text } = bar(scale, width);
    return [
      `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
      `<defs>${gradients.join("")}</defs><rect width="100%" height="100%" fill="#fff"/>`,
      ...items.map(({ x, y, r, kind, domain, level, from, to }) => (from ? line(from, to, level) : circle(x, y, r, kind, domain, level))),
      `<g font-family="Arial, Helvetica, sans-serif" font-size="13" fill="#1a1a1a">`,
      ...legend().map((entry, k) => circle(16, 16 + 22 * k, 8, entry.kind, entry.domain, 0) + words(30, 17 + 22 * k, entry.words)),
      `<rect x="10" y="${height - 12}" width="${pixels.toFixed(2)}" height="2.5"/>${words(10, height - 24, text)}</g></svg>`,
    ].join("\n");
  };
  const png = () => {
    const image = document.createElement("canvas");
    paint(image, canvas.clientWidth, canvas.clientHeight, 4);
    return new Promise((resolve) => image.toBlob(resolve, "image/png"));
  };

  canvas.addEventListener("pointerdown", (event) => canvas.setPointerCapture(event.pointerId));
  canvas.addEventListener("pointermove", (event) => {
    if (event.buttons) turn(0.008 * event.movementX, 0.008 * event.movementY);
  });
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, -0.1], ArrowDown: [0, 0.1] }[event.key];
    if (!step) return;
    event.preventDefault();
    turn(...step);
  });
  new ResizeObserver(soon).observe(canvas);
  reset();
  share = picture.large ? 1 : 0.5;
  draw();
  return {
    draw,
    svg: () => new Blob([svg()], { type: "image/svg+xml" }),
    png,
    reset: () => (reset(), soon()),
    color: (by) => ((byDomain = by === "domains"), soon()),
    enlarge: (larger) => ((share = larger ? 1 : 0.5), soon()),
  };
};

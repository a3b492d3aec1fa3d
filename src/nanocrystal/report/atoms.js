"use strict";
// A picture of atoms that turns with the mouse: shaded circles, the far ones first and paler.
// Neither WebGL nor a library is needed, and an image of it can be saved as vectors.
const atomView = (canvas, picture) => {
  const { elements, kinds, positions } = picture;
  const n = kinds.length;
  const levels = 10; // of paleness
  const start = { turn: -0.45, tilt: 0.35 };
  let matrix, drawnSize, share, sprites, frame;

  const reach = () => {
    let farthest = 1;
    for (let i = 0; i < n; i++) farthest = Math.max(farthest, Math.hypot(...positions.slice(3 * i, 3 * i + 3)));
    return farthest + Math.max(...elements.map((e) => e.radius));
  };
  const radius = reach();

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

  const mixed = (color, white) => {
    const parts = [1, 3, 5].map((i) => parseInt(color.slice(i, i + 2), 16));
    return `rgb(${parts.map((v) => Math.round(v + (255 - v) * white)).join(",")})`;
  };
  const darker = (color, by) => {
    const parts = [1, 3, 5].map((i) => parseInt(color.slice(i, i + 2), 16));
    return `#${parts.map((v) => Math.round(v * by).toString(16).padStart(2, "0")).join("")}`;
  };
  const shades = (color, level) => {
    const pale = (0.55 * level) / (levels - 1);
    return [mixed(color, pale + (1 - pale) * 0.75), mixed(color, pale), mixed(darker(color, 0.55), pale)];
  };

  // The atoms from back to front: place on the picture, radius, element, level of paleness.
  const arranged = (width, height) => {
    const scale = (0.5 * Math.min(width, height)) / radius;
    const [a, b, c, d, e, f, g, h, k] = matrix;
    const depth = new Float64Array(n);
    for (let i = 0; i < n; i++) depth[i] = g * positions[3 * i] + h * positions[3 * i + 1] + k * positions[3 * i + 2];
    const order = Uint32Array.from(depth.keys()).sort((i, j) => depth[i] - depth[j]);
    const atoms = Array.from(order, (i) => {
      const [x, y, z] = [positions[3 * i], positions[3 * i + 1], positions[3 * i + 2]];
      return {
        x: width / 2 + scale * (a * x + b * y + c * z),
        y: height / 2 - scale * (d * x + e * y + f * z),
        r: scale * share * elements[kinds[i]].radius,
        kind: kinds[i],
        level: Math.min(levels - 1, Math.max(0, Math.floor(levels * (0.5 - depth[i] / (2 * radius))))),
      };
    });
    return { atoms, scale };
  };
  const bar = (scale, width) => {
    const lengths = [1, 2, 5, 10, 20, 50, 100, 200, 500];
    const length = lengths.findLast((v) => v * scale < 0.2 * width) ?? 1;
    return { pixels: length * scale, text: length < 10 ? `${length} Å` : `${length / 10} nm` };
  };

  const spriteOf = (kind, level, size) => {
    const key = `${kind} ${level}`;
    if (sprites.has(key)) return sprites.get(key);
    const sprite = document.createElement("canvas");
    sprite.width = sprite.height = size;
    const pen = sprite.getContext("2d");
    const [light, main, dark] = shades(elements[kind].color, level);
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
    const { atoms, scale } = arranged(width, height);
    const size = Math.ceil(2 * ratio * scale * share * Math.max(...elements.map((e) => e.radius)));
    if (size !== drawnSize) [sprites, drawnSize] = [new Map(), size];
    for (const { x, y, r, kind, level } of atoms) pen.drawImage(spriteOf(kind, level, size), x - r, y - r, 2 * r, 2 * r);
    pen.font = "13px Arial, Helvetica, 'Liberation Sans', sans-serif";
    pen.textBaseline = "middle";
    elements.forEach(({ symbol }, k) => {
      pen.drawImage(spriteOf(k, 0, size), 8, 8 + 22 * k, 16, 16);
      pen.fillStyle = "#1a1a1a";
      pen.fillText(symbol, 30, 17 + 22 * k);
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
    const { atoms, scale } = arranged(width, height);
    const used = new Set(atoms.map(({ kind, level }) => `${kind} ${level}`));
    elements.forEach((_, k) => used.add(`${k} 0`));
    const gradients = [...used].map((key) => {
      const [kind, level] = key.split(" ").map(Number);
      const stops = shades(elements[kind].color, level).map((c, i) => `<stop offset="${[0, 0.45, 1][i]}" stop-color="${c}"/>`);
      return `<radialGradient id="s${kind}-${level}" fx="0.35" fy="0.32">${stops.join("")}</radialGradient>`;
    });
    const circle = (x, y, r, kind, level) =>
      `<circle cx="${x.toFixed(2)}" cy="${y.toFixed(2)}" r="${r.toFixed(2)}" fill="url(#s${kind}-${level})"/>`;
    const words = (x, y, text) => `<text x="${x}" y="${y}" dominant-baseline="middle">${escaped(text)}</text>`;
    const { pixels, text } = bar(scale, width);
    return [
      `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
      `<defs>${gradients.join("")}</defs><rect width="100%" height="100%" fill="#fff"/>`,
      ...atoms.map(({ x, y, r, kind, level }) => circle(x, y, r, kind, level)),
      `<g font-family="Arial, Helvetica, sans-serif" font-size="13" fill="#1a1a1a">`,
      ...elements.map(({ symbol }, k) => circle(16, 16 + 22 * k, 8, k, 0) + words(30, 17 + 22 * k, symbol)),
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
    enlarge: (larger) => ((share = larger ? 1 : 0.5), soon()),
  };
};

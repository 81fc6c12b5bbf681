// A surface that can be turned: drawn point by point into a 2-D canvas, so that it needs no graphics hardware.

const STEEL = [196, 203, 212];
const BRASS = [226, 200, 140];
const LIGHT = unit([-0.55, 0.6, 0.58]);
const AMBIENT = 0.2;
const DIFFUSE = 0.72;
const SHINE = 0.35;
const DEGREE = Math.PI / 180;
const KEY_STEP_DEG = 5;
const DRAG_DEG = 0.5;
const ZOOM_STEP = 1.2;
const MOST_TILT_DEG = 85;
const FIRST = { turn: -18, tilt: 42, zoom: 1 };

function unit(vector) {
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

/** Draw heights into a canvas. turn : counter-clockwise about the axis, tilt : the top away from the eye, degrees. */
function drawSurface(canvas, heights, colour, { turn, tilt, zoom }) {
  const { width, height } = canvas;
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  const seen = projected(heights, { turn, tilt, scale: scaleOf(heights, width, height) * zoom, width, height });
  rasterised(image, seen, heights, colour);
  context.putImageData(image, 0, 0);
  drawTop(context, heights, { turn, tilt, scale: seen.scale, width, height });
}

function scaleOf(heights, width, height) {
  return Math.min(width, height) / (1.22 * heights.pitch * Math.max(heights.rows, heights.columns));
}

/** Where every sample comes to lie, px, how near it is, um, and how bright. */
function projected(heights, { turn, tilt, scale, width, height }) {
  const { rows, columns, pitch, z, right, up } = heights;
  const [sinTurn, cosTurn] = [Math.sin(turn * DEGREE), Math.cos(turn * DEGREE)];
  const [sinTilt, cosTilt] = [Math.sin(tilt * DEGREE), Math.cos(tilt * DEGREE)];
  const middle = middleOf(z);
  const [x, y, near, light] = [0, 1, 2, 3].map(() => new Float32Array(z.length));
  for (let row = 0, at = 0; row < rows; row += 1) {
    const yUm = ((rows - 1) / 2 - row) * pitch;
    for (let column = 0; column < columns; column += 1, at += 1) {
      const xUm = (column - (columns - 1) / 2) * pitch;
      const across = xUm * cosTurn - yUm * sinTurn;
      const along = xUm * sinTurn + yUm * cosTurn;
      const above = z[at] - middle;
      x[at] = width / 2 + scale * across;
      y[at] = height / 2 - scale * (along * cosTilt + above * sinTilt);
      near[at] = above * cosTilt - along * sinTilt;
      const length = Math.hypot(right[at], up[at], 1);
      const [nx, ny] = [-right[at] / length, -up[at] / length];
      const turnedY = nx * sinTurn + ny * cosTurn;
      light[at] = brightness(
        nx * cosTurn - ny * sinTurn,
        turnedY * cosTilt + sinTilt / length,
        cosTilt / length - turnedY * sinTilt,
      );
    }
  }
  return { x, y, near, light, scale };
}

function brightness(nx, ny, nz) {
  const facing = Math.max(0, nx * LIGHT[0] + ny * LIGHT[1] + nz * LIGHT[2]);
  const mirrored = Math.max(0, 2 * facing * nz - LIGHT[2]);
  return AMBIENT + DIFFUSE * facing + SHINE * mirrored ** 12;
}

function middleOf(z) {
  let [least, most] = [Infinity, -Infinity];
  for (const value of z) {
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return (least + most) / 2;
}

/** Two triangles a cell, the nearest in front. */
function rasterised(image, seen, heights, colour) {
  const nearest = new Float32Array(image.width * image.height).fill(-Infinity);
  const { rows, columns } = heights;
  for (let row = 0; row < rows - 1; row += 1) {
    for (let column = 0; column < columns - 1; column += 1) {
      const at = row * columns + column;
      triangle(image, nearest, seen, colour, at, at + columns, at + 1);
      triangle(image, nearest, seen, colour, at + 1, at + columns, at + columns + 1);
    }
  }
}

function triangle(image, nearest, { x, y, near, light }, colour, a, b, c) {
  const area = (x[b] - x[a]) * (y[c] - y[a]) - (x[c] - x[a]) * (y[b] - y[a]);
  // A corner without a surface makes this NaN.
  if (!(Math.abs(area) > 1e-9)) return;
  const left = Math.max(0, Math.ceil(Math.min(x[a], x[b], x[c]) - 0.5));
  const right = Math.min(image.width - 1, Math.floor(Math.max(x[a], x[b], x[c]) + 0.5));
  const top = Math.max(0, Math.ceil(Math.min(y[a], y[b], y[c]) - 0.5));
  const bottom = Math.min(image.height - 1, Math.floor(Math.max(y[a], y[b], y[c]) + 0.5));
  const slack = -1e-4;
  for (let py = top; py <= bottom; py += 1) {
    for (let px = left; px <= right; px += 1) {
      const ofB = ((px - x[a]) * (y[c] - y[a]) - (x[c] - x[a]) * (py - y[a])) / area;
      const ofC = ((x[b] - x[a]) * (py - y[a]) - (px - x[a]) * (y[b] - y[a])) / area;
      const ofA = 1 - ofB - ofC;
      if (ofA < slack || ofB < slack || ofC < slack) continue;
      const at = py * image.width + px;
      const depth = ofA * near[a] + ofB * near[b] + ofC * near[c];
      if (depth <= nearest[at]) continue;
      nearest[at] = depth;
      const bright = ofA * light[a] + ofB * light[b] + ofC * light[c];
      image.data[4 * at] = colour[0] * bright;
      image.data[4 * at + 1] = colour[1] * bright;
      image.data[4 * at + 2] = colour[2] * bright;
      image.data[4 * at + 3] = 255;
    }
  }
}

/** A triangle outside the surface that points to the top of the mark, however it is turned. */
function drawTop(context, heights, { turn, tilt, scale, width, height }) {
  const radius = (heights.pitch * Math.max(heights.rows, heights.columns)) / 2;
  const place = (across, along) => {
    const [x, y] = [across * radius, along * radius];
    const angle = turn * DEGREE;
    return [
      width / 2 + scale * (x * Math.cos(angle) - y * Math.sin(angle)),
      height / 2 - scale * (x * Math.sin(angle) + y * Math.cos(angle)) * Math.cos(tilt * DEGREE),
    ];
  };
  context.fillStyle = "#888888";
  context.beginPath();
  [place(0, 1.02), place(-0.045, 1.1), place(0.045, 1.1)].forEach(([x, y], corner) =>
    corner ? context.lineTo(x, y) : context.moveTo(x, y),
  );
  context.fill();
}

/** A figure with a surface that pointer, keys and buttons turn. */
function turningFigure(heights, colour, title) {
  const canvas = make("canvas", { width: 440, height: 360, tabindex: 0, role: "img", "aria-label": title });
  const told = make("output", { class: "quiet" });
  let view = { ...FIRST };
  let asked = false;
  const show = (change) => {
    view = { ...view, ...change };
    view.turn = ((((view.turn + 180) % 360) + 360) % 360) - 180;
    view.tilt = Math.max(-MOST_TILT_DEG, Math.min(MOST_TILT_DEG, view.tilt));
    view.zoom = Math.max(0.5, Math.min(8, view.zoom));
    const angles = `turned ${Math.round(view.turn)}\u00b0, tilted ${Math.round(view.tilt)}\u00b0`;
    told.textContent = `${angles}, ${view.zoom.toFixed(1)} times`;
    if (!asked) {
      asked = true;
      requestAnimationFrame(() => {
        asked = false;
        drawSurface(canvas, heights, colour, view);
      });
    }
  };
  const moves = {
    ArrowLeft: ["Turn left", () => ({ turn: view.turn - KEY_STEP_DEG })],
    ArrowRight: ["Turn right", () => ({ turn: view.turn + KEY_STEP_DEG })],
    ArrowUp: ["Tilt back", () => ({ tilt: view.tilt + KEY_STEP_DEG })],
    ArrowDown: ["Tilt forward", () => ({ tilt: view.tilt - KEY_STEP_DEG })],
    "+": ["Nearer", () => ({ zoom: view.zoom * ZOOM_STEP })],
    "-": ["Farther", () => ({ zoom: view.zoom / ZOOM_STEP })],
    Home: ["From in front", () => ({ turn: 0, tilt: 0, zoom: 1 })],
  };
  canvas.addEventListener("keydown", (event) => {
    const move = moves[event.key];
    if (move && !event.ctrlKey && !event.altKey && !event.metaKey) {
      event.preventDefault();
      show(move[1]());
    }
  });
  const drag = (event) => {
    show({ turn: view.turn + DRAG_DEG * event.movementX, tilt: view.tilt + DRAG_DEG * event.movementY });
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    canvas.addEventListener("pointermove", drag);
  });
  for (const end of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(end, () => canvas.removeEventListener("pointermove", drag));
  }
  const buttons = Object.entries(moves).map(([, [name, move]]) => {
    const button = make("button", { type: "button", "aria-label": `${name}: ${title}` }, name);
    button.addEventListener("click", () => show(move()));
    return button;
  });
  show({});
  return make(
    "figure",
    { class: "turning" },
    canvas,
    make("figcaption", {}, title, make("br"), told),
    make("div", { class: "actions small" }, buttons),
  );
}

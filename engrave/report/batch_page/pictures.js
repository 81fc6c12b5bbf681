// Pictures of a pin that the page draws: layout, depths, the tip as it is cut, the code for a hand scanner.

// Viridis at every eighth of its length (BIDS/colormap, CC0 1.0): told apart by colour-blind readers, and in grey.
const VIRIDIS = ["#440154", "#472c7a", "#3b518b", "#2c718e", "#21908d", "#27ad81", "#5cc863", "#aadc32", "#fde725"];
const NOTHING = "#d6d6d6";
const ROOM = 1.16;
const SCALE_BAR_UM = parseFloat(batch.scale_bar);

/** A picture of the mark, um, y down, on white in every scheme: it is what the primer is compared with. */
function markSvg(title, room, ...parts) {
  const half = Math.round(batch.radius_um * room);
  const top = draw("path", { d: `M0 ${-half + half / 12}l${-half / 40} ${-half / 20}h${half / 20}z`, fill: "#777777" });
  const bar = draw("rect", {
    x: half - SCALE_BAR_UM - 20,
    y: half - 28,
    width: SCALE_BAR_UM,
    height: 10,
    fill: "#111111",
  });
  return draw(
    "svg",
    { viewBox: `${-half} ${-half} ${2 * half} ${2 * half}`, role: "img", "aria-label": title, class: "mark" },
    draw("rect", { x: -half, y: -half, width: 2 * half, height: 2 * half, fill: "#ffffff" }),
    parts,
    top,
    bar,
  );
}

/** All lands in one path. */
function layoutSvg(pin, details) {
  const lands = details.lands.map((land) => batch.outlines[land][2]).join("");
  const title = `Layout of pin ${pin.serial}: ${spaced(pin.characters)}, as it reads in the primer`;
  return markSvg(title, ROOM, draw("path", { d: lands, fill: "#111111", "fill-rule": "evenodd" }));
}

function primerImage(pin, details) {
  const picture = details.views?.picture;
  if (!picture) {
    return make("div", { class: "missing" }, "not simulated");
  }
  return make("img", {
    src: `data:${picture.type};base64,${picture.data}`,
    alt: `Simulated primer struck by pin ${pin.serial}, read back as ${spaced(pin.reads) || "nothing"}`,
    width: picture.width_px,
    height: picture.height_px,
  });
}

const mostShownUm = (limit) => 2 * limit;

function depthStep(depth, limit) {
  return Math.round(Math.max(0, Math.min(1, depth / mostShownUm(limit))) * (VIRIDIS.length - 1));
}

const depthColour = (depth) => (depth.depth === null ? NOTHING : VIRIDIS[depthStep(depth.depth, depth.limit)]);
const FIRST_LIGHT_STEP = 4;
const inkOn = (depth) =>
  depth.depth === null || depthStep(depth.depth, depth.limit) >= FIRST_LIGHT_STEP ? "#000000" : "#ffffff";

const LAND_NUMBER = /^(?:character|shape) /;

function depthText(depth) {
  const text = depth.depth === null ? "none" : depth.depth.toFixed(1);
  return depth.low ? `${text} LOW` : text;
}

/** Depths in colours on the mark: a tile with its figure for each character, and figures for the shallowest teeth. */
function depthsSvg(pin, details) {
  const known = details.depths.filter((depth) => depth.path).map((depth) => ({ ...depth, box: boxOf(depth.path) }));
  const told = new Set(shallowestTeeth(known));
  const parts = known.map((depth) =>
    LAND_NUMBER.test(depth.place) ? depthTile(depth) : depthTooth(depth, told.has(depth)),
  );
  return markSvg(`Depths of pin ${pin.serial} by character; the table has every figure`, DEPTH_ROOM, parts);
}

const DEPTH_ROOM = 1.32;

/** The least rectangle about an outline. */
function boxOf(path) {
  const points = [...path.matchAll(/[ML](\S+) ([^MLZ]+)/g)].map(([, x, y]) => [Number(x), Number(y)]);
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  return { left, top, width: Math.max(...xs) - left, height: Math.max(...ys) - top };
}

function depthTile(depth) {
  const { left, top, width, height } = depth.box;
  const middle = left + width / 2;
  const size = 0.165 * height;
  const half = 0.47 * height;
  return [
    draw("rect", {
      x: middle - half,
      y: top - 0.05 * height,
      width: 2 * half,
      height: 1.22 * height,
      fill: depthColour(depth),
      stroke: depth.low ? "#d0002a" : "none",
      "stroke-width": 0.035 * height,
    }),
    draw("path", { d: depth.path, fill: inkOn(depth), "fill-rule": "evenodd" }),
    draw(
      "text",
      { x: middle, y: top + 1.135 * height, "font-size": size, fill: inkOn(depth), class: "label" },
      depthText(depth),
    ),
  ];
}

/** A tooth, made wider so that its colour is seen; the figure stands beyond the ring. */
function depthTooth(depth, told) {
  const { left, top, width, height } = depth.box;
  const [x, y] = [left + width / 2, top + height / 2];
  const far = (batch.radius_um * 1.13) / Math.max(Math.hypot(x, y), 1);
  const size = batch.radius_um / 19;
  return [
    draw("path", {
      d: depth.path,
      fill: depthColour(depth),
      stroke: depth.low ? "#d0002a" : depthColour(depth),
      "stroke-width": 12,
      "stroke-linejoin": "round",
    }),
    draw("path", { d: depth.path, fill: depthColour(depth) }),
    told
      ? draw(
          "text",
          { x: x * far, y: y * far + size / 3, "font-size": size, fill: "#000000", class: "label" },
          depthText(depth),
        )
      : null,
  ];
}

/** Of each ring track the land that prints shallowest over its limit. */
function shallowestTeeth(depths) {
  const margin = (depth) => (depth.depth === null ? -Infinity : depth.depth - depth.limit);
  const found = new Map();
  for (const depth of depths.filter((entry) => !LAND_NUMBER.test(entry.place))) {
    const track = depth.place.split(",")[0];
    if (!found.has(track) || margin(depth) < margin(found.get(track))) found.set(track, depth);
  }
  return [...found.values()];
}

/** What the colours of depths mean. */
function depthScale(limit) {
  const swatches = VIRIDIS.map((colour, step) =>
    draw("rect", { x: 20 * step, y: 0, width: 20, height: 12, fill: colour }),
  );
  const ticks = [0, limit, mostShownUm(limit)].map((value, step) =>
    draw(
      "text",
      { x: 90 * step, y: 25, class: `tick ${["start", "middle", "end"][step]}` },
      step < 2 ? `${value}` : `${value} um`,
    ),
  );
  const title = `Colours of depths from 0 to ${mostShownUm(limit)} um, the limit of ${limit} um in the middle`;
  return draw("svg", { viewBox: "-4 -2 190 32", role: "img", "aria-label": title, class: "scale" }, swatches, ticks);
}

/** The tip from in front, its form taken out: grey for the form, dark for what is cut, lit from the upper left. */
function cutCanvas(heights, title) {
  const { rows, columns, smooth, pitch } = heights;
  // As much as the layout's picture shows; what lies beyond falls outside the canvas.
  const side = Math.min(columns, rows, Math.round((2 * batch.radius_um * ROOM) / pitch));
  const canvas = make("canvas", { width: side, height: side, role: "img", "aria-label": title, class: "cut" });
  const context = canvas.getContext("2d");
  const image = context.createImageData(columns, rows);
  const form = meansOf(smooth, rows, columns, Math.round(90 / pitch));
  const above = smooth.map((value, at) => value - form[at]);
  const { right, up } = slopesOf(above, rows, columns, pitch);
  for (let at = 0; at < above.length; at += 1) {
    const lit = 150 + 3.2 * above[at] + 30 * (right[at] - up[at]);
    const [across, along] = [(at % columns) - (columns - 1) / 2, Math.floor(at / columns) - (rows - 1) / 2];
    const shown = !Number.isNaN(above[at]) && Math.hypot(across, along) * pitch < batch.radius_um * ROOM;
    const grey = shown ? Math.max(20, Math.min(245, lit)) : 255;
    image.data.set([grey, grey, grey, 255], 4 * at);
  }
  context.putImageData(image, Math.round((side - columns) / 2), Math.round((side - rows) / 2));
  return canvas;
}

/** The mean over a square about each sample, smaller near the edges so that it stays in the middle. */
function meansOf(z, rows, columns, reach) {
  const width = columns + 1;
  const sums = new Float64Array((rows + 1) * width);
  const counts = new Float64Array((rows + 1) * width);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      const value = z[row * columns + column];
      const at = (row + 1) * width + column + 1;
      const known = !Number.isNaN(value);
      sums[at] = (known ? value : 0) + sums[at - 1] + sums[at - width] - sums[at - width - 1];
      counts[at] = (known ? 1 : 0) + counts[at - 1] + counts[at - width] - counts[at - width - 1];
    }
  }
  const out = new Float32Array(z.length);
  for (let row = 0, at = 0; row < rows; row += 1) {
    const down = Math.min(reach, row, rows - 1 - row);
    const [top, bottom] = [row - down, row + down + 1];
    for (let column = 0; column < columns; column += 1, at += 1) {
      const across = Math.min(reach, column, columns - 1 - column);
      const [left, right] = [column - across, column + across + 1];
      const within = (table) =>
        table[bottom * width + right] -
        table[top * width + right] -
        table[bottom * width + left] +
        table[top * width + left];
      out[at] = within(sums) / within(counts);
    }
  }
  return out;
}

const QUIET_ZONE = 4;

/** The QR code of a pin: maker, model, serial and characters with bars between them. */
function codeSvg(pin, { size, bits }) {
  const bytes = bytesOf(bits);
  let path = "";
  for (let at = 0; at < size * size; at += 1) {
    if (bytes[at >> 3] & (128 >> (at & 7))) {
      path += `M${(at % size) + QUIET_ZONE} ${Math.floor(at / size) + QUIET_ZONE}h1v1h-1z`;
    }
  }
  const side = size + 2 * QUIET_ZONE;
  return draw(
    "svg",
    {
      viewBox: `0 0 ${side} ${side}`,
      role: "img",
      "aria-label": `QR code of pin ${pin.serial}`,
      class: "code",
      "shape-rendering": "crispEdges",
    },
    draw("rect", { width: side, height: side, fill: "#ffffff" }),
    draw("path", { d: path, fill: "#000000" }),
  );
}

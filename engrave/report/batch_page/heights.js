// Heights as the page holds them (engrave/report/pin_views.py): base64 of deflated bytes of folded second differences.

function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

async function inflated(bytes) {
  if (typeof DecompressionStream === "undefined") {
    throw new Error("this browser cannot unpack the heights; use one of the year 2023 or later");
  }
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Heights in um, row by row from the top, NaN where there is no surface; slopes to light them by. */
async function heightsOf(grid) {
  const { rows, columns, pitch_um: pitch } = grid;
  const count = rows * columns;
  const bytes = await inflated(bytesOf(grid.data));
  const steps = new Int32Array(count);
  for (let row = 0, at = 0; row < rows; row += 1) {
    for (let column = 0, along = 0; column < columns; column += 1, at += 1) {
      const value = bytes[at] | (bytes[count + at] << 8);
      along += (value >>> 1) ^ -(value & 1);
      steps[at] = along + (row > 0 ? steps[at - columns] : 0);
    }
  }
  const z = Float32Array.from(steps, (step) => (step > 0 ? grid.least_um + (step - 1) * grid.step_um : NaN));
  const smooth = smoothed(z, rows, columns);
  return { rows, columns, pitch, z, smooth, ...slopesOf(smooth, rows, columns, pitch) };
}

/** Heights with the steps they were rounded to worn off: each the mean of itself and its neighbours, 4 : 2 : 1. */
function smoothed(z, rows, columns) {
  const out = new Float32Array(z.length);
  for (let row = 0, at = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1, at += 1) {
      let sum = 0;
      let weights = 0;
      for (let down = -1; down <= 1; down += 1) {
        for (let right = -1; right <= 1; right += 1) {
          const inside = row + down >= 0 && row + down < rows && column + right >= 0 && column + right < columns;
          const value = inside ? z[at + down * columns + right] : NaN;
          if (!Number.isNaN(value)) {
            const weight = (2 - Math.abs(down)) * (2 - Math.abs(right));
            sum += weight * value;
            weights += weight;
          }
        }
      }
      out[at] = Number.isNaN(z[at]) ? NaN : sum / weights;
    }
  }
  return out;
}

/** Slopes to the right and upwards; 0 where a neighbour is missing. */
function slopesOf(z, rows, columns, pitch) {
  const right = new Float32Array(z.length);
  const up = new Float32Array(z.length);
  for (let row = 0, at = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1, at += 1) {
      const across = column > 0 && column < columns - 1 ? (z[at + 1] - z[at - 1]) / (2 * pitch) : 0;
      const along = row > 0 && row < rows - 1 ? (z[at - columns] - z[at + columns]) / (2 * pitch) : 0;
      right[at] = Number.isNaN(across) ? 0 : across;
      up[at] = Number.isNaN(along) ? 0 : along;
    }
  }
  return { right, up };
}

// What the page was given: a block of JSON for the batch, and one for each pin, which is read when the pin is shown.

const batch = JSON.parse(byId("batch").textContent);

/** The table of pins as objects; ``index`` is the number of the pin's block. */
const pins = batch.rows.map((cells, index) => {
  const pin = { index };
  batch.columns.forEach((name, column) => (pin[name] = cells[column]));
  pin.sought = [pin.serial, pin.maker, pin.model, pin.lot, pin.characters, spaced(pin.characters)]
    .join(" ")
    .toLowerCase();
  pin.kinds = pin.findings ? pin.findings.split(" ") : [];
  pin.made = [pin.maker, pin.model].join(" ");
  pin.point = `${pin.tip}, profile ${pin.profile}`;
  return pin;
});

const MOST_REMEMBERED = 200;
const remembered = new Map();

/** All else that is known of a pin. The latest are remembered, so that a sheet that is scrolled does not read again. */
function detailsOf(pin) {
  let details = remembered.get(pin.index);
  if (details === undefined) {
    details = JSON.parse(byId(`pin-${pin.index}`).textContent);
    details.depths = details.depths.map(([land, depth, limit, contrast, share, edge, low]) => {
      const [place, shows, path] = batch.outlines[land];
      return { place, shows, path, depth, limit, contrast, share, edge, low };
    });
  } else {
    remembered.delete(pin.index);
  }
  remembered.set(pin.index, details);
  if (remembered.size > MOST_REMEMBERED) {
    remembered.delete(remembered.keys().next().value);
  }
  return details;
}

/** What a spreadsheet would take for a formula gets an apostrophe before it (CWE-1236). */
function guarded(cell) {
  return /^[=+\-@\t\r']/.test(cell) ? `'${cell}` : cell;
}

/** The table of these pins as CSV, the same that ``pin-engrave report --csv`` writes of all. */
function csvOf(shown) {
  const quoted = (cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
  const lines = shown.map((pin) => batch.rows[pin.index].map((cell) => quoted(guarded(cell))).join(","));
  return [batch.columns.join(","), ...lines, ""].join("\n");
}

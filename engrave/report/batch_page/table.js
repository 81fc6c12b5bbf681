// Which pins are shown, in which order, and the table they are saved as.

const ORDERS = {
  "as in the file": () => 0,
  "shallowest first": (one, other) => marginOf(one) - marginOf(other),
  "most errors first": (one, other) =>
    Number(other.errors) - Number(one.errors) || Number(other.warnings) - Number(one.warnings),
  "by serial": (one, other) => (one.serial < other.serial ? -1 : Number(one.serial > other.serial)),
};
const ALL = "";
const NO_FINDING = "none";
const CHOICES = { verdict: "verdict", model: "made", tip: "point", lot: "lot" };

/** How far a pin's shallowest land is over its limit; one that did not print, or was not simulated, comes first. */
function marginOf(pin) {
  return pin.shallowest_um === "" ? -1e9 : Number(pin.shallowest_um) - Number(pin.limit_um);
}

function options(select, entries) {
  select.replaceChildren(...entries.map(([value, text]) => make("option", { value }, text)));
}

/** Fill the controls from what the batch holds, and call back whenever one is changed. */
function startFilters(changed) {
  for (const [name, key] of Object.entries(CHOICES)) {
    const values = [...new Set(pins.map((pin) => pin[key]))].filter((value) => value !== "").sort();
    options(byId(`filter-${name}`), [[ALL, "all"], ...values.map((value) => [value, value])]);
  }
  byId("filter-lot").closest("label").hidden = pins.every((pin) => pin.lot === "");
  const kinds = [...new Set(batch.kinds.map(([number]) => number))].sort();
  options(byId("filter-finding"), [[ALL, "all"], [NO_FINDING, "no finding"], ...kinds.map((kind) => [kind, kind])]);
  options(
    byId("order"),
    Object.keys(ORDERS).map((name) => [name, name]),
  );
  options(byId("picture"), [
    ["primer", "primer"],
    ["layout", "layout"],
    ["depths", "depths"],
  ]);
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  byId("filters").addEventListener("input", changed);
  byId("clear").addEventListener("click", () => {
    byId("filters").reset();
    changed();
  });
}

/** The pins that every control lets through, in the order that is asked for. */
function pinsShown() {
  const words = byId("filter-text").value.toLowerCase().split(/\s+/).filter(Boolean);
  const finding = byId("filter-finding").value;
  const wanted = Object.entries(CHOICES)
    .map(([name, key]) => [key, byId(`filter-${name}`).value])
    .filter(([, value]) => value !== ALL);
  const shown = pins.filter(
    (pin) =>
      wanted.every(([key, value]) => pin[key] === value) &&
      (finding === ALL || (finding === NO_FINDING ? pin.kinds.length === 0 : pin.kinds.includes(finding))) &&
      words.every((word) => pin.sought.includes(word)),
  );
  return shown.sort(ORDERS[byId("order").value]);
}

function saveCsv(shown) {
  const address = URL.createObjectURL(new Blob([csvOf(shown)], { type: "text/csv;charset=utf-8" }));
  make("a", { href: address, download: "pins.csv" }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

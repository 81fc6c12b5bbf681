// The page as it opens.

function countTiles() {
  return batch.counts.map(([name, count]) =>
    make(
      "li",
      { class: `tile ${count === "0" ? "" : (VERDICTS[name.toLowerCase()]?.[1] ?? "")}` },
      make("b", {}, count),
      " ",
      name,
    ),
  );
}

/** Every kind of finding with a button that shows the pins it is about. */
function kindsTable(filter) {
  if (!batch.kinds.length) return make("p", {}, "No finding on any pin.");
  const rows = batch.kinds.map(([number, severity, count, first]) => {
    const button = make("button", { type: "button" }, number);
    button.addEventListener("click", () => filter(number));
    return [button, make("span", { class: `severity ${severity}` }, severity), `${count}`, first];
  });
  return table(
    "Findings by number; a number shows its pins",
    ["Number", "Severity", "Pins", "Says, on the first of them"],
    rows,
  );
}

function record() {
  const signing = batch.signing
    ? [
        make(
          "p",
          {},
          "Sign-off stands in the registry, not on this page. Type this, with this batch's folder and the registry:",
        ),
        make("pre", { tabindex: 0 }, batch.signing),
      ]
    : [make("p", {}, "This batch was made without a registry, so there is nowhere to sign it off.")];
  const skipped = batch.skipped.map(([line, reason]) => [`${line}`, users(reason)]);
  return [
    make("h3", {}, "Sign-off"),
    signing,
    skipped.length ? table("Rows of the file that were skipped", ["Line", "Reason"], skipped) : null,
    make("h3", {}, "Files of the batch"),
    filesTable([], batch.files, "Files beside this page"),
    make("h3", {}, "Sources and priors"),
    sourcesFolded(),
  ].flat();
}

function start() {
  let shown = pins;
  const dialog = new PinDialog(byId("pin"), (place) => sheet.go(place));
  const sheet = new Sheet(byId("sheet"), (place) => dialog.open(shown, place));
  const changed = () => {
    shown = pinsShown();
    byId("shown").textContent = `${shown.length} of ${pins.length} pins shown`;
    sheet.show(shown);
  };
  byId("counts").append(...countTiles());
  byId("summary").append(
    facts([...batch.facts, ["Conditions", batch.conditions.map((parts) => `${parts[0]} (${parts[1]})`).join(", ")]]),
    kindsTable((number) => {
      byId("filters").reset();
      byId("filter-finding").value = number;
      changed();
      byId("filter-finding").focus();
    }),
  );
  byId("record").append(...record().filter(Boolean));
  startFilters(changed);
  startPrinting(dialog, () => shown);
  byId("save-csv").addEventListener("click", () => saveCsv(shown));
  byId("print-travellers").addEventListener("click", () => printTravellers(shown));
  byId("page").hidden = false;
  changed();
  const named = decodeURIComponent(location.hash.slice(1));
  const place = shown.findIndex((pin) => pin.characters === named);
  if (place >= 0) sheet.choose(place);
}

start();

// What goes on paper: the traveller of a pin, or a list of the pins shown.

const LINES = ["Engraved by, date, machine", "Depths measured by, date", "Released by, date"];

/** One sheet that goes with a pin. ``heights`` : of its tip, null where they are not at hand. */
function traveller(pin, details, heights) {
  const main = [...details.depths.filter((depth) => LAND_NUMBER.test(depth.place)), ...shallowestTeeth(details.depths)];
  return make(
    "section",
    { class: "traveller" },
    make(
      "div",
      { class: "bar" },
      make(
        "div",
        {},
        make("p", { class: "quiet" }, `Traveller, ${batch.title}`),
        make("h2", {}, users(pin.serial)),
        make("p", {}, users(`${pin.made}${pin.lot ? `, lot ${pin.lot}` : ""}`)),
        make("p", { class: "characters large" }, spaced(pin.characters)),
        make("p", {}, verdictMark(pin.verdict), ` in simulation; read back ${spaced(pin.reads) || "nothing"}`),
      ),
      codeSvg(pin, details.code),
    ),
    make(
      "div",
      { class: "pictures" },
      captioned(layoutSvg(pin, details), "Layout, as it reads"),
      heights ? captioned(cutCanvas(heights, CUT), "Tip as it is cut, mirrored") : null,
      captioned(primerImage(pin, details), "Simulated primer"),
    ),
    make(
      "div",
      { class: "columns" },
      make(
        "div",
        {},
        main.length
          ? table(
              "Depths in simulation",
              ["Land", "Depth, um", "Limit, um", "Verdict", "Measured, um"],
              main.map((depth) => [...depthRow(depth).slice(0, 4), ""]),
              "depths",
            )
          : make("p", {}, "Depths were not measured."),
      ),
      make(
        "div",
        {},
        facts([
          ...batch.facts.filter(([name]) => FACTS_OF_WORK.includes(name)),
          ["Tip and profile", pin.point],
          ["Id", pin.id],
        ]),
      ),
    ),
    make("h3", {}, "Findings"),
    findingsList(details.findings, { folds: false }),
    make(
      "div",
      { class: "lines" },
      LINES.map((text) => make("div", {}, text)),
    ),
    make("p", { class: "quiet" }, batch.statement),
  );
}

const FACTS_OF_WORK = ["Job", "Process", "Machine", "Relief", "Made by"];

function pinList(shown) {
  const rows = shown.map((pin) => [
    users(pin.serial),
    users(pin.made),
    make("span", { class: "characters" }, spaced(pin.characters)),
    verdictMark(pin.verdict),
    spaced(pin.reads),
    pin.shallowest_um,
    pin.limit_um,
    pin.findings,
  ]);
  const heads = [
    "Serial",
    "Maker and model",
    "Characters",
    "Verdict",
    "Read back",
    "Shallowest, um",
    "Limit, um",
    "Findings",
  ];
  return [
    make("h1", {}, batch.title),
    make("p", { class: "statement" }, batch.statement),
    facts([...batch.counts, ...batch.facts]),
    table(`${shown.length} of ${pins.length} pins`, heads, rows),
  ];
}

/** Print a traveller for each of these pins; heights have to be unpacked first. */
async function printTravellers(shown) {
  const sheets = [];
  for (const pin of shown) {
    const details = detailsOf(pin);
    sheets.push(traveller(pin, details, await tipOf(details)));
  }
  preparedSheets = sheets;
  window.print();
}

async function tipOf(details) {
  try {
    return details.views ? await heightsOf(details.views.tip) : null;
  } catch {
    // The pin's own view says why; a traveller does without.
    return null;
  }
}

let preparedSheets = null;

/** Before anything is printed, by whatever way: put on paper what fits what is on the screen. */
function startPrinting(dialog, shownNow) {
  addEventListener("beforeprint", () => {
    const paper = byId("paper");
    if (preparedSheets) {
      paper.replaceChildren(...preparedSheets);
    } else if (dialog.pin) {
      paper.replaceChildren(traveller(dialog.pin, detailsOf(dialog.pin), dialog.heights?.tip ?? null));
    } else {
      paper.replaceChildren(...pinList(shownNow()));
    }
  });
  addEventListener("afterprint", () => {
    preparedSheets = null;
    byId("paper").replaceChildren();
  });
}

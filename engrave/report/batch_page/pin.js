// One pin in full: what is on record of it, in the dialog and, shorter, on the traveller.

const MOST_PLACES = 6;

/** Findings of one number with one remedy are told together, the gravest first; many places are folded away. */
function findingsList(findings, { folds = true } = {}) {
  if (!findings.length) return make("p", {}, "No finding.");
  const groups = new Map();
  for (const one of findings) groups.set(kindOf(one), [...(groups.get(kindOf(one)) ?? []), one]);
  return make(
    "ul",
    { class: "findings" },
    [...groups.values()].sort(byGravity).map((group) => findingGroup(group, folds)),
  );
}

const kindOf = ([number, severity, , , , , , remedy]) => [number, severity, remedy].join("\n");
const GRAVITY = ["error", "warning", "info"];
const byGravity = ([[, one]], [[, other]]) => GRAVITY.indexOf(one) - GRAVITY.indexOf(other);

function findingGroup(group, folds) {
  const [number, severity, , , , , , remedy] = group[0];
  const first = group.slice(0, folds ? MOST_PLACES : 1);
  const rest = group.slice(first.length);
  const items = (entries) =>
    make(
      "ul",
      {},
      entries.map((entry) => make("li", {}, findingText(entry))),
    );
  return make(
    "li",
    {},
    make("strong", {}, number),
    " ",
    make("span", { class: `severity ${severity}` }, severity),
    group.length > 1 ? `, in ${group.length} places` : "",
    remedy ? make("div", {}, `Remedy: ${remedy}`) : null,
    items(first),
    rest.length && folds ? folded(`${rest.length} more`, items(rest)) : null,
    rest.length && !folds ? make("div", { class: "quiet" }, `and ${rest.length} more, in check.json`) : null,
  );
}

function findingText([, , message, place, value, limit, unit]) {
  const figures = [
    ["value", value],
    ["limit", limit],
  ]
    .filter(([, one]) => one !== null)
    .map(([name, one]) => `${name} ${one}${unit ? ` ${unit}` : ""}`);
  return `${place ? `${place}: ` : ""}${message}${figures.length ? ` (${figures.join(", ")})` : ""}`;
}

const figure = (value, digits = 1) => (value === null ? "none" : value.toFixed(digits));

function lowMark(depth) {
  return depth.low ? make("b", { class: "low" }, "LOW") : "ok";
}

function depthRow(depth) {
  const name = [make("b", {}, depth.shows), ` ${depth.place}`];
  const share = depth.share === null ? "" : (100 * depth.share).toFixed(0);
  return [
    make("span", {}, name),
    figure(depth.depth, 2),
    figure(depth.limit, 2),
    lowMark(depth),
    share,
    depth.edge === null ? "" : figure(depth.edge),
    depth.contrast === null ? "" : figure(depth.contrast),
  ];
}

const DEPTH_HEADS = ["Land", "Depth, um", "Limit, um", "Verdict", "Printed, %", "Wall, um", "Contrast"];

/** Every character and shape, and of each ring track the tooth that prints shallowest; the others are folded away. */
function depthTables(pin, details) {
  if (!details.depths.length) return [make("p", {}, "Not measured.")];
  const main = [...details.depths.filter((depth) => LAND_NUMBER.test(depth.place)), ...shallowestTeeth(details.depths)];
  const rest = details.depths.filter((depth) => !LAND_NUMBER.test(depth.place));
  const picture = captioned(
    make("div", {}, depthsSvg(pin, details), depthScale(details.depths[0].limit)),
    "Depths, um: each character, and the shallowest tooth of each track. Red outline and LOW: below the limit.",
  );
  picture.classList.add("depths");
  const tables = [
    table(
      "Depths by character, and the shallowest tooth of each ring track",
      DEPTH_HEADS,
      main.map(depthRow),
      "depths",
    ),
    rest.length
      ? folded(`All ${rest.length} teeth`, table("Depths by tooth", DEPTH_HEADS, rest.map(depthRow), "depths"))
      : null,
  ];
  return make("div", { class: "pictures" }, picture, make("div", { class: "beside" }, tables));
}

function strikesTable(pin, details) {
  if (!details.strikes.length) return make("p", {}, "Not simulated.");
  const blows = new Map(batch.conditions);
  const rows = details.strikes.map(([name, dent, contact, pressure, characters, wrong, names, posterior, other]) => [
    `${name}: ${blows.get(name) ?? ""}`,
    figure(dent),
    figure(contact, 0),
    figure(pressure, 2),
    characters ? readMark(pin, characters) : "no mark found",
    wrong === null ? "" : `${wrong}`,
    names ? users(names) : make("b", { class: "low" }, "nobody"),
    posterior,
    other,
  ]);
  const heads = [
    "Condition",
    "Dent, um",
    "Contact, um",
    "Pressure over yield",
    "Characters read",
    "Ring cells wrong",
    "Names",
    "Its chance",
    "Likeliest other, its chance",
  ];
  return table("What each strike gave, and whom the reading names", heads, rows);
}

function readMark(pin, characters) {
  const right = characters === pin.characters;
  return make(
    "span",
    { class: right ? "characters" : "characters low" },
    spaced(characters),
    right ? "" : " (not as intended)",
  );
}

function fileLink(folder, name) {
  return make("a", { href: [...folder, name].map(encodeURIComponent).join("/") }, name);
}

function filesTable(folder, files, caption) {
  const rows = files.map(([name, digest]) => [
    fileLink(folder, name),
    digest ? make("code", { class: "hash" }, digest) : "it holds the hash of this page",
  ]);
  return table(caption, ["File", "SHA-256"], rows);
}

const nameOfPin = (pin) => users(`${pin.serial} (${pin.made})`);

function markFacts(pin, details) {
  const pairs = [
    ["Serial", users(pin.serial)],
    ["Maker", users(pin.maker)],
    ["Model", users(pin.model)],
    ...(pin.lot ? [["Lot", users(pin.lot)]] : []),
    ["Characters", make("span", { class: "characters" }, spaced(pin.characters))],
    ["Read back", pin.reads ? readMark(pin, pin.reads) : "nothing"],
    ["Names", pin.names ? users(pin.names) : make("b", { class: "low" }, "nobody")],
    ["Id", pin.id],
    ["Tip", pin.point],
    // A pin that was made by itself stands in no file.
    ...(pin.line === "0" ? [] : [["Row of the file", pin.line]]),
    ...(details.time ? [["Takes", details.time]] : []),
  ];
  const ring = details.ring.map((track, number) => [
    `Ring track ${number + 1}`,
    make("code", { class: "hash" }, track),
  ]);
  return [facts(pairs), ring.length ? folded("Ring", facts(ring)) : null];
}

function captioned(picture, text) {
  return make("figure", {}, picture, make("figcaption", {}, text));
}

function pictureFigures(pin, details) {
  return [
    captioned(
      layoutSvg(pin, details),
      `Layout, as it reads in the primer; dark: ${batch.dark}. Bar: ${batch.scale_bar}`,
    ),
    make("figure", { class: "waits" }, make("figcaption", {}, "The tip as it is cut")),
    captioned(primerImage(pin, details), "Simulated primer, light from the upper left"),
  ];
}

const CUT = "The simulated tip as it is cut, seen from in front: the mirror image";

/** Everything of a pin, its heights still to come. */
function pinBody(pin, details) {
  return [
    make(
      "div",
      { class: "columns" },
      make("section", {}, make("h3", {}, "Mark"), markFacts(pin, details)),
      make("section", {}, make("h3", {}, "Findings and remedies"), findingsList(details.findings)),
    ),
    make("section", {}, make("h3", {}, "Pictures"), make("div", { class: "pictures" }, pictureFigures(pin, details))),
    make(
      "section",
      { class: "surfaces" },
      make("h3", {}, "Tip and primer to turn"),
      make("p", {}, "Unpacking heights."),
    ),
    make("section", {}, make("h3", {}, "Depths"), depthTables(pin, details)),
    make("section", {}, make("h3", {}, "Conditions"), strikesTable(pin, details)),
    make(
      "section",
      {},
      make("h3", {}, "Files"),
      filesTable(["pins", pin.characters], details.files, "Files of this pin, as the manifest records them"),
    ),
    make("section", {}, make("h3", {}, "Sources and priors"), sourcesFolded()),
    make(
      "section",
      {},
      make("h3", {}, "Code of the traveller"),
      codeSvg(pin, details.code),
      make("p", { class: "quiet" }, "QR: maker|model|serial|characters"),
    ),
  ];
}

function sourcesFolded() {
  const rows = (entries) => entries.map(([name, text]) => [name, text]);
  return [
    folded(
      `What was not measured: ${batch.priors.length} priors`,
      table(
        "Figures that were recalled, chosen or assumed. Measure your own, and the result is yours",
        ["Figure", "What is known of it"],
        rows(batch.priors),
      ),
    ),
    folded(
      `Where the other figures come from: ${batch.sources.length}`,
      table("Sources", ["Figure", "Source"], rows(batch.sources)),
    ),
  ];
}

/** The dialog: opened on a place among the pins shown, and stepped through them. */
class PinDialog {
  constructor(dialog, closed) {
    this.dialog = dialog;
    this.pin = null;
    this.heights = null;
    byId("pin-close").addEventListener("click", () => dialog.close());
    byId("pin-before").addEventListener("click", () => this.open(this.shown, this.place - 1));
    byId("pin-after").addEventListener("click", () => this.open(this.shown, this.place + 1));
    byId("pin-print").addEventListener("click", () => window.print());
    dialog.addEventListener("close", () => {
      this.pin = null;
      history.replaceState(null, "", location.pathname);
      closed(this.place);
    });
  }

  open(shown, place) {
    this.shown = shown;
    this.place = place;
    this.pin = shown[place];
    this.heights = null;
    const details = detailsOf(this.pin);
    byId("pin-heading").replaceChildren(nameOfPin(this.pin), " ", verdictMark(this.pin.verdict));
    byId("pin-body").replaceChildren(...pinBody(this.pin, details));
    byId("pin-body").scrollTop = 0;
    byId("pin-before").disabled = place === 0;
    byId("pin-after").disabled = place === shown.length - 1;
    if (!this.dialog.open) this.dialog.showModal();
    if (document.activeElement?.disabled || document.activeElement === document.body || !this.stepped())
      byId("pin-heading").focus();
    history.replaceState(null, "", `#${encodeURIComponent(this.pin.characters)}`);
    this.showHeights(this.pin, details);
  }

  /** Whether one of the two buttons that step is in use: it keeps the focus. */
  stepped() {
    return [byId("pin-before"), byId("pin-after")].includes(document.activeElement) && !document.activeElement.disabled;
  }

  async showHeights(pin, details) {
    const body = byId("pin-body");
    const section = body.querySelector(".surfaces");
    const waiting = body.querySelector(".waits");
    const said = (text) => {
      section.querySelector("p").textContent = text;
      waiting.replaceChildren(make("div", { class: "missing" }, "no heights"), make("figcaption", {}, CUT));
    };
    if (!details.views) {
      said("Not simulated: there are no heights to show. See the findings.");
      return;
    }
    try {
      const heights = { tip: await heightsOf(details.views.tip), primer: await heightsOf(details.views.primer) };
      if (this.pin !== pin) return;
      this.heights = heights;
      waiting.replaceChildren(cutCanvas(heights.tip, `${CUT}, of pin ${pin.serial}`), make("figcaption", {}, CUT));
      section.replaceChildren(
        make("h3", {}, "Tip and primer to turn"),
        make(
          "p",
          { class: "quiet" },
          "Drag with the pointer, or arrow keys, + and -, Home. The triangle points to the top of the mark.",
        ),
        make(
          "div",
          { class: "pictures" },
          turningFigure(heights.tip, STEEL, "Simulated tip, seen from in front"),
          turningFigure(heights.primer, BRASS, "Simulated primer, as it reads"),
        ),
      );
    } catch (error) {
      said(`The heights cannot be shown: ${error.message}.`);
    }
  }
}

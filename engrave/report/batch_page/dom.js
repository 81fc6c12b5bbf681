"use strict";

// Elements are made here and nowhere else, and every text goes in as text: what a serial holds can never be markup.

const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes (those that are null or false are left out) and children, texts or elements. */
function make(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

/** The same for SVG. */
function draw(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

/** A text of a user's, kept from turning the direction of what stands beside it. */
function users(text) {
  return make("bdi", {}, text);
}

const byId = (name) => document.getElementById(name);

/** Names and values as a list; a value is a text or an element. */
function facts(pairs) {
  return make(
    "dl",
    { class: "facts" },
    pairs.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]),
  );
}

/** A table whose first cell of each row heads it. Cells are texts or elements; one that is a number is set as such. */
function table(caption, heads, rows, kind = "") {
  const head = make(
    "tr",
    {},
    heads.map((text) => (text ? make("th", { scope: "col" }, text) : make("td"))),
  );
  const body = rows.map(([first, ...others]) =>
    make(
      "tr",
      {},
      make("th", { scope: "row" }, first),
      others.map((cell) => make("td", { class: isFigure(cell) ? "number" : null }, cell)),
    ),
  );
  return make(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": caption },
    make(
      "table",
      { class: kind || null },
      make("caption", {}, caption),
      make("thead", {}, head),
      make("tbody", {}, body),
    ),
  );
}

function isFigure(cell) {
  return typeof cell === "string" && /^-?[0-9.]+$/.test(cell);
}

/** Something that is folded away until it is asked for. */
function folded(title, ...children) {
  return make("details", {}, make("summary", {}, title), children);
}

/** Characters as they stand on the pin, four a row. */
function spaced(characters) {
  return characters.replace(/(.{4})(?=.)/gu, "$1 ");
}

// A sign and a word tell a verdict; colour only repeats it.
const VERDICTS = { pass: ["\u2713", "good"], fail: ["\u00d7", "bad"] };

function verdictMark(verdict) {
  const [sign, kind] = VERDICTS[verdict] ?? ["?", "doubt"];
  return make(
    "span",
    { class: `verdict ${kind}` },
    make("span", { "aria-hidden": "true" }, `${sign} `),
    verdict.toUpperCase(),
  );
}

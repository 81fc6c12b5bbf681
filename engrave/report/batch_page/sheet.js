// The contact sheet: of however many pins, only those near the window are in the document.

const CARD_WIDTH_PX = 196;
const CARD_HEIGHT_PX = 286;
const ROWS_BEYOND = 1;

/** A grid of cards in ``box``; ``open`` is called with the place of the pin that is chosen. */
class Sheet {
  constructor(box, open) {
    this.box = box;
    this.open = open;
    this.shown = [];
    this.current = 0;
    this.rows = new Map();
    this.room = make("div", { class: "room", role: "presentation" });
    box.append(this.room);
    box.addEventListener("scroll", () => this.update());
    box.addEventListener("keydown", (event) => this.pressed(event));
    box.addEventListener("click", (event) => {
      const card = event.target.closest("[data-place]");
      if (card) this.choose(Number(card.dataset.place));
    });
    new ResizeObserver(() => this.resized()).observe(box);
  }

  /** Show these pins, the first of them current. */
  show(shown) {
    this.shown = shown;
    this.current = 0;
    this.box.scrollTop = 0;
    this.lay();
  }

  columnsNow() {
    return Math.max(1, Math.floor(this.box.clientWidth / CARD_WIDTH_PX));
  }

  /** Another width may want other columns; whoever has the focus keeps it. */
  resized() {
    if (this.columns === this.columnsNow()) {
      this.update();
      return;
    }
    const held = this.box.contains(document.activeElement);
    this.lay();
    if (held) this.go(this.current);
  }

  /** Begin anew: as many columns as there is width for. */
  lay() {
    this.columns = this.columnsNow();
    const count = Math.ceil(this.shown.length / this.columns);
    this.box.setAttribute("aria-rowcount", count);
    this.box.setAttribute("aria-colcount", this.columns);
    this.room.style.height = `${count * CARD_HEIGHT_PX}px`;
    this.room.replaceChildren();
    this.rows.clear();
    this.update();
  }

  /** Put the rows near the window into the document and take the others out; the current pin's stays. */
  update() {
    const first = Math.floor(this.box.scrollTop / CARD_HEIGHT_PX) - ROWS_BEYOND;
    const last = Math.ceil((this.box.scrollTop + this.box.clientHeight) / CARD_HEIGHT_PX) + ROWS_BEYOND;
    const wanted = new Set([this.rowOf(this.current)]);
    for (let row = Math.max(0, first); row < last; row += 1) wanted.add(row);
    for (const [row, element] of this.rows) {
      if (!wanted.has(row)) {
        element.remove();
        this.rows.delete(row);
      }
    }
    for (const row of [...wanted].sort((one, other) => one - other)) {
      if (!this.rows.has(row) && row * this.columns < this.shown.length) this.put(row);
    }
  }

  put(row) {
    const places = [...Array(this.columns).keys()].map((column) => row * this.columns + column);
    const cards = places.filter((place) => place < this.shown.length).map((place) => this.card(place));
    const element = make("div", { role: "row", "aria-rowindex": row + 1, class: "row" }, cards);
    element.style.top = `${row * CARD_HEIGHT_PX}px`;
    // In the order of the rows, so that a screen reader meets them as they stand.
    const next = [...this.rows].filter(([other]) => other > row).sort(([one], [other]) => one - other)[0];
    this.room.insertBefore(element, next ? next[1] : null);
    this.rows.set(row, element);
  }

  card(place) {
    const pin = this.shown[place];
    const details = detailsOf(pin);
    const pictures = { primer: primerImage, layout: layoutSvg, depths: depthsSvg };
    return make(
      "div",
      {
        role: "gridcell",
        class: "card",
        "aria-colindex": (place % this.columns) + 1,
        "data-place": place,
        tabindex: place === this.current ? 0 : -1,
      },
      make("div", { class: "picture" }, pictures[byId("picture").value](pin, details)),
      make("div", { class: "serial" }, users(pin.serial)),
      make("div", { class: "quiet" }, users(pin.made)),
      make("div", {}, make("span", { class: "characters" }, spaced(pin.characters)), " ", verdictMark(pin.verdict)),
      make("div", { class: "quiet" }, pin.findings || "no finding"),
    );
  }

  rowOf(place) {
    return Math.floor(place / this.columns);
  }

  /** Where a key leads from the current pin, or undefined. */
  step(key) {
    const screen = Math.max(1, Math.floor(this.box.clientHeight / CARD_HEIGHT_PX)) * this.columns;
    const steps = {
      ArrowLeft: -1,
      ArrowRight: 1,
      ArrowUp: -this.columns,
      ArrowDown: this.columns,
      PageUp: -screen,
      PageDown: screen,
      Home: -this.shown.length,
      End: this.shown.length,
    };
    return steps[key];
  }

  pressed(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || !this.shown.length) return;
    const step = this.step(event.key);
    if (step !== undefined) {
      event.preventDefault();
      this.go(Math.max(0, Math.min(this.shown.length - 1, this.current + step)));
    } else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.choose(this.current);
    }
  }

  choose(place) {
    this.go(place);
    this.open(place);
  }

  /** Make a pin the current one, bring it into the window, and give it the focus. */
  go(place) {
    this.cell(this.current)?.setAttribute("tabindex", -1);
    this.current = place;
    const top = this.rowOf(place) * CARD_HEIGHT_PX;
    if (top < this.box.scrollTop) this.box.scrollTop = top;
    const most = this.box.scrollTop + this.box.clientHeight - CARD_HEIGHT_PX;
    if (top > most) this.box.scrollTop = top - this.box.clientHeight + CARD_HEIGHT_PX;
    this.update();
    const cell = this.cell(place);
    cell?.setAttribute("tabindex", 0);
    cell?.focus({ preventScroll: true });
  }

  cell(place) {
    return this.room.querySelector(`[data-place="${place}"]`);
  }
}

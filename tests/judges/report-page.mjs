// Opens a QA page in Chromium as an inspector would and prints what it saw, as JSON; tests/browser judges it.
//
//   node report-page.mjs CHROMIUM PAGE.html FOLDER whole|large CHARACTERS
//
// PDF files and the saved table are put into FOLDER. CHARACTERS are those of a pin that is opened by a link.
import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { pathToFileURL } from "node:url"
import { chromium } from "playwright-core"

const [chromiumPath, pagePath, folder, what] = process.argv.slice(2)
const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8")
const address = pathToFileURL(pagePath).href
const WINDOW = { width: 1280, height: 900 }

const browser = await chromium.launch({ executablePath: chromiumPath, args: ["--no-sandbox", "--disable-gpu"] })
const seen = { requests: [], console: [], errors: [], alerts: [] }

/** A window on the page that notes whatever is asked of the network, logged, thrown or alerted. */
async function opened(options = {}, { prepare, at = address } = {}) {
  const context = await browser.newContext({ viewport: WINDOW, ...options })
  await context.setOffline(true)
  const page = await context.newPage()
  page.on("request", (request) => {
    if (!request.url().startsWith(address) && !/^(data|blob):/.test(request.url())) seen.requests.push(request.url())
  })
  page.on("console", (message) => seen.console.push(`${message.type()}: ${message.text()}`))
  page.on("pageerror", (error) => seen.errors.push(error.message))
  page.on("dialog", async (dialog) => {
    seen.alerts.push(dialog.message())
    await dialog.dismiss()
  })
  await page.addInitScript(() => {
    window.print = () => {}
  })
  if (prepare) await page.addInitScript(prepare)
  await page.goto(at)
  return page
}

const ready = (page) => page.waitForSelector("#page:not([hidden])")
const shown = (page) => page.locator("#shown").innerText()
const cards = (page) => page.locator("[data-place]").count()
const focused = (page) =>
  page.evaluate(() => {
    const element = document.activeElement
    const style = getComputedStyle(element)
    return {
      name:
        element.id || element.dataset.place || element.getAttribute("aria-label") || element.textContent.slice(0, 40),
      tag: element.tagName.toLowerCase(),
      role: element.getAttribute("role"),
      place: element.dataset.place ?? null,
      outlined: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0,
    }
  })
const texts = (page, selector) => page.locator(selector).allInnerTexts()

/** What axe finds that is serious or critical. */
async function faults(page) {
  await page.evaluate(axeSource)
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }))
  return violations
    .filter(({ impact }) => ["serious", "critical"].includes(impact))
    .map(
      ({ id, nodes }) =>
        `${id}: ${nodes
          .slice(0, 3)
          .map(({ html }) => html.slice(0, 120))
          .join(" | ")}`,
    )
}

async function canvasOf(page, number) {
  const url = await page.evaluate(async (at) => {
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))
    return document.querySelectorAll(".turning canvas")[at].toDataURL()
  }, number)
  return createHash("sha256").update(url).digest("hex")
}

async function coloursOf(page, number) {
  return page.evaluate((at) => {
    const canvas = document.querySelectorAll(".turning canvas")[at]
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height)
    return new Set(new Uint32Array(data.buffer)).size
  }, number)
}

async function filters(page) {
  const tried = {}
  const clear = () => page.locator("#clear").click()
  for (const [name, value] of [
    ["verdict", "fail"],
    ["verdict", "pass"],
    ["finding", "S203"],
    ["finding", "none"],
  ]) {
    await page.locator(`#filter-${name}`).selectOption(value)
    tried[`${name} ${value}`] = await shown(page)
    await clear()
  }
  for (const name of ["tip", "model"]) {
    const values = await page.locator(`#filter-${name} option`).evaluateAll((all) => all.map(({ value }) => value))
    await page.locator(`#filter-${name}`).selectOption(values[1])
    tried[name] = [values, await shown(page)]
    await clear()
  }
  for (const text of ["aaa0007", "onerror", "nobody has this"]) {
    await page.locator("#filter-text").fill(text)
    tried[text] = [await shown(page), await texts(page, ".card .serial")]
    await clear()
  }
  tried.cleared = await shown(page)
  await page.locator("#order").selectOption("shallowest first")
  tried.shallowest = (await texts(page, ".card .serial")).slice(0, 3)
  await clear()
  await page.getByRole("button", { name: "S203" }).click()
  tried.button = [await shown(page), (await focused(page)).name]
  await clear()
  return tried
}

async function keyboard() {
  const page = await opened()
  await ready(page)
  const way = []
  for (let step = 0; step < 60; step += 1) {
    await page.keyboard.press("Tab")
    const now = await focused(page)
    if (now.tag === "body") break
    way.push(now)
  }
  await page.locator('[data-place="0"]').focus()
  const places = []
  for (const key of [
    "ArrowRight",
    "ArrowDown",
    "ArrowLeft",
    "ArrowUp",
    "ArrowUp",
    "End",
    "ArrowRight",
    "Home",
    "PageDown",
    "Home",
  ]) {
    await page.keyboard.press(key)
    places.push([key, (await focused(page)).place])
  }
  const columns = Number(await page.locator("#sheet").getAttribute("aria-colcount"))
  await page.keyboard.press("ArrowRight")
  await page.keyboard.press("Enter")
  const opening = [
    await page.locator("#pin").evaluate((dialog) => dialog.open),
    await focused(page),
    page.url().split("#")[1],
  ]
  const inside = []
  for (let step = 0; step < 40; step += 1) {
    await page.keyboard.press("Tab")
    inside.push(
      await page.evaluate(
        () =>
          document.activeElement === document.body || document.getElementById("pin").contains(document.activeElement),
      ),
    )
  }
  const steps = []
  for (const button of ["pin-after", "pin-before", "pin-before"]) {
    await page.locator(`#${button}`).focus()
    await page.keyboard.press("Enter")
    const disabled = await page.locator("#pin-before").isDisabled()
    steps.push([await page.locator("#pin-heading bdi").innerText(), (await focused(page)).name, disabled])
  }
  await page.locator("#pin-after").press("Enter")
  await page.keyboard.press("Escape")
  const closing = [await page.locator("#pin").evaluate((dialog) => dialog.open), await focused(page)]
  await page.context().close()
  return { way, places, columns, opening, inside: inside.every(Boolean), steps, closing }
}

/** One pin opened by its serial; its dialog stays open. */
async function openPin(page, serial) {
  await page.locator("#filter-text").fill(serial)
  await page.locator('[data-place="0"]').click()
  await page.waitForFunction(() => !document.querySelector(".surfaces p")?.textContent.startsWith("Unpacking"))
}

async function pinView(page) {
  await openPin(page, "AAA0002")
  const told = {
    heading: await page.locator("#pin-heading").innerText(),
    sections: await texts(page, "#pin-body h3"),
    text: await page.locator("#pin-body").innerText(),
    links: await page.locator("#pin-body a").evaluateAll((all) => all.map((link) => link.getAttribute("href"))),
    pictures: await page
      .locator("#pin-body :is(img, svg, canvas)")
      .evaluateAll((all) =>
        all.map((picture) => [
          picture.tagName.toLowerCase(),
          picture.getAttribute("aria-label") ?? picture.alt,
          picture.clientWidth,
        ]),
      ),
    loaded: await page
      .locator("#pin-body img")
      .evaluateAll((all) => all.every((image) => image.complete && image.naturalWidth > 0)),
    labels: await page.locator("figure.depths svg text.label").allTextContents(),
    colours: [await coloursOf(page, 0), await coloursOf(page, 1)],
  }
  const canvas = page.locator(".turning canvas").first()
  const views = [await canvasOf(page, 0)]
  await canvas.focus()
  for (const key of ["ArrowLeft", "ArrowUp", "+"]) {
    await page.keyboard.press(key)
    views.push(await canvasOf(page, 0))
  }
  await canvas.scrollIntoViewIfNeeded()
  const box = await canvas.boundingBox()
  await page.mouse.move(box.x + 200, box.y + 150)
  await page.mouse.down()
  await page.mouse.move(box.x + 260, box.y + 170, { steps: 4 })
  await page.mouse.up()
  views.push(await canvasOf(page, 0))
  await page.mouse.move(box.x + 100, box.y + 100)
  const released = await canvasOf(page, 0)
  await page.getByRole("button", { name: /^From in front: Simulated tip/ }).click()
  views.push(await canvasOf(page, 0))
  const output = await page.locator(".turning output").first().innerText()
  await page.locator("#pin-close").click()
  return { ...told, views, released, output }
}

async function printing(page) {
  await page.locator("#clear").click()
  await page.pdf({ path: `${folder}/list.pdf`, preferCSSPageSize: true })
  await openPin(page, "AAA0002")
  await page.pdf({ path: `${folder}/traveller.pdf`, preferCSSPageSize: true })
  await page.locator("#pin-close").click()
  await page.locator("#filter-text").fill("aaa000")
  await page.locator("#print-travellers").click()
  await page.waitForFunction(() => preparedSheets !== null)
  await page.pdf({ path: `${folder}/travellers.pdf`, preferCSSPageSize: true })
  await page.locator("#clear").click()
  const download = page.waitForEvent("download")
  await page.locator("#save-csv").click()
  await (await download).saveAs(`${folder}/pins.csv`)
  return { named: (await download).suggestedFilename(), left: await page.locator("#paper").innerText() }
}

async function hostile(page) {
  await openPin(page, "onerror")
  const heading = await page.locator("#pin-heading bdi").innerText()
  const body = await page.locator("#pin-body").innerText()
  const injected = await page.locator("[onerror], iframe, #pin-body script").count()
  await page.locator("#pin-close").click()
  return { heading, body, injected }
}

async function withoutPictures(page) {
  await openPin(page, "AAA0005")
  const text = await page.locator("#pin-body").innerText()
  await page.locator("#pin-close").click()
  return text
}

async function whole() {
  const page = await opened()
  await ready(page)
  const told = {
    title: await page.title(),
    counts: await texts(page, "#counts li"),
    first: await shown(page),
    cards: await cards(page),
    record: await page.locator("#record").innerText(),
    filters: await filters(page),
    keyboard: await keyboard(),
    pin: await pinView(page),
    hostile: await hostile(page),
    unsimulated: await withoutPictures(page),
    printing: await printing(page),
  }
  await page.context().close()
  told.axe = {}
  for (const colorScheme of ["light", "dark"]) {
    const scheme = await opened({ colorScheme })
    await ready(scheme)
    told.axe[`${colorScheme} page`] = await faults(scheme)
    await openPin(scheme, "AAA0002")
    told.axe[`${colorScheme} pin`] = await faults(scheme)
    await scheme.context().close()
  }
  const still = await opened({ javaScriptEnabled: false })
  told.still = await still.locator("body").innerText()
  await still.context().close()
  const old = await opened({}, { prepare: () => delete window.DecompressionStream })
  await openPin(old, "AAA0002")
  told.old = await old.locator(".surfaces").innerText()
  await old.context().close()
  const linked = await opened({}, { at: `${address}#${process.argv[6]}` })
  await ready(linked)
  told.linked = await linked.locator("#pin-heading").innerText()
  await linked.context().close()
  return told
}

async function large() {
  const page = await opened()
  await ready(page)
  const openedMs = await page.evaluate(() => performance.now())
  const told = { opened_ms: openedMs, first: await shown(page), cards: [await cards(page)] }
  for (const share of [0.3, 0.7, 1]) {
    await page.locator("#sheet").evaluate((sheet, part) => {
      sheet.scrollTop = part * sheet.scrollHeight
    }, share)
    await page.waitForTimeout(100)
    told.cards.push(await cards(page))
  }
  await page.locator("[data-place]").first().focus()
  await page.keyboard.press("End")
  told.end = (await focused(page)).place
  const begun = Date.now()
  await page.locator("#filter-text").fill("aaa0777")
  told.filtered = [await shown(page), await texts(page, ".card .serial")]
  told.filter_ms = Date.now() - begun
  await page.context().close()
  return told
}

const told = what === "large" ? await large() : await whole()
await browser.close()
process.stdout.write(JSON.stringify({ ...seen, ...told }))

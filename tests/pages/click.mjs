// click.mjs CHROMIUM MODULES TEMPLATES DIRECTORY - clicks through the pages: those in DIRECTORY, which the
// command wrote, and made-up ones. Prints a line for each thing that holds or does not.
import { createRequire } from "node:module";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { mapMock } from "./mock.mjs";

const [executablePath, modules, templates, directory] = process.argv.slice(2);
const { chromium } = createRequire(join(modules, "unused.js"))("playwright-core");
const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];
let failures = 0;

function check(name, holds, instead = "") {
  if (!holds) failures++;
  console.log(holds ? `ok   ${name}` : `FAIL ${name} ${instead}`);
}

const browser = await chromium.launch({ executablePath, args });

// Opens a page, and has `body` look at it; errors and requests for anything but the file are failures.
async function visit(name, file, { width = 1280, colorScheme = "light" }, body) {
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme, hasTouch: width < 600 });
  const page = await context.newPage();
  const troubles = [];
  page.on("pageerror", (error) => troubles.push(error.message));
  page.on("console", (message) => message.type() === "error" && troubles.push(message.text()));
  page.on("request", (request) => /^(file|data|blob):/.test(request.url()) || troubles.push(`asks for ${request.url()}`));
  try {
    await page.goto(`file://${file}`);
    await page.waitForFunction(() => document.documentElement.dataset.ready);
    await body(page);
  } catch (error) {
    troubles.push(error.message);
  }
  check(`${name}: no errors, nothing loaded`, troubles.length === 0, troubles.join("; "));
  await context.close();
}

const frames = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));

// Something that changes whenever what the canvas shows does.
async function picture(page, selector) {
  await frames(page);
  return page.locator(selector).evaluate((canvas) => canvas.toDataURL());
}

// What goes for every page: it fits, everything to press has a name, text can be read.
async function checkForm(page, name) {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  check(`${name}: fits the width`, wide <= 0, `by ${wide} pixels`);
  const nameless = await page.evaluate(() =>
    [...document.querySelectorAll("button, input, canvas, [role=img], [role=region]")].filter((element) =>
      element.offsetParent !== null && !element.closest(".uplot") && !(element.ariaLabel || element.textContent.trim())).map((element) => element.outerHTML));
  check(`${name}: what can be used has a name`, nameless.length === 0, nameless.join(" "));
  const low = await page.evaluate(() => {
    const style = getComputedStyle(document.documentElement);
    const luminance = (variable) => {
      const hex = style.getPropertyValue(variable).trim().slice(1);
      const [r, g, b] = [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255)
        .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const pairs = [["--ink", "--page"], ["--ink", "--card"], ["--soft", "--page"], ["--soft", "--card"], ["--ours", "--card"]];
    return pairs.filter(([a, b]) => {
      const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p);
      return (x + 0.05) / (y + 0.05) < 4.5;
    }).map((pair) => pair.join(" on "));
  });
  check(`${name}: text has contrast`, low.length === 0, low.join(", "));
}

// Where a slab lies on the map: the centre of the first unit of this class, by its facts.
async function chooseByKeys(page, text) {
  await page.focus("#heap");
  await page.keyboard.press("ArrowDown");
  for (let i = 0; i < 200; i++) {
    if ((await page.locator("#facts").textContent()).includes(text)) return true;
    await page.keyboard.press(i % 16 === 15 ? "ArrowRight" : "ArrowDown");
  }
  return false;
}

async function mockTest(page) {
  check("map: title", (await page.title()) === "Heap of mock-server");
  const before = await picture(page, "#heap");
  await page.click("role=radio[name='Size class']");
  const byClass = await picture(page, "#heap");
  check("map: colouring by class changes the picture", before !== byClass);
  await page.keyboard.press("ArrowRight");
  check("map: arrow keys choose the next way to colour", await page.locator("role=radio[name='Owner']").getAttribute("aria-checked") === "true");
  check("map: and the picture with it", (await picture(page, "#heap")) !== byClass);

  const box = await page.locator("#heap").boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 3);
  check("map: hovering tells the address", /^0x3a5/.test(await page.locator(".tip").textContent()));
  check("map: at first the whole heap is shown", await page.locator("role=button[name='Whole heap']").isDisabled());
  await page.mouse.wheel(0, -600);
  await frames(page);
  check("map: the wheel zooms", await page.locator("role=button[name='Whole heap']").isEnabled());
  const near = await picture(page, "#heap");
  await page.mouse.down();
  await page.mouse.move(box.x + box.width / 2 + 90, box.y + box.height / 3 + 60, { steps: 4 });
  await page.mouse.up();
  check("map: dragging moves it", (await picture(page, "#heap")) !== near);
  await page.click("role=button[name='Whole heap']");

  check("map: keys find a slab", await chooseByKeys(page, "Class48 B blocks"));
  check("map: its facts have an owner", /Owner/.test(await page.locator("#facts").textContent()));
  await page.keyboard.press("Enter");
  await page.waitForSelector("#slab");
  const slab = await picture(page, "#slab");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowDown");
  check("slab: keys move between blocks", (await picture(page, "#slab")) !== slab);
  check("slab: a block has its state", /block \d+ of 1365.*(live|free)/.test(await page.locator("#slab ~ .tip").textContent()));
  check("slab: it is read out", /block \d+ of 1365/.test(await page.locator("[aria-live]").textContent()));
  await page.keyboard.press("Escape");
  await page.waitForSelector("#slab", { state: "detached" });
  check("slab: Escape goes back", await page.locator("#heap").isVisible());

  await page.click("tbody th button >> nth=0");
  check("map: a class can be singled out", await page.locator("text=Show all again").isVisible());
  const filtered = await picture(page, "#heap");
  await page.click("text=Show all again");
  check("map: and all shown again", (await picture(page, "#heap")) !== filtered);
  const rows = await page.locator("section:has-text('By size class') tbody tr").count();
  await page.click("section:has-text('By size class') >> text=/Show all \\d+/");
  check("map: the table shows all classes", (await page.locator("section:has-text('By size class') tbody tr").count()) > rows);
}

async function timeTest(page) {
  const live = () => page.locator(".tile:has-text('Live blocks') dd").textContent();
  const end = await live();
  const last = await picture(page, "#heap");
  await page.locator("input[type=range]").fill("0");
  check("time: the slider changes the figures", (await live()) !== end);
  check("time: and the picture", (await picture(page, "#heap")) !== last);
  await page.click("#play");
  await page.waitForFunction(() => Number(document.querySelector("input[type=range]").value) > 0);
  check("time: play moves on", true);
  await page.waitForFunction(() => document.querySelector("#play").textContent === "Play");
  check("time: and stops at the end", (await live()) === end);
  const back = await picture(page, "#heap");
  check("time: which looks as before", back === last);
  await page.click("role=radio[name='Age']");
  check("time: colouring by age changes the picture", (await picture(page, "#heap")) !== last);
  check("time: what was cut is said", await page.locator("text=Blocks are drawn for").isVisible());
}

const small = join(directory, "mock_small.html");
const timed = join(directory, "mock_time.html");
const large = join(directory, "mock_large.html");
const template = join(templates, "map.html");
writeFileSync(small, mapMock(template, { superslabs: 12 }));
writeFileSync(timed, mapMock(template, { superslabs: 20, frames: 6, cut: 3 }));
writeFileSync(large, mapMock(template, { superslabs: 512, times: 100, blocks: false }));

await visit("map", small, {}, mockTest);
await visit("time", timed, {}, timeTest);
await visit("100 GiB", large, {}, async (page) => {
  check("100 GiB: says so", /51.200 SuperSlabs/.test(await page.locator("footer").textContent()));
  const before = await picture(page, "#heap");
  await page.click("role=radio[name='Owner']");
  check("100 GiB: colours change", (await picture(page, "#heap")) !== before);
  check("100 GiB: no slab's blocks, and it says so", await chooseByKeys(page, "Class16 B blocks"));
  await page.keyboard.press("Enter");
  check("100 GiB: with what to do", /--detail/.test(await page.locator(".slab").textContent()));
});
for (const colorScheme of ["light", "dark"]) {
  for (const width of [400, 1280]) {
    for (const name of ["map", "recorded", "run", "seed"]) {
      await visit(`${name}, ${width} pixels, ${colorScheme}`, join(directory, `${name}.html`), { width, colorScheme }, (page) =>
        checkForm(page, `${name}, ${width} pixels, ${colorScheme}`));
    }
  }
}

await visit("a real heap", join(directory, "map.html"), {}, async (page) => {
  check("a real heap: the program's name", (await page.title()) === "Heap of staged");
  const row = page.locator("section:has-text('By size class') tbody tr:has-text('48 B')").first();
  const live = Number((await row.locator("td").first().textContent()).replace(/\D/g, ""));
  check("a real heap: the survivors are counted", live >= 3000 && live < 3400, String(live));
  const huge = page.locator("section:has-text('By size class') tbody tr:has-text('huge')");
  if (await huge.count() === 0) await page.click("section:has-text('By size class') >> text=/Show all \\d+/");
  check("a real heap: so are huge blocks", (await huge.locator("td").first().textContent()).trim() === "5", await huge.first().textContent());
  check("a real heap: a slab opens", await chooseByKeys(page, "Class48 B blocks"));
  await page.keyboard.press("Enter");
  await page.waitForSelector("#slab");
  await page.hover("#slab", { position: { x: 200, y: 20 } });
  check("a real heap: its blocks are known", /block \d+ of 1365/.test(await page.locator("#slab ~ .tip").textContent()));
});
await visit("a recording", join(directory, "recorded.html"), {}, async (page) => {
  check("a recording: has its looks", Number(await page.locator("input[type=range]").getAttribute("max")) >= 4);
  check("a recording: has a chart", await page.locator(".uplot canvas").isVisible());
});
await visit("a run", join(directory, "run.html"), {}, async (page) => {
  check("a run: the command", (await page.locator("main > p code").first().textContent()).includes("staged 900"));
  check("a run: how it ended", /exit status 0/.test(await page.locator(".tile:has-text('It ended with')").textContent()));
  check("a run: the advice of explain", (await page.locator("#advice").textContent()).length > 40);
  check("a run: the class of the staged blocks", await page.locator("section:has-text('Size classes') tbody tr:has-text('48 B')").first().isVisible());
  const chart = await page.locator(".uplot canvas").evaluate((canvas) =>
    new Set(new Uint32Array(canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.buffer)).size);
  check("a run: the chart is drawn", chart > 4, `${chart} colours`);
});
await visit("the seed report", join(directory, "seed.html"), {}, async (page) => {
  check("the seed report: a bar for each allocator", (await page.locator(".bar-row").count()) === 2);
  check("the seed report: throughput", /ops\/s/.test(await page.locator(".tile").first().textContent()));
  check("the seed report: what costs most", (await page.locator(".costs li").count()) >= 2);
  await page.click("role=radio[name='system']");
  check("the seed report: of the other allocator", await page.locator("role=radio[name='system']").getAttribute("aria-checked") === "true");
  await page.click("role=radio[name='In the whole process']");
  check("the seed report: calls by name", await page.locator("tbody tr:has-text('mmap')").first().isVisible()
    || await page.locator("text=Not available here").first().isVisible());
});

await browser.close();
if (failures) console.log(`${failures} failed`);
process.exit(failures ? 1 : 0);

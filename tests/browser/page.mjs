// Looks at the page of telemetry::dashboard as people do: in a browser.
//
// node page.mjs URL TOKEN FOLDER: exits with 0 when all is as it should be. Pictures for people to
// look at are in FOLDER. Run where playwright-core is installed. What fails says at which step, and
// leaves a picture.
import assert from "node:assert/strict";
import { createRequire } from "node:module";

const { chromium } = createRequire(`${process.cwd()}/`)("playwright-core");
const [url, token, folder] = process.argv.slice(2);

// Long, for machines that do much else: nothing waits so long where all is well.
const patience = 120_000;
let step = "the browser starts";
let open_page = null;
const complaints = [];

// A renderer that hangs answers nothing, and some questions to it have no end.
setTimeout(() => {
  console.error(`it hangs: ${step}`);
  process.exit(1);
}, 5 * patience).unref();

const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  timeout: patience,
  // Containers have little in /dev/shm, no user namespaces, and no graphics card.
  args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
});

const desk = { width: 1280, height: 800 };
const looks = {
  light: { colorScheme: "light", viewport: desk },
  dark: { colorScheme: "dark", viewport: desk },
  phone: { colorScheme: "light", viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true },
};

async function open(look, prepare = async () => {}) {
  const context = await browser.newContext(look);
  context.setDefaultTimeout(patience);
  const page = await context.newPage();
  open_page = page;
  await prepare(page);
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("crash", () => complaints.push("the page crashed"));
  page.on("request", (request) => request.url().startsWith(url) || complaints.push(`asks for ${request.url()}`));
  await page.goto(url, { waitUntil: "domcontentloaded" });
  await until(page, () => document.querySelector("#link")?.dataset.state === "live");
  return page;
}

// Asks ten times a second, and not once a picture: a browser that is short of time draws none.
const until = (page, truth, argument) => page.waitForFunction(truth, argument, { polling: 100 });

const row = (page, name) => page.locator("tbody tr", { has: page.locator("summary, th > span", { hasText: new RegExp(`^${name}$`) }) });

async function everything() {
  for (const [name, look] of Object.entries(looks)) {
    step = `it is drawn, ${name}, and nothing is wider than the screen`;
    const page = await open(look);
    await row(page, "stock").locator(".state", { hasText: "open" }).waitFor();
    await page.locator("#traces .trace").first().waitFor();
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(wide <= 0, `the page is ${wide} px wider than the screen`);
    const sideways = await page.evaluate(() => [...document.querySelectorAll("body *")]
      .filter((element) => element.scrollWidth > element.clientWidth + 1 && /auto|scroll/.test(getComputedStyle(element).overflowX))
      .map((element) => element.outerHTML.slice(0, 80)));
    assert.deepEqual(sideways, [], "nothing is hidden at the side");
    await row(page, "stock").locator("summary").click();
    await row(page, "stock").locator("dl.facts").waitFor();
    await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
    await page.context().close();
  }

  step = "what users notice comes before what is behind it";
  const page = await open(looks.light);
  const order = await page.locator("main > section").evaluateAll((sections) => sections.map((section) => section.id));
  assert.deepEqual(order.slice(0, 5), ["slos", "policies", "traces", "map", "telemetry"]);

  step = "what is bad is told before all else, and leads to where it is";
  // In one go: the page is drawn anew each second.
  const [told, bad] = await page.evaluate(() => [
    [...document.querySelectorAll("#verdict a")].map((link) => link.getAttribute("href")),
    [...document.querySelectorAll("main > section")].filter((it) => it.querySelector("header .state").dataset.standing === "bad").map((it) => `#${it.id}`),
  ]);
  assert.deepEqual(told, bad);
  assert.ok(bad.length || /nothing is bad/.test(await page.locator("#verdict").innerText()));

  step = "names that look like markup are text";
  assert.equal(await page.locator("main b").count(), 0);
  assert.ok((await page.locator("#policies tbody").innerText()).includes("<b>quoted</b>"));

  step = "what is unfolded stays so, and focus stays where it is, while numbers change";
  const summary = row(page, "stock").locator("summary");
  await summary.focus();
  await page.keyboard.press("Enter");
  const frame = (least) => {
    const shown = Number(document.querySelector("#frames .tiles dd").textContent.replace(/\D/g, ""));
    return shown >= least && shown;
  };
  await until(page, frame, (await page.evaluate(frame, 0)) + 3);
  assert.ok(await row(page, "stock").locator("details").evaluate((details) => details.open));
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "stock");

  step = "a failed trace unfolds to its spans, the promise it broke is listed, and the map has both ends";
  const trace = page.locator(".trace", { hasText: "no milk" });
  await trace.locator("summary").click();
  await trace.locator(".spans li", { hasText: "shelf" }).waitFor();
  assert.match(await trace.innerText(), /no milk/);
  assert.match(await trace.locator("summary").innerText(), /no milk/, "what failed is seen before it is unfolded");
  await page.locator("#slos tbody tr", { hasText: "shelves" }).first().waitFor();
  await page.locator("#map text", { hasText: "shelf" }).first().waitFor();

  const axis = trace.locator(".spans .axis text");
  assert.equal(await axis.first().textContent(), "0");
  assert.ok(await axis.count() >= 3, "one sees when something was");

  step = "failures that are alike are told once, and unfold to each of them";
  const alike = page.locator(".trace.group", { hasText: "no tea" });
  assert.match(await alike.locator("summary").first().innerText(), /3 traces/);
  await alike.locator("summary").first().click();
  assert.equal(await alike.locator(".members > .trace").count(), 3);

  step = "of many rows those that stand out are there, and the others when they are asked for";
  const rows = page.locator("#policies tbody tr");
  assert.equal(await rows.count(), 20);
  await page.locator("#policies button", { hasText: "Show all 32" }).click();
  await until(page, () => document.querySelectorAll("#policies tbody tr").length === 32);
  await page.locator("#policies button", { hasText: "Only the first 20" }).click();
  await until(page, () => document.querySelectorAll("#policies tbody tr").length === 20);

  step = "numbers are in words that people know";
  assert.match(await row(page, "stock").locator("dl.facts").innerText(), /breaker closed → forced open\s*1/);

  step = "telemetry says how it does itself, also when it fails";
  const own = page.locator("#telemetry");
  await row(page, "logs").locator(".state", { hasText: "failing" }).waitFor();
  await row(page, "logs").locator("summary").click();
  await row(page, "logs").locator("dl.facts dd", { hasText: "http://127.0.0.1:9/v1/logs" }).waitFor();
  assert.match(await row(page, "logs").innerText(), /refused/);
  assert.match(await own.locator("header").innerText(), /not exported: .*logs.*; look at: series limit hit/);
  const tiles = [/^Traces kept\s*4$/, /^Series limit hit\s*1\s*browser\.full: all beyond it count as one$/, /^Viewers of this page\s*1\s*of at most 16; 0 turned away$/];
  for (const told of tiles) await own.locator(".tiles > div", { hasText: told }).waitFor();

  step = "everything has a name that is read aloud, and the order of headings has no gap";
  const unnamed = await page.evaluate(() =>
    [...document.querySelectorAll("button, a, [role=img], section, nav, table input")]
      .filter((element) => !(element.textContent.trim() || element.getAttribute("aria-label") || element.getAttribute("aria-labelledby")))
      .map((element) => element.outerHTML));
  assert.deepEqual(unnamed, []);
  const headings = await page.evaluate(() => [...document.querySelectorAll("h1, h2, h3, h4")].map((it) => Number(it.tagName[1])));
  assert.equal(headings[0], 1);
  assert.ok(headings.every((level, at) => level <= (headings[at - 1] ?? 0) + 1), `${headings}`);

  step = "text is readable: 4.5 to 1, in both schemes";
  for (const scheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme: scheme });
    const faint = await page.evaluate(() => {
      const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
      const channels = (color) => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = color;
        canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data];
      };
      const light = (color) => {
        const [r, g, b] = channels(color).slice(0, 3).map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const ground = (element) => {
        for (let at = element; at; at = at.parentElement) {
          const color = getComputedStyle(at).backgroundColor;
          if (channels(color)[3] === 255) return color;
        }
        return getComputedStyle(document.body).backgroundColor;
      };
      return [...document.querySelectorAll("main *, header *")]
        .filter((element) => element.checkVisibility() && [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim()) && !element.closest("svg"))
        .map((element) => {
          const [a, b] = [light(getComputedStyle(element).color), light(ground(element))];
          return [element.textContent.slice(0, 30), (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)];
        })
        .filter(([, contrast]) => contrast < 4.5);
    });
    assert.deepEqual(faint, [], scheme);
  }
  await page.emulateMedia({ colorScheme: "light" });

  step = "an order wants the token, and says what happened";
  assert.deepEqual(complaints, []);
  const act = async (word) => {
    await page.evaluate(() => { document.querySelector("#outcome").hidden = true; });
    await row(page, "stock").locator("button", { hasText: "Reset the breaker" }).click();
    await page.locator("#token").fill(word);
    await page.locator("dialog button", { hasText: "Do it" }).click();
    const told = await until(page, () => { const it = document.querySelector("#outcome"); return !it.hidden && it.textContent; });
    return told.jsonValue();
  };
  assert.match(await act("wrong"), /not the operators' token/);
  // The browser notes what was refused, in its own time, and nothing else.
  for (const from = Date.now(); complaints.length === 0 && Date.now() - from < patience;) {
    await page.evaluate(() => new Promise((done) => setTimeout(done, 50)));
  }
  assert.match(complaints.splice(0).join(), /^[^,]*401[^,]*$/);
  assert.match(await act(token), /stock was told/);
  await row(page, "stock").locator(".state", { hasText: "closed" }).first().waitFor();
  await page.screenshot({ path: `${folder}/after.png`, fullPage: true });

  step = "a service that goes away is not shown as if it were there";
  assert.deepEqual(complaints, []);
  console.log("gone?");
  await until(page, () => document.querySelector("#link").dataset.state === "lost");
  assert.ok(await page.evaluate(() => document.body.classList.contains("stale")));
  assert.match(await page.locator("#stale").innerText(), /Nothing heard for .* What you see is from \d\d:\d\d:\d\d\. Trying again\./);
  await page.screenshot({ path: `${folder}/gone.png` });
  assert.deepEqual(complaints.filter((text) => !text.includes("ERR_")), []);

  step = "a service that comes back is shown again, by itself";
  console.log("back?");
  await until(page, () => document.querySelector("#link").dataset.state === "live" && document.querySelector("#stale").hidden);
  assert.ok(!(await page.evaluate(() => document.body.classList.contains("stale"))));

  step = "who finds no place among those who follow asks now and then, and is told so";
  const late = await open(looks.light, (page) => page.route("**/events", (route) => route.fulfill({ status: 503, body: "" })));
  assert.match(await late.locator("#link").innerText(), /too many viewers/);
  await row(late, "stock").waitFor();
  await late.context().close();

  step = "nothing moves for those who do not want it";
  await page.emulateMedia({ reducedMotion: "reduce" });
  const moving = await page.evaluate(() => [...document.querySelectorAll("*")].filter((element) => {
    const style = getComputedStyle(element);
    return style.transitionDuration !== "0s" || style.animationName !== "none";
  }).map((element) => element.tagName));
  assert.deepEqual(moving, []);
  assert.deepEqual(complaints.filter((text) => !/ERR_|503/.test(text)), []);
  console.log("seen");
}

try {
  await everything();
} catch (error) {
  console.error(`${step}: ${error.stack}`);
  console.error(`complaints of the page: ${JSON.stringify(complaints)}`);
  const short = { timeout: 20_000 };
  const html = await open_page?.locator("body").evaluate((body) => body.outerHTML, undefined, short).catch((why) => why.message);
  console.error(`the page: ${html?.slice(0, 40_000)}`);
  await open_page?.screenshot({ path: `${folder}/failed.png`, fullPage: true, ...short }).catch((why) => console.error(why.message));
  process.exitCode = 1;
}
await browser.close();

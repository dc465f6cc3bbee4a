// The page of telemetry::dashboard: draws what /events sends, once a second, and nothing else.

import { children, h, morph } from "./dom.js";
import { past, time } from "./numbers.js";
import { dot, narrow, section } from "./widgets.js";

const by = (id) => document.getElementById(id);

// --- what comes in --------------------------------------------------------------------------

let paused = false;
let latest = null;
let shown = null;
let heard = 0;

function draw(frame) {
  shown = frame;
  // Also who looks at another tab sees that something is bad.
  document.title = `${frame.panels.some((panel) => panel.standing === "bad") ? "▲ bad: " : ""}${frame.service} · Reliability`;
  by("service").textContent = frame.service;
  by("about").textContent = `${frame.about} · watched for ${past(Math.max(frame.at - frame.since, 0))}`;
  const index = h("ul", { id: "index" }, frame.panels.map((panel) => h("li", { "data-key": panel.id },
    h("a", { href: `#${panel.id}` }, dot(panel.standing), panel.title))));
  morph(by("index"), index);
  morph(by("verdict"), verdict(frame.panels));
  const page = { order, now: frame.at, redraw: () => draw(shown) };
  children(by("panels"), h("main", {}, frame.panels.map((panel) => section(panel, page))));
}

// What is wrong, in words, before all else. It has its line also when nothing is, so that nothing jumps.
function verdict(panels) {
  const of = (standing) => panels.filter((panel) => panel.standing === standing);
  const bad = of("bad").map((panel) => h("li", { "data-key": panel.id },
    h("a", { href: `#${panel.id}`, "data-standing": "bad" }, `${panel.title}: ${panel.summary}`)));
  const look = of("warn").map((panel) => panel.title).join(", ");
  const well = look ? `nothing is bad; worth a look: ${look}` : "nothing is bad";
  return h("ul", { id: "verdict" }, bad.length ? bad : h("li", { "data-key": "none", class: "soft" }, well));
}

narrow.addEventListener("change", () => shown && draw(shown));

function link(state, text) {
  const element = by("link");
  if (element.dataset.state !== state || element.textContent !== text) {
    element.dataset.state = state;
    element.textContent = text;
  }
}

function hear(frame, told) {
  heard = performance.now();
  latest = frame;
  document.body.classList.remove("stale");
  by("stale").hidden = true;
  if (paused) return;
  link("live", told);
  draw(frame);
}

// What is shown is not how it is: said in words, once a second.
function lost() {
  link("lost", "Connection lost");
  document.body.classList.add("stale");
  const silent = past((performance.now() - heard) / 1000);
  by("stale").textContent = latest
    ? `Nothing heard for ${silent}. What you see is from ${time(shown.at)}. Trying again.`
    : "No answer yet. Trying again.";
  by("stale").hidden = false;
}

function listen() {
  const events = new EventSource("events");
  events.addEventListener("frame", (event) => hear(JSON.parse(event.data), "Live"));
  events.addEventListener("error", () => {
    // The browser tries again by itself, unless the service said no.
    if (events.readyState === EventSource.CLOSED) ask();
    else lost();
  });
}

// Where all places of those who follow are taken, the page asks.
async function ask() {
  try {
    const answer = await fetch("api/panels");
    if (!answer.ok) throw new Error(answer.statusText);
    hear(await answer.json(), "Every 4 s: too many viewers");
  } catch {
    lost();
  }
  setTimeout(listen, 4000);
}

by("pause").addEventListener("click", () => {
  paused = !paused;
  by("pause").setAttribute("aria-pressed", paused);
  by("pause").textContent = paused ? "Resume" : "Pause";
  const stale = document.body.classList.contains("stale");
  if (paused) link("paused", `Paused at ${shown ? time(shown.at) : "the start"}`);
  else if (!stale) link("live", "Live");
  if (!paused && latest) draw(latest);
});

// A service that hangs keeps its connections open.
setInterval(() => {
  if (heard && performance.now() - heard > 5000) lost();
}, 1000);

// --- what goes out --------------------------------------------------------------------------

let hide = 0;
function outcome(text, standing) {
  const element = by("outcome");
  element.textContent = text;
  element.dataset.standing = standing;
  element.hidden = false;
  clearTimeout(hide);
  hide = setTimeout(() => { element.hidden = true; }, 8000);
}

function order(panel, row, action) {
  const dialog = by("confirm");
  by("confirm-title").textContent = action.title;
  by("confirm-text").textContent = `${row.title}: ${action.describe}`;
  by("token").value = sessionStorage.getItem("token") ?? "";
  dialog.returnValue = "no";
  dialog.onclose = async () => {
    if (dialog.returnValue !== "yes") return;
    const token = by("token").value;
    try {
      const answer = await fetch("api/actions", {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
        body: JSON.stringify({ panel, row: row.id, action: action.id }),
      });
      const { message } = await answer.json();
      if (answer.ok) sessionStorage.setItem("token", token);
      else if (answer.status === 401) sessionStorage.removeItem("token");
      outcome(message, answer.ok ? "ok" : "bad");
    } catch {
      outcome("The service did not answer. It is not known whether it was done.", "bad");
    }
  };
  dialog.showModal();
}

listen();

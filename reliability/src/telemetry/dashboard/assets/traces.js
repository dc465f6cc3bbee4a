// Traces: what is alike in one line, each with its spans over time.

import { h, parts } from "./dom.js";
import { ago, duration, moment } from "./numbers.js";

// How many of those that are alike are shown.
const most = 8;

export function traces(widget, page) {
  if (widget.traces.length === 0) return h("p", { class: "note" }, widget.empty);
  const alike = new Map();
  for (const trace of widget.traces) {
    const key = [trace.state, trace.title, reason(trace) ?? trace.kept_by].join("\n");
    alike.set(key, [...(alike.get(key) ?? []), trace]);
  }
  const worse = (trace) => ({ bad: 0, warn: 1 })[trace.standing] ?? 2;
  // Groups stand still while more comes to them; what is alone comes by time, as it came.
  const groups = [...alike].sort(([a, [one, two]], [b, [other, another]]) =>
    worse(one) - worse(other) || (two ? 0 : 1) - (another ? 0 : 1) || (two ? a.localeCompare(b) : other.at - one.at));
  return h("div", { class: "traces" }, groups.map(([key, of]) => (of.length === 1 ? single(of[0], page) : group(key, of, page))));
}

// What the first span that failed says of it: what tells one failure from another.
function reason(trace) {
  const failed = trace.spans.filter((span) => span.failed);
  return failed.flatMap((span) => span.facts).find(([name]) => name === "error")?.[1];
}

const why = (trace) => (reason(trace) ? h("span", { class: "reason" }, reason(trace)) : h("span", { class: "kept soft" }, `kept by: ${trace.kept_by}`));
const state = (trace) => h("span", { class: "state", "data-standing": trace.standing }, trace.state);
const age = (trace, page) => h("span", { class: "soft small ago" }, ago(Math.max(page.now - trace.at, 0)));
const spans = (trace) => h("span", { class: "soft small how-many" }, trace.spans.length === 1 ? "1 span" : `${trace.spans.length} spans`);

function group(key, of, page) {
  const [least, longest] = [Math.min(...of.map((trace) => trace.duration)), Math.max(...of.map((trace) => trace.duration))];
  const [from, to] = [duration(least), duration(longest)];
  const latest = of.reduce((a, b) => (a.at > b.at ? a : b));
  return h("details", { class: "trace group", "data-key": key },
    h("summary", {}, h("span", { class: "grow" }, parts(of[0].title), why(of[0])), state(of[0]),
      h("span", { class: "time" }, from === to ? to : `${from} – ${to}`), h("span", { class: "soft small how-many" }, `${of.length} traces`), age(latest, page)),
    h("div", { class: "members" }, of.slice(0, most).map((trace) => one(trace, page, h("span", { class: "grow" }, h("span", { class: "soft" }, `at ${moment(trace.at)}`)))),
      of.length > most && h("p", { class: "note small" }, `and ${of.length - most} earlier ones`)));
}

const single = (trace, page) => one(trace, page, h("span", { class: "grow" }, parts(trace.title), why(trace)), state(trace));

function one(trace, page, ...named) {
  return h("details", { class: "trace", "data-key": trace.id },
    h("summary", {}, named, h("span", { class: "time" }, duration(trace.duration)), spans(trace), age(trace, page)),
    h("p", { class: "soft small" }, "trace ", h("span", { class: "mono" }, trace.id), ` · began at ${moment(trace.at)} · kept by the rule: ${trace.kept_by}`),
    waterfall(trace));
}

function waterfall(trace) {
  const ticks = scale(trace.duration);
  return h("ol", { class: "spans" },
    h("li", { class: "axis", "aria-hidden": "true" }, h("svg", {}, ticks.map((tick) =>
      h("text", { x: `${tick.at * 100}%`, y: 11, "text-anchor": tick.at === 0 ? "start" : "middle" }, tick.told)))),
    trace.spans.map((span) => h("li", { class: span.failed ? "failed" : null },
      h("span", { class: "name", title: span.title }, "\u00a0".repeat(Math.min(span.depth, 12) * 2) + span.title),
      h("svg", { viewBox: "0 0 1000 10", preserveAspectRatio: "none", role: "img", "aria-label": `starts after ${duration(span.start)}${span.failed ? ", failed" : ""}` },
        h("rect", { class: "track", width: 1000, height: 10 }),
        ticks.map((tick) => h("line", { class: "tick", x1: tick.at * 1000, x2: tick.at * 1000, y1: 0, y2: 10 })),
        h("rect", { class: span.failed ? "failed" : "span", y: 1, height: 8, ...bar(span, trace) }),
        span.events.map((event) => h("line", { class: "event", x1: x(event.at, trace), x2: x(event.at, trace), y1: 0, y2: 10 }))),
      h("span", { class: "time", title: `starts after ${duration(span.start)}` }, duration(span.duration)),
      span.facts.length ? h("dl", { class: "facts" }, span.facts.map(([name, value]) => h("div", { class: name === "error" ? "error" : null }, h("dt", {}, name), h("dd", {}, value)))) : null,
      span.events.length ? h("ul", { class: "events" }, span.events.map((event) => h("li", {}, h("span", { class: "soft" }, `after ${duration(event.at)} `), event.title))) : null)));
}

const x = (at, trace) => Math.min((at / (trace.duration || 1)) * 1000, 1000);

// Where a span is in its trace, and never so short or so far right that it is not seen.
function bar(span, trace) {
  const width = Math.min(Math.max(x(span.duration, trace), 4), 1000);
  return { x: Math.min(x(span.start, trace), 1000 - width), width };
}

// Three to six round numbers from 0 to the end of the trace, each with its place from 0 to 1.
function scale(all) {
  if (!(all > 0)) return [{ at: 0, told: "0" }];
  const size = 10 ** Math.floor(Math.log10(all));
  const step = [0.2, 0.5, 1, 2].map((part) => part * size).find((step) => all / step <= 5);
  const ticks = [];
  for (let at = 0; at * step <= all * 0.97; at += 1) ticks.push({ at: (at * step) / all, told: at === 0 ? "0" : duration(at * step) });
  return ticks;
}

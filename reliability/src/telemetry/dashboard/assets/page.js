// The page of telemetry::dashboard: draws what /events sends, once a second, and nothing else.

const by = (id) => document.getElementById(id);
const svgNames = new Set(["svg", "path", "line", "rect", "text", "g", "title", "defs", "marker"]);

// An element: h("td", { class: "number" }, "3").
function h(name, attributes, ...children) {
  const element = svgNames.has(name)
    ? document.createElementNS("http://www.w3.org/2000/svg", name)
    : document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (typeof value === "function") element[key] = value;
    else if (value !== undefined && value !== null && value !== false) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

// Makes `now` look like `next` and keeps its elements, so that focus, selection and what is folded
// open stay as they are.
function morph(now, next) {
  if (now.nodeType !== next.nodeType || now.nodeName !== next.nodeName || now.dataset?.key !== next.dataset?.key) {
    now.replaceWith(next);
    return;
  }
  if (now.nodeType === Node.TEXT_NODE) {
    if (now.data !== next.data) now.data = next.data;
    return;
  }
  for (const { name } of [...now.attributes]) {
    if (!next.hasAttribute(name) && name !== "open") now.removeAttribute(name);
  }
  for (const { name, value } of next.attributes) {
    if (now.getAttribute(name) !== value) now.setAttribute(name, value);
  }
  now.onclick = next.onclick;
  children(now, next);
}

function children(now, next) {
  const keyed = new Map();
  for (const child of now.children) if (child.dataset?.key) keyed.set(child.dataset.key, child);
  let place = now.firstChild;
  for (const wanted of [...next.childNodes]) {
    const key = wanted.dataset?.key;
    const known = key ? keyed.get(key) : place?.dataset?.key ? null : place;
    if (!known) {
      now.insertBefore(wanted, place);
    } else if (known === place) {
      place = place.nextSibling;
      morph(known, wanted);
    } else {
      now.insertBefore(known, place);
      morph(known, wanted);
    }
  }
  while (place) {
    const after = place.nextSibling;
    place.remove();
    place = after;
  }
}

// --- numbers as people read them ------------------------------------------------------------

const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const plain = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

function number(value) {
  return Math.abs(value) >= 100000 ? compact.format(value) : plain.format(value);
}

function rate(value) {
  if (value === 0) return "0/s";
  if (value < 1) return `${(value * 60).toFixed(value * 60 < 10 ? 1 : 0)}/min`;
  return `${value < 10 ? value.toFixed(1) : number(value)}/s`;
}

function percent(value) {
  const shown = value * 100;
  if (shown === 0 || shown === 100) return `${shown} %`;
  // As many nines as there are, and no zeros behind them: 99.5 % is promised, not 99.500 %.
  if (shown > 99) return `${shown > 99.999 ? "> 99.999" : Number(shown.toFixed(3))} %`;
  return `${Math.abs(shown) < 0.1 ? (shown > 0 ? "< 0.1" : shown.toFixed(2)) : shown.toFixed(1)} %`;
}

function duration(seconds) {
  const units = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"], [1e-3, "ms"], [1e-6, "µs"]];
  const size = Math.abs(seconds);
  if (size === 0) return "0 s";
  const [unit, name] = units.find(([unit]) => size >= unit) ?? units.at(-1);
  const shown = seconds / unit;
  return `${Math.abs(shown) < 10 ? shown.toFixed(1) : shown.toFixed(0)} ${name}`;
}

// Of the past nobody wants tenths of seconds.
const past = (seconds) => (seconds < 60 ? `${Math.floor(seconds)} s` : duration(seconds));

const forms = { count: number, rate, percent, duration, number: (value) => String(Math.round(value * 1000) / 1000) };
const show = (value, form) => (value === null || value === undefined ? "–" : (forms[form] ?? String)(value));
const words = { ok: "fine", warn: "worth a look", bad: "bad", none: "no data" };

// --- the widgets ----------------------------------------------------------------------------

const state = (text, standing) => h("span", { class: "state", "data-standing": standing }, text);
const dot = (standing) => h("span", { class: "dot", "data-standing": standing, role: "img", "aria-label": words[standing] ?? standing });

// Whether the screen is one of a phone, on which rows become lists.
const narrow = matchMedia("(max-width: 46rem)");

function spark(points, form) {
  const [width, height] = [96, 20];
  const most = Math.max(...points, 1e-9);
  const at = (value, place) => `${((place / Math.max(points.length - 1, 1)) * width).toFixed(1)},${(height - 1 - (value / most) * (height - 3)).toFixed(1)}`;
  const line = points.map(at).join("L");
  const told = `now ${show(points.at(-1), form)}, at most ${show(Math.max(...points), form)} of late`;
  return h("svg", { class: "spark", width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": told }, h("title", {}, told),
    h("path", { class: "under", d: `M0,${height}L${line}L${width},${height}Z` }), h("path", { d: `M${line}` }));
}

function cell(cell, column) {
  const isNumber = column.align === "number";
  const content = [];
  if (cell.standing) content.push(state(show(cell.value, cell.form), cell.standing));
  else content.push(h("span", {}, show(cell.value, cell.form)));
  if (cell.points?.length > 1) content.push(spark(cell.points, cell.form));
  return h("td", { class: isNumber ? "number" : null, "data-label": column.title }, h("span", {}, content));
}

const facts = (list) => h("dl", { class: "facts" }, list.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));

function row(panel, row, columns) {
  const more = row.facts.length || row.actions.length;
  // It is below the title also when there is more below it.
  const subtitle = () => row.subtitle && h("div", { class: "subtitle soft small" }, row.subtitle);
  const inside = () => [
    subtitle(),
    row.facts.length ? facts(row.facts) : null,
    row.actions.length ? h("div", { class: "actions" }, row.actions.map((action) =>
      h("button", { type: "button", onclick: () => order(panel, row, action) }, action.title))) : null,
  ];
  return h("tr", { "data-key": row.id, id: `${panel}/${row.id}` },
    h("th", { scope: "row" }, more ? h("details", {}, h("summary", {}, row.title), inside()) : h("span", {}, row.title), subtitle()),
    row.cells.map((it, at) => cell(it, columns[at])));
}

// What the first span that failed says of it: what tells one failure from another.
function reason(trace) {
  const failed = trace.spans.filter((span) => span.failed);
  const said = failed.flatMap((span) => span.facts).find(([name]) => name === "error");
  return said ? h("span", { class: "reason" }, said[1]) : null;
}

// Where a span is in its trace, and never so short or so far right that it is not seen.
function bar(span, trace) {
  const all = trace.duration || 1;
  const width = Math.min(Math.max((span.duration / all) * 1000, 4), 1000);
  return { x: Math.min((span.start / all) * 1000, 1000 - width), width };
}

const widgets = {
  tiles: (widget) => h("dl", { class: "tiles" }, widget.tiles.map((tile) =>
    h("div", { "data-standing": tile.standing },
      h("dt", {}, tile.title, tile.standing === "warn" || tile.standing === "bad" ? dot(tile.standing) : null), h("dd", {}, show(tile.value, tile.form)), tile.hint && h("dd", { class: "hint" }, tile.hint)))),

  table: (widget, panel) => widget.rows.length === 0 ? h("p", { class: "note" }, widget.empty) : h("div", { class: "scroll" }, h("table", {},
    widget.title && h("caption", {}, widget.title),
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, widget.head), widget.columns.map((column) =>
      h("th", { scope: "col", class: column.align === "number" ? "number" : null }, column.title)))),
    h("tbody", {}, widget.rows.map((it) => row(panel, it, widget.columns))))),

  chart: (widget) => {
    // Drawn as wide as it is shown, so that its words are as large as others.
    const [width, height, left, bottom] = [narrow.matches ? 330 : 540, 170, 48, 22];
    const all = widget.series.flatMap((series) => series.points);
    if (all.length === 0) return h("figure", {}, h("figcaption", {}, widget.title), h("p", { class: "note" }, widget.empty));
    const xs = all.map(([x]) => x);
    const ys = [...all.map(([, y]) => y), ...widget.limits.map((limit) => limit.value)];
    const [from, to] = [Math.min(...xs), Math.max(...xs)];
    const [least, most] = [Math.min(0, ...ys), Math.max(...ys) || 1];
    const x = (value) => left + ((value - from) / (to - from || 1)) * (width - left - 8);
    const y = (value) => height - bottom - ((value - least) / (most - least || 1)) * (height - bottom - 20);
    const ticks = [least, (least + most) / 2, most];
    return h("figure", {}, h("figcaption", {}, widget.title),
      h("svg", { class: "chart", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": widget.describe },
        ticks.map((tick) => [h("line", { class: "axis", x1: left, x2: width - 8, y1: y(tick), y2: y(tick) }),
          h("text", { x: left - 6, y: y(tick) + 4, "text-anchor": "end" }, show(tick, widget.form))]),
        h("text", { x: left, y: height - 6 }, `${past(to - from)} ago`),
        h("text", { x: width - 8, y: height - 6, "text-anchor": "end" }, "now"),
        widget.limits.map((limit) => [h("line", { class: "limit", x1: left, x2: width - 8, y1: y(limit.value), y2: y(limit.value) }),
          h("text", { class: "limit-label", x: width - 10, y: y(limit.value) - 4, "text-anchor": "end" }, limit.title)]),
        widget.series.map((series, at) => h("path", { class: `line s${at % 4}`, d: `M${series.points.map(([px, py]) => `${x(px).toFixed(1)},${y(py).toFixed(1)}`).join("L")}` }))),
      h("ul", { class: "keys" }, widget.series.map((series, at) => h("li", { class: `k${at % 4}` }, series.title))));
  },

  traces: (widget) => widget.traces.length === 0 ? h("p", { class: "note" }, widget.empty) : h("div", {}, widget.traces.map((trace) =>
    h("details", { class: "trace", "data-key": trace.id },
      h("summary", {}, h("span", { class: "grow" }, trace.title, reason(trace)), state(trace.state, trace.standing),
        h("span", { class: "time" }, duration(trace.duration)), h("span", { class: "soft small spans-count" }, trace.spans.length === 1 ? "1 span" : `${trace.spans.length} spans`),
        h("span", { class: "soft small ago" }, ago(trace.at))),
      h("p", { class: "soft small" }, "trace ", h("span", { class: "mono" }, trace.id), ` · kept by the rule: ${trace.kept_by}`),
      h("ol", { class: "spans" }, trace.spans.map((span) => h("li", {},
        h("span", { class: "name", title: span.title }, "\u00a0".repeat(Math.min(span.depth, 12) * 2) + span.title),
        h("svg", { viewBox: "0 0 1000 10", preserveAspectRatio: "none", role: "img", "aria-label": `starts after ${duration(span.start)}${span.failed ? ", failed" : ""}` },
          h("rect", { class: "track", width: 1000, height: 10 }),
          h("rect", { class: span.failed ? "failed" : "span", y: 1, height: 8, ...bar(span, trace) })),
        h("span", { class: "time", title: `starts after ${duration(span.start)}` }, duration(span.duration)),
        span.facts.length ? h("dl", { class: "facts" }, span.facts.map(([name, value]) => h("div", { class: name === "error" ? "error" : null }, h("dt", {}, name), h("dd", {}, value)))) : null)))))),

  map: (widget) => {
    if (widget.nodes.length === 0) return h("p", { class: "note" }, widget.empty);
    const [wide, high, dx, dy] = [178, 52, 320, 78];
    const columns = Math.max(...widget.nodes.map((node) => node.column)) + 1;
    const rows = Math.max(...widget.nodes.map((node) => node.row)) + 1;
    const place = new Map(widget.nodes.map((node) => [node.id, { x: node.column * dx + 8, y: node.row * dy + 8 }]));
    const short = (text) => (text.length > 21 ? `${text.slice(0, 20)}…` : text);
    const lines = widget.edges.map((edge) => {
      const [a, b] = [place.get(edge.from), place.get(edge.to)];
      return { edge, x1: a.x + wide, y1: a.y + high / 2, x2: b.x - 2, y2: b.y + high / 2 };
    });
    return h("figure", {},
      h("svg", { class: "map", viewBox: `0 0 ${(columns - 1) * dx + wide + 16} ${(rows - 1) * dy + high + 16}`, width: (columns - 1) * dx + wide + 16, role: "img", "aria-label": widget.describe },
        h("defs", {}, h("marker", { id: "arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto" }, h("path", { d: "M0,0L8,4L0,8z" }))),
        lines.map(({ edge, x1, y1, x2, y2 }) => {
          const half = Math.max((x2 - x1) / 2, 30);
          return h("path", { "data-standing": edge.standing, "marker-end": "url(#arrow)", d: `M${x1},${y1}C${x1 + half},${y1} ${x2 - half},${y2} ${x2},${y2}` });
        }),
        lines.map(({ edge, x1, y1, x2, y2 }) => h("text", { class: "soft edge", x: (x1 + x2) / 2, y: (y1 + y2) / 2 - 6, "text-anchor": "middle" }, edge.title)),
        widget.nodes.map((node) => h("g", { "data-standing": node.standing },
          h("rect", { ...place.get(node.id), width: wide, height: high, rx: 8 }),
          h("text", { x: place.get(node.id).x + 10, y: place.get(node.id).y + 21 }, short(node.title), h("title", {}, node.title)),
          h("text", { class: "soft", x: place.get(node.id).x + 10, y: place.get(node.id).y + 40 }, node.subtitle)))));
  },

  note: (widget) => h("p", { class: "note" }, widget.text),
};

const ago = (at) => {
  const seconds = Math.max(Date.now() / 1000 - at, 0);
  return seconds < 1 ? "now" : `${past(seconds)} ago`;
};

function section(panel) {
  return h("section", { id: panel.id, "data-key": panel.id, "aria-labelledby": `${panel.id}-title` },
    h("header", {}, h("h2", { id: `${panel.id}-title` }, panel.title), state(words[panel.standing] ?? panel.standing, panel.standing), h("p", { class: "soft" }, panel.summary)),
    beside(panel.widgets, (widget) => (widgets[widget.kind] ?? (() => h("p", { class: "note" }, "This page is older than the service.")))(widget, panel.id)));
}

// Charts that follow one another stand beside one another, where there is room.
function beside(list, draw) {
  const drawn = [];
  let row = null;
  for (const widget of list) {
    if (widget.kind !== "chart") row = null;
    else if (!row) drawn.push(row = h("div", { class: "charts" }));
    (row ?? { append: (element) => drawn.push(element) }).append(draw(widget));
  }
  return drawn;
}

// --- what comes in --------------------------------------------------------------------------

let paused = false;
let latest = null;
let heard = 0;

function draw(frame) {
  // Also who looks at another tab sees that something is bad.
  document.title = `${frame.panels.some((panel) => panel.standing === "bad") ? "▲ bad: " : ""}${frame.service} · Reliability`;
  by("service").textContent = frame.service;
  by("about").textContent = frame.about;
  const index = h("ul", { id: "index" }, frame.panels.map((panel) => h("li", { "data-key": panel.id },
    h("a", { href: `#${panel.id}` }, dot(panel.standing), panel.title))));
  morph(by("index"), index);
  children(by("panels"), h("main", {}, frame.panels.map(section)));
}

function link(state, text) {
  const element = by("link");
  if (element.dataset.state !== state || element.textContent !== text) {
    element.dataset.state = state;
    element.textContent = text;
  }
}

function listen() {
  const events = new EventSource("events");
  events.addEventListener("frame", (event) => {
    heard = performance.now();
    latest = JSON.parse(event.data);
    document.body.classList.remove("stale");
    if (!paused) {
      link("live", "Live");
      draw(latest);
    }
  });
  events.addEventListener("error", () => {
    link("lost", "Connection lost");
    document.body.classList.add("stale");
    // The browser tries again by itself, unless the service said no.
    if (events.readyState === EventSource.CLOSED) setTimeout(listen, 5000);
  });
}

by("pause").addEventListener("click", () => {
  paused = !paused;
  by("pause").setAttribute("aria-pressed", paused);
  by("pause").textContent = paused ? "Resume" : "Pause";
  link("paused", "Paused");
  if (!paused && latest) draw(latest);
});

// A service that hangs keeps its connections open.
setInterval(() => {
  if (heard && !paused && performance.now() - heard > 5000) {
    link("lost", `Nothing heard for ${duration((performance.now() - heard) / 1000)}`);
    document.body.classList.add("stale");
  }
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

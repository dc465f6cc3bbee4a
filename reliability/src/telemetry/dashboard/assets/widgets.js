// What a panel can show, one function for each kind.

import { h, parts } from "./dom.js";
import { ago, exact, past, show, words } from "./numbers.js";
import { traces } from "./traces.js";

export const state = (text, standing) => h("span", { class: "state", "data-standing": standing }, text);
export const dot = (standing) => h("span", { class: "dot", "data-standing": standing, role: "img", "aria-label": words[standing] ?? standing });
const note = (text) => h("p", { class: "note" }, text);

// Whether the screen is one of a phone, on which rows and maps become lists.
export const narrow = matchMedia("(max-width: 46rem)");

// How many rows are there before the others are asked for, and whose others were.
const few = 20;
const unfolded = new Set();

// A panel with its widgets. `page` has what a widget may want of the page: `order`, `redraw`, `now`.
export function section(panel, page) {
  const draw = (widget, at) => (kinds[widget.kind] ?? unknown)(widget, { ...page, panel: panel.id, at: `${panel.id}/${at}` });
  return h("section", { id: panel.id, "data-key": panel.id, "aria-labelledby": `${panel.id}-title` },
    h("header", {}, h("h2", { id: `${panel.id}-title` }, panel.title), state(words[panel.standing] ?? panel.standing, panel.standing), h("p", { class: "soft" }, panel.summary)),
    beside(panel.widgets, draw));
}

// Charts that follow one another stand beside one another, where there is room.
function beside(list, draw) {
  const drawn = [];
  let row = null;
  for (const [at, widget] of list.entries()) {
    if (widget.kind !== "chart") row = null;
    else if (!row) drawn.push(row = h("div", { class: "charts" }));
    (row ?? { append: (element) => drawn.push(element) }).append(draw(widget, at));
  }
  return drawn;
}

const unknown = () => note("This page is older than the service: load it again.");
const kinds = { tiles, table, chart, traces, map, note: (widget) => note(widget.text) };

function tiles(widget) {
  if (widget.tiles.length === 0) return [];
  const stands_out = (standing) => standing === "warn" || standing === "bad";
  return h("dl", { class: "tiles" }, widget.tiles.map((tile) =>
    h("div", { "data-standing": tile.standing },
      h("dt", {}, tile.title, stands_out(tile.standing) && dot(tile.standing)),
      h("dd", {}, show(tile.value, tile.form)),
      tile.hint && h("dd", { class: "hint" }, parts(tile.hint)))));
}

// --- rows -----------------------------------------------------------------------------------

function table(widget, page) {
  if (widget.rows.length === 0) return note(widget.empty);
  const all = unfolded.has(page.at) || widget.rows.length <= few + 5;
  const rows = all ? widget.rows : widget.rows.slice(0, few);
  const more = () => {
    unfolded[all ? "delete" : "add"](page.at);
    page.redraw();
  };
  return [
    h("div", { class: "scroll" }, h("table", {},
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, widget.head), widget.columns.map((column) =>
        h("th", { scope: "col", class: column.align === "number" ? "number" : null }, column.title)))),
      h("tbody", {}, rows.map((it) => row(page, it, widget.columns))))),
    widget.rows.length > few + 5 && h("p", { class: "more" }, h("button", { type: "button", onclick: more, "aria-expanded": String(all) },
      all ? `Only the first ${few}` : `Show all ${widget.rows.length}: the others are no worse`)),
  ];
}

function row(page, row, columns) {
  const more = row.facts.length || row.actions.length;
  // It is below the title also when there is more below it.
  const subtitle = () => row.subtitle && h("div", { class: "subtitle soft small" }, row.subtitle);
  const inside = () => [
    subtitle(),
    row.facts.length ? h("dl", { class: "facts" }, row.facts.map(({ name, value, form }) => [h("dt", {}, name), h("dd", {}, parts(exact(value, form)))])) : null,
    row.actions.length ? h("div", { class: "actions" }, row.actions.map((action) =>
      h("button", { type: "button", onclick: () => page.order(page.panel, row, action) }, action.title))) : null,
  ];
  return h("tr", { "data-key": row.id, id: `${page.panel}/${row.id}` },
    h("th", { scope: "row" }, more ? h("details", {}, h("summary", {}, parts(row.title)), h("div", { class: "inside" }, inside())) : h("span", {}, parts(row.title)), subtitle()),
    row.cells.map((it, at) => cell(it, columns[at])));
}

function cell(cell, column) {
  const text = show(cell.value, cell.form);
  return h("td", { class: column.align === "number" ? "number" : text.length < 24 ? "short" : null, "data-label": column.title }, h("span", {},
    cell.standing ? state(text, cell.standing) : h("span", {}, text),
    cell.points?.length > 1 && spark(cell.points, cell.form)));
}

// --- lines ----------------------------------------------------------------------------------

function spark(points, form) {
  const [width, height] = [96, 20];
  const most = Math.max(...points, 1e-9);
  const at = (value, place) => `${((place / Math.max(points.length - 1, 1)) * width).toFixed(1)},${(height - 1 - (value / most) * (height - 3)).toFixed(1)}`;
  const line = points.map(at).join("L");
  // Where a cell is words because there is little to count, its line is shares nevertheless.
  const told = `at most ${show(Math.max(...points), form === "text" ? "percent" : form)} in the last ${past(points.length)}`;
  return h("svg", { class: "spark", width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": told }, h("title", {}, told),
    h("path", { class: "under", d: `M0,${height}L${line}L${width},${height}Z` }), h("path", { d: `M${line}` }));
}

function chart(widget) {
  // Drawn as wide as it is shown, so that its words are as large as others.
  const [width, height, left, bottom] = [narrow.matches ? 330 : 540, 150, 48, 22];
  const all = widget.series.flatMap((series) => series.points);
  if (all.length === 0) return h("figure", {}, h("figcaption", {}, widget.title), note(widget.empty));
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
      h("text", { x: left, y: height - 6 }, ago(to - from)),
      to > from && h("text", { x: width - 8, y: height - 6, "text-anchor": "end" }, "now"),
      widget.limits.map((limit) => [h("line", { class: "limit", x1: left, x2: width - 8, y1: y(limit.value), y2: y(limit.value) }),
        h("text", { class: "limit-label", x: width - 10, y: y(limit.value) - 4, "text-anchor": "end" }, limit.title)]),
      widget.series.map((series, at) => h("path", { class: `line s${at % 4}`, d: `M${series.points.map(([px, py]) => `${x(px).toFixed(1)},${y(py).toFixed(1)}`).join("L")}` }))),
    h("ul", { class: "keys" }, widget.series.map((series, at) => h("li", {},
      h("svg", { class: "key", width: 18, height: 8, "aria-hidden": "true" }, h("path", { class: `line s${at % 4}`, d: "M0,4H18" })), series.title))));
}

// --- who calls whom -------------------------------------------------------------------------

function map(widget) {
  if (widget.nodes.length === 0) return note(widget.empty);
  return narrow.matches ? calls(widget) : drawing(widget);
}

// The map as a list: what is said of each call, and of who is in none.
function calls(widget) {
  const named = new Set(widget.edges.flatMap((edge) => [edge.from, edge.to]));
  const alone = widget.nodes.filter((node) => !named.has(node.id));
  return h("ul", { class: "calls" },
    widget.edges.map((edge) => h("li", {}, h("span", { class: "grow" }, `${edge.from} → ${edge.to}`), state(edge.title, edge.standing))),
    alone.map((node) => h("li", {}, h("span", { class: "grow" }, node.title), h("span", { class: "soft small" }, node.subtitle))));
}

function drawing(widget) {
  const [wide, high, dx, dy] = [178, 52, 320, 78];
  const columns = Math.max(...widget.nodes.map((node) => node.column)) + 1;
  const rows = Math.max(...widget.nodes.map((node) => node.row)) + 1;
  const place = new Map(widget.nodes.map((node) => [node.id, { x: node.column * dx + 8, y: node.row * dy + 8 }]));
  const short = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);
  const lines = widget.edges.map((edge) => {
    const [a, b] = [place.get(edge.from), place.get(edge.to)];
    return { edge, x1: a.x + wide, y1: a.y + high / 2, x2: b.x - 2, y2: b.y + high / 2 };
  });
  const width = (columns - 1) * dx + wide + 16;
  return h("div", { class: "scroll" },
    h("svg", { class: "map", viewBox: `0 0 ${width} ${(rows - 1) * dy + high + 16}`, width, role: "img", "aria-label": widget.describe },
      h("defs", {}, h("marker", { id: "arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto" }, h("path", { d: "M0,0L8,4L0,8z" }))),
      lines.map(({ edge, x1, y1, x2, y2 }) => {
        const half = Math.max((x2 - x1) / 2, 30);
        return h("path", { "data-standing": edge.standing, "marker-end": "url(#arrow)", d: `M${x1},${y1}C${x1 + half},${y1} ${x2 - half},${y2} ${x2},${y2}` });
      }),
      lines.map(({ edge, x1, y1, x2, y2 }) => h("text", { class: "soft edge", x: (x1 + x2) / 2, y: (y1 + y2) / 2 - 6, "text-anchor": "middle" }, edge.title)),
      widget.nodes.map((node) => {
        const { x, y } = place.get(node.id);
        return h("g", { "data-standing": node.standing },
          h("title", {}, `${node.title}: ${node.subtitle}`),
          h("rect", { x, y, width: wide, height: high, rx: 8 }),
          h("text", { x: x + 10, y: y + 21 }, short(node.title, 21)),
          h("text", { class: "soft", x: x + 10, y: y + 40 }, short(node.subtitle, 28)));
      })));
}

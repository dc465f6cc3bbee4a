// Numbers as people read them. What the service writes into sentences by itself follows the same
// rules: words.rs.

const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const plain = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

function count(value) {
  return Math.abs(value) >= 100000 ? compact.format(value) : plain.format(value);
}

function rate(value) {
  if (value === 0) return "0/s";
  if (value < 1) return `${(value * 60).toFixed(value * 60 < 10 ? 1 : 0)}/min`;
  return `${value < 10 ? value.toFixed(1) : count(value)}/s`;
}

function percent(value) {
  const shown = value * 100;
  if (Math.abs(shown) >= 1000) return `${count(Math.round(shown))} %`;
  if (Number.isInteger(shown)) return `${shown} %`;
  // As many nines as there are, and no zeros behind them: 99.5 % is promised, not 99.500 %.
  if (shown > 99 && shown < 100) return `${shown > 99.999 ? "> 99.999" : Number(shown.toFixed(3))} %`;
  return `${Math.abs(shown) < 0.1 ? (shown > 0 ? "< 0.1" : shown.toFixed(2)) : shown.toFixed(1)} %`;
}

// One decimal below ten, and none where it is zero.
const short = (value) => (Math.abs(value) < 10 ? String(Number(value.toFixed(1))) : value.toFixed(0));

export function duration(seconds) {
  const units = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"], [1e-3, "ms"], [1e-6, "µs"], [1e-9, "ns"]];
  const size = Math.abs(seconds);
  if (size < 1e-9) return "0 s";
  const [unit, name] = units.find(([unit]) => size >= unit);
  return `${short(seconds / unit)} ${name}`;
}

// What is small still shows: 0.03× burns, and 0× does not.
function times(value) {
  if (value === 0) return "0×";
  if (Math.abs(value) < 0.01) return "< 0.01×";
  return `${value < 1 ? Number(value.toFixed(2)) : short(value)}×`;
}

// Of the past nobody wants tenths of seconds.
export const past = (seconds) => (seconds < 60 ? `${Math.floor(seconds)} s` : duration(seconds));

export function ago(seconds) {
  return seconds < 1 ? "now" : `${past(seconds)} ago`;
}

const clock = { hour: "2-digit", minute: "2-digit", second: "2-digit" };
const [plain_clock, fine_clock] = [clock, { ...clock, fractionalSecondDigits: 3 }].map((parts) => new Intl.DateTimeFormat("en-GB", parts));
export const time = (seconds) => plain_clock.format(new Date(seconds * 1000));
export const moment = (seconds) => fine_clock.format(new Date(seconds * 1000));

const forms = { count, rate, percent, duration, times, number: (value) => String(Math.round(value * 1000) / 1000) };

export function show(value, form) {
  return value === null || value === undefined ? "–" : (forms[form] ?? String)(value);
}

// The same, and nothing left out: where one number has a line for itself.
export const exact = (value, form) => (form === "count" ? plain.format(value) : show(value, form));

export const words = { ok: "fine", warn: "worth a look", bad: "bad", none: "no verdict" };

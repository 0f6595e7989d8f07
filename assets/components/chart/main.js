// A chart of plain data, drawn by Chart.js: bars and lines through time, and bars that lie. The data are words of plotly's
// (pages/parts/charts.py says which), so that a drawing can be shown by either.
import { redrawn } from "../mounted.js";
import { whenNear } from "../near.js";
import "./chart.umd.min.js";

const { Chart } = globalThis;
const DAY = 86_400_000, TICK = 64; // milliseconds; pixels that a day's label wants
const STEPS = [1, 2, 7, 14], MONTHS = [1, 2, 3, 6, 12];
const LONGEST = 16; // signs of a name beside a bar; the whole one is told on touch
const SYMBOLS = { "triangle-up": ["triangle", 0], "triangle-down": ["triangle", 180], diamond: ["rectRot", 0] };
const STEPPED = { hv: "before", hvh: "middle" };

export const { mount, unmount } = redrawn(draw, ({ data, parentElement }) => JSON.stringify([data, themeOf(parentElement.host)]));

function draw({ data, parentElement, setTriggerValue }) {
  const canvas = Object.assign(document.createElement("canvas"), { role: "img", ariaLabel: data.alt, textContent: read(data.drawing) });
  const frame = Object.assign(document.createElement("div"), { className: "chart", lang: data.language });
  frame.style.height = `${data.height}px`;
  frame.append(canvas);
  parentElement.append(frame);
  let chart = null;
  const wait = whenNear(frame, () => { chart = new Chart(canvas, configured(data, themeOf(parentElement.host), setTriggerValue)); });
  return () => { wait(); chart?.destroy(); frame.remove(); };
}

function themeOf(element) {
  const style = getComputedStyle(element), named = (name) => style.getPropertyValue(`--st-${name}`).trim();
  return { ink: named("text-color") || "#1b2a33", font: named("font") || "sans-serif" };
}

function configured({ drawing, picks }, theme, setTriggerValue) {
  const { data: traces, layout = {} } = drawing, lying = traces[0].orientation === "h";
  const timed = !lying && layout.xaxis?.type !== "category" && /^\d{4}-\d\d-\d\d/.test(traces[0].x[0]);
  const font = { family: theme.font, size: 12 }, stacked = layout.barmode === "stack" || traces.some((trace) => trace.stackgroup);
  const along = { mode: "nearest", axis: lying ? "y" : "x", intersect: false };
  return {
    data: { labels: timed ? undefined : traces[0][lying ? "y" : "x"], datasets: traces.map((trace, n) => dataset(trace, n, { timed, lying })) },
    options: {
      animation: false, maintainAspectRatio: false, indexAxis: lying ? "y" : "x", interaction: along, font, color: theme.ink,
      datasets: { bar: { categoryPercentage: 0.72, barPercentage: 1 } },
      layout: { padding: { top: 2, right: lying ? widest(traces, font) + 10 : 8 } },
      scales: lying ? lyingScales(theme, font) : standingScales(traces, layout, { timed, stacked, theme, font }),
      plugins: {
        legend: legend(traces, layout, theme, font),
        tooltip: { ...along, callbacks: told(traces, layout, { timed, lying }), bodyFont: font, titleFont: { ...font, weight: 600 }, padding: 8, boxPadding: 4 },
      },
      onHover: picks ? (event, found) => { event.native.target.style.cursor = found.length ? "pointer" : ""; } : undefined,
      onClick: picks ? (_event, found) => { if (found.length) setTriggerValue("picked", place(traces, found[0])); } : undefined,
    },
    plugins: lying ? [ends(traces, theme, font)] : [],
  };
}

// What lies is a list: whoever hears the page instead of seeing it is read its names and numbers.
function read({ data: traces }) {
  const lines = traces.filter((trace) => trace.orientation === "h").flatMap((trace) => trace.y.map((name, i) => [name, trace.name, trace.text[i]].filter(Boolean).join(" ")));
  return lines.reverse().join("; ");
}

const place = (traces, { datasetIndex, index }) => ({ x: traces[datasetIndex].x[index], index });

// --- What is drawn ---------------------------------------------------------------------------------------------------

function dataset(trace, n, { timed, lying }) {
  const values = lying ? trace.x : trace.y;
  const own = { label: trace.name, data: timed ? trace.x.map((x, i) => ({ x: Date.parse(x), y: values[i] })) : values };
  return { ...own, ...(trace.type === "bar" ? bar(trace) : line(trace, n)) };
}

const bar = (trace) => ({ type: "bar", backgroundColor: trace.marker.color, pointStyle: "rect" });

function line(trace, n) {
  const { line: stroke = {}, marker = {}, mode } = trace, [symbol, rotation] = SYMBOLS[marker.symbol] || ["circle", 0];
  const pointed = mode.includes("markers"), drawnAs = mode.includes("lines") ? stroke.color : marker.color;
  return {
    type: "line", showLine: mode.includes("lines"), borderColor: drawnAs, borderWidth: stroke.width ?? 2, borderDash: stroke.dash === "dot" ? [2, 3] : [],
    stepped: STEPPED[stroke.shape] || false, pointStyle: pointed ? symbol : trace.stackgroup ? "rect" : "line", rotation, clip: false, order: -1,
    pointRadius: pointed ? (marker.size || 6) / 2 + 0.5 : 0, pointHoverRadius: 4, stack: trace.stackgroup || `own ${n}`,
    fill: trace.stackgroup ? (n ? "-1" : "origin") : false, backgroundColor: trace.stackgroup ? trace.fillcolor : drawnAs,
  };
}

// Numbers at the end of lying bars.
const ends = (traces, theme, font) => ({
  id: "ends",
  afterDatasetsDraw(chart) {
    const { ctx } = chart;
    ctx.save();
    Object.assign(ctx, { font: `${font.size}px ${font.family}`, fillStyle: theme.ink, textBaseline: "middle" });
    traces.forEach((trace, n) => {
      if (chart.isDatasetVisible(n)) chart.getDatasetMeta(n).data.forEach((one, i) => ctx.fillText(trace.text[i], one.x + 5, one.y));
    });
    ctx.restore();
  },
});

function widest(traces, font) {
  const ctx = document.createElement("canvas").getContext("2d");
  ctx.font = `${font.size}px ${font.family}`;
  return Math.max(...traces.flatMap((trace) => trace.text).map((text) => ctx.measureText(text).width));
}

// --- Scales ----------------------------------------------------------------------------------------------------------

function lyingScales({ ink }, font) {
  const short = function (index) {
    const name = [...this.getLabelForValue(index)];
    return name.length > LONGEST ? `${name.slice(0, LONGEST - 1).join("")}…` : name.join("");
  };
  return {
    x: { display: false, beginAtZero: true },
    y: { reverse: true, grid: { display: false }, border: { display: false }, ticks: { color: ink, font, autoSkip: false, callback: short } },
  };
}

function standingScales(traces, layout, { timed, stacked, theme, font }) {
  const { ticksuffix = "", rangemode } = layout.yaxis || {}, bars = traces.some((trace) => trace.type === "bar");
  const ticks = { color: theme.ink, font, maxRotation: 0 }, quiet = { display: false };
  return {
    x: { stacked, grid: quiet, border: quiet, ticks: { ...ticks, autoSkipPadding: 12 }, ...(timed ? through(traces, bars, ticks) : {}) },
    y: {
      stacked, border: quiet, grid: { color: "rgba(128, 140, 145, 0.18)" }, beginAtZero: bars || stacked || rangemode === "tozero",
      ticks: { ...ticks, maxTicksLimit: 5, callback: (value) => value.toLocaleString("en-US") + ticksuffix },
    },
  };
}

// Days from the first to the last; a bar stands in the middle of its own stretch.
function through(traces, bars, ticks) {
  const days = [...new Set(traces.flatMap((trace) => trace.x.map((day) => Date.parse(day))))].sort((a, b) => a - b), first = days[0], last = days.at(-1);
  const stretch = bars ? Math.min(...days.slice(1).map((day, i) => day - days[i]), 7 * DAY) / 2 : 0;
  return {
    type: "linear", offset: false, min: first - stretch, max: last + stretch,
    afterBuildTicks: (axis) => { axis.ticks = marks(first, last, axis.chart.width / TICK); },
    ticks: { ...ticks, autoSkip: false, callback: (_value, n, all) => all[n].label },
  };
}

const iso = (ms) => new Date(ms).toISOString().slice(0, 10);

// Days, weeks from their Monday, or first days of months: as many as find room.
function marks(first, last, room) {
  const step = STEPS.find((days) => (last - first) / DAY / days < room);
  if (!step) return months(first, last, room).map((value) => ({ value, label: iso(value).slice(0, 7) }));
  const begin = step % 7 ? first : first + ((8 - new Date(first).getUTCDay()) % 7) * DAY;
  return Array.from({ length: Math.floor((last - begin) / DAY / step) + 1 }, (_none, n) => begin + n * step * DAY)
    .map((value) => ({ value, label: iso(value).slice(5) }));
}

function months(first, last, room) {
  const all = [], at = new Date(first);
  for (at.setUTCDate(1); at <= last; at.setUTCMonth(at.getUTCMonth() + 1)) if (at >= first) all.push(at.getTime());
  const step = MONTHS.find((count) => all.length / count < room) || 12;
  return all.filter((day) => new Date(day).getUTCMonth() % step === 0);
}

// --- Words -----------------------------------------------------------------------------------------------------------

function legend(traces, layout, { ink }, font) {
  const display = layout.showlegend ?? traces.filter((trace) => trace.name).length > 1;
  const labels = { color: ink, font, usePointStyle: true, boxWidth: 14, boxHeight: 7, padding: 10, sort: (a, b) => a.datasetIndex - b.datasetIndex };
  return { display, align: "start", reverse: layout.legend?.traceorder === "reversed", labels };
}

function told(traces, layout, { timed, lying }) {
  const { ticksuffix = "" } = layout.yaxis || {};
  const label = ({ datasetIndex, dataIndex, parsed }) => {
    const trace = traces[datasetIndex];
    if (trace.hoverinfo === "text") return trace.text[dataIndex];
    const along = lying ? "x" : "y", said = number(parsed[along], trace[`${along}hoverformat`]) + ticksuffix, note = trace.customdata?.[dataIndex];
    return [trace.name ? `${trace.name}: ${said}` : said, ...(note ? [note] : [])];
  };
  return { label, ...(timed ? { title: ([first]) => first && iso(first.parsed.x) } : {}) };
}

// As plotly's formats of a number say: ".1f", ",.2f"; without one as short as it can be told.
function number(value, format) {
  const digits = /\.(\d)f/.exec(format)?.[1];
  return value.toLocaleString("en-US", digits ? { minimumFractionDigits: digits, maximumFractionDigits: digits } : {});
}

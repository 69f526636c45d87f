// The event lane: what happened to the patient, a row a kind, and the recalls that are due.
import * as echarts from "echarts/core";
import { colours } from "./colours.js";
import { timeAxis } from "./panel.js";

const ROW = 22;
const LASTING = new Set(["condition", "medication"]); // what began before the time shown and goes on
const ORDER = ["encounter", "procedure", "condition", "medication", "imaging_study", "finding", "death"];

export function drawLane(place, data, setting) {
  const kinds = ORDER.filter((kind) => data.events.some((event) => event[1] === kind));
  place.style.height = `${(kinds.length + 1) * ROW + 34}px`;
  const view = echarts.init(place, null, { renderer: "canvas" });
  return {
    place, asOf: data.asOf,
    first: Math.min(...data.events.map((event) => event[0])),
    resize: () => view.resize(),
    show(range) {
      view.setOption(option(data, kinds, range, setting.words), true);
    },
  };
}

function option(data, kinds, range, words) {
  const c = colours();
  const rows = [...kinds, "recalls"];
  const layer = (params, api) => ({ type: "group", children: shapes(params, api, data, rows, range, c) });
  return {
    animation: false,
    grid: { left: 88, right: 10, top: 6, bottom: 20 },
    xAxis: timeAxis(range, c),
    yAxis: { type: "category", inverse: true, data: rows, axisLine: { show: false }, axisTick: { show: false },
      splitLine: { show: false },
      axisLabel: { color: c.muted, fontSize: 12, fontFamily: c.sans, interval: 0, align: "left", margin: 84, formatter: (key) => words[key] } },
    series: [{ type: "custom", data: [[data.asOf, 0]], silent: true, animation: false, clip: true, renderItem: layer }],
  };
}

function shapes(params, api, data, rows, range, c) {
  const box = params.coordSys;
  const x = (time) => api.coord([time, 0])[0];
  const y = (kind) => api.coord([0, rows.indexOf(kind)])[1];
  const made = [{ type: "line", shape: { x1: x(data.asOf), x2: x(data.asOf), y1: box.y, y2: box.y + box.height }, style: { stroke: c.muted } }];
  for (const kind of kinds(rows)) {
    const all = data.events.filter((event) => event[1] === kind).sort((a, b) => a[0] - b[0]);
    const before = all.filter((event) => event[0] < range[0] && LASTING.has(kind));
    const events = all.filter((event) => event[0] >= range[0]);
    const free = events.length ? x(events[0][0]) - box.x - 20 : box.width;
    if (before.length && free > 40) made.push(text(`‹ ${[...new Set(before.map((event) => event[2]))].join(", ")}`, box.x + 4, y(kind), c.muted, c, free));
    events.forEach((event, k) => {
      const at = x(event[0]);
      const room = (k + 1 < events.length ? x(events[k + 1][0]) : box.x + box.width) - at - 12;
      made.push({ type: "circle", shape: { cx: at, cy: y(kind), r: 3 }, style: { fill: c.paper, stroke: c.ink, lineWidth: 1.25 } });
      if (room > 34) made.push(text(event[2], at + 7, y(kind), c.ink, c, room));
    });
  }
  const due = data.due.filter(([time]) => time >= range[0]).sort((a, b) => a[0] - b[0]);
  due.forEach(([time, what], k) => {
    const [at, cy] = [x(time), y("recalls")];
    const room = (k + 1 < due.length ? x(due[k + 1][0]) : box.x + box.width) - at - 14;
    made.push({ type: "polygon", shape: { points: [[at, cy - 5], [at + 5, cy], [at, cy + 5], [at - 5, cy]] }, style: { fill: c.accent } });
    if (room > 34) made.push(text(what, at + 9, cy, c.ink, c, room));
  });
  return made;
}

const kinds = (rows) => rows.filter((row) => row !== "recalls");

function text(words, x, y, fill, c, width) {
  return { type: "text", style: { text: words, x, y, width, overflow: "truncate", fill, verticalAlign: "middle", fontSize: 12, fontFamily: c.sans } };
}

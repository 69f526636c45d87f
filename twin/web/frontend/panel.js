// One panel: values as received, the filtered state with its band, and right of today the fan, the threshold, the crossing.
import { CustomChart } from "echarts/charts";
import { GridComponent } from "echarts/components";
import * as echarts from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { colours, faded } from "./colours.js";
import { back, scaleOf } from "./scale.js";
import { number } from "./words.js";

echarts.use([CustomChart, GridComponent, CanvasRenderer]);

export const GRID = { left: 40, right: 10, top: 10, bottom: 18 };
const FONT = 12;

export function drawPanel(place, chart, asOf, setting, isLead) {
  const view = echarts.init(place, null, { renderer: "canvas" });
  const state = { range: null };
  return {
    place, chart, asOf,
    first: Math.min(...chart.points.map((p) => p[0])),
    range: () => state.range,
    resize: () => view.resize(),
    show(range) {
      state.range = range;
      view.setOption(option(chart, asOf, range, setting, isLead ? 4 : 3), true);
    },
    pixel: (time) => view.convertToPixel({ xAxisIndex: 0 }, time),
    time: (x) => view.convertFromPixel({ xAxisIndex: 0 }, x),
    height: (value) => view.convertToPixel({ yAxisIndex: 0 }, scaleOf(chart, state.range, 3).to(value)),
  };
}

export function timeAxis(range, c) {
  return {
    type: "time", min: range[0], max: range[1], axisLine: { lineStyle: { color: c.rule } }, axisTick: { show: false },
    splitLine: { show: true, lineStyle: { color: c.rule, opacity: 0.6 } },
    axisLabel: { color: c.muted, fontSize: FONT, fontFamily: c.sans, hideOverlap: true, margin: 5, showMinLabel: false, showMaxLabel: false,
      formatter: { year: "{yyyy}", month: "{MM}/{yyyy}", day: "{MM}/{yyyy}", hour: "", minute: "" } },
    minInterval: 365 * 86400000,
  };
}

function option(chart, asOf, range, setting, rows) {
  const c = colours();
  const scale = scaleOf(chart, range, rows);
  const one = [[asOf, (scale.low + scale.high) / 2]];
  const layer = (z, clip, draw) => ({ type: "custom", data: one, z, clip, silent: true, animation: false,
    renderItem: (params, api) => ({ type: "group", children: draw(tools(params, api, scale)) }) });
  return {
    animation: false,
    grid: GRID,
    xAxis: timeAxis(range, c),
    yAxis: {
      type: "value", min: scale.low, max: scale.high, axisLine: { show: false }, axisTick: { show: false }, splitLine: { show: false },
      axisLabel: { color: c.muted, fontSize: FONT, fontFamily: c.sans, margin: 6, customValues: scale.ticks, showMinLabel: true, showMaxLabel: true,
        formatter: (y) => number(back(chart, y)) },
    },
    series: [
      layer(1, true, (at) => ground(at, chart, asOf, c, setting.words)),
      layer(2, true, (at) => [...state(at, chart, c), ...fan(at, chart, c)]),
      layer(3, false, (at) => [...points(at, chart, range, c), ...thresholds(at, chart, c), ...crossings(at, chart, range, c)]),
    ],
  };
}

// Pixels of the plot: `x` of a time, `y` of a value (kept inside), `box` the plot itself.
function tools(params, api, scale) {
  const box = params.coordSys;
  const inside = (y) => Math.min(Math.max(scale.to(y), scale.low), scale.high);
  return {
    box,
    x: (time) => api.coord([time, scale.low])[0],
    y: (value) => api.coord([0, scale.to(value)])[1],
    held: (value) => api.coord([0, inside(value)])[1],
    isOut: (value) => scale.to(value) < scale.low || scale.to(value) > scale.high,
  };
}

function ground(at, chart, asOf, c, words) {
  const { box } = at;
  const [low, high, since] = chart.reference;
  const shapes = [];
  if (low !== null || high !== null) {
    const top = high === null ? box.y : Math.max(at.y(high), box.y);
    const bottom = low === null || (chart.scale === "log" && low <= 0) ? box.y + box.height : Math.min(at.y(low), box.y + box.height);
    const left = since === null ? box.x : Math.min(Math.max(at.x(since), box.x), box.x + box.width);
    if (bottom > top) shapes.push(rect(left, top, box.x + box.width - left, bottom - top, c.reference));
  }
  const today = at.x(asOf);
  shapes.push(rect(today, box.y, box.x + box.width - today, box.height, faded(c.forecast, 0.07)));
  shapes.push(line([[today, box.y], [today, box.y + box.height]], c.muted, 1));
  shapes.push({ ...label(words.forecast, box.x + box.width - 3, box.y + 1, c.forecast, "right", "top", c), z2: 5 });
  return shapes;
}

function state(at, chart, c) {
  if (chart.fitted.length) {
    const rows = chart.forecast.length ? [...chart.fitted, joint(chart.forecast[0])] : chart.fitted;
    return [
      area(at, rows.map((f) => [f[0], f[2]]), rows.map((f) => [f[0], f[3]]), faded(c.muted, 0.18)),
      path(at, rows.map((f) => [f[0], f[1]]), c.muted, 1.25),
    ];
  }
  const used = chart.points.filter((p) => p[2]);
  return used.length > 1 ? [path(at, used.map((p) => [p[0], p[1]]), c.muted, 1)] : [];
}

const joint = (row) => [row[0], row[1], row[3], row[6]];

function fan(at, chart, c) {
  const f = chart.forecast;
  if (f.length < 2) return [];
  const band = (low, high, alpha) => area(at, f.map((r) => [r[0], r[low]]), f.map((r) => [r[0], r[high]]), faded(c.forecast, alpha));
  return [band(2, 7, 0.14), band(3, 6, 0.2), band(4, 5, 0.28), path(at, f.map((r) => [r[0], r[1]]), c.forecast, 1.75)];
}

function thresholds(at, chart, c) {
  const { box } = at;
  return chart.thresholds.flatMap((t) => {
    const y = at.y(t.value);
    const [x, isAbove] = clearest(at, chart, t.text.length * 6.6, y);
    return [
      line([[box.x, y], [box.x + box.width, y]], c.caution, 1.25, [5, 4]),
      label(t.text, x, isAbove ? y - 3 : y + 3, c.caution, "left", isAbove ? "bottom" : "top", c),
    ];
  });
}

// Where along its line the label covers the fewest dots, and whether above it.
function clearest(at, chart, width, y) {
  const { box } = at;
  const dots = chart.points.map((p) => [at.x(p[0]), at.held(p[1])]);
  const choices = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7].flatMap((share) => [true, false].map((isAbove) => [box.x + 4 + share * box.width, isAbove]))
    .filter(([x, isAbove]) => x + width < box.x + box.width && (isAbove ? y - 18 > box.y : y + 18 < box.y + box.height));
  const covered = ([x, isAbove]) => dots.filter(([dx, dy]) => dx > x - 6 && dx < x + width + 6 && (isAbove ? dy < y + 4 && dy > y - 22 : dy > y - 4 && dy < y + 22)).length;
  return choices.sort((a, b) => covered(a) - covered(b))[0] ?? [box.x + 4, y - 18 > box.y];
}

function points(at, chart, range, c) {
  return chart.points.filter((p) => p[0] >= range[0] && p[0] <= range[1]).flatMap((p) => {
    const [x, y] = [at.x(p[0]), at.held(p[1])];
    const shapes = [circle(x, y, 2.75, p[2] ? c.ink : c.paper, p[2] ? c.ink : c.muted, 1.25)];
    if (p[3] === "changed") shapes.push(circle(x, y, 5.75, "none", c.accent, 1.5));
    if (p[3] === "cannot_tell") shapes.push(label("?", x, y - 5, c.muted, "center", "bottom", c));
    if (at.isOut(p[1])) shapes.push(label(number(p[1]), x + 6, y, c.muted, "left", "middle", c));
    return shapes;
  });
}

function crossings(at, chart, range, c) {
  return chart.thresholds.filter((t) => t.median && t.median <= range[1]).flatMap((t) => {
    const foot = at.box.y + at.box.height;
    const x = at.x(t.median);
    const right = at.box.x + at.box.width;
    const ends = [at.x(t.low ?? t.median), Math.min(at.x(t.high ?? range[1]), right)];
    return [
      line([[ends[0], foot], [ends[1], foot]], c.forecast, 1.75),
      { type: "polygon", shape: { points: [[x, foot - 5.5], [x + 5.5, foot], [x, foot + 5.5], [x - 5.5, foot]] }, style: { fill: c.forecast } },
    ];
  });
}

function rect(x, y, width, height, fill) {
  return { type: "rect", shape: { x, y, width, height }, style: { fill } };
}

function line(pair, stroke, lineWidth, lineDash) {
  return { type: "polyline", shape: { points: pair }, style: { stroke, lineWidth, lineDash, fill: "none" } };
}

function path(at, rows, stroke, lineWidth) {
  return { type: "polyline", shape: { points: rows.map(([t, y]) => [at.x(t), at.y(y)]) }, style: { stroke, lineWidth, fill: "none", lineJoin: "round" } };
}

function area(at, lower, upper, fill) {
  const there = upper.map(([t, y]) => [at.x(t), at.y(y)]);
  const home = lower.map(([t, y]) => [at.x(t), at.y(y)]).reverse();
  return { type: "polygon", shape: { points: [...there, ...home] }, style: { fill } };
}

function circle(cx, cy, r, fill, stroke, lineWidth) {
  return { type: "circle", shape: { cx, cy, r }, style: { fill, stroke, lineWidth } };
}

function label(text, x, y, fill, align, verticalAlign, c) {
  return { type: "text", style: { text, x, y, fill, align, verticalAlign, fontSize: FONT, fontFamily: c.sans,
    stroke: c.paper, lineWidth: 3 } };
}

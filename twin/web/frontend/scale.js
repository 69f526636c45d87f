// Which heights does a panel show, and where do its labels stand? A log panel is drawn on the logarithm of its values.
export function scaleOf(chart, [start, end], rows) {
  const isLog = chart.scale === "log";
  const to = isLog ? (y) => Math.log(Math.max(y, 1e-9)) : (y) => y;
  const inside = (t) => t >= start && t <= end;
  const seen = [
    ...chart.points.filter((p) => p[2] && inside(p[0])).map((p) => p[1]),
    ...chart.fitted.filter((f) => inside(f[0])).flatMap((f) => [f[2], f[3]]),
    ...chart.forecast.filter((f) => inside(f[0])).flatMap((f) => [f[3], f[6]]),
    ...chart.thresholds.map((t) => t.value),
  ].filter(Number.isFinite);
  if (!seen.length) seen.push(...chart.points.map((p) => p[1]));
  let low = Math.min(...seen.map(to));
  let high = Math.max(...seen.map(to));
  const room = (high - low || Math.abs(high) || 1) * 0.14;
  low -= room;
  high += room;
  return { to, low, high, ticks: ticks(isLog ? Math.exp(low) : low, isLog ? Math.exp(high) : high, rows).map(to) };
}

export function back(chart, y) {
  return chart.scale === "log" ? Math.exp(y) : y;
}

// Two to `most` round numbers inside the range: steps of 1, 2 or 5 times a power of ten; fewer than two tell nothing.
function ticks(low, high, most) {
  let finer = [low, high];
  for (let power = Math.floor(Math.log10(high - low)) - 1; ; power += 1) {
    for (const digit of [1, 2, 5]) {
      const step = digit * 10 ** power;
      const first = Math.ceil(low / step);
      const count = Math.floor(high / step) - first + 1;
      const found = Array.from({ length: Math.max(count, 0) }, (_, k) => (first + k) * step);
      if (count < 2) return [finer[0], finer[finer.length - 1]];
      if (count <= most) return found;
      finer = found;
    }
  }
}

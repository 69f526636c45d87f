// One cursor through all panels: a line at the date under the hand, and in each panel what it says of that date.
import { day, month, number } from "./words.js";

const NEAR = 9; // px: how close a hand must come to a dot to mean it

export function followCursor(views, setting) {
  let asked = null;
  const place = document.querySelector("[data-charts]");
  place.addEventListener("mousemove", (event) => {
    const view = views.find((each) => each.place.contains(event.target));
    if (!view?.chart) return show(views, null, setting);
    const box = view.place.getBoundingClientRect();
    cancelAnimationFrame(asked);
    asked = requestAnimationFrame(() => show(views, view.time(event.clientX - box.left), setting));
  });
  place.addEventListener("mouseleave", () => show(views, null, setting));
  place.addEventListener("click", (event) => {
    const view = views.find((each) => each.place.contains(event.target));
    const point = view?.chart && dot(view, event);
    if (point?.[4]) window.htmx.ajax("GET", `${setting.patient}/facts/${point[4]}`, { target: "#sheet", swap: "innerHTML" });
  });
}

function dot(view, event) {
  const box = view.place.getBoundingClientRect();
  const far = (p) => Math.hypot(view.pixel(p[0]) - (event.clientX - box.left), view.height(p[1]) - (event.clientY - box.top));
  const near = view.chart.points.filter((p) => far(p) < NEAR);
  return near.sort((a, b) => far(a) - far(b))[0];
}

function show(views, time, setting) {
  for (const view of views) {
    if (!view.chart) continue;
    const [line, words] = parts(view.place);
    const isIn = time !== null && time >= view.range()[0] && time <= view.range()[1];
    line.hidden = words.hidden = !isIn;
    if (!isIn) continue;
    line.style.transform = `translateX(${view.pixel(time)}px)`;
    words.textContent = time > view.asOf ? ahead(view, time, setting) : behind(view, time, setting);
    words.hidden = !words.textContent;
  }
}

function parts(place) {
  if (!place.cursorParts) {
    const line = Object.assign(document.createElement("div"), { className: "cursor", hidden: true });
    const words = Object.assign(document.createElement("div"), { className: "readout", hidden: true });
    place.append(line, words);
    place.cursorParts = [line, words];
  }
  return place.cursorParts;
}

function behind(view, time, { words, language }) {
  const point = nearest(view.chart.points, time);
  if (!point) return "";
  const [at, value, used, change, , reason, received] = point;
  const told = [day(at, language), `${number(value)} ${view.chart.unit}`.trim()];
  if (received && !received.startsWith(String(value))) told.push(`${words.received} ${received}`);
  if (!used) told.push(`${words.notUsed}: ${reason}`);
  else if (change) told.push(words[change]);
  return told.join(" · ");
}

function ahead(view, time, { words, language }) {
  const row = nearest(view.chart.forecast, time);
  if (!row) return "";
  const told = `${words.forecast} ${number(row[1])} ${view.chart.unit}`.trim();
  return [month(row[0], language), told, `${words.between} ${number(row[3])} – ${number(row[6])}`].join(" · ");
}

function nearest(rows, time) {
  return rows.reduce((best, row) => (!best || Math.abs(row[0] - time) < Math.abs(best[0] - time) ? row : best), null);
}

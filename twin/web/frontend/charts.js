// The panels of the patient page as small multiples: one time axis, one cursor, one zoom. Data come from an endpoint an organ.
import { followCursor } from "./cursor.js";
import { drawLane } from "./lane.js";
import { drawPanel } from "./panel.js";

const DAY = 86400000;
const YEAR = 365.25 * DAY;
const AHEAD = 550 * DAY; // a year and a half of forecast beside the history: far enough for a yearly recall

const page = document.querySelector("[data-charts]");
if (page) start(page);

async function start(place) {
  const words = JSON.parse(place.dataset.words);
  const suffix = place.dataset.asOf ? `?as_of=${place.dataset.asOf}` : "";
  const pressed = document.querySelector("[data-years][aria-pressed=true]");
  const setting = { years: Number(pressed?.dataset.years ?? 5), words, language: place.dataset.language, patient: place.dataset.charts };
  const drawn = [];
  const draw = (target) => {
    if (target.dataset.drawn) return;
    target.dataset.drawn = "true";
    watch.unobserve(target);
    const view = target.draw();
    drawn.push(view);
    view.show(span(setting.years, view.asOf, view.first));
  };
  // What is in sight is drawn at once, the rest when the browser has nothing better to do, so that it prints whole.
  const watch = new IntersectionObserver((seen) => seen.filter((each) => each.isIntersecting).forEach((each) => draw(each.target)));
  const wait = (target) => {
    watch.observe(target);
    (window.requestIdleCallback ?? setTimeout)(() => draw(target));
  };

  const again = () => drawn.forEach((view) => view.show(span(setting.years, view.asOf, view.first)));
  onRange(setting, again);
  followCursor(drawn, setting);
  document.addEventListener("themechange", again);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  new ResizeObserver(() => drawn.forEach((view) => view.resize())).observe(place);

  for (const organ of place.querySelectorAll("[data-organ]")) {
    load(`${setting.patient}/organs/${organ.dataset.organ}.json${suffix}`).then(({ asOf, charts }) => {
      for (const panel of organ.querySelectorAll("[data-panel]")) {
        const chart = charts[panel.dataset.panel];
        const canvas = panel.querySelector(".chart");
        if (!chart) continue;
        canvas.draw = () => drawPanel(canvas, chart, asOf, setting, panel.classList.contains("lead"));
        wait(canvas);
      }
    });
  }
  const lane = document.querySelector("[data-lane]");
  if (lane) {
    load(`${lane.dataset.lane}${suffix}`).then((data) => {
      lane.draw = () => drawLane(lane, data, setting);
      wait(lane);
    });
  }
}

async function load(address) {
  const answer = await fetch(address, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  return answer.json();
}

// All panels share one span, so that a vertical line means one date; "all" begins with the oldest value of any of them.
let oldest = Infinity;
function span(years, asOf, first) {
  oldest = Math.min(oldest, first ?? Infinity);
  return [years ? asOf - years * YEAR : Math.min(oldest, asOf - YEAR) - 30 * DAY, asOf + AHEAD];
}

function onRange(setting, again) {
  const bar = document.querySelector("[data-range]");
  bar?.addEventListener("click", (event) => {
    const button = event.target.closest("[data-years]");
    if (!button) return;
    setting.years = Number(button.dataset.years);
    for (const each of bar.querySelectorAll("[data-years]")) each.setAttribute("aria-pressed", String(each === button));
    again();
    again(); // twice: with "all", the first pass is what finds the oldest value
  });
}

// What every page does: parts swapped by htmx, the sheet, tables beside charts, light or dark, the keys of the worklist.
import htmx from "htmx.org";
import { startSheet } from "./sheet.js";
import { startWorklist } from "./worklist.js";

window.htmx = htmx;
const root = document.documentElement;

function isDark() {
  return root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

function say(text) {
  document.getElementById("said").textContent = text;
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-theme-switch]")) {
    root.dataset.theme = isDark() ? "light" : "dark";
    localStorage.setItem("theme", root.dataset.theme);
    document.dispatchEvent(new CustomEvent("themechange"));
  }
  const toggle = event.target.closest("[data-table]");
  if (toggle) {
    const figures = toggle.closest(".panel, section").querySelector(".figures");
    toggle.setAttribute("aria-expanded", String(figures.classList.toggle("open")));
  }
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    const menu = event.target.closest?.("details.menu[open]");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  }
});

for (const form of document.querySelectorAll("[data-submit-on-change]")) {
  form.addEventListener("change", () => form.requestSubmit());
}

// While a part is on its way the old one stays, with a thin line on top of the page.
let underway = 0;
document.addEventListener("htmx:beforeRequest", () => root.classList.toggle("busy", (underway += 1) > 0));
document.addEventListener("htmx:afterRequest", () => root.classList.toggle("busy", (underway -= 1) > 0));

// A refusal comes as a page; its two sentences are shown where the person is looking.
document.addEventListener("htmx:responseError", (event) => {
  const page = new DOMParser().parseFromString(event.detail.xhr.responseText, "text/html");
  const told = ["error-title", "error-message"].map((id) => page.getElementById(id)?.textContent ?? "").join(". ");
  const place = event.detail.elt.closest("tr, article, form") ?? document.body;
  place.parentElement?.querySelector(".refusal")?.remove();
  const note = document.createElement(place.tagName === "TR" ? "tr" : "p");
  note.className = "refusal";
  const cell = note.tagName === "TR" ? note.appendChild(document.createElement("td")) : note;
  if (note.tagName === "TR") cell.colSpan = 10;
  cell.classList.add("caution");
  cell.textContent = told;
  place.after(note);
  say(told);
});

document.addEventListener("htmx:load", (event) => event.detail.elt.classList?.add("fresh"));

startSheet();
startWorklist(say);

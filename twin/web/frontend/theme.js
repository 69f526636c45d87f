// Runs before the first paint: says that scripts run, and keeps the reader's choice of light or dark.
const root = document.documentElement;
root.classList.replace("no-js", "js");
const chosen = localStorage.getItem("theme");
if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;

// The keys of the worklist: j and k move, enter opens, a approve, s snooze, m mine, n not needed, u undo, / search.
const ACTIONS = { a: "approve", m: "assign" };
const FORMS = { s: "snooze", n: "close" };

export function startWorklist(say) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
    if (event.key === "/") return focusSearch(event);
    const list = document.querySelector("[data-worklist]");
    if (list && !document.querySelector("dialog[open]")) onKey(event, list, say);
  });
  document.addEventListener("click", (event) => {
    const row = event.target.closest("[data-worklist] tr[data-href]");
    if (row && !event.target.closest("a, button, summary, details, form")) location.assign(row.dataset.href);
  });
  // After a swap the hand stays on the row: the keyboard would otherwise be back at the top of the page.
  document.addEventListener("htmx:afterSettle", (event) => {
    const row = document.getElementById(event.detail.elt?.id ?? "");
    if (row?.matches("[data-worklist] tr, .whynow")) {
      row.focus();
      say(row.innerText);
    }
  });
}

function onKey(event, list, say) {
  const rows = [...list.tBodies[0].rows].filter((row) => row.dataset.href);
  const row = document.activeElement?.closest?.("[data-worklist] tr[data-href]");
  if (event.key === "j" || event.key === "k") {
    const at = rows.indexOf(row);
    const next = rows[row ? Math.min(Math.max(at + (event.key === "j" ? 1 : -1), 0), rows.length - 1) : 0];
    next?.focus();
    next?.scrollIntoView({ block: "nearest" });
    return;
  }
  if (event.key === "u") return submit(row?.querySelector("[data-undo] form") ?? list.querySelector("[data-undo] form"));
  if (!row || event.target !== row) return;
  if (event.key === "Enter") location.assign(row.dataset.href);
  else if (ACTIONS[event.key]) submit(row.querySelector(`form[data-action="${ACTIONS[event.key]}"]`));
  else if (FORMS[event.key]) openForm(event, row, FORMS[event.key]);
}

function submit(form) {
  form?.requestSubmit();
}

function openForm(event, row, action) {
  const form = row.querySelector(`form[data-action="${action}"]`);
  if (!form) return;
  event.preventDefault();
  form.closest("details").open = true;
  form.querySelector("input:not([type=hidden]), select").focus();
}

function focusSearch(event) {
  const field = document.querySelector("[data-key='/']");
  if (!field) return;
  event.preventDefault();
  field.focus();
}

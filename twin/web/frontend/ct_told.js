// What a CT view says of itself: loading, shown, or why it can't show anything.
export function told(view, text, state) {
  view.dataset.state = state;
  view.querySelector("[data-told]").textContent = text;
}

export function stillBusy(view, text) {
  told(view, text, "loading");
}

// The sheet at the side that says where a number came from. It opens once htmx has put the answer into it.
export function startSheet() {
  const sheet = document.getElementById("sheet");
  let opener = null;
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.elt.matches?.("[data-sheet]")) opener = event.detail.elt;
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target === sheet && !sheet.open) sheet.showModal();
  });
  sheet.addEventListener("click", (event) => {
    const box = sheet.getBoundingClientRect();
    if (event.target === sheet && event.clientX < box.left) sheet.close();
  });
  sheet.addEventListener("close", () => {
    opener?.focus();
    opener = null;
  });
}

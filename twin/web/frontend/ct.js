// Starts a CT view where a page has one. The viewer itself is a large chunk: it is fetched only then.
import { stillBusy, told } from "./ct_told.js";

const started = new WeakSet();

function hasWebGL() {
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("webgl2");
  context?.getExtension("WEBGL_lose_context")?.loseContext();
  return context !== null;
}

async function start(view) {
  if (started.has(view)) return;
  started.add(view);
  const words = JSON.parse(view.dataset.words);
  if (!hasWebGL()) {
    told(view, words.noWebGL, "failed");
    return;
  }
  stillBusy(view, words.loading);
  try {
    const { open } = await import("./ct_view.js");
    await open(view, words);
  } catch (error) {
    console.info(error);
    told(view, words[error.cause] ?? words.failed, "failed");
  }
}

export function startViews(within) {
  for (const view of within.querySelectorAll("[data-ct]")) start(view);
}

document.addEventListener("htmx:load", (event) => startViews(event.detail.elt.parentElement ?? document));
startViews(document);

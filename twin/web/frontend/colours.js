// The tokens of the style sheet as a canvas needs them.
const NAMES = ["ink", "paper", "muted", "rule", "accent", "forecast", "caution", "urgent", "good", "model-ground", "reference", "sans"];

export function colours() {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(NAMES.map((name) => [name.replace("-ground", "Ground"), style.getPropertyValue(`--${name}`).trim()]));
}

export function faded(colour, alpha) {
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  return `rgba(${r},${g},${b},${alpha})`;
}

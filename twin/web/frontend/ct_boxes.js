// Draws the boxes of flagged regions over the slices: an outline, its number, and 15 % of fill on demand.
const SVG = "http://www.w3.org/2000/svg";
const IN_PLANE = [[0, 1], [0, 2], [1, 2]]; // axial, coronal, sagittal: which axes (x, y, z) run across and up
const THROUGH = [2, 1, 0];

// A box in LPS mm as NiiVue's space has it: right, anterior, superior.
export function rasBox([low, high]) {
  return [
    [-high[0], -high[1], low[2]],
    [-low[0], -low[1], high[2]],
  ];
}

export function drawBoxes(svg, nv, regions, { shown, filled, current }) {
  svg.replaceChildren();
  const { canvas } = nv.gl;
  svg.setAttribute("viewBox", `0 0 ${canvas.width} ${canvas.height}`);
  if (!shown) return 0;
  const perPixel = canvas.width / (canvas.clientWidth || canvas.width);
  const at = nv.frac2mm(nv.scene.crosshairPos);
  let drawn = 0;
  for (const tile of nv.screenSlices) {
    if (tile.axCorSag > 2) continue;
    for (const region of regions) {
      const through = THROUGH[tile.axCorSag];
      const [low, high] = region.ras;
      if (at[through] < low[through] || at[through] > high[through]) continue;
      const frame = framed(tile, low, high);
      if (!Object.values(frame).every(Number.isFinite)) continue; // the canvas has no size yet: it is drawn again
      svg.append(box(frame, region, perPixel, filled, region.rank === current));
      drawn += 1;
    }
  }
  return drawn;
}

function framed(tile, low, high) {
  const [across, up] = IN_PLANE[tile.axCorSag];
  const [a, b] = [low, high].map((corner) => onCanvas(tile, corner[across], corner[up]));
  return { x: Math.min(a[0], b[0]), y: Math.min(a[1], b[1]), width: Math.abs(a[0] - b[0]), height: Math.abs(a[1] - b[1]) };
}

function onCanvas(tile, across, up) {
  let [left, top, width, height] = tile.leftTopWidthHeight;
  const isMirrored = width < 0;
  if (isMirrored) {
    left += width;
    width = -width;
  }
  const x = (across - tile.leftTopMM[0]) / tile.fovMM[0];
  const y = (up - tile.leftTopMM[1]) / tile.fovMM[1];
  return [left + (isMirrored ? 1 - x : x) * width, top + (1 - y) * height];
}

function box(frame, region, perPixel, filled, isCurrent) {
  const group = document.createElementNS(SVG, "g");
  group.setAttribute("class", isCurrent ? "current" : "");
  const rect = document.createElementNS(SVG, "rect");
  for (const [name, value] of Object.entries(frame)) rect.setAttribute(name, value.toFixed(1));
  rect.setAttribute("stroke-width", (isCurrent ? 2.5 : 1.5) * perPixel);
  rect.setAttribute("fill-opacity", filled ? 0.15 : 0);
  const label = document.createElementNS(SVG, "text");
  label.textContent = region.rank;
  label.setAttribute("x", frame.x + frame.width + 4 * perPixel);
  label.setAttribute("y", frame.y + 10 * perPixel);
  label.setAttribute("font-size", 14 * perPixel);
  group.append(rect, label);
  return group;
}

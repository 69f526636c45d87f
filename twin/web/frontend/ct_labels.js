// Organs over the slices: an outline each in the colour of the legend, 15 % of fill on demand, nothing for the rest.
import { NVImage } from "@niivue/niivue";

const LABELS_INTENT = 1002; // NIFTI_INTENT_LABEL: drawn by number, with an outline
const OUTLINE = 1;
const FILL = 0.15;

// `organs`: what the legend names, `[{numbers, colour}]`; its parts are drawn as one, and unnamed numbers not at all.
export async function loadLabels(bytes, organs) {
  const labels = await NVImage.loadFromUrl({ url: bytes, name: "labels.nii", colormap: "gray" });
  const drawnAs = new Uint8Array(256);
  organs.forEach(({ numbers }, at) => numbers.forEach((number) => (drawnAs[number] = at + 1)));
  for (let voxel = 0; voxel < labels.img.length; voxel++) labels.img[voxel] = drawnAs[labels.img[voxel]];
  labels.hdr.intent_code = LABELS_INTENT;
  labels.setColormapLabel(colours(organs));
  return labels;
}

export function showLabels(nv, filled) {
  nv.volumes[1].opacity = filled ? FILL : 0;
  nv.setAtlasOutline(OUTLINE); // it draws
}

function colours(organs) {
  const channel = (from) => [0, ...organs.map(({ colour }) => parseInt(colour.slice(from, from + 2), 16))];
  return { R: channel(1), G: channel(3), B: channel(5), A: [0, ...organs.map(() => 255)], I: [0, ...organs.map((_, at) => at + 1)] };
}

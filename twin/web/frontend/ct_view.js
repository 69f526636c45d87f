// Slices of one CT: windows, three directions, flagged regions and labels over them, all by keyboard too.
import { Niivue, NVImage, SLICE_TYPE } from "@niivue/niivue";
import { drawBoxes, rasBox } from "./ct_boxes.js";
import { fetchNifti } from "./ct_fetch.js";
import { loadLabels, showLabels } from "./ct_labels.js";
import { stillBusy, told } from "./ct_told.js";

const VIEWS = { axial: SLICE_TYPE.AXIAL, coronal: SLICE_TYPE.CORONAL, sagittal: SLICE_TYPE.SAGITTAL, all: SLICE_TYPE.MULTIPLANAR };
const AXIS = { axial: 2, coronal: 1, sagittal: 0, all: 2 };
const GROUND = [0.043, 0.051, 0.059, 1]; // --dark-room, also in light theme: a CT is read in the dark
const OPTIONS = {
  backColor: GROUND, crosshairColor: [0.4, 0.6, 0.75, 0.55], crosshairWidth: 0.15, crosshairWidthUnit: "percent", crosshairGap: 12, isColorbar: false, isRadiologicalConvention: true,
  dragAndDropEnabled: false, viewModeHotKey: "", clipPlaneHotKey: "", cycleClipPlaneHotKey: "", loadingText: "", logLevel: "error", show3Dcrosshair: false,
  isNearestInterpolation: false, fontMinPx: 18, multiplanarLayout: 2, multiplanarShowRender: 0, sagittalNoseLeft: true, isOrientationTextVisible: true,
};

export async function open(view, words) {
  const canvas = view.querySelector("canvas");
  const progress = (share) => stillBusy(view, `${words.loading} ${Math.round(share * 100)} %`);
  const bytes = await fetchNifti(view.dataset.volume, progress);
  const nv = new Niivue(OPTIONS);
  await nv.attachToCanvas(canvas);
  withoutGradients(nv);
  const volume = await NVImage.loadFromUrl({ url: bytes, name: "volume.nii", colormap: "gray", trustCalMinMax: false });
  const first = view.querySelector("[data-window]");
  [volume.cal_min, volume.cal_max] = limits(first);
  nv.addVolume(volume);
  const regions = JSON.parse(view.dataset.regions).map((each) => ({ ...each, ras: rasBox(each.box) }));
  const state = { view: "axial", shown: true, filled: false, current: null, labels: null };
  const scene = { view, words, nv, regions, state, svg: view.querySelector("svg") };
  follow(scene);
  listen(scene);
  press(view, "[data-window]", (button) => button === first);
  setView(scene, "axial");
  if (regions.length) goTo(scene, Number(view.dataset.first) || regions[0].rank);
  told(view, "", "shown");
  nv.drawScene();
}

// NiiVue prepares gradients for shaded 3D, which is not shown here. Without a graphics card they cost most of the time
// it takes to open a CT or to change its window, so those two passes draw nothing.
function withoutGradients(nv) {
  const { gl } = nv;
  const [draw, bind] = [gl.drawArrays.bind(gl), gl.bindFramebuffer.bind(gl)];
  let isGradient = false;
  for (const shader of [nv.blurShader, nv.sobelFirstOrderShader]) {
    const use = shader.use.bind(shader);
    shader.use = (...given) => {
      isGradient = true;
      use(...given);
    };
  }
  gl.drawArrays = (...given) => isGradient || draw(...given);
  gl.bindFramebuffer = (target, buffer) => {
    if (buffer === null) isGradient = false;
    bind(target, buffer);
  };
}

// Every drawing of NiiVue is followed by the boxes and by what the readout says.
function follow(scene) {
  const { nv, view } = scene;
  const draw = nv.drawScene.bind(nv);
  nv.drawScene = (...given) => {
    const drawn = draw(...given);
    if (nv.volumes.length) {
      view.dataset.boxes = drawBoxes(scene.svg, nv, scene.regions, scene.state);
      readOut(scene);
    }
    return drawn;
  };
  nv.onLocationChange = (location) => {
    scene.hu = location.values?.[0]?.value;
    readOut(scene);
  };
}

function readOut({ nv, view, words, state, hu }) {
  const axis = AXIS[state.view];
  const count = slices(nv, axis);
  const number = sliceOf(nv, axis) + 1;
  const slider = view.querySelector("[data-slice]");
  slider.max = count;
  slider.value = number;
  const mm = nv.frac2mm(nv.scene.crosshairPos);
  const lps = [-mm[0], -mm[1], mm[2]].map((each) => each.toFixed(0)).join(", ");
  const value = Number.isFinite(hu) ? ` · ${Math.round(hu)} HU` : "";
  view.querySelector("[data-readout]").textContent = `${words.slice} ${number}/${count} · ${lps} mm (LPS)${value}`;
}

function slices(nv, axis) {
  return nv.volumes[0].dimsRAS[axis + 1];
}

function sliceOf(nv, axis) {
  const count = slices(nv, axis);
  return Math.min(count - 1, Math.floor(nv.scene.crosshairPos[axis] * count));
}

function setSlice(scene, number) {
  const { nv, state } = scene;
  const axis = AXIS[state.view];
  const count = slices(nv, axis);
  nv.scene.crosshairPos[axis] = (Math.min(count - 1, Math.max(0, number)) + 0.5) / count;
  nv.createOnLocationChange(axis);
  nv.drawScene();
}

function goTo(scene, rank) {
  const region = scene.regions.find((each) => each.rank === rank);
  if (!region) return;
  scene.state.current = rank;
  scene.nv.scene.crosshairPos = inSlices(scene.nv, scene.nv.mm2frac(middle(region)));
  press(scene.view, "[data-region]", (button) => Number(button.dataset.region) === rank);
  scene.nv.createOnLocationChange();
  scene.nv.drawScene();
}

function middle({ ras: [low, high], centre }) {
  if (centre) return [-centre[0], -centre[1], centre[2]];
  return low.map((each, axis) => (each + high[axis]) / 2);
}

// The middle of the slice a place lies in; halves go to the even one, as in the numbers on the key slices.
function inSlices(nv, fractions) {
  return Array.from(fractions).map((fraction, axis) => {
    const count = slices(nv, axis);
    const at = Math.round((fraction * count - 0.5) * 1000) / 1000;
    const rounded = Math.abs(at % 1) === 0.5 ? 2 * Math.round(at / 2) : Math.round(at);
    return (Math.min(count - 1, Math.max(0, rounded)) + 0.5) / count;
  });
}

function setWindow(scene, button) {
  const [volume] = scene.nv.volumes;
  [volume.cal_min, volume.cal_max] = limits(button);
  scene.nv.updateGLVolume();
  press(scene.view, "[data-window]", (each) => each === button);
}

function limits(button) {
  const [centre, width] = [Number(button.dataset.centre), Number(button.dataset.width)];
  return [centre - width / 2, centre + width / 2];
}

function setView(scene, name) {
  scene.state.view = name;
  scene.nv.setSliceType(VIEWS[name]);
  press(scene.view, "[data-view]", (button) => button.dataset.view === name);
  scene.nv.drawScene();
}

function toggle(scene, name) {
  scene.state[name] = !scene.state[name];
  press(scene.view, `[data-toggle="${name}"]`, () => scene.state[name]);
  if (name === "filled" && scene.state.labels) showLabels(scene.nv, scene.state.filled);
  scene.nv.drawScene();
}

async function toggleLabels(scene) {
  const { nv, view, state } = scene;
  if (state.labels) {
    nv.removeVolume(state.labels);
    state.labels = null;
  } else {
    const bytes = await fetchNifti(view.dataset.labels, () => {});
    state.labels = await loadLabels(bytes, JSON.parse(view.dataset.organs));
    nv.addVolume(state.labels);
    showLabels(nv, state.filled);
  }
  view.querySelector("[data-legend]").hidden = state.labels === null;
  press(view, "[data-labels-switch]", () => state.labels !== null);
}

function press(view, selector, isPressed) {
  for (const button of view.querySelectorAll(selector)) button.setAttribute("aria-pressed", String(isPressed(button)));
}

function listen(scene) {
  const { view } = scene;
  view.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.window) setWindow(scene, button);
    if (button.dataset.view) setView(scene, button.dataset.view);
    if (button.dataset.region) goTo(scene, Number(button.dataset.region));
    if (button.dataset.toggle) toggle(scene, button.dataset.toggle);
    if (button.hasAttribute("data-labels-switch")) toggleLabels(scene);
  });
  view.querySelector("[data-slice]").addEventListener("input", (event) => setSlice(scene, Number(event.target.value) - 1));
  view.addEventListener("keydown", (event) => byKey(scene, event), { capture: true });
}

function byKey(scene, event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("select, textarea, input:not([type=range])")) return;
  const { view, state, nv } = scene;
  const at = sliceOf(nv, AXIS[state.view]);
  const windows = view.querySelectorAll("[data-window]");
  const step = { ArrowUp: 1, ArrowDown: -1, PageUp: 10, PageDown: -10 }[event.key];
  if (step) setSlice(scene, at + step);
  else if (event.key === "Home") setSlice(scene, 0);
  else if (event.key === "End") setSlice(scene, Infinity);
  else if (/^[1-9]$/.test(event.key) && windows[event.key - 1]) setWindow(scene, windows[event.key - 1]);
  else if (["x", "c", "g", "m"].includes(event.key)) setView(scene, { x: "axial", c: "coronal", g: "sagittal", m: "all" }[event.key]);
  else if (event.key === "n" || event.key === "p") goTo(scene, neighbour(scene, event.key === "n" ? 1 : -1));
  else if (event.key === "o") toggle(scene, "shown");
  else if (event.key === "f") toggle(scene, "filled");
  else return;
  event.preventDefault();
  event.stopPropagation();
}

function neighbour({ regions, state }, step) {
  if (!regions.length) return null;
  const at = regions.findIndex((each) => each.rank === state.current);
  return regions[(at + step + regions.length) % regions.length].rank;
}

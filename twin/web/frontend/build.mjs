// Bundles the islands into static/dist, with the content's hash in each name, and writes which name is whose.
import { build } from "esbuild";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "..", "static", "dist");

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
const bundled = (names, more) =>
  build({
    entryPoints: names.map((name) => join(here, name)),
    outdir: out,
    entryNames: "[name]-[hash]",
    bundle: true,
    minify: true,
    target: "es2020",
    legalComments: "linked",
    metafile: true,
    ...more,
  });
const classic = ["theme.js", "app.js", "charts.js"];
const modules = ["ct.js"];
const results = [
  await bundled(classic, { format: "iife" }),
  // The CT view is a module, so that the viewer (NiiVue) is a chunk of its own, fetched when somebody looks at a CT.
  // NiiVue's codecs for Zarr are WebAssembly, which our content policy forbids and a NIfTI file does not need.
  await bundled(modules, { format: "esm", splitting: true, chunkNames: "ct-[name]-[hash]", external: ["numcodecs/*"] }),
];
const manifest = {};
for (const [path, made] of results.flatMap((result) => Object.entries(result.metafile.outputs))) {
  if (!made.entryPoint) continue;
  const name = basename(made.entryPoint);
  if ([...classic, ...modules].includes(name)) manifest[name] = basename(path);
  console.log(`${basename(path)}  ${(made.bytes / 1024).toFixed(0)} KB`);
}
await writeFile(join(out, "manifest.json"), JSON.stringify(manifest));

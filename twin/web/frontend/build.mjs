// Bundles the islands into static/dist, with the content's hash in each name, and writes which name is whose.
import { build } from "esbuild";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "..", "static", "dist");

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
const result = await build({
  entryPoints: ["theme.js", "app.js", "charts.js"].map((name) => join(here, name)),
  outdir: out,
  entryNames: "[name]-[hash]",
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2020",
  legalComments: "linked",
  metafile: true,
});
const manifest = {};
for (const [path, made] of Object.entries(result.metafile.outputs)) {
  if (!made.entryPoint) continue;
  manifest[basename(made.entryPoint)] = basename(path);
  console.log(`${basename(path)}  ${(made.bytes / 1024).toFixed(0)} KB`);
}
await writeFile(join(out, "manifest.json"), JSON.stringify(manifest));

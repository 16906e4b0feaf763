// Bundles the editor into ../widget/static/{index.js,index.css}, and what loads it into loader.js. `--watch` rebuilds on change, `--dev` adds the harness,
// `--table` says what the bundle holds, `--bench` builds only what benchmarks/bench_editor.py opens.
import { readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import { weigh } from "./weigh.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const watch = process.argv.includes("--watch");
const dev = process.argv.includes("--dev");
const bench = process.argv.includes("--bench");

/** React Flow's CSS is global; wrapped in `.nb-editor` it leaves other widgets on the page alone. */
const scopeReactFlow = {
  name: "scope-react-flow-css",
  setup(build) {
    build.onLoad({ filter: /@xyflow[\\/]react[\\/]dist[\\/]base\.css$/ }, async ({ path: file }) => {
      const css = await readFile(file, "utf8");
      const keyframes = css.match(/@keyframes [\w-]+ \{(?:[^{}]|\{[^}]*\})*\}/g) ?? [];
      const rules = keyframes.reduce((text, one) => text.replace(one, ""), css);
      return { contents: `.nb-editor {\n${rules}\n}\n${keyframes.join("\n")}`, loader: "css" };
    });
  },
};

const options = {
  absWorkingDir: here,
  bundle: true,
  format: "esm",
  target: ["chrome120", "firefox121", "safari17.4"],
  minify: true,
  legalComments: "linked",
  define: { "process.env.NODE_ENV": '"production"' },
  plugins: [scopeReactFlow],
  logLevel: "info",
};

const main = { ...options, entryPoints: { index: "src/index.ts" }, outdir: "../widget/static" };
const loader = { ...main, entryPoints: { loader: "src/loader.ts" }, legalComments: "none" };
const jobs = [main, loader];
if (dev) jobs.push({ ...options, entryPoints: { harness: "dev/harness.ts" }, outdir: "dev/out", sourcemap: true });

if (bench) {
  const sides = Object.fromEntries(["ours", "litegraph", "empty"].map((side) => [side, `dev/bench/${side}.ts`]));
  jobs.splice(0, jobs.length, { ...options, entryPoints: sides, outdir: "../../build/bench" });
}

for (const job of jobs) {
  if (watch) {
    await (await esbuild.context(job)).watch();
    continue;
  }
  const { metafile } = await esbuild.build({ ...job, metafile: true });
  if (job === main) await weigh(metafile, path.join(here, main.outdir), process.argv.includes("--table"));
}

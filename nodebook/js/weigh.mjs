// What the bundle holds, and that it stays light: a notebook loads it with the first graph.
import { readFile } from "node:fs/promises";
import path from "node:path";
import { gzipSync } from "node:zlib";

const MOST_GZIP_KB = 350;
const OURS = "nodebook";

/** Bytes by package, minified, from esbuild's account of a bundle; `nodebook/…` are folders of our own. */
export function bytesByPackage(metafile) {
  const found = new Map();
  for (const output of Object.values(metafile.outputs)) {
    for (const [input, { bytesInOutput }] of Object.entries(output.inputs)) {
      const name = packageOf(input);
      found.set(name, (found.get(name) ?? 0) + bytesInOutput);
    }
  }
  return [...found].sort(([, a], [, b]) => b - a);
}

function packageOf(input) {
  const inside = input.split("node_modules/").at(-1);
  if (inside !== input)
    return inside
      .split("/")
      .slice(0, inside.startsWith("@") ? 2 : 1)
      .join("/");
  const [, folder, ...rest] = input.split("/");
  return rest.length > 0 ? `${OURS}/${folder}` : OURS;
}

/** Fails where the bundle is too heavy, and says what weighs most. `table`: print all of it. */
export async function weigh(metafile, folder, table = false) {
  const files = ["index.js", "index.css"];
  const contents = await Promise.all(files.map((file) => readFile(path.join(folder, file))));
  const zipped = contents.map((content) => gzipSync(content).length / 1000);
  const total = zipped[0] + zipped[1];
  const lines = bytesByPackage(metafile).map(
    ([name, bytes]) => `${name.padEnd(32)}${(bytes / 1000).toFixed(1).padStart(8)}`,
  );
  if (table) console.log(["KB, minified", ...lines].join("\n"));
  console.log(files.map((file, at) => `${file} ${zipped[at].toFixed(1)} KB gzip`).join(", "));
  if (total <= MOST_GZIP_KB) return;
  const most = lines.slice(0, 8).join("\n");
  throw new Error(
    `The bundle is ${total.toFixed(1)} KB gzip; expected at most ${MOST_GZIP_KB}. It weighs most (KB, minified):\n${most}\n` +
      "Find what came in with `git diff package.json` and `npm run bundle`, and load it when it is wanted, or do without.",
  );
}

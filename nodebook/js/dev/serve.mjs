// Builds the harness and serves it: `npm run harness`, then http://localhost:8123/?graph=all&theme=dark
import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import http from "node:http";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const themes = path.join(here, "../../../.venv/share/jupyter/lab/themes/@jupyterlab");
const port = Number(process.env.PORT ?? 8123);
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".map": "application/json" };

if (!process.argv.includes("--no-build")) {
  execFileSync("node", [path.join(here, "../build.mjs"), "--dev"], { stdio: "inherit" });
}

http
  .createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    const theme = pathname.match(/^\/theme\/(light|dark)\.css$/)?.[1];
    const inside = path.join(here, path.normalize(pathname === "/" ? "/index.html" : pathname));
    const file = theme ? path.join(themes, `theme-${theme}-extension/index.css`) : inside;
    try {
      const body = await readFile(file);
      response.writeHead(200, { "content-type": TYPES[path.extname(file)] ?? "application/octet-stream" });
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  })
  .listen(port, "127.0.0.1", () => console.log(`http://localhost:${port}/?graph=all`));

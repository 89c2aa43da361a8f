// build.mjs OUTPUT MODULES - bundles each page into one HTML file, with a mark where the command puts
// its data, and all of them into OUTPUT/page_templates.c. MODULES is the node_modules to take from.
import { createRequire } from "node:module";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const source = join(dirname(fileURLToPath(import.meta.url)), "src");
const [output, modules] = process.argv.slice(2).map((path) => resolve(path));
const require = createRequire(join(modules, "unused.js"));
const esbuild = require("esbuild");

export const DATA_MARK = "@HAKMEM-DATA@";
export const TITLE_MARK = "@HAKMEM-TITLE@";

// In the order of enum page_kind of src/tool/page.h.
const pages = ["map", "run", "seed"];
const bundled = ["preact", "uplot", "fflate"];

// The page loads nothing, whatever the data in it might say.
const policy = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:";

function notice() {
  const lines = bundled.map((name) => {
    const { version, license } = JSON.parse(readFileSync(join(modules, name, "package.json"), "utf8"));
    const text = readFileSync(join(modules, name, "LICENSE"), "utf8");
    const holder = /copyright \(c\).*/i.exec(text)?.[0] ?? "";
    return `${name} ${version}, ${license}, ${holder}`;
  });
  return `This page contains:\n${lines.join("\n")}\n`
    + readFileSync(join(modules, bundled[0], "LICENSE"), "utf8").replace(/^[\s\S]*?(?=Permission is)/, "");
}

async function bundle(page) {
  const result = await esbuild.build({
    entryPoints: [join(source, `${page}.tsx`)],
    bundle: true,
    minify: true,
    write: false,
    outdir: output,
    format: "iife",
    target: ["es2022"],
    charset: "utf8",
    jsx: "automatic",
    jsxImportSource: "preact",
    nodePaths: [modules],
    legalComments: "none",
    logLevel: "warning",
  });
  const text = (ending) => result.outputFiles.find((file) => file.path.endsWith(ending))?.text ?? "";
  const script = text(".js").replaceAll("</script", "<\\/script").replaceAll("<!--", "<\\!--");
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${TITLE_MARK}</title>
<!--
${notice().trim()}
-->
<style>${text(".css")}</style></head>
<body><div id="app"><noscript>This page draws with JavaScript, which is off here.</noscript></div>
<script id="hakmem-data" type="text/plain">${DATA_MARK}</script>
<script>${script}</script>
</body></html>
`;
}

function bytesOf(name, html) {
  const lines = [];
  const bytes = Buffer.from(html, "utf8");
  for (let at = 0; at < bytes.length; at += 32) lines.push([...bytes.subarray(at, at + 32)].join(","));
  return `static const unsigned char ${name}[] = {\n${lines.join(",\n")}};\n`;
}

mkdirSync(output, { recursive: true });
let code = '/* Written by pages/build.mjs. */\n#include "page.h"\n\n';
for (const page of pages) {
  const html = await bundle(page);
  writeFileSync(join(output, `${page}.html`), html);
  code += bytesOf(page, html);
}
const rows = pages.map((page) => `    {(const char *)${page}, sizeof ${page}},`);
code += `\nconst struct page_template page_template[PAGE_KINDS] = {\n${rows.join("\n")}\n};\n`;
writeFileSync(join(output, "page_templates.c"), code);

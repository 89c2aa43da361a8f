// container.mjs - fills a page's template with made-up data, as src/tool/page.c does with real data.
import { readFileSync } from "node:fs";
import { deflateSync } from "node:zlib";

const TYPES = { Uint8Array: "u8", Uint16Array: "u16", Uint32Array: "u32" };

export function container(meta, columns) {
  const arrays = {};
  const parts = [];
  let offset = 0;
  for (const [name, array] of Object.entries(columns)) {
    const padded = Math.ceil(array.byteLength / 8) * 8;
    const bytes = Buffer.alloc(padded);
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
    arrays[name] = [TYPES[array.constructor.name], offset, array.length];
    offset += padded;
    parts.push(bytes);
  }
  const json = Buffer.from(JSON.stringify({ ...meta, arrays }));
  const head = Buffer.alloc(16);
  head.write("HKPAGE\0\x01", "latin1");
  head.writeUInt32LE(json.length, 8);
  return Buffer.concat([head, json, Buffer.alloc((8 - (json.length % 8)) % 8), ...parts]);
}

export function pageFill(template, title, meta, columns = {}) {
  const data = deflateSync(container(meta, columns)).toString("base64");
  return readFileSync(template, "utf8").replace("@HAKMEM-TITLE@", title).replace("@HAKMEM-DATA@", () => data);
}

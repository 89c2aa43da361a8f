// data.ts - what the command wrote into the page: base64 of a zlib stream of a container.
//
// The container (docs/pages.md): "HKPAGE\0\1", the byte count of a JSON text (u32), 4 zero bytes, the
// JSON padded to 8 bytes, then arrays at the offsets that its `arrays` names. All little-endian.
import { unzlibSync } from "fflate";

const MAGIC = [0x48, 0x4b, 0x50, 0x41, 0x47, 0x45, 0, 1];
const HEAD_BYTES = 16;

type ArrayType = "u8" | "u16" | "u32";
type Place = [type: ArrayType, offset: number, count: number];

export class Data<Meta> {
  constructor(
    readonly meta: Meta,
    private readonly places: Record<string, Place>,
    private readonly bytes: Uint8Array,
    private readonly start: number,
  ) {}

  private place(name: string, type: ArrayType): [number, number] {
    const place = this.places[name];
    if (!place) return [0, 0];
    if (place[0] !== type) throw new Error(`the data's ${name} is ${place[0]}, not ${type}`);
    return [this.bytes.byteOffset + this.start + place[1], place[2]];
  }
  u8(name: string): Uint8Array {
    return new Uint8Array(this.bytes.buffer, ...this.place(name, "u8"));
  }
  u16(name: string): Uint16Array {
    return new Uint16Array(this.bytes.buffer, ...this.place(name, "u16"));
  }
  u32(name: string): Uint32Array {
    return new Uint32Array(this.bytes.buffer, ...this.place(name, "u32"));
  }
}

function base64Decode(text: string): Uint8Array {
  const characters = atob(text.trim());
  const bytes = new Uint8Array(characters.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = characters.charCodeAt(i);
  return bytes;
}

export function containerRead<Meta>(bytes: Uint8Array): Data<Meta> {
  if (MAGIC.some((byte, i) => bytes[i] !== byte)) throw new Error("the page's data is not of its version");
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(8, true);
  const json = JSON.parse(new TextDecoder().decode(bytes.subarray(HEAD_BYTES, HEAD_BYTES + length)));
  const start = HEAD_BYTES + Math.ceil(length / 8) * 8;
  return new Data<Meta>(json, json.arrays ?? {}, bytes, start);
}

export function dataLoad<Meta>(): Data<Meta> {
  const holder = document.getElementById("hakmem-data");
  const text = holder?.textContent ?? "";
  if (text.startsWith("@")) throw new Error("this is a page's template: it has no data");
  if (holder) holder.textContent = "";
  return containerRead<Meta>(unzlibSync(base64Decode(text)));
}

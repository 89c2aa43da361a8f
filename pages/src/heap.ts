// heap.ts - the heap that a map page shows: columns with an entry for each unit (64 KiB), at one moment
// of the recording, and what is summed up from them. docs/pages.md describes the columns.
import type { Data } from "./data";

export const UNIT_BYTES = 65536;
export const UNIT_PAGES = 16;
export const NO_HEAP = 0xffff;

export const enum Kind {
  None, // not HAKMEM's
  Cold, // free, not in RAM or never touched
  Dirty, // free in a SuperSlab that is in use
  Warm, // free in an empty SuperSlab, kept in the LRU
  Slab,
  SlabInner, // the further units of a wide slab
  Run,
  RunInner,
  RunCached, // a free run that a heap keeps
  Huge,
  HugeInner,
  Busy, // on its way to the kernel
}

export const enum Flag {
  Torn = 1, // changed while it was read
  HugePage = 2, // backed by a transparent huge page, in part at least
}

export interface SizeClass {
  bytes: number;
  blocks: number;
  units: number;
}

export interface HeapOwner {
  number: number;
  name: string;
  tid: number;
  state: "thread" | "parked" | "commons";
}

export interface Frame {
  at_ms: number;
  units: number;
  rss_bytes: number;
  live_bytes: number;
  free_bytes: number;
  cached_bytes: number;
  kept_bytes: number;
  metadata_bytes: number;
  other_bytes: number;
  changes: number; // entries of the change_* columns; of frame 0: none
}

export interface MapMeta {
  kind: "map";
  version: 1;
  program: string;
  pid: number;
  source: "process" | "core";
  stopped: boolean;
  library: string;
  taken: string;
  read_ms: number;
  base: string;
  superslab_units: number;
  page_bytes: number;
  residency: "exact" | "core" | "unknown";
  classes: SizeClass[];
  heaps: HeapOwner[];
  frames: Frame[];
  recording_cut: boolean;
  detail: { slabs: number; partial_slabs: number; limit_bytes: number };
  skipped: { slabs: number; caches: number; records: number; unreadable_bytes: number };
  colour: string;
}

// One entry for each unit. Live, published and cached count blocks; of runs and huge blocks, `live` is 1.
interface Columns {
  kind: Uint8Array;
  sizeClass: Uint8Array; // of a slab; of a run: its units
  flags: Uint8Array;
  heap: Uint16Array; // index in meta.heaps
  live: Uint16Array;
  published: Uint16Array;
  cached: Uint16Array;
  resident: Uint16Array; // a bit for each sixteenth
  pagesLow: Uint32Array; // four bits for each sixteenth: how much of it is live, 0..15
  pagesHigh: Uint32Array;
}

const NAMES: [keyof Columns, string, 1 | 2 | 4][] = [
  ["kind", "kind", 1],
  ["sizeClass", "class", 1],
  ["flags", "flags", 1],
  ["heap", "heap", 2],
  ["live", "live", 2],
  ["published", "published", 2],
  ["cached", "cached", 2],
  ["resident", "resident", 2],
  ["pagesLow", "pages_low", 4],
  ["pagesHigh", "pages_high", 4],
];

function columnsOf<Meta>(data: Data<Meta>, prefix: string): Columns {
  const columns: Partial<Record<keyof Columns, unknown>> = {};
  for (const [key, name, bytes] of NAMES) {
    const full = prefix + name;
    columns[key] = bytes === 1 ? data.u8(full) : bytes === 2 ? data.u16(full) : data.u32(full);
  }
  return columns as Columns;
}

function columnsCopy(from: Columns, length: number): Columns {
  const columns: Partial<Record<keyof Columns, unknown>> = {};
  for (const [key, , bytes] of NAMES) {
    const copy = bytes === 1 ? new Uint8Array(length) : bytes === 2 ? new Uint16Array(length) : new Uint32Array(length);
    copy.set(from[key].subarray(0, length));
    columns[key] = copy;
  }
  return columns as Columns;
}

export const enum Block {
  Live,
  Free,
  Published,
  Cached,
}

export interface ClassRow {
  index: number; // of the class; -1 runs, -2 huge blocks
  bytes: number;
  spans: number; // slabs, runs, huge blocks
  live: number;
  free: number;
  cached: number; // blocks, published ones too
  usedBytes: number;
  liveBytes: number;
  residentBytes: number;
}

export interface OwnerRow {
  index: number;
  slabs: number;
  usedBytes: number;
  liveBytes: number;
}

export class Heap {
  readonly meta: MapMeta;
  readonly base: bigint;
  readonly unitsMost: number;
  readonly superslabUnits: number;
  frame = 0;
  columns: Columns;
  private readonly first: Columns;
  private readonly changes: Columns;
  private readonly changeUnit: Uint32Array;
  private readonly changeStart: number[] = [];
  private readonly heads: Uint32Array;
  private readonly changedAt: Uint32Array; // frame of a unit's last change; 0: none seen
  private readonly blockUnit: Uint32Array;
  private readonly blockOffset: Uint32Array;
  private readonly blockFlags: Uint8Array;
  private readonly blockBits: Uint8Array;

  constructor(data: Data<MapMeta>) {
    this.meta = data.meta;
    this.base = BigInt(data.meta.base);
    this.superslabUnits = data.meta.superslab_units;
    this.unitsMost = data.meta.frames.reduce((most, frame) => Math.max(most, frame.units), 0);
    this.first = columnsOf(data, "");
    this.changes = columnsOf(data, "change_");
    this.changeUnit = data.u32("change_unit");
    let start = 0;
    for (const frame of data.meta.frames) {
      this.changeStart.push(start);
      start += frame.changes;
    }
    this.changeStart.push(start);
    this.blockUnit = data.u32("block_unit");
    this.blockOffset = data.u32("block_offset");
    this.blockFlags = data.u8("block_flags");
    this.blockBits = data.u8("block_bits");
    this.heads = new Uint32Array(this.unitsMost);
    this.changedAt = new Uint32Array(this.unitsMost);
    this.columns = this.meta.frames.length > 1 ? columnsCopy(this.first, this.unitsMost) : this.first;
    this.seek(this.meta.frames.length - 1);
  }

  get frames(): Frame[] {
    return this.meta.frames;
  }
  get now(): Frame {
    return this.meta.frames[this.frame];
  }
  get units(): number {
    return this.now.units;
  }
  get superslabs(): number {
    return Math.ceil(this.unitsMost / this.superslabUnits);
  }

  seek(frame: number): void {
    if (frame < this.frame) {
      this.columns = columnsCopy(this.first, this.unitsMost);
      this.changedAt.fill(0);
      this.frame = 0;
    }
    while (this.frame < frame) this.advance();
    this.headsFind();
  }

  private advance(): void {
    const frame = ++this.frame;
    for (let i = this.changeStart[frame]; i < this.changeStart[frame + 1]; i++) {
      const unit = this.changeUnit[i];
      for (const [key] of NAMES) this.columns[key][unit] = this.changes[key][i];
      this.changedAt[unit] = frame;
    }
  }

  // Milliseconds since the unit's last change that the recording saw; NaN: it saw none.
  ageMs(unit: number): number {
    const seen = this.changedAt[this.head(unit)];
    return seen ? this.now.at_ms - this.frames[seen].at_ms : NaN;
  }

  kind(unit: number): Kind {
    return unit < this.units ? this.columns.kind[unit] : Kind.None;
  }

  // The first unit of the slab, run or huge block that the unit is part of.
  head(unit: number): number {
    return unit < this.units ? this.heads[unit] : unit;
  }

  private headsFind(): void {
    const { kind } = this.columns;
    for (let unit = 0, head = 0; unit < this.units; unit++) {
      const what: Kind = kind[unit];
      if (what !== Kind.SlabInner && what !== Kind.RunInner && what !== Kind.HugeInner) head = unit;
      this.heads[unit] = head;
    }
  }

  // How many units belong to what begins at this one.
  span(head: number): number {
    const kind = this.kind(head);
    if (kind === Kind.Slab) return this.meta.classes[this.columns.sizeClass[head]]?.units ?? 1;
    if (kind === Kind.Run || kind === Kind.RunCached) return this.columns.sizeClass[head] || 1;
    if (kind !== Kind.Huge) return 1;
    let end = head + 1;
    while (end < this.units && this.columns.kind[end] === Kind.HugeInner) end++;
    return end - head;
  }

  address(unit: number, offset = 0): string {
    return "0x" + (this.base + BigInt(unit) * BigInt(UNIT_BYTES) + BigInt(offset)).toString(16);
  }

  // Sixteenths of the unit's page `page` that are live, 0..15.
  pageLive(unit: number, page: number): number {
    const half = page < 8 ? this.columns.pagesLow[unit] : this.columns.pagesHigh[unit];
    return (half >>> ((page & 7) * 4)) & 15;
  }
  pageResident(unit: number, page: number): boolean {
    return ((this.columns.resident[unit] >> page) & 1) === 1;
  }
  residentPages(unit: number): number {
    let bits = this.columns.resident[unit];
    let sum = 0;
    for (; bits; bits &= bits - 1) sum++;
    return sum;
  }

  // Live part of what the unit belongs to, 0..1; free units have none.
  occupancy(unit: number): number {
    const head = this.head(unit);
    const kind = this.kind(head);
    if (kind === Kind.Run || kind === Kind.Huge) return 1;
    if (kind !== Kind.Slab) return 0;
    const blocks = this.meta.classes[this.columns.sizeClass[head]]?.blocks ?? 0;
    return blocks ? this.columns.live[head] / blocks : 0;
  }

  // State of every block of the slab that begins at this unit, as of the recording's end; null when the
  // page does not have it.
  blocks(head: number): Uint8Array | null {
    if (this.kind(head) !== Kind.Slab) return null;
    const total = this.meta.classes[this.columns.sizeClass[head]]?.blocks ?? 0;
    const states = new Uint8Array(total);
    const live = this.columns.live[head];
    if (live === total) return states;
    const known = this.blockIndex(head);
    if (known < 0) {
      const others = this.columns.cached[head] + this.columns.published[head];
      return live === 0 && others === 0 ? states.fill(Block.Free) : null;
    }
    return this.blocksDecode(known, states);
  }

  private blockIndex(unit: number): number {
    let low = 0;
    let high = this.blockUnit.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      if (this.blockUnit[middle] === unit) return middle;
      if (this.blockUnit[middle] < unit) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  // Up to three planes of bits follow each other: not live; cached, when flag 1; published, when flag 2.
  private blocksDecode(index: number, states: Uint8Array): Uint8Array {
    const plane = Math.ceil(states.length / 8);
    const flags = this.blockFlags[index];
    let at = this.blockOffset[index];
    const paint = (state: Block) => {
      for (let i = 0; i < states.length; i++)
        if ((this.blockBits[at + (i >> 3)] >> (i & 7)) & 1) states[i] = state;
      at += plane;
    };
    paint(Block.Free);
    if (flags & 1) paint(Block.Cached);
    if (flags & 2) paint(Block.Published);
    return states;
  }

  classRows(): ClassRow[] {
    const rows = new Map<number, ClassRow>();
    const { kind, sizeClass, live, published, cached } = this.columns;
    for (let unit = 0; unit < this.units; unit++) {
      const what: Kind = kind[unit];
      if (what < Kind.Slab || what === Kind.RunCached || what === Kind.Busy) continue;
      const own = what === Kind.Slab || what === Kind.SlabInner;
      const index = own ? sizeClass[unit] : what === Kind.Run || what === Kind.RunInner ? -1 : -2;
      let row = rows.get(index);
      if (!row) {
        row = { index, bytes: 0, spans: 0, live: 0, free: 0, cached: 0, usedBytes: 0, liveBytes: 0, residentBytes: 0 };
        row.bytes = own ? (this.meta.classes[index]?.bytes ?? 0) : 0;
        rows.set(index, row);
      }
      row.usedBytes += UNIT_BYTES;
      row.residentBytes += (this.residentPages(unit) * UNIT_BYTES) / UNIT_PAGES;
      if (what === Kind.Slab) {
        row.spans++;
        row.live += live[unit];
        row.cached += cached[unit] + published[unit];
        row.free += (this.meta.classes[index]?.blocks ?? 0) - live[unit] - cached[unit] - published[unit];
        row.liveBytes += live[unit] * row.bytes;
      } else if (!own) {
        row.liveBytes += UNIT_BYTES;
        if (what === Kind.Run || what === Kind.Huge) {
          row.spans++;
          row.live++;
        }
      }
    }
    return [...rows.values()];
  }

  ownerRows(): OwnerRow[] {
    const rows = new Map<number, OwnerRow>();
    const { kind, heap, live, sizeClass } = this.columns;
    for (let unit = 0; unit < this.units; unit++) {
      if (kind[unit] !== Kind.Slab) continue;
      const row = rows.get(heap[unit]) ?? { index: heap[unit], slabs: 0, usedBytes: 0, liveBytes: 0 };
      const size = this.meta.classes[sizeClass[unit]];
      row.slabs++;
      row.usedBytes += (size?.units ?? 1) * UNIT_BYTES;
      row.liveBytes += live[unit] * (size?.bytes ?? 0);
      rows.set(heap[unit], row);
    }
    return [...rows.values()];
  }

  ownerName(index: number): string {
    const owner = this.meta.heaps[index];
    if (!owner) return "nobody";
    if (owner.state === "commons") return "shared by young threads";
    if (owner.state === "parked") return `heap ${owner.number}, without a thread`;
    const thread = owner.name || (owner.tid ? "thread" : `heap ${owner.number}`);
    return owner.tid ? `${thread} (${owner.tid})` : thread;
  }
}

// mock.mjs - made-up heaps and runs for the tests of the pages: the same every time, of any size.
import { pageFill } from "./container.mjs";

const UNIT = 65536;
const KIND = { none: 0, cold: 1, dirty: 2, warm: 3, slab: 4, slabInner: 5, run: 6, runInner: 7, runCached: 8, huge: 9, hugeInner: 10 };

function generator(seed) {
  return () => {
    seed = (Math.imul(seed ^ (seed >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
    let x = seed;
    x = Math.imul(x ^ (x >>> 16), 0x45d9f3b) >>> 0;
    return ((x ^ (x >>> 16)) >>> 0) / 2 ** 32;
  };
}

export function classes() {
  const sizes = [];
  for (let size = 16; size <= 128; size += 16) sizes.push(size);
  for (let from = 128; from < 32768; from *= 2) for (let i = 9; i <= 16; i++) sizes.push((from / 8) * i);
  return sizes.map((bytes) => {
    const units = bytes > 8192 ? 4 : 1;
    return { bytes, units, blocks: Math.floor((units * UNIT) / bytes) };
  });
}

function columnsNew(units) {
  return {
    kind: new Uint8Array(units), class: new Uint8Array(units), flags: new Uint8Array(units), heap: new Uint16Array(units).fill(0xffff),
    live: new Uint16Array(units), published: new Uint16Array(units), cached: new Uint16Array(units), resident: new Uint16Array(units),
    pages_low: new Uint32Array(units), pages_high: new Uint32Array(units),
  };
}

function pagesSet(columns, unit, levels) {
  let low = 0;
  let high = 0;
  for (let page = 0; page < 8; page++) {
    low |= levels[page] << (page * 4);
    high |= levels[page + 8] << (page * 4);
  }
  columns.pages_low[unit] = low >>> 0;
  columns.pages_high[unit] = high >>> 0;
}

// A slab with survivors: how many, and where, follows from `part` and the generator.
function slabMake(columns, unit, sizeClass, table, heap, part, random, bits) {
  const { blocks, bytes, units } = table[sizeClass];
  const map = Array.from({ length: blocks }, () => random() < part);
  const cached = map.map((live) => !live && random() < 0.04);
  const live = map.filter(Boolean).length;
  for (let i = 0; i < units; i++) {
    columns.kind[unit + i] = i ? KIND.slabInner : KIND.slab;
    columns.class[unit + i] = sizeClass;
    columns.heap[unit + i] = heap;
    const levels = [];
    let resident = 0;
    for (let page = 0; page < 16; page++) {
      const from = Math.floor((i * UNIT + page * 4096) / bytes);
      const to = Math.min(blocks, Math.ceil((i * UNIT + (page + 1) * 4096) / bytes));
      const alive = map.slice(from, to).filter(Boolean).length;
      levels.push(alive === 0 ? 0 : Math.max(1, Math.round((15 * alive) / (to - from))));
      if (alive || random() < 0.75) resident |= 1 << page;
    }
    pagesSet(columns, unit + i, levels);
    columns.resident[unit + i] = resident;
  }
  columns.live[unit] = live;
  columns.cached[unit] = cached.filter(Boolean).length;
  if (live === blocks || !bits) return;
  const plane = Math.ceil(blocks / 8);
  const planes = new Uint8Array(plane * 2);
  map.forEach((alive, i) => { if (!alive) planes[i >> 3] |= 1 << (i & 7); });
  cached.forEach((is, i) => { if (is) planes[plane + (i >> 3)] |= 1 << (i & 7); });
  bits.push({ unit, planes });
}

export function heapMake({ superslabs, frames = 1, seed = 7, blocks = true }) {
  const units = superslabs * 32;
  const random = generator(seed);
  const table = classes();
  const columns = columnsNew(units);
  const bits = blocks ? [] : null;
  for (let unit = 0; unit < units; ) {
    const roll = random();
    const wide = Math.min(units - unit, 4);
    const region = Math.sin(unit / (units / 9)) * 0.5 + 0.5;
    if (roll < 0.02 && units - unit >= 96 && unit % 32 === 0) {
      for (let i = 0; i < 64; i++) {
        columns.kind[unit + i] = i ? KIND.hugeInner : KIND.huge;
        columns.resident[unit + i] = 0xffff;
        pagesSet(columns, unit + i, Array(16).fill(15));
      }
      columns.live[unit] = 1;
      unit += 64;
    } else if (roll < 0.08 && wide === 4 && (unit & 31) <= 28) {
      for (let i = 0; i < 4; i++) {
        columns.kind[unit + i] = i ? KIND.runInner : KIND.run;
        columns.resident[unit + i] = 0xffff;
        pagesSet(columns, unit + i, Array(16).fill(15));
      }
      columns.class[unit] = 4;
      columns.live[unit] = 1;
      unit += 4;
    } else if (roll < 0.16) {
      columns.kind[unit] = random() < 0.5 ? KIND.cold : KIND.dirty;
      columns.resident[unit] = columns.kind[unit] === KIND.dirty ? 0xffff : 0;
      unit++;
    } else {
      let chosen = Math.floor(random() ** 2.4 * 60);
      if (table[chosen].units > wide || (unit & 31) > 32 - table[chosen].units) chosen = 3;
      const part = chosen === 2 || chosen === 19 ? 0.05 : Math.min(1, 0.35 + region * 0.75 + random() * 0.2);
      slabMake(columns, unit, chosen, table, Math.floor(random() ** 2 * 5), part >= 0.97 ? 1 : part, random, bits);
      unit += table[chosen].units;
    }
  }
  return { units, table, columns, bits: bits ?? [], random, frames };
}

// The same heap so many times over: a large one costs no time to make.
function repeated(columns, times) {
  return Object.fromEntries(Object.entries(columns).map(([name, array]) => {
    const long = new array.constructor(array.length * times);
    for (let i = 0; i < times; i++) long.set(array, i * array.length);
    return [name, long];
  }));
}

function totals(units, table, columns) {
  const sum = { live_bytes: 0, free_bytes: 0, cached_bytes: 0, kept_bytes: 0, metadata_bytes: units * 900, other_bytes: 3e6 };
  for (let unit = 0; unit < units; unit++) {
    const kind = columns.kind[unit];
    if (kind === KIND.slab) {
      const { bytes, blocks } = table[columns.class[unit]];
      sum.live_bytes += columns.live[unit] * bytes;
      sum.cached_bytes += columns.cached[unit] * bytes;
      sum.free_bytes += (blocks - columns.live[unit] - columns.cached[unit]) * bytes;
    } else if (kind >= KIND.run && kind !== KIND.runCached) sum.live_bytes += UNIT;
    else if (kind === KIND.dirty) sum.kept_bytes += UNIT;
  }
  const parts = Object.values(sum).reduce((a, b) => a + b, 0);
  return { ...sum, rss_bytes: parts };
}

export function mapMock(template, wanted) {
  const made = heapMake(wanted);
  const { table, bits, random, frames } = made;
  const units = made.units * (wanted.times ?? 1);
  const columns = repeated(made.columns, wanted.times ?? 1);
  const changed = columnsNew(0);
  const parts = Object.fromEntries(Object.keys(changed).map((name) => [name, []]));
  const changeUnit = [];
  const now = Object.fromEntries(Object.entries(columns).map(([name, array]) => [name, array.slice()]));
  const list = [{ at_ms: 0, units, changes: 0, ...totals(units, table, now) }];
  for (let frame = 1; frame < frames; frame++) {
    let changes = 0;
    for (let unit = 0; unit < units; unit++) {
      if (now.kind[unit] !== KIND.slab || table[now.class[unit]].units > 1 || random() > 0.06) continue;
      slabMake(now, unit, now.class[unit], table, now.heap[unit], Math.max(0.03, now.live[unit] / table[now.class[unit]].blocks - 0.12), random, null);
      changeUnit.push(unit);
      for (const name of Object.keys(parts)) parts[name].push(now[name][unit]);
      changes++;
    }
    list.push({ at_ms: frame * 1000, units, changes, ...totals(units, table, now) });
  }
  for (const name of Object.keys(parts)) changed[name] = columns[name].constructor.from(parts[name]);
  const offsets = [];
  let size = 0;
  for (const { planes } of bits) {
    offsets.push(size);
    size += planes.length;
  }
  const blockBits = new Uint8Array(size);
  bits.forEach(({ planes }, i) => blockBits.set(planes, offsets[i]));
  const meta = {
    kind: "map", version: 1, program: "mock-server", pid: 4242, source: "process", stopped: false, library: "0.1.0",
    taken: "2026-01-02T03:04:05Z", read_ms: 18, base: "0x3a5000000000", superslab_units: 32, page_bytes: 4096, residency: "exact",
    classes: table, frames: list, recording_cut: false, colour: "occupancy",
    heaps: [
      { number: 1, name: "main", tid: 4242, state: "thread" }, { number: 2, name: "worker-1", tid: 4243, state: "thread" },
      { number: 3, name: "worker-2", tid: 4244, state: "thread" }, { number: 4, name: "", tid: 0, state: "parked" },
      { number: 5, name: "", tid: 0, state: "commons" },
    ],
    detail: { slabs: bits.length, partial_slabs: bits.length + (wanted.cut ?? 0), limit_bytes: 16 * 1024 * 1024 },
    skipped: { slabs: 0, caches: 0, records: 0, unreadable_bytes: 0 },
  };
  const arrays = { ...columns, change_unit: Uint32Array.from(changeUnit), block_unit: Uint32Array.from(bits.map((bit) => bit.unit)),
    block_offset: Uint32Array.from(offsets), block_flags: new Uint8Array(bits.length).fill(1), block_bits: blockBits };
  for (const [name, array] of Object.entries(changed)) arrays[`change_${name}`] = array;
  return pageFill(template, "Heap of mock-server", meta, arrays);
}

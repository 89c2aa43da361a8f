// facts.tsx - what is said of a unit and of a block, in a line or as a list.
import * as format from "./format";
import { Block, Flag, type Heap, Kind, UNIT_BYTES, UNIT_PAGES } from "./heap";

const NAMES: Record<number, string> = {
  [Kind.None]: "not HAKMEM's",
  [Kind.Cold]: "free, not in RAM",
  [Kind.Dirty]: "free, in a SuperSlab in use",
  [Kind.Warm]: "free, kept warm in the LRU",
  [Kind.Run]: "run: one large block",
  [Kind.RunCached]: "free run, kept by a thread",
  [Kind.Huge]: "huge block",
  [Kind.Busy]: "on its way back to the kernel",
};

const STATES: Record<number, string> = {
  [Block.Live]: "live",
  [Block.Free]: "free",
  [Block.Published]: "freed by another thread, not yet taken in",
  [Block.Cached]: "free, in a cache",
};

// Three short lines for a tool tip, which are read out too.
export function unitText(heap: Heap, unit: number, page?: number): string {
  const head = heap.head(unit);
  const kind = heap.kind(head);
  const lines = [heap.address(unit, page === undefined ? 0 : (page * UNIT_BYTES) / UNIT_PAGES)];
  if (kind === Kind.Slab) {
    const size = heap.meta.classes[heap.columns.sizeClass[head]];
    lines.push(`${format.bytes(size.bytes)} blocks, ${heap.columns.live[head]} of ${size.blocks} live`);
    lines.push(heap.ownerName(heap.columns.heap[head]));
  } else {
    const bytes = heap.span(head) * UNIT_BYTES;
    lines.push(kind === Kind.Run || kind === Kind.Huge || kind === Kind.RunCached ? `${NAMES[kind]}, ${format.bytes(bytes)}` : NAMES[kind]);
  }
  if (page !== undefined && heap.meta.residency !== "unknown" && kind >= Kind.Slab) {
    const live = kind === Kind.Slab ? `, ${format.percent(heap.pageLive(unit, page), 15)} live` : "";
    lines.push(heap.pageResident(unit, page) ? `page in RAM${live}` : "page not in RAM");
  }
  return lines.join("\n");
}

export function blockText(heap: Heap, head: number, block: number, state: number): string {
  const size = heap.meta.classes[heap.columns.sizeClass[head]];
  return `${heap.address(head, block * size.bytes)}\nblock ${block} of ${size.blocks}, ${format.bytes(size.bytes)}\n${STATES[state]}`;
}

function Resident({ heap, head, span }: { heap: Heap; head: number; span: number }) {
  if (heap.meta.residency === "unknown") return <>unknown</>;
  let pages = 0;
  for (let unit = head; unit < head + span; unit++) pages += heap.residentPages(unit);
  return <>{format.bytes((pages * UNIT_BYTES) / UNIT_PAGES)} of {format.bytes(span * UNIT_BYTES)}</>;
}

function SlabFacts({ heap, head }: { heap: Heap; head: number }) {
  const { live, cached, published, heap: owner, sizeClass } = heap.columns;
  const size = heap.meta.classes[sizeClass[head]];
  const free = size.blocks - live[head] - cached[head] - published[head];
  return (
    <>
      <dt>Class</dt><dd>{format.bytes(size.bytes)} blocks</dd>
      <dt>Owner</dt><dd>{heap.ownerName(owner[head])}</dd>
      <dt>Live</dt><dd>{format.count(live[head])} of {format.count(size.blocks)} ({format.percent(live[head], size.blocks)})</dd>
      <dt>Free</dt><dd>{format.count(free)}</dd>
      <dt>Cached</dt><dd>{format.count(cached[head])}</dd>
      {published[head] > 0 && <><dt>Freed elsewhere</dt><dd>{format.count(published[head])}</dd></>}
    </>
  );
}

interface Props {
  heap: Heap;
  unit: number;
  opened: boolean;
  onOpen: (head: number) => void;
}

export function Facts({ heap, unit, opened, onOpen }: Props) {
  if (unit < 0 || unit >= heap.units)
    return <aside class="facts"><h3>Nothing chosen</h3><p class="soft">Choose a slab in the map to see what it holds.</p></aside>;
  const head = heap.head(unit);
  const kind = heap.kind(head);
  const span = heap.span(head);
  const age = heap.ageMs(head);
  return (
    <aside class="facts" id="facts">
      <h3>{kind === Kind.Slab ? (span > 1 ? "Wide slab" : "Slab") : (NAMES[kind] ?? "Unit")}</h3>
      <dl>
        <dt>Address</dt><dd><code>{heap.address(head)}</code></dd>
        <dt>Size</dt><dd>{format.bytes(span * UNIT_BYTES)}</dd>
        {kind === Kind.Slab && <SlabFacts heap={heap} head={head} />}
        {kind !== Kind.None && <><dt>In RAM</dt><dd><Resident heap={heap} head={head} span={span} /></dd></>}
        {(heap.columns.flags[head] & Flag.HugePage) !== 0 && <><dt>Pages</dt><dd>transparent huge</dd></>}
        {(heap.columns.flags[head] & Flag.Torn) !== 0 && <><dt>Counts</dt><dd>near: it changed while it was read</dd></>}
        {heap.frames.length > 1 && <><dt>Last change</dt><dd>{Number.isFinite(age) ? `${format.seconds(age / 1000)} before` : "none seen"}</dd></>}
        <dt>SuperSlab</dt><dd>{format.count(Math.floor(head / heap.superslabUnits))}, unit {head % heap.superslabUnits}</dd>
      </dl>
      {kind === Kind.Slab && !opened && <button id="open" onClick={() => onOpen(head)}>Show its blocks</button>}
    </aside>
  );
}

// map.tsx - the page of `hakmem map`: the heap as a picture, at one moment or over a while.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import "./map.css";
import { Chart } from "./chart";
import { type By, type Filter, Painter, paletteRead } from "./colour";
import type { Data } from "./data";
import { Facts } from "./facts";
import * as format from "./format";
import { Heap, Kind, type MapMeta } from "./heap";
import { HeapField, SlabField } from "./fields";
import type { HeapView } from "./heapview";
import { Legend } from "./legend";
import { pageStart, Tabs, Tiles } from "./shell";
import { ClassTable, OwnerTable } from "./tables";
import { useTheme } from "./theme";

const PLAY_MS = 450;

function Summary({ heap }: { heap: Heap }) {
  const now = heap.now;
  const parts = [
    { label: "Live blocks", value: now.live_bytes, colour: "--live" },
    { label: "Free in slabs", value: now.free_bytes, colour: "--free" },
    { label: "Cached", value: now.cached_bytes, colour: "--cached" },
    { label: "Kept for reuse", value: now.kept_bytes, colour: "--kept" },
    { label: "Metadata", value: now.metadata_bytes, colour: "--meta" },
    { label: "Not HAKMEM's", value: now.other_bytes, colour: "--other" },
  ].filter((part) => part.value > 0);
  const whole = parts.reduce((sum, part) => sum + part.value, 0) || 1;
  return (
    <>
      <Tiles tiles={[
        { label: "RSS", value: now.rss_bytes ? format.bytes(now.rss_bytes) : "unknown", note: "of the whole process" },
        ...parts.map((part) => ({ label: part.label, value: format.bytes(part.value), colour: part.colour,
          note: `${format.percent(part.value, whole)} of it` })),
      ]} />
      <div class="share" role="img" aria-label={parts.map((part) => `${part.label} ${format.percent(part.value, whole)}`).join(", ")}>
        {parts.map((part) => <span key={part.label} style={`width:${(100 * part.value) / whole}%;background:var(${part.colour})`} />)}
      </div>
    </>
  );
}

function TimeLine({ heap, frame, onFrame }: { heap: Heap; frame: number; onFrame: (frame: number) => void }) {
  const [playing, setPlaying] = useState(false);
  const last = heap.frames.length - 1;
  useEffect(() => {
    if (!playing) return;
    const timer = setTimeout(() => (frame >= last ? setPlaying(false) : onFrame(frame + 1)), PLAY_MS);
    return () => clearTimeout(timer);
  }, [playing, frame]);
  const play = () => {
    if (!playing && frame >= last) onFrame(0);
    setPlaying(!playing);
  };
  const at = heap.frames[frame].at_ms / 1000;
  const seconds = useMemo(() => heap.frames.map((one) => one.at_ms / 1000), [heap]);
  const line = (label: string, colour: string, value: (index: number) => number, area = false) =>
    ({ label, colour, area, values: seconds.map((_, i) => value(i)) });
  return (
    <section class="card" aria-label="Time">
      <h2>Over time</h2>
      <div class="time">
        <button onClick={play} aria-pressed={playing} id="play">{playing ? "Pause" : "Play"}</button>
        <input type="range" min="0" max={last} value={frame} aria-label="Moment of the recording"
          aria-valuetext={format.seconds(at)} onInput={(event) => onFrame(Number(event.currentTarget.value))} />
        <output>{format.seconds(at)}</output>
      </div>
      <Chart label="Memory over the recording" seconds={seconds} mark={at} height={190} lines={[
        line("RSS", "--ink", (i) => heap.frames[i].rss_bytes),
        line("live", "--live", (i) => heap.frames[i].live_bytes, true),
        line("free in slabs", "--free", (i) => heap.frames[i].free_bytes),
        line("cached", "--cached", (i) => heap.frames[i].cached_bytes),
      ]} />
      {heap.meta.recording_cut && <p class="notice">The recording was cut here: its data had reached the limit of a page.</p>}
    </section>
  );
}

function Notices({ heap }: { heap: Heap }) {
  const { detail, skipped, residency } = heap.meta;
  const cut = detail.partial_slabs - detail.slabs;
  const torn = skipped.slabs + skipped.caches + skipped.records;
  return (
    <>
      {cut > 0 && (
        <p class="notice">
          Blocks are drawn for {format.plural(detail.slabs, "slab")}, the emptiest first; for {format.count(cut)} more
          {" "}this page has only what each 4 KiB page holds. A larger <code>--detail</code> than {format.bytes(detail.limit_bytes)} takes in more.
        </p>
      )}
      {torn > 0 && <p class="notice">The heap changed while it was read: {format.plural(torn, "record")} may be near, not exact.</p>}
      {residency === "unknown" && <p class="notice">Which pages are in RAM could not be read, so all in use are drawn as if they were.</p>}
    </>
  );
}

function Map({ data }: { data: Data<MapMeta> }) {
  const heap = useMemo(() => new Heap(data), [data]);
  const theme = useTheme();
  const [frame, setFrame] = useState(heap.frame);
  const [by, setBy] = useState<By>(heap.meta.colour === "age" && heap.frames.length < 2 ? "occupancy" : (heap.meta.colour as By));
  const [filter, setFilter] = useState<Filter>({});
  const [unit, setUnit] = useState(-1);
  const [slab, setSlab] = useState(-1);
  const [view, setView] = useState<HeapView | null>(null);
  const [zoomed, setZoomed] = useState(false);
  const onView = (made: HeapView) => {
    setView(made);
    setZoomed(made.zoomed);
  };
  const announce = useRef<HTMLParagraphElement>(null);
  if (heap.frame !== frame) heap.seek(frame);
  const palette = useMemo(() => paletteRead(heap.meta.classes.length), [theme]);
  const painter = useMemo(() => new Painter(heap, palette, by, filter), [palette, by, filter, frame]);
  const open = (head: number) => {
    setUnit(head);
    setSlab(heap.kind(head) === Kind.Slab ? head : -1);
  };
  const say = (text: string) => {
    if (announce.current) announce.current.textContent = text;
  };
  const meta = heap.meta;
  const source = meta.source === "core" ? "core file" : `process ${meta.pid}${meta.stopped ? ", stopped" : ""}`;
  const superslab = unit < 0 ? -1 : Math.floor(unit / heap.superslabUnits);
  return (
    <main>
      <h1>Heap of {meta.program || "a program"}</h1>
      <p class="soft">
        {source} · {new Date(meta.taken).toLocaleString()} · HAKMEM {meta.library} · read in {format.seconds(meta.read_ms / 1000)}
      </p>
      <Summary heap={heap} />
      {heap.frames.length > 1 && <TimeLine heap={heap} frame={frame} onFrame={setFrame} />}
      <section class="card" aria-label="Map">
        <div class="bar">
          <Tabs<By> label="Colour by" chosen={by} onChoose={setBy} tabs={[
            { key: "occupancy", title: "Occupancy" },
            { key: "class", title: "Size class" },
            { key: "owner", title: "Owner" },
            { key: "age", title: "Age", disabled: heap.frames.length < 2 ? "needs a recording: hakmem map --every 1s --for 60s" : undefined },
          ]} />
          {slab < 0 && view && (
            <span class="zoom push">
              <button aria-label="Zoom in" onClick={() => view.zoom(1.6)}>+</button>
              <button aria-label="Zoom out" disabled={!zoomed} onClick={() => view.zoom(1 / 1.6)}>−</button>
              <button disabled={!zoomed} onClick={() => view.fit()}>Whole heap</button>
            </span>
          )}
          {(filter.sizeClass !== undefined || filter.owner !== undefined) && (
            <button onClick={() => setFilter({})}>Show all again</button>
          )}
        </div>
        <nav class="crumbs" aria-label="Where you are">
          {unit < 0 ? <span class="soft">The whole heap, by address</span> : <button onClick={() => { setSlab(-1); setUnit(-1); }}>Heap</button>}
          {superslab >= 0 && <span>› SuperSlab {format.count(superslab)}</span>}
          {slab >= 0 && <span>› slab <code>{heap.address(slab)}</code> <button onClick={() => setSlab(-1)}>Close</button></span>}
        </nav>
        <div class="stage">
          <div class="field">
            <HeapField heap={heap} painter={painter} hidden={slab >= 0} zoomed={zoomed} unit={unit} onUnit={setUnit} onOpen={open} onView={onView} say={say} />
            {slab >= 0 && <SlabField heap={heap} palette={palette} head={slab} frame={frame} onClose={() => setSlab(-1)} say={say} />}
          </div>
          <Facts heap={heap} unit={unit} opened={slab >= 0} onOpen={open} />
        </div>
        <Legend palette={palette} by={by} heap={heap} blocks={slab >= 0} />
        <p class="soft keys">
          {slab >= 0 ? <>Arrows move between blocks, <kbd>Esc</kbd> goes back to the heap.</>
            : <>Wheel, pinch or <kbd>+</kbd> <kbd>−</kbd> zoom; drag or arrows move; <kbd>Enter</kbd> or a double click opens a slab.</>}
        </p>
        <Notices heap={heap} />
      </section>
      <div class="row tables">
        <ClassTable heap={heap} frame={frame} filter={filter} onFilter={setFilter} />
        <OwnerTable heap={heap} frame={frame} filter={filter} onFilter={setFilter} />
      </div>
      <p class="visually-hidden" aria-live="polite" ref={announce} />
      <footer>
        {format.plural(heap.superslabs, "SuperSlab")} of 2 MiB, {format.plural(heap.units, "unit")} of 64 KiB from <code>{meta.base}</code>.
        Written by <code>hakmem map</code>.
      </footer>
    </main>
  );
}

pageStart<MapMeta>((data) => <Map data={data} />);

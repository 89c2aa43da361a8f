// fields.tsx - the two canvases of the map, with pointer, touch and keys.
import { useEffect, useRef, useState } from "preact/hooks";
import type { Painter, Palette } from "./colour";
import { blockText, unitText } from "./facts";
import { type Heap, Kind } from "./heap";
import { HeapView } from "./heapview";
import { SlabView } from "./slabview";

interface Tip {
  x: number;
  y: number;
  text: string;
}

function TipBox({ tip, width }: { tip: Tip | null; width: number }) {
  if (!tip) return null;
  const side = tip.x > width / 2 ? `right:${Math.max(0, width - tip.x + 12)}px` : `left:${tip.x + 14}px`;
  return <div class="tip" style={`${side};top:${Math.max(4, tip.y + 14)}px`}>{tip.text.split("\n").map((line) => <div key={line}>{line}</div>)}</div>;
}

interface HeapFieldProps {
  heap: Heap;
  painter: Painter;
  hidden: boolean;
  zoomed: boolean;
  unit: number;
  onUnit: (unit: number) => void;
  onOpen: (head: number) => void;
  onView: (view: HeapView) => void; // after every move
  say: (text: string) => void;
}

const MOVED_PIXELS = 5; // a press that moves further drags

export function HeapField(props: HeapFieldProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const view = useRef<HeapView | null>(null);
  const [tip, setTip] = useState<Tip | null>(null);
  const pointers = useRef(new globalThis.Map<number, { x: number; y: number }>());
  const moved = useRef(0);

  useEffect(() => {
    const element = canvas.current!;
    const made = new HeapView(element, props.heap, () => props.onView(made));
    view.current = made;
    const observer = new ResizeObserver(() => element.clientWidth && made.resize(element.clientWidth, element.clientHeight));
    observer.observe(element);
    const wheel = (event: WheelEvent) => {
      if (event.deltaY > 0 && !made.zoomed) return; // the page scrolls on
      event.preventDefault();
      made.zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0016)), event.offsetX, event.offsetY);
    };
    element.addEventListener("wheel", wheel, { passive: false });
    return () => {
      observer.disconnect();
      element.removeEventListener("wheel", wheel);
    };
  }, [props.heap]);
  useEffect(() => view.current!.setPainter(props.painter), [props.painter]);
  useEffect(() => {
    view.current!.selected = props.unit;
    view.current!.schedule();
  }, [props.unit]);

  const down = (event: PointerEvent) => {
    canvas.current!.setPointerCapture(event.pointerId);
    pointers.current.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
    if (pointers.current.size === 1) moved.current = 0;
  };
  const drag = (event: PointerEvent, from: { x: number; y: number }) => {
    const others = [...pointers.current].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
    moved.current += Math.hypot(event.offsetX - from.x, event.offsetY - from.y);
    if (others.length === 0 && moved.current > MOVED_PIXELS) view.current!.move(event.offsetX - from.x, event.offsetY - from.y);
    if (others.length === 1) {
      const before = Math.hypot(from.x - others[0].x, from.y - others[0].y);
      const after = Math.hypot(event.offsetX - others[0].x, event.offsetY - others[0].y);
      view.current!.zoom(after / Math.max(1, before), (event.offsetX + others[0].x) / 2, (event.offsetY + others[0].y) / 2);
    }
    pointers.current.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
    setTip(null);
  };
  const move = (event: PointerEvent) => {
    const from = pointers.current.get(event.pointerId);
    if (from) return drag(event, from);
    const place = view.current!.at(event.offsetX, event.offsetY);
    const known = place && props.heap.kind(place.unit) !== Kind.None;
    setTip(known ? { x: event.offsetX, y: event.offsetY, text: unitText(props.heap, place.unit, place.page) } : null);
  };
  const up = (event: PointerEvent) => {
    pointers.current.delete(event.pointerId);
    if (event.type !== "pointerup" || moved.current > MOVED_PIXELS) return;
    const place = view.current!.at(event.offsetX, event.offsetY);
    if (place) choose(place.unit);
  };
  const choose = (unit: number) => {
    props.onUnit(unit);
    props.say(unitText(props.heap, unit));
  };
  const openAt = (unit: number) => {
    const head = props.heap.head(unit);
    if (props.heap.kind(head) === Kind.Slab) props.onOpen(head);
    else view.current!.show(unit, true);
  };
  const step = (direction: "left" | "right" | "up" | "down") => {
    const from = props.unit < 0 ? 0 : props.unit;
    const next = props.unit < 0 ? 0 : view.current!.neighbour(from, direction);
    view.current!.show(next);
    choose(next);
  };
  const key = (event: KeyboardEvent) => {
    const actions: Record<string, () => void> = {
      ArrowLeft: () => step("left"), ArrowRight: () => step("right"), ArrowUp: () => step("up"), ArrowDown: () => step("down"),
      "+": () => view.current!.zoom(1.5), "=": () => view.current!.zoom(1.5), "-": () => view.current!.zoom(1 / 1.5),
      "0": () => view.current!.fit(), Enter: () => props.unit >= 0 && openAt(props.unit),
      Escape: () => (view.current!.zoomed ? view.current!.fit() : props.onUnit(-1)),
    };
    if (!actions[event.key] || event.altKey || event.metaKey) return;
    event.preventDefault();
    actions[event.key]();
  };
  return (
    <div hidden={props.hidden}>
      <canvas ref={canvas} class="heap" id="heap" style={`touch-action:${props.zoomed ? "none" : "pan-y"}`} tabIndex={0} role="application" aria-roledescription="heap map"
        aria-label="Map of the heap: arrow keys move between slabs, Enter opens one, plus and minus zoom"
        onPointerDown={down} onPointerMove={move} onPointerUp={up} onPointerCancel={up} onPointerLeave={() => setTip(null)}
        onDblClick={(event) => { const place = view.current!.at(event.offsetX, event.offsetY); if (place) openAt(place.unit); }}
        onKeyDown={key} />
      <TipBox tip={tip} width={canvas.current?.clientWidth ?? 0} />
    </div>
  );
}

interface SlabFieldProps {
  heap: Heap;
  palette: Palette;
  head: number;
  frame: number;
  onClose: () => void;
  say: (text: string) => void;
}

const SLAB_PIXELS = 520;

export function SlabField({ heap, palette, head, frame, onClose, say }: SlabFieldProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const view = useRef<SlabView | null>(null);
  const [tip, setTip] = useState<Tip | null>(null);
  const last = frame === heap.frames.length - 1;
  const states = last ? heap.blocks(head) : null;
  const size = heap.meta.classes[heap.columns.sizeClass[head]];
  const slab = states && { address: heap.base + BigInt(head) * 65536n, bytes: size.bytes, units: size.units, states };
  const draw = () => {
    const element = canvas.current;
    if (!element || !slab || !element.clientWidth) return;
    view.current ??= new SlabView(element);
    view.current.draw(slab, palette, element.clientWidth, SLAB_PIXELS);
  };
  useEffect(() => {
    view.current = null;
    draw();
    const observer = new ResizeObserver(draw);
    if (canvas.current) observer.observe(canvas.current);
    canvas.current?.focus({ preventScroll: true });
    return () => observer.disconnect();
  }, [head, palette, !!slab]);
  if (!slab) {
    return (
      <div class="slab">
        <p class="soft">
          {last ? "This page does not have the blocks of this slab: a larger --detail takes in more slabs."
            : "Blocks are known for the recording's end only: move the slider there."}
        </p>
        <p><button onClick={onClose}>Back to the heap</button></p>
      </div>
    );
  }
  const select = (block: number) => {
    view.current!.selected = block;
    draw();
    say(blockText(heap, head, block, slab.states[block]));
  };
  const move = (event: PointerEvent) => {
    const block = view.current?.at(event.offsetX, event.offsetY) ?? -1;
    setTip(block < 0 ? null : { x: event.offsetX + 12, y: event.offsetY + 12, text: blockText(heap, head, block, slab.states[block]) });
  };
  const key = (event: KeyboardEvent) => {
    const from = view.current!.selected;
    const steps: Record<string, () => number> = {
      ArrowLeft: () => Math.max(0, from - 1), ArrowRight: () => Math.min(slab.states.length - 1, from + 1),
      ArrowUp: () => view.current!.beside(from, -1), ArrowDown: () => view.current!.beside(Math.max(0, from), 1),
    };
    if (event.key === "Escape") return onClose();
    if (!steps[event.key]) return;
    event.preventDefault();
    const next = steps[event.key]();
    select(next);
    const [x, y] = view.current!.corner(next);
    setTip({ x: x + 12, y: y + 18, text: blockText(heap, head, next, slab.states[next]) });
  };
  return (
    <div class="slab">
      <canvas ref={canvas} id="slab" tabIndex={0} role="application" aria-roledescription="slab map"
        aria-label={`Blocks of the slab at ${heap.address(head)}: arrow keys move between blocks, Escape goes back`}
        onPointerMove={move} onPointerLeave={() => setTip(null)} onKeyDown={key}
        onClick={(event) => { const block = view.current!.at(event.offsetX, event.offsetY); if (block >= 0) select(block); }} />
      <TipBox tip={tip} width={canvas.current?.clientWidth ?? 0} />
    </div>
  );
}

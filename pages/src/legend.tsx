// legend.tsx - what the map's colours mean.
import { type By, css, type Palette, type Pixel } from "./colour";
import * as format from "./format";
import type { Heap } from "./heap";

function Entry({ colour, text }: { colour: Pixel; text: string }) {
  return <span><i class="swatch" style={`background:${css(colour)}`} />{text}</span>;
}

function Ramp({ colours, from, to }: { colours: Pixel[]; from: string; to: string }) {
  return <span>{from}<i class="ramp" style={`background:linear-gradient(90deg,${colours.map(css).join(",")})`} />{to}</span>;
}

interface Props {
  palette: Palette;
  by: By;
  heap: Heap;
  blocks: boolean;
}

export function Legend({ palette, by, heap, blocks }: Props) {
  if (blocks)
    return (
      <div class="legend" style="margin-top:10px">
        <Entry colour={palette.live} text="live" />
        <span><i class="swatch" style={`background:${css(palette.free)};opacity:.5`} />free</span>
        <Entry colour={palette.cached} text="cached by a thread" />
        <Entry colour={palette.published} text="freed by another thread" />
      </div>
    );
  const classes = heap.meta.classes;
  const seconds = heap.frames[heap.frames.length - 1].at_ms / 1000;
  return (
    <div class="legend" style="margin-top:10px">
      {by === "occupancy" && <Ramp colours={palette.occupancy} from="page empty, but in RAM" to="full" />}
      {by === "class" && <Ramp colours={palette.classes} from={format.bytes(classes[0].bytes)} to={format.bytes(classes[classes.length - 1].bytes)} />}
      {by === "age" && <Ramp colours={palette.age} from="changed just now" to={`${format.seconds(seconds)} ago`} />}
      {by === "age" && <Entry colour={palette.unchanged} text="not while recorded" />}
      {by === "owner" && <span>a colour for each thread, named in the table below</span>}
      {(by === "class" || by === "owner") && <Entry colour={palette.run} text="run (64 KiB to 1 MiB)" />}
      {(by === "class" || by === "owner") && <Entry colour={palette.huge} text="huge" />}
      <Entry colour={palette.kept} text="free, kept in RAM" />
      <Entry colour={palette.cold} text="not in RAM" />
    </div>
  );
}

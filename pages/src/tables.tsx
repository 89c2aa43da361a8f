// tables.tsx - size classes and owners as tables, whose rows single out what they name in the map.
import { useMemo } from "preact/hooks";
import { css, type Filter, ownerColour, paletteRead } from "./colour";
import * as format from "./format";
import { type ClassRow, type Heap, type OwnerRow, UNIT_BYTES } from "./heap";
import { Meter, Table } from "./shell";
import { useTheme } from "./theme";

interface Props {
  heap: Heap;
  frame: number;
  filter: Filter;
  onFilter: (filter: Filter) => void;
}

function className(row: ClassRow): string {
  return row.index === -1 ? "runs" : row.index === -2 ? "huge" : format.bytes(row.bytes);
}

// Runs and huge blocks come after the classes, which are sorted by size.
function classOrder(row: ClassRow): number {
  return row.index < 0 ? 1e9 - row.index : row.bytes;
}

export function ClassTable({ heap, frame, filter, onFilter }: Props) {
  const rows = useMemo(() => heap.classRows(), [heap, frame]);
  const chosen = (row: ClassRow) => filter.sizeClass === row.index;
  return (
    <section class="card" style="margin:0">
      <h2>By size class</h2>
      <p class="soft">Choose one to single it out in the map.</p>
      <Table<ClassRow> caption="Slabs, runs and huge blocks by size class" rows={rows} sort={3} most={12} rowKey={(row) => row.index}
        chosen={chosen} onChoose={(row) => onFilter(chosen(row) ? {} : { sizeClass: row.index })}
        columns={[
          { title: "Class", value: classOrder, show: className },
          { title: "Live", about: "live blocks", value: (row) => row.live, show: (row) => format.count(row.live) },
          { title: "Occupancy", about: "live bytes of the bytes used", value: (row) => row.liveBytes / row.usedBytes,
            show: (row) => <>{format.percent(row.liveBytes, row.usedBytes)}<Meter part={row.liveBytes / row.usedBytes} /></> },
          { title: "Not live", about: "bytes of its slabs that hold no live block", value: (row) => row.usedBytes - row.liveBytes,
            show: (row) => format.bytes(row.usedBytes - row.liveBytes) },
          { title: "Cached", about: "blocks in FastCaches, magazines, the depot, or freed by other threads", value: (row) => row.cached,
            show: (row) => format.count(row.cached) },
          { title: "Slabs", value: (row) => row.spans, show: (row) => format.count(row.spans) },
          { title: "In RAM", value: (row) => row.residentBytes, show: (row) => (heap.meta.residency === "unknown" ? "–" : format.bytes(row.residentBytes)) },
        ]} />
    </section>
  );
}

export function OwnerTable({ heap, frame, filter, onFilter }: Props) {
  const theme = useTheme();
  const palette = useMemo(() => paletteRead(0), [theme]);
  const rows = useMemo(() => heap.ownerRows(), [heap, frame]);
  const chosen = (row: OwnerRow) => filter.owner === row.index;
  return (
    <section class="card" style="margin:0">
      <h2>By owner</h2>
      <p class="soft">Heaps belong to threads; runs and huge blocks to nobody.</p>
      <Table<OwnerRow> caption="Slabs by owner" rows={rows} sort={1} most={12} rowKey={(row) => row.index}
        chosen={chosen} onChoose={(row) => onFilter(chosen(row) ? {} : { owner: row.index })}
        columns={[
          { title: "Owner", value: (row) => heap.ownerName(row.index),
            show: (row) => <><i class="swatch" style={`background:${css(ownerColour(palette, row.index))};margin-right:7px`} />{heap.ownerName(row.index)}</> },
          { title: "Slabs", value: (row) => row.usedBytes, show: (row) => format.bytes(row.usedBytes) },
          { title: "Live", value: (row) => row.liveBytes, show: (row) => format.bytes(row.liveBytes) },
          { title: "Occupancy", value: (row) => row.liveBytes / (row.usedBytes || UNIT_BYTES), show: (row) => format.percent(row.liveBytes, row.usedBytes) },
        ]} />
    </section>
  );
}

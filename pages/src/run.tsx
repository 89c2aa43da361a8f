// run.tsx - the page of `hakmem run --report`: a program's memory over its run, and what it means.
import { useMemo, useState } from "preact/hooks";
import "./run.css";
import { Chart, type Line } from "./chart";
import type { Data } from "./data";
import * as format from "./format";
import { Meter, pageStart, Table, Tabs, Tiles } from "./shell";

interface Part {
  name: string;
  title: string;
  hakmem: boolean;
  bytes: number;
}

interface ClassParts {
  block_bytes: number;
  slabs: number;
  blocks: number;
  live_blocks: number;
  free_blocks: number;
  published_blocks: number;
  cached_blocks: number;
  live_bytes: number;
  pinned_bytes: number;
  free_page_bytes: number;
}

// docs/hakmem-explain-schema.json
interface Explanation {
  rss_bytes: number | null;
  sum_bytes: number;
  parts: Part[];
  classes: ClassParts[];
  advice: { verdict: string; text: string; knob: string | null; gain_bytes: number };
}

interface Moment {
  name: "peak" | "last";
  at_s: number;
  explanation: Explanation;
}

type Samples = Record<"at_s" | "rss_bytes" | "live_bytes" | "free_bytes" | "cached_bytes" | "kept_bytes" | "metadata_bytes", (number | null)[]>;

interface RunMeta {
  kind: "run";
  version: 1;
  command: string;
  machine: { processor: string; cores: number; kernel: string; date: string };
  end: { text: string; well: boolean };
  wall_s: number;
  cpu_s: number;
  peak_rss_bytes: number;
  page_faults: number;
  last_look_s: number | null;
  trouble: string | null;
  samples: Samples;
  moments: Moment[];
  counters: Record<string, number> | null;
}

const GROUPS: { title: string; colour: string; parts: string[] }[] = [
  { title: "Live blocks", colour: "--live", parts: ["live_slabs", "live_runs", "live_huge"] },
  { title: "Free in slabs", colour: "--free", parts: ["pinned", "free_pages", "huge_pages"] },
  { title: "Cached", colour: "--cached", parts: ["fastcaches", "magazines", "depot", "published"] },
  { title: "Kept for reuse", colour: "--kept", parts: ["cached_runs", "free_units", "lru"] },
  { title: "Metadata", colour: "--meta", parts: ["metadata"] },
];

function groupOf(part: Part): number {
  const index = GROUPS.findIndex((group) => group.parts.includes(part.name));
  return index < 0 ? GROUPS.length : index;
}

function colourOf(part: Part): string {
  return GROUPS[groupOf(part)]?.colour ?? "--other";
}

function Parts({ told }: { told: Explanation }) {
  const parts = told.parts.filter((part) => part.bytes > 0);
  const sum = told.sum_bytes || 1;
  return (
    <>
      <div class="share" role="img" aria-label="Parts of resident memory; the table below has them">
        {parts.map((part) => <span key={part.name} title={part.title} style={`width:${(100 * part.bytes) / sum}%;background:var(${colourOf(part)})`} />)}
      </div>
      <Table<Part> caption="Resident memory, part by part" rows={parts} rowKey={(part) => part.name} sort={1}
        columns={[
          { title: "Part", value: (part) => part.title,
            show: (part) => <><i class="swatch" style={`background:var(${colourOf(part)});margin-right:8px`} />{part.title}</> },
          { title: "Bytes", value: (part) => part.bytes, show: (part) => format.bytes(part.bytes) },
          { title: "Of RSS", value: (part) => part.bytes, show: (part) => format.percent(part.bytes, sum) },
        ]} />
    </>
  );
}

function Classes({ told }: { told: Explanation }) {
  const wasted = (row: ClassParts) => row.pinned_bytes + row.free_page_bytes;
  return (
    <Table<ClassParts> caption="Size classes" rows={told.classes} rowKey={(row) => row.block_bytes} sort={2} most={14}
      columns={[
        { title: "Class", value: (row) => row.block_bytes, show: (row) => format.bytes(row.block_bytes) },
        { title: "Live", about: "live blocks", value: (row) => row.live_blocks, show: (row) => format.count(row.live_blocks) },
        { title: "Live bytes", value: (row) => row.live_bytes, show: (row) => format.bytes(row.live_bytes) },
        { title: "Occupancy", about: "live of all blocks", value: (row) => row.live_blocks / (row.blocks || 1),
          show: (row) => <>{format.percent(row.live_blocks, row.blocks)}<Meter part={row.live_blocks / (row.blocks || 1)} /></> },
        { title: "Free in RAM", about: "free bytes of its slabs that are resident", value: wasted, show: (row) => format.bytes(wasted(row)) },
        { title: "Cached", about: "blocks in caches, or freed by another thread", value: (row) => row.cached_blocks + row.published_blocks,
          show: (row) => format.count(row.cached_blocks + row.published_blocks) },
        { title: "Slabs", value: (row) => row.slabs, show: (row) => format.count(row.slabs) },
      ]} />
  );
}

function Moments({ meta }: { meta: RunMeta }) {
  const [name, setName] = useState(meta.moments[0].name);
  const moment = meta.moments.find((one) => one.name === name)!;
  const told = moment.explanation;
  return (
    <>
      <section class="card">
        <div class="bar">
          <h2>What it was made of</h2>
          {meta.moments.length > 1 && (
            <Tabs label="Moment" chosen={name} onChoose={setName} tabs={meta.moments.map((one) => ({
              key: one.name, title: one.name === "peak" ? `At the peak, ${format.seconds(one.at_s)}` : `Last look, ${format.seconds(one.at_s)}` }))} />
          )}
        </div>
        <p class="soft">
          {name === "peak" ? "At the largest RSS of all thorough looks" : "At the last thorough look"}, {format.seconds(moment.at_s)} after
          {" "}the start: {format.bytes(told.rss_bytes ?? told.sum_bytes)} resident.
        </p>
        <div class="advice" id="advice">
          <p>{told.advice.text}</p>
          {told.advice.knob && (
            <p><code>{told.advice.knob}</code></p>
          )}
        </div>
        <Parts told={told} />
      </section>
      <section class="card">
        <h2>Size classes</h2>
        <p class="soft">The slabs of each block size at that moment; larger blocks are in runs and whole SuperSlabs.</p>
        <Classes told={told} />
      </section>
    </>
  );
}

const COUNTERS: [key: string, title: string][] = [
  ["refills", "FastCache refills"],
  ["refill_blocks", "blocks they brought"],
  ["flushes", "FastCache flushes"],
  ["remote_frees", "frees by another thread"],
  ["lru_hits", "SuperSlabs reused warm"],
  ["lru_misses", "SuperSlabs taken cold"],
  ["calls_mmap", "mmap calls"],
  ["calls_munmap", "munmap calls"],
  ["calls_madvise", "madvise calls"],
];

function Counters({ counters }: { counters: Record<string, number> }) {
  return (
    <section class="card">
      <h2>What the allocator did</h2>
      <p class="soft">Counted from the start to the last thorough look.</p>
      <dl class="counters">
        {COUNTERS.map(([key, title]) => <div key={key}><dt>{title}</dt><dd>{format.count(counters[key])}</dd></div>)}
      </dl>
    </section>
  );
}

function linesOf(samples: Samples): Line[] {
  return [
    { label: "RSS", colour: "--ink", values: samples.rss_bytes },
    { label: "live", colour: "--live", values: samples.live_bytes, area: true },
    { label: "free in slabs", colour: "--free", values: samples.free_bytes },
    { label: "cached", colour: "--cached", values: samples.cached_bytes },
    { label: "retained", colour: "--kept", values: samples.kept_bytes },
    { label: "metadata, mapped", colour: "--meta", values: samples.metadata_bytes },
  ];
}

function Run({ data }: { data: Data<RunMeta> }) {
  const meta = data.meta;
  const lines = useMemo(() => linesOf(meta.samples), [meta]);
  const seconds = meta.samples.at_s as number[];
  const before = meta.last_look_s === null ? NaN : meta.wall_s - meta.last_look_s;
  return (
    <main>
      <h1>Memory of a run</h1>
      <p><code>{meta.command}</code></p>
      <p class="soft">{new Date(meta.machine.date).toLocaleString()} · {meta.machine.processor}, {format.plural(meta.machine.cores, "core")} · {meta.machine.kernel}</p>
      <Tiles tiles={[
        { label: "Peak RSS", value: format.bytes(meta.peak_rss_bytes), note: "as the kernel counts it" },
        { label: "Wall time", value: format.seconds(meta.wall_s) },
        { label: "CPU time", value: format.seconds(meta.cpu_s), note: `${format.percent(meta.cpu_s, meta.wall_s)} of one core` },
        { label: "Page faults", value: format.short(meta.page_faults) },
        { label: "It ended with", value: meta.end.well ? "success" : meta.end.text, note: meta.end.well ? meta.end.text : undefined },
      ]} />
      {meta.trouble && <p class="notice">The heap could not be seen, so there is RSS alone: {meta.trouble}</p>}
      {seconds.length > 0 ? (
        <section class="card">
          <h2>Memory over time</h2>
          <p class="soft">
            {format.plural(seconds.length, "look")} from outside, of the program itself and not of others that it starts. The last was {format.seconds(before)} before
            {" "}its end. Live, free, cached and retained bytes need not all be resident.
          </p>
          <Chart label="Memory over time" seconds={seconds} lines={lines} height={300} />
        </section>
      ) : <p class="notice">The program was over before it could be looked at.</p>}
      {meta.moments.length > 0 && <Moments meta={meta} />}
      {meta.counters && <Counters counters={meta.counters} />}
      <footer>Written by <code>hakmem run --report</code>.</footer>
    </main>
  );
}

pageStart<RunMeta>((data) => <Run data={data} />);

// seed.tsx - the page of `hakmem bench --seed-report`: what the seed benchmark costs, next to peers.
import { useState } from "preact/hooks";
import "./seed.css";
import type { Data } from "./data";
import * as format from "./format";
import { pageStart, Table, Tabs, Tiles } from "./shell";

interface Call {
  name: string;
  loop: number;
  loop_us: number;
  process: number;
  process_us: number;
}

interface Figures {
  faults_loop: number | null;
  faults_process: number | null;
  peak_rss_bytes: number | null;
  superslabs: number | null;
  no_counters: string;
  no_calls: string;
  counters: { name: string; value: number | null; each: number | null }[];
  rates: { name: string; percent: number | null; of: number | null; unit: string }[];
  calls: Call[];
  costs: { percent: number; ms: number; text: string }[];
}

interface Allocator {
  name: string;
  version: string;
  path: string;
  failure: string;
  ops: number | null;
  ratio: number | null;
  low: number | null;
  high: number | null;
  figures: Figures;
}

interface SeedMeta {
  kind: "seed";
  version: 1;
  conditions: string;
  command: string;
  loop_ops: number | null; // of the loop without an allocator, a second
  allocators: Allocator[];
}

function bestPeer(allocators: Allocator[]): number {
  return Math.max(...allocators.slice(1).map((one) => one.ops ?? 0));
}

function Throughput({ allocators }: { allocators: Allocator[] }) {
  const scale = Math.max(...allocators.map((one) => Math.max(one.ops ?? 0, one.high ?? 0))) * 1.02 || 1;
  const best = bestPeer(allocators);
  const sorted = [...allocators].sort((a, b) => (b.ops ?? 0) - (a.ops ?? 0));
  return (
    <section class="card">
      <h2>Throughput</h2>
      <p class="soft">Operations a second, median; the thin line is its 95 % interval, the dashed one the fastest peer. Longer is better.</p>
      <div class="bars" role="list">
        {sorted.map((one) => (
          <div key={one.name} role="listitem" class={one === allocators[0] ? "bar-row ours" : "bar-row"}>
            <span class="name" title={one.version}>{one.name}</span>
            <span class="track" aria-hidden="true">
              <i class="fill" style={`width:${(100 * (one.ops ?? 0)) / scale}%`} />
              {one.low !== null && one.high !== null && <i class="whisker" style={`left:${(100 * one.low) / scale}%;width:${(100 * (one.high - one.low)) / scale}%`} />}
              <i class="best" style={`left:${(100 * best) / scale}%`} />
            </span>
            <span class="value">{one.failure || format.short(one.ops ?? NaN)}</span>
            <span class="ratio">{one.ratio === null ? "" : `${one.ratio.toFixed(2)}×`}</span>
          </div>
        ))}
      </div>
    </section>
  );
}

function Costs({ allocators, loopOps }: { allocators: Allocator[]; loopOps: number | null }) {
  const able = allocators.filter((one) => one.figures.costs.length > 0);
  const [name, setName] = useState(able[0]?.name ?? "");
  const chosen = able.find((one) => one.name === name);
  if (!chosen) return null;
  return (
    <section class="card">
      <h2>What costs most</h2>
      <p class="soft">The time of the loop, divided: page faults at what one costs on this machine, system calls as traced, and the rest, which is code.
        {loopOps !== null && <> The loop without an allocator makes {format.short(loopOps)} operations a second: that much is its own.</>}</p>
      <p><Tabs label="Allocator" chosen={name} onChoose={setName} tabs={able.map((one) => ({ key: one.name, title: one.name }))} /></p>
      <ol class="costs">
        {chosen.figures.costs.map((cost) => (
          <li key={cost.text}>
            <div><b>{cost.percent.toFixed(1)} %</b> <span class="soft">{cost.ms.toFixed(3)} ms</span> {cost.text}</div>
            <div class="track" aria-hidden="true"><i class="fill" style={`width:${Math.min(100, cost.percent)}%`} /></div>
          </li>
        ))}
      </ol>
    </section>
  );
}

interface CallRow {
  name: string;
  loop: (number | null)[];
  process: (number | null)[];
}

function callRows(allocators: Allocator[], inLoop: boolean): CallRow[] {
  const names = new Set(allocators.flatMap((one) => one.figures.calls.map((call) => call.name)));
  const value = (one: Allocator, name: string, key: "loop" | "process") =>
    one.figures.calls.length ? (one.figures.calls.find((call) => call.name === name)?.[key] ?? 0) : null;
  const rows = [...names].map((name) => ({
    name,
    loop: allocators.map((one) => value(one, name, "loop")),
    process: allocators.map((one) => value(one, name, "process")),
  }));
  return rows.filter((row) => row.name !== "total" && (inLoop ? row.loop : row.process).some((count) => count));
}

function Calls({ allocators }: { allocators: Allocator[] }) {
  const [where, setWhere] = useState<"loop" | "process">("loop");
  const rows = callRows(allocators, where === "loop");
  const reason = allocators[0].figures.no_calls;
  const total = (one: Allocator) => one.figures.calls.find((call) => call.name === "total")?.[where];
  return (
    <section class="card">
      <h2>System calls</h2>
      <p class="soft">Counted in a run of its own, traced.</p>
      {reason ? <p class="notice">Not available here: {reason}.</p> : (
        <>
          <p>
            <Tabs label="Where" chosen={where} onChoose={setWhere} tabs={[{ key: "loop", title: "In the loop" }, { key: "process", title: "In the whole process" }]} />
          </p>
          <Table<CallRow> caption="System calls by name" rows={rows} rowKey={(row) => row.name} sort={1} most={14}
            columns={[
              { title: "Call", value: (row) => row.name },
              ...allocators.map((one, i) => ({ title: one.name, value: (row: CallRow) => row[where][i] ?? -1,
                show: (row: CallRow) => (row[where][i] === null ? "–" : format.count(row[where][i]!)) })),
            ]} />
          <p class="soft">In all: {allocators.map((one) => `${one.name} ${total(one) === undefined ? "–" : format.count(total(one)!)}`).join(" · ")}</p>
        </>
      )}
    </section>
  );
}

interface Row {
  title: string;
  values: string[];
}

function Plain({ caption, rows, allocators }: { caption: string; rows: Row[]; allocators: Allocator[] }) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={caption}>
      <table>
        <caption class="visually-hidden">{caption}</caption>
        <thead><tr><th scope="col" />{allocators.map((one) => <th key={one.name} scope="col">{one.name}</th>)}</tr></thead>
        <tbody>
          {rows.map((row) => <tr key={row.title}><th scope="row">{row.title}</th>{row.values.map((value, i) => <td key={allocators[i].name}>{value}</td>)}</tr>)}
        </tbody>
      </table>
    </div>
  );
}

function number(value: number | null): string {
  return value === null ? "–" : format.count(value);
}

function Memory({ allocators }: { allocators: Allocator[] }) {
  const rows = [
    { title: "Page faults in the loop", values: allocators.map((one) => number(one.figures.faults_loop)) },
    { title: "Page faults in the process", values: allocators.map((one) => number(one.figures.faults_process)) },
    { title: "Peak RSS", values: allocators.map((one) => format.bytes(one.figures.peak_rss_bytes ?? NaN)) },
  ];
  return <section class="card"><h2>Page faults and memory</h2><Plain caption="Page faults and memory" rows={rows} allocators={allocators} /></section>;
}

function Counters({ allocators }: { allocators: Allocator[] }) {
  const first = allocators[0].figures;
  const rows = first.counters.map((counter, i) => ({
    title: counter.name,
    values: allocators.map((one) => {
      const own = one.figures.counters[i];
      const value = own?.each ?? own?.value ?? null;
      return value === null ? "–" : value.toFixed(2);
    }),
  }));
  return (
    <section class="card">
      <h2>Hardware counters</h2>
      {rows.length ? <><p class="soft">Of the loop, in user mode, an operation; rates as such.</p><Plain caption="Hardware counters" rows={rows} allocators={allocators} /></>
        : <p class="notice">Not available here: {first.no_counters || "no run"}.</p>}
    </section>
  );
}

function rateOf(figures: Figures, name: string): string {
  const rate = figures.rates.find((one) => one.name === name);
  return rate?.percent === null || !rate ? "–" : `${rate.percent.toFixed(2)} %`;
}

function Seed({ data }: { data: Data<SeedMeta> }) {
  const { allocators, conditions, command } = data.meta;
  const ours = allocators[0];
  const figures = ours.figures;
  const loop = figures.calls.find((call) => call.name === "total");
  return (
    <main>
      <h1>The seed report</h1>
      <p class="soft">{conditions}</p>
      <p><code>{command}</code></p>
      <Tiles tiles={[
        { label: "Throughput", value: `${format.short(ours.ops ?? NaN)} ops/s`, note: ours.ratio === null ? undefined : `${ours.ratio.toFixed(2)} times the fastest peer` },
        { label: "System calls", value: loop ? format.count(loop.loop) : "–", note: "in the loop" },
        { label: "Page faults", value: number(figures.faults_loop), note: "in the loop" },
        { label: "FastCache hits", value: rateOf(figures, "FastCache"), note: "of mallocs" },
        { label: "LRU hits", value: rateOf(figures, "SuperSlab LRU"), note: "of requests for SuperSlabs" },
        { label: "SuperSlabs", value: number(figures.superslabs), note: "mapped, 2 MiB each" },
      ]} />
      <Throughput allocators={allocators} />
      <Costs allocators={allocators} loopOps={data.meta.loop_ops} />
      <Calls allocators={allocators} />
      <Counters allocators={allocators} />
      <Memory allocators={allocators} />
      <section class="card">
        <h2>Allocators</h2>
        <p class="soft">As preloaded, with the versions they give themselves.</p>
        <ul class="allocators">{allocators.map((one) => <li key={one.name}><b>{one.name}</b> {one.version} <code>{one.path || "the C library's own"}</code></li>)}</ul>
      </section>
      <footer>Written by <code>hakmem bench --seed-report</code>.</footer>
    </main>
  );
}

pageStart<SeedMeta>((data) => <Seed data={data} />);

// chart.tsx - lines over time: uPlot in the page's colours, with a legend of its own that reads the
// values under the pointer out.
import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import * as format from "./format";
import { useTheme } from "./theme";

export interface Line {
  label: string;
  colour: string; // a CSS variable of style.css
  values: (number | null)[];
  area?: boolean;
}

interface Props {
  label: string;
  seconds: number[];
  lines: Line[];
  height?: number;
  mark?: number; // seconds, where an upright line stands
}

function cssColour(variable: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(variable).trim();
}

function axisTicks(values: number[]): string[] {
  return values.map((value) => (value === 0 ? "0" : format.bytes(value).replace(/\.0+(?= )/, "").replace(/(\.\d)0(?= )/, "$1")));
}

// Steps that are round in KiB, MiB and GiB.
const STEPS = Array.from({ length: 50 }, (_, i) => 2 ** i);

function options(props: Props, width: number, onIndex: (index: number | null) => void): uPlot.Options {
  const soft = cssColour("--soft");
  const grid = { stroke: cssColour("--line"), width: 1 };
  const axis = { stroke: soft, grid, ticks: grid, font: "12px system-ui, sans-serif" };
  return {
    width,
    height: props.height ?? 260,
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, y: false },
    scales: { x: { time: false }, y: { range: (_, __, most) => [0, (most || 1) * 1.06] } },
    axes: [
      { ...axis, values: (_, values) => values.map((value) => `${+value.toFixed(3)} s`), space: 62, size: 28 },
      { ...axis, values: (_, values) => axisTicks(values), incrs: STEPS, size: 74 },
    ],
    series: [
      {},
      ...props.lines.map((line) => ({
        label: line.label,
        stroke: cssColour(line.colour),
        fill: line.area ? cssColour(line.colour) + "26" : undefined,
        width: 2,
        points: { show: props.seconds.length < 3 },
      })),
    ],
    hooks: {
      setCursor: [(plot) => onIndex(plot.cursor.idx ?? null)],
      draw: [(plot) => markDraw(plot, props.mark)],
    },
  };
}

function markDraw(plot: uPlot, seconds: number | undefined): void {
  if (seconds === undefined) return;
  const x = plot.valToPos(seconds, "x", true);
  plot.ctx.fillStyle = cssColour("--ink");
  plot.ctx.fillRect(x - 1, plot.bbox.top, 2, plot.bbox.height);
}

export function Chart(props: Props) {
  const holder = useRef<HTMLDivElement>(null);
  const [index, setIndex] = useState<number | null>(null);
  const theme = useTheme();
  const mark = useRef<uPlot | null>(null);
  const latest = useRef(props);
  latest.current = props;

  useEffect(() => {
    const element = holder.current;
    if (!element) return;
    const data: uPlot.AlignedData = [props.seconds, ...props.lines.map((line) => line.values)];
    const made = options(props, element.clientWidth, setIndex);
    made.hooks!.draw = [(plot) => markDraw(plot, latest.current.mark)];
    const plot = new uPlot(made, data, element);
    mark.current = plot;
    const observer = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: props.height ?? 260 }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.destroy();
      mark.current = null;
    };
  }, [theme, props.seconds]);
  useEffect(() => mark.current?.redraw(false), [props.mark]);

  const marked = props.mark === undefined ? -1 : props.seconds.indexOf(props.mark);
  const resting = marked < 0 ? props.seconds.length - 1 : marked;
  const shown = index ?? resting;
  return (
    <div>
      <div class="legend" style="margin-top:8px">
        <span class="soft">{shown === props.seconds.length - 1 ? "at the end" : `after ${format.seconds(props.seconds[shown])}`}</span>
        {props.lines.map((line) => (
          <span key={line.label}>
            <i class="swatch" style={`background:var(${line.colour})`} />
            {line.label} <b>{format.bytes(line.values[shown] ?? NaN)}</b>
          </span>
        ))}
      </div>
      <div class="chart" ref={holder} role="img" aria-label={props.label} />
    </div>
  );
}

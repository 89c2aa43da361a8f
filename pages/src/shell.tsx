// shell.tsx - what all pages share: the start, the tiles, sortable tables, tabs, and what is said when
// the page cannot show its data.
import { type ComponentChildren, render } from "preact";
import { useState } from "preact/hooks";
import "./style.css";
import { type Data, dataLoad } from "./data";

export function pageStart<Meta>(page: (data: Data<Meta>) => ComponentChildren): void {
  const holder = document.getElementById("app")!;
  try {
    const data = dataLoad<Meta>();
    render(page(data), holder);
    document.documentElement.dataset.ready = "yes";
  } catch (error) {
    render(<main><h1>This page cannot be shown</h1><p>{String(error)}</p></main>, holder);
    document.documentElement.dataset.ready = "failed";
  }
}

export interface TileFacts {
  label: string;
  value: string;
  note?: string;
  colour?: string;
}

export function Tiles({ tiles }: { tiles: TileFacts[] }) {
  return (
    <dl class={tiles.length % 2 ? "tiles odd" : "tiles"}>
      {tiles.map((tile) => (
        <div class="tile" key={tile.label}>
          <dt>{tile.colour && <i class="swatch" style={`background:var(${tile.colour})`} />}{tile.label}</dt>
          <dd>{tile.value}{tile.note && <small>{tile.note}</small>}</dd>
        </div>
      ))}
    </dl>
  );
}

export interface Column<Row> {
  title: string;
  about?: string;
  value: (row: Row) => number | string;
  show?: (row: Row) => ComponentChildren;
}

interface TableProps<Row> {
  caption: string;
  columns: Column<Row>[];
  rows: Row[];
  sort?: number;
  rowKey: (row: Row) => string | number;
  chosen?: (row: Row) => boolean;
  onChoose?: (row: Row) => void;
  most?: number;
}

function compare(a: number | string, b: number | string): number {
  return typeof a === "string" || typeof b === "string" ? String(a).localeCompare(String(b)) : a - b;
}

export function Table<Row>(props: TableProps<Row>) {
  const [sort, setSort] = useState(props.sort ?? 0);
  const [down, setDown] = useState(props.sort !== undefined);
  const [all, setAll] = useState(false);
  const { value } = props.columns[sort];
  const rows = [...props.rows].sort((a, b) => compare(value(a), value(b)) * (down ? -1 : 1));
  const most = all ? Infinity : (props.most ?? Infinity);
  const choose = (index: number) => {
    setDown(index === sort ? !down : index > 0);
    setSort(index);
  };
  return (
    <>
      <div class="scroll" tabIndex={0} role="region" aria-label={props.caption}>
        <table>
          <caption class="visually-hidden">{props.caption}</caption>
          <thead>
            <tr>
              {props.columns.map((column, i) => (
                <th key={column.title} scope="col" title={column.about} aria-sort={i === sort ? (down ? "descending" : "ascending") : undefined}>
                  <button onClick={() => choose(i)}>{column.title}{i === sort ? (down ? " ↓" : " ↑") : ""}</button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, most).map((row) => (
              <tr key={props.rowKey(row)} class={props.chosen?.(row) ? "on" : ""}>
                {props.columns.map((column, i) => cell(props, column, row, i))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {rows.length > most && <p><button onClick={() => setAll(true)}>Show all {rows.length}</button></p>}
    </>
  );
}

function cell<Row>(props: TableProps<Row>, column: Column<Row>, row: Row, index: number) {
  const shown = column.show ? column.show(row) : column.value(row);
  if (index) return <td key={column.title}>{shown}</td>;
  if (!props.onChoose) return <th key={column.title} scope="row">{shown}</th>;
  return (
    <th key={column.title} scope="row">
      <button aria-pressed={props.chosen?.(row) ?? false} onClick={() => props.onChoose!(row)}>{shown}</button>
    </th>
  );
}

export function Meter({ part }: { part: number }) {
  return <span class="meter" aria-hidden="true"><i style={`width:${Math.max(0, Math.min(100, 100 * part))}%`} /></span>;
}

interface TabsProps<Key extends string> {
  label: string;
  tabs: { key: Key; title: string; disabled?: string }[];
  chosen: Key;
  onChoose: (key: Key) => void;
}

// One of several, as a group of buttons that arrow keys move in.
export function Tabs<Key extends string>({ label, tabs, chosen, onChoose }: TabsProps<Key>) {
  const able = tabs.filter((tab) => !tab.disabled);
  const step = (event: KeyboardEvent, by: number) => {
    const next = able[(able.findIndex((tab) => tab.key === chosen) + by + able.length) % able.length];
    onChoose(next.key);
    const group = (event.currentTarget as HTMLElement).parentElement!;
    (group.querySelector(`[data-key="${next.key}"]`) as HTMLElement).focus();
    event.preventDefault();
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key === "ArrowRight" || event.key === "ArrowDown") step(event, 1);
    if (event.key === "ArrowLeft" || event.key === "ArrowUp") step(event, -1);
  };
  return (
    <div class="tabs" role="radiogroup" aria-label={label}>
      {tabs.map((tab) => (
        <button key={tab.key} role="radio" data-key={tab.key} aria-checked={tab.key === chosen} disabled={!!tab.disabled}
          title={tab.disabled} tabIndex={tab.key === chosen ? 0 : -1} onClick={() => onChoose(tab.key)} onKeyDown={onKey}>
          {tab.title}
        </button>
      ))}
    </div>
  );
}

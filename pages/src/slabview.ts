// slabview.ts - draws every block of one slab where it lies: a row is a stretch of addresses, and a block
// that does not fit into what is left of a row goes on in the next.
import { css, type Palette } from "./colour";
import { Block, UNIT_BYTES } from "./heap";

const PAGE_BYTES = 4096;
const LEAST_BLOCK_PIXELS = 9;
const LABEL_PIXELS = 46;
const ROW_BYTES_LEAST = 256;
const ROWS_LEAST = 8;

export interface Slab {
  address: bigint;
  bytes: number; // of a block
  units: number;
  states: Uint8Array;
}

export class SlabView {
  private rowBytes = PAGE_BYTES;
  private rowPixels = 1;
  private width = 1;
  private slab: Slab | null = null;
  selected = -1;

  constructor(private readonly canvas: HTMLCanvasElement) {}

  private get left(): number {
    return this.width > 480 ? LABEL_PIXELS : 0;
  }
  private get perByte(): number {
    return (this.width - this.left) / this.rowBytes;
  }

  // As many bytes in a row as leave each block wide enough to be pointed at.
  private rowBytesChoose(slab: Slab): void {
    const total = slab.units * UNIT_BYTES;
    this.rowBytes = total / ROWS_LEAST;
    while (this.rowBytes > ROW_BYTES_LEAST && slab.bytes * this.perByte < LEAST_BLOCK_PIXELS) this.rowBytes /= 2;
  }

  draw(slab: Slab, palette: Palette, width: number, most: number): void {
    const context = this.canvas.getContext("2d");
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    if (!context) return;
    this.slab = slab;
    this.width = width;
    this.rowBytesChoose(slab);
    const rows = (slab.units * UNIT_BYTES) / this.rowBytes;
    this.rowPixels = Math.max(4, Math.min(30, Math.floor(most / rows)));
    const height = rows * this.rowPixels;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.canvas.style.height = `${height}px`;
    context.scale(ratio, ratio);
    context.fillStyle = css(palette.ground);
    context.fillRect(this.left, 0, width, height);
    this.blocksDraw(context, slab, palette);
    this.labelsDraw(context, rows, palette);
    this.selectionDraw(context, palette);
  }

  // The rectangles of a block: its part of each row that it lies in.
  private *pieces(index: number, bytes: number): Generator<[x: number, y: number, wide: number]> {
    let at = index * bytes;
    const end = at + bytes;
    while (at < end) {
      const row = Math.floor(at / this.rowBytes);
      const stop = Math.min(end, (row + 1) * this.rowBytes);
      yield [this.left + (at - row * this.rowBytes) * this.perByte, row * this.rowPixels, (stop - at) * this.perByte];
      at = stop;
    }
  }

  private blocksDraw(context: CanvasRenderingContext2D, slab: Slab, palette: Palette): void {
    const colours: string[] = [];
    colours[Block.Live] = css(palette.live);
    colours[Block.Free] = css(palette.free);
    colours[Block.Published] = css(palette.published);
    colours[Block.Cached] = css(palette.cached);
    const gap = this.rowPixels >= 6 ? 1 : 0;
    for (let i = 0; i < slab.states.length; i++) {
      const free = slab.states[i] === Block.Free;
      context.fillStyle = colours[slab.states[i]];
      context.globalAlpha = free ? 0.42 : 1;
      for (const [x, y, wide] of this.pieces(i, slab.bytes))
        context.fillRect(x, y, Math.max(0.5, wide - 1), this.rowPixels - gap);
    }
    context.globalAlpha = 1;
  }

  private labelsDraw(context: CanvasRenderingContext2D, rows: number, palette: Palette): void {
    context.fillStyle = css(palette.ink);
    context.font = "11px ui-monospace, 'DejaVu Sans Mono', monospace";
    context.textBaseline = "middle";
    context.globalAlpha = 0.65;
    const every = Math.max(1, PAGE_BYTES / this.rowBytes, Math.ceil(13 / this.rowPixels));
    for (let row = 0; this.left && row < rows; row += every) {
      const offset = row * this.rowBytes;
      context.fillText(`+${offset / 1024}K`, 0, row * this.rowPixels + Math.min(this.rowPixels, 13) / 2);
    }
    context.globalAlpha = 0.55;
    const step = PAGE_BYTES / this.rowBytes;
    for (let page = 1; step >= 1 && page * step < rows; page++)
      context.fillRect(this.left, Math.round(page * step * this.rowPixels) - 1, this.width - this.left, 1);
    context.globalAlpha = 1;
  }

  private selectionDraw(context: CanvasRenderingContext2D, palette: Palette): void {
    if (this.selected < 0 || !this.slab || this.selected >= this.slab.states.length) return;
    context.strokeStyle = css(palette.ink);
    context.lineWidth = 2;
    for (const [x, y, wide] of this.pieces(this.selected, this.slab.bytes))
      context.strokeRect(x + 0.5, y + 0.5, Math.max(2, wide - 2), this.rowPixels - 2);
  }

  // The block at a point of the canvas; -1: none.
  at(x: number, y: number): number {
    if (!this.slab || x < this.left) return -1;
    const row = Math.floor(y / this.rowPixels);
    const offset = row * this.rowBytes + (x - this.left) / this.perByte;
    const block = Math.floor(offset / this.slab.bytes);
    return block >= 0 && block < this.slab.states.length ? block : -1;
  }

  // Where a block begins, in pixels.
  corner(block: number): [x: number, y: number] {
    const at = block * (this.slab?.bytes ?? 0);
    const row = Math.floor(at / this.rowBytes);
    return [this.left + (at - row * this.rowBytes) * this.perByte, row * this.rowPixels];
  }

  // The block above (-1) or below (1) this one.
  beside(block: number, rows: number): number {
    if (!this.slab) return block;
    const next = block + rows * Math.max(1, Math.round(this.rowBytes / this.slab.bytes));
    return Math.min(this.slab.states.length - 1, Math.max(0, next));
  }
}

// heapview.ts - draws the whole heap on a canvas, to be zoomed and moved.
//
// A SuperSlab is a tile of two columns; a row of a column is a unit, and a row's 16 cells are its pages, so
// that addresses run left to right, then down, then to the next column. Tiles run likewise. Lengths in
// this layout are in cells; `scale` is the pixels of a cell. What is too small to be seen is drawn as the
// mean of what it holds, so that a picture costs about the same however large the heap.
import { css, type Painter, type Pixel } from "./colour";
import { type Heap, Kind, UNIT_PAGES } from "./heap";

const COLUMNS = 2;
const COLUMN_GAP = 1;
const TILE_GAP = 2;
const PAGES_FROM_SCALE = 2.5; // pixels a cell from which pages are drawn, and
const UNITS_FROM_SCALE = 0.75; // units; below, whole SuperSlabs
const TILE_GAP_FROM_PIXELS = 5; // the height of a tile from which tiles are kept apart
const MOST_SCALE = 46;
const SLICE_MS = 14; // of work before the page gets its turn

export interface Place {
  unit: number;
  page: number;
}

export class HeapView {
  private painter: Painter | null = null;
  private scale = 1;
  private left = 0; // of the layout, at the canvas's left edge, in cells
  private top = 0;
  private across = 1; // tiles in a row
  private width = 1; // CSS pixels
  private height = 1;
  private ratio = 1;
  private scheduled = 0;
  private fitted = true;
  selected = -1;

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly heap: Heap,
    private readonly onView: () => void,
  ) {}

  private get rows(): number {
    return Math.ceil(this.heap.superslabUnits / COLUMNS);
  }
  private get tileWidth(): number {
    return COLUMNS * UNIT_PAGES + (COLUMNS - 1) * COLUMN_GAP;
  }
  private get pitchX(): number {
    return this.tileWidth + TILE_GAP;
  }
  private get pitchY(): number {
    return this.rows + TILE_GAP;
  }

  setPainter(painter: Painter): void {
    this.painter = painter;
    this.schedule();
  }

  resize(width: number, height: number): void {
    const centre = this.fitted ? null : { x: this.left + this.width / this.scale / 2, y: this.top + this.height / this.scale / 2 };
    this.width = Math.max(1, width);
    this.height = Math.max(1, height);
    this.ratio = Math.min(2, window.devicePixelRatio || 1);
    this.canvas.width = Math.round(this.width * this.ratio);
    this.canvas.height = Math.round(this.height * this.ratio);
    this.layout();
    if (centre) this.place(centre.x - this.width / this.scale / 2, centre.y - this.height / this.scale / 2);
    else this.fit();
  }

  // As many tiles in a row as make the whole fill the canvas best.
  private layout(): void {
    const tiles = Math.max(1, this.heap.superslabs);
    let best = 0;
    const guess = Math.sqrt((tiles * this.width * this.pitchY) / (this.height * this.pitchX));
    for (const across of [Math.floor(guess), Math.ceil(guess)]) {
      if (across < 1 || across > tiles) continue;
      const scale = this.fitScale(across);
      if (scale > best) {
        best = scale;
        this.across = across;
      }
    }
    if (!best) this.across = Math.min(tiles, Math.max(1, Math.round(guess)));
  }

  private fitScale(across = this.across): number {
    const down = Math.ceil(this.heap.superslabs / across);
    return Math.min(this.width / (across * this.pitchX), this.height / (down * this.pitchY), MOST_SCALE);
  }

  fit(): void {
    this.scale = this.fitScale();
    this.fitted = true;
    this.place(0, 0);
  }

  get zoomed(): boolean {
    return this.scale > this.fitScale() * 1.01;
  }

  private place(left: number, top: number): void {
    const most = (size: number, cells: number) => Math.max(0, cells - size / this.scale);
    const down = Math.ceil(this.heap.superslabs / this.across);
    const centred = (size: number, cells: number) => Math.min(0, (cells - size / this.scale) / 2);
    const wide = this.across * this.pitchX;
    const high = down * this.pitchY;
    this.left = Math.min(Math.max(left, centred(this.width, wide)), most(this.width, wide) || centred(this.width, wide));
    this.top = Math.min(Math.max(top, 0), most(this.height, high));
    this.schedule();
    this.onView();
  }

  zoom(factor: number, x = this.width / 2, y = this.height / 2): void {
    const cellX = this.left + x / this.scale;
    const cellY = this.top + y / this.scale;
    const scale = Math.min(MOST_SCALE, Math.max(this.fitScale(), this.scale * factor));
    this.fitted = scale <= this.fitScale() * 1.01;
    this.scale = scale;
    this.place(cellX - x / scale, cellY - y / scale);
  }

  move(pixelsX: number, pixelsY: number): void {
    this.place(this.left - pixelsX / this.scale, this.top - pixelsY / this.scale);
  }

  private origin(unit: number): { x: number; y: number } {
    const tile = Math.floor(unit / this.heap.superslabUnits);
    const inside = unit % this.heap.superslabUnits;
    const column = Math.floor(inside / this.rows);
    return {
      x: (tile % this.across) * this.pitchX + column * (UNIT_PAGES + COLUMN_GAP),
      y: Math.floor(tile / this.across) * this.pitchY + (inside % this.rows),
    };
  }

  at(x: number, y: number): Place | null {
    const cellX = this.left + x / this.scale;
    const cellY = this.top + y / this.scale;
    const tileX = Math.floor(cellX / this.pitchX);
    const tileY = Math.floor(cellY / this.pitchY);
    const insideX = cellX - tileX * this.pitchX;
    const row = Math.floor(cellY - tileY * this.pitchY);
    const column = Math.floor(insideX / (UNIT_PAGES + COLUMN_GAP));
    const page = Math.floor(insideX - column * (UNIT_PAGES + COLUMN_GAP));
    const outside = cellX < 0 || cellY < 0 || tileX >= this.across || column >= COLUMNS || page >= UNIT_PAGES || row >= this.rows;
    const unit = (tileY * this.across + tileX) * this.heap.superslabUnits + column * this.rows + row;
    return outside || unit < 0 || unit >= this.heap.units ? null : { unit, page };
  }

  // Brings a unit into view, at least so near that it can be told from its neighbours.
  show(unit: number, nearer = false): void {
    const least = nearer ? Math.max(this.scale, 10) : this.scale;
    this.scale = Math.min(MOST_SCALE, Math.max(least, this.fitScale()));
    this.fitted = !this.zoomed;
    const { x, y } = this.origin(unit);
    const inX = x >= this.left && x + UNIT_PAGES <= this.left + this.width / this.scale;
    const inY = y >= this.top && y + 1 <= this.top + this.height / this.scale;
    const left = inX && !nearer ? this.left : x + UNIT_PAGES / 2 - this.width / this.scale / 2;
    const top = inY && !nearer ? this.top : y - this.height / this.scale / 2;
    this.place(left, top);
  }

  // The unit one step away, as seen.
  neighbour(unit: number, direction: "left" | "right" | "up" | "down"): number {
    const units = this.heap.superslabUnits;
    const inside = unit % units;
    const steps = {
      up: inside % this.rows ? -1 : -this.across * units + this.rows - 1,
      down: (inside + 1) % this.rows ? 1 : this.across * units - this.rows + 1,
      left: inside >= this.rows ? -this.rows : -units + this.rows,
      right: inside < this.rows ? this.rows : units - this.rows,
    };
    const next = unit + steps[direction];
    return next >= 0 && next < this.heap.units ? next : unit;
  }

  schedule(): void {
    if (!this.scheduled) this.scheduled = requestAnimationFrame(() => this.draw());
  }

  private draw(): void {
    this.scheduled = 0;
    const context = this.canvas.getContext("2d");
    if (!context || !this.painter) return;
    const image = context.createImageData(this.canvas.width, this.canvas.height);
    const pixels = new Uint32Array(image.data.buffer);
    pixels.fill(this.painter.palette.ground);
    const unfinished = this.tilesDraw(pixels, this.painter);
    context.putImageData(image, 0, 0);
    this.selectionDraw(context);
    if (unfinished) this.schedule();
  }

  private tilesDraw(pixels: Uint32Array, painter: Painter): boolean {
    const firstX = Math.max(0, Math.floor(this.left / this.pitchX));
    const lastX = Math.min(this.across - 1, Math.floor((this.left + this.width / this.scale) / this.pitchX));
    const firstY = Math.max(0, Math.floor(this.top / this.pitchY));
    const lastY = Math.floor((this.top + this.height / this.scale) / this.pitchY);
    const until = performance.now() + SLICE_MS;
    let unfinished = false;
    for (let y = firstY; y <= lastY; y++) {
      for (let x = firstX; x <= lastX; x++) {
        const tile = y * this.across + x;
        if (tile >= this.heap.superslabs) break;
        if (this.scale >= UNITS_FROM_SCALE) this.unitsDraw(pixels, painter, tile);
        else if (painter.superslabKnown(tile) || performance.now() < until) this.tileDraw(pixels, painter, tile);
        else unfinished = true;
      }
    }
    return unfinished;
  }

  // Fills a rectangle of the layout; `gap` pixels stay free on its right and below.
  private fill(pixels: Uint32Array, x: number, y: number, wide: number, high: number, gap: number, colour: Pixel): void {
    const scale = this.scale * this.ratio;
    const fromX = Math.max(0, Math.round((x - this.left) * scale));
    const fromY = Math.max(0, Math.round((y - this.top) * scale));
    const toX = Math.min(this.canvas.width, Math.max(fromX + 1, Math.round((x + wide - this.left) * scale) - gap));
    const toY = Math.min(this.canvas.height, Math.max(fromY + 1, Math.round((y + high - this.top) * scale) - gap));
    for (let row = fromY; row < toY; row++) {
      const start = row * this.canvas.width;
      pixels.fill(colour, start + fromX, start + toX);
    }
  }

  private tileDraw(pixels: Uint32Array, painter: Painter, tile: number): void {
    const { x, y } = this.origin(tile * this.heap.superslabUnits);
    const gap = this.pitchY * this.scale * this.ratio >= TILE_GAP_FROM_PIXELS ? 1 : 0;
    this.fill(pixels, x, y, this.pitchX, this.pitchY, gap, painter.superslab(tile));
  }

  private unitsDraw(pixels: Uint32Array, painter: Painter, tile: number): void {
    const first = tile * this.heap.superslabUnits;
    const end = Math.min(this.heap.units, first + this.heap.superslabUnits);
    const pages = this.scale >= PAGES_FROM_SCALE;
    const gap = this.scale * this.ratio >= 7 ? Math.max(1, Math.round(this.ratio)) : 0;
    for (let unit = first; unit < end; unit++) {
      if (this.heap.kind(unit) === Kind.None) continue;
      const { x, y } = this.origin(unit);
      if (!pages) this.fill(pixels, x, y, UNIT_PAGES, 1, 0, painter.unit(unit));
      else
        for (let page = 0; page < UNIT_PAGES; page++) this.fill(pixels, x + page, y, 1, 1, gap, painter.page(unit, page));
    }
  }

  private selectionDraw(context: CanvasRenderingContext2D): void {
    if (this.selected < 0 || !this.painter) return;
    const head = this.heap.head(this.selected);
    const end = Math.min(head + this.heap.span(head), head + 4 * this.heap.superslabUnits);
    const scale = this.scale * this.ratio;
    context.lineWidth = 2 * this.ratio;
    context.strokeStyle = css(this.painter.palette.ink);
    for (let unit = head; unit < end; ) {
      const rows = Math.min(end - unit, this.rows - (unit % this.rows));
      const { x, y } = this.origin(unit);
      const wide = Math.max(4 * this.ratio, UNIT_PAGES * scale);
      const high = Math.max(4 * this.ratio, rows * scale);
      context.strokeRect((x - this.left) * scale - this.ratio, (y - this.top) * scale - this.ratio, wide + this.ratio, high + this.ratio);
      unit += rows;
    }
  }
}

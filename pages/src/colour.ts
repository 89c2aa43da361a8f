// colour.ts - which colour a unit or a page of it has, in each of the four ways to look at a heap.
import { Heap, Kind, NO_HEAP } from "./heap";

export type By = "occupancy" | "class" | "owner" | "age";

// Canvas pixels: 0xAABBGGRR, as a little-endian machine stores them.
export type Pixel = number;

function pixel(red: number, green: number, blue: number): Pixel {
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

export function css(colour: Pixel): string {
  return `rgb(${colour & 255} ${(colour >> 8) & 255} ${(colour >> 16) & 255})`;
}

export function mix(from: Pixel, to: Pixel, part: number): Pixel {
  const channel = (shift: number) => {
    const start = (from >> shift) & 255;
    return Math.round(start + (((to >> shift) & 255) - start) * part);
  };
  return pixel(channel(0), channel(8), channel(16));
}

// Björn Ottosson, "A perceptual color space for image processing" (2020).
function oklch(lightness: number, chroma: number, hueDegrees: number): Pixel {
  const hue = (hueDegrees * Math.PI) / 180;
  const a = chroma * Math.cos(hue);
  const b = chroma * Math.sin(hue);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const gamma = (linear: number) => {
    const value = Math.min(1, Math.max(0, linear));
    return Math.round(255 * (value <= 0.0031308 ? 12.92 * value : 1.055 * value ** (1 / 2.4) - 0.055));
  };
  return pixel(
    gamma(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    gamma(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    gamma(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  );
}

function hex(text: string): Pixel {
  const value = parseInt(text.trim().slice(1), 16);
  return pixel((value >> 16) & 255, (value >> 8) & 255, value & 255);
}

export interface Palette {
  dark: boolean;
  ground: Pixel; // behind everything
  none: Pixel; // not HAKMEM's
  cold: Pixel; // not in RAM
  kept: Pixel; // free and in RAM
  ink: Pixel;
  live: Pixel;
  free: Pixel;
  cached: Pixel;
  published: Pixel;
  occupancy: Pixel[]; // 0..15 sixteenths live
  age: Pixel[]; // 0..15, from just now to long ago
  unchanged: Pixel;
  classes: Pixel[];
  run: Pixel;
  huge: Pixel;
}

function ramp(steps: number, at: (part: number) => Pixel): Pixel[] {
  return Array.from({ length: steps }, (_, i) => at(i / (steps - 1)));
}

// From orange (empty but in RAM: what one looks for) over a pale middle to blue (full).
function occupancyRamp(dark: boolean): Pixel[] {
  const empty = dark ? oklch(0.72, 0.17, 52) : oklch(0.7, 0.17, 52);
  const middle = dark ? oklch(0.8, 0.06, 95) : oklch(0.87, 0.06, 95);
  const full = dark ? oklch(0.58, 0.13, 250) : oklch(0.5, 0.13, 252);
  return ramp(16, (part) => (part < 0.5 ? mix(empty, middle, part * 2) : mix(middle, full, part * 2 - 1)));
}

export function paletteRead(classes: number): Palette {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => hex(style.getPropertyValue(name));
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  return {
    dark,
    ground: colour("--well"),
    none: colour("--well"),
    cold: mix(colour("--well"), colour("--soft"), dark ? 0.2 : 0.16),
    kept: dark ? oklch(0.5, 0.03, 260) : oklch(0.67, 0.03, 260),
    ink: colour("--ink"),
    live: colour("--live"),
    free: colour("--free"),
    cached: colour("--cached"),
    published: colour("--meta"),
    occupancy: occupancyRamp(dark),
    age: ramp(16, (part) => oklch(dark ? 0.86 - 0.44 * part : 0.62 + 0.2 * part, 0.16 - 0.11 * part, 150 + 100 * part)),
    unchanged: dark ? oklch(0.36, 0.02, 260) : oklch(0.84, 0.015, 260),
    classes: Array.from({ length: classes }, (_, i) =>
      oklch((dark ? 0.7 : 0.64) + (i % 2 ? 0.06 : -0.03), 0.13, 25 + (285 * i) / Math.max(1, classes - 1))),
    run: dark ? oklch(0.62, 0.02, 90) : oklch(0.55, 0.02, 90),
    huge: dark ? oklch(0.78, 0.02, 90) : oklch(0.38, 0.02, 90),
  };
}

export function ownerColour(palette: Palette, index: number): Pixel {
  if (index === NO_HEAP) return palette.huge;
  return oklch((palette.dark ? 0.72 : 0.62) + ((index % 3) - 1) * 0.06, 0.13, (index * 137.508 + 250) % 360);
}

export interface Filter {
  sizeClass?: number; // -1 runs, -2 huge blocks
  owner?: number;
}

const DIMMED = 0.86;
const LARGE_SUPERSLABS = 2048;

// Colours of one frame, one way. Made anew whenever frame, way, filter or theme change.
export class Painter {
  private readonly average: Uint32Array;
  private readonly done: Uint8Array;
  private readonly spanMs: number;
  private readonly owners: Pixel[];

  constructor(
    readonly heap: Heap,
    readonly palette: Palette,
    readonly by: By,
    readonly filter: Filter,
  ) {
    this.average = new Uint32Array(heap.superslabs);
    this.done = new Uint8Array(heap.superslabs);
    const frames = heap.frames;
    this.spanMs = frames.length > 1 ? frames[frames.length - 1].at_ms : 0;
    this.owners = heap.meta.heaps.map((_, i) => ownerColour(palette, i));
  }

  private shown(head: number, kind: Kind): boolean {
    const { sizeClass, owner } = this.filter;
    if (sizeClass !== undefined) {
      if (kind === Kind.Slab) return sizeClass === this.heap.columns.sizeClass[head];
      return sizeClass === (kind === Kind.Run ? -1 : kind === Kind.Huge ? -2 : NaN);
    }
    return owner === undefined || (kind === Kind.Slab && this.heap.columns.heap[head] === owner);
  }

  // Of a slab, run or huge block, before its pages are looked at.
  private spanColour(head: number, kind: Kind): Pixel {
    const { palette, heap } = this;
    if (this.by === "age") return this.ageColour(head);
    if (this.by === "class" && kind === Kind.Slab) return palette.classes[heap.columns.sizeClass[head]] ?? palette.run;
    if (this.by === "owner" && kind === Kind.Slab) return this.owners[heap.columns.heap[head]] ?? palette.run;
    if (this.by === "occupancy") return palette.occupancy[15];
    return kind === Kind.Run ? palette.run : palette.huge;
  }

  private ageColour(head: number): Pixel {
    const age = this.heap.ageMs(head);
    if (!Number.isFinite(age)) return this.palette.unchanged;
    return this.palette.age[Math.min(15, Math.floor((16 * age) / Math.max(1, this.spanMs)))];
  }

  private freeColour(unit: number, kind: Kind, resident: boolean): Pixel {
    if (kind === Kind.None) return this.palette.none;
    if (this.by === "age" && resident && this.heap.frames.length > 1)
      return mix(this.palette.cold, this.ageColour(unit), 0.35);
    return resident ? this.palette.kept : this.palette.cold;
  }

  private finish(colour: Pixel, shown: boolean): Pixel {
    return shown ? colour : mix(colour, this.palette.ground, DIMMED);
  }

  private get filtered(): boolean {
    return this.filter.sizeClass !== undefined || this.filter.owner !== undefined;
  }

  page(unit: number, page: number): Pixel {
    const { heap, palette } = this;
    const resident = heap.meta.residency === "unknown" || heap.pageResident(unit, page);
    const kind = heap.kind(unit);
    if (kind < Kind.Slab || kind === Kind.Busy || kind === Kind.RunCached)
      return this.finish(this.freeColour(unit, kind, resident), !this.filtered);
    const head = heap.head(unit);
    const headKind = heap.kind(head);
    const shown = this.shown(head, headKind);
    if (!resident) return this.finish(palette.cold, shown);
    if (headKind !== Kind.Slab) return this.finish(this.spanColour(head, headKind), shown);
    const live = heap.pageLive(unit, page);
    if (this.by === "occupancy") return this.finish(palette.occupancy[live], shown);
    return this.finish(mix(palette.cold, this.spanColour(head, headKind), 0.35 + (0.65 * live) / 15), shown);
  }

  // The mean of a unit's pages, or of every `step`th.
  unit(unit: number, step = 1): Pixel {
    const { resident, pagesLow, pagesHigh } = this.heap.columns;
    const alike = resident[unit] === 0 || (resident[unit] === 0xffff && pagesLow[unit] === pagesHigh[unit]
      && (pagesLow[unit] === 0 || pagesLow[unit] === 0xffffffff));
    if (alike) return this.page(unit, 0);
    let red = 0;
    let green = 0;
    let blue = 0;
    for (let page = 0; page < 16; page += step) {
      const colour = this.page(unit, page);
      red += colour & 255;
      green += (colour >> 8) & 255;
      blue += (colour >> 16) & 255;
    }
    return pixel((red * step) >> 4, (green * step) >> 4, (blue * step) >> 4);
  }

  superslabKnown(index: number): boolean {
    return this.done[index] === 1;
  }

  // The mean of a SuperSlab, kept once it is known; of a large heap, of a quarter of its pages.
  superslab(index: number): Pixel {
    if (this.done[index]) return this.average[index];
    const units = this.heap.superslabUnits;
    const step = this.average.length > LARGE_SUPERSLABS ? 4 : 1;
    let red = 0;
    let green = 0;
    let blue = 0;
    for (let i = 0; i < units; i++) {
      const colour = this.unit(index * units + i, step);
      red += colour & 255;
      green += (colour >> 8) & 255;
      blue += (colour >> 16) & 255;
    }
    this.done[index] = 1;
    return (this.average[index] = pixel(red / units, green / units, blue / units));
  }
}

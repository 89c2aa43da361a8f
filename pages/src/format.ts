// format.ts - numbers as people read them; the same rules as src/tool/text.c.
function digits(value: number): string {
  const size = Math.abs(value);
  return value.toFixed(size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2);
}

export function bytes(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size < 1024) return `${Math.round(value)} B`;
  if (size < 1024 ** 2) return `${digits(value / 1024)} KiB`;
  if (size < 1024 ** 3) return `${digits(value / 1024 ** 2)} MiB`;
  return `${digits(value / 1024 ** 3)} GiB`;
}

export function count(value: number): string {
  return Number.isFinite(value) ? Math.round(value).toLocaleString("en").replaceAll(",", "\u202f") : "–";
}

export function short(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const units = ["", " k", " M", " G", " T"];
  let step = 0;
  while (Math.abs(value) >= 999.5 && step + 1 < units.length) {
    value /= 1000;
    step++;
  }
  return step === 0 && Number.isInteger(value) ? String(value) : digits(value) + units[step];
}

export function percent(part: number, whole: number): string {
  if (!(whole > 0) || !Number.isFinite(part)) return "–";
  const value = (100 * part) / whole;
  return `${value.toFixed(value < 9.95 ? 1 : 0)} %`;
}

export function seconds(value: number): string {
  if (!Number.isFinite(value)) return "–";
  if (Math.abs(value) < 1e-3) return `${digits(value * 1e6)} µs`;
  if (Math.abs(value) < 1) return `${digits(value * 1e3)} ms`;
  if (Math.abs(value) < 120) return `${digits(value)} s`;
  const minutes = Math.floor(value / 60);
  if (minutes < 120) return `${minutes} min ${Math.round(value - minutes * 60)} s`;
  return `${digits(value / 3600)} h`;
}

export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

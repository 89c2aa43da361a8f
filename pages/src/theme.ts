// theme.ts - light or dark, as the reader's system asks, and told when that changes.
import { useEffect, useState } from "preact/hooks";

const query = "(prefers-color-scheme: dark)";

export function useTheme(): "dark" | "light" {
  const [dark, setDark] = useState(matchMedia(query).matches);
  useEffect(() => {
    const list = matchMedia(query);
    const changed = () => setDark(list.matches);
    list.addEventListener("change", changed);
    return () => list.removeEventListener("change", changed);
  }, []);
  return dark ? "dark" : "light";
}

/** System prompts under names. A name is there once, whatever its capitals. */
import type { Preset } from './ipc/host';

function same(a: string, b: string): boolean {
  return a.trim().toLocaleLowerCase() === b.trim().toLocaleLowerCase();
}

export function presetNamed(presets: readonly Preset[], name: string): Preset | undefined {
  return presets.find((preset) => same(preset.name, name));
}

/** With a prompt under a name; the one that had the name before is replaced in its place. */
export function withPreset(presets: readonly Preset[], name: string, text: string): Preset[] {
  const saved = { name: name.trim(), text };
  return presetNamed(presets, name) === undefined
    ? [...presets, saved]
    : presets.map((preset) => (same(preset.name, name) ? saved : preset));
}

/** With another name for a preset, or `null` where that name is taken. */
export function withName(
  presets: readonly Preset[],
  preset: Preset,
  name: string,
): Preset[] | null {
  const owner = presetNamed(presets, name);
  if (owner !== undefined && owner !== preset) return null;
  return presets.map((known) => (known === preset ? { ...known, name: name.trim() } : known));
}

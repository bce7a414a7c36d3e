/**
 * A day of a machine that does not exist, as SHDR: enough states, alarms, runs and garbage to notice when one is lost or
 * doubled. The same number gives the same text.
 */
export const syntheticRecording = (lines: number): string => {
  let seed = 42;
  const chance = () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return seed / 2 ** 32;
  };
  const pick = <T>(list: readonly T[]): T => list[Math.floor(chance() * list.length)]!;
  let ms = Date.parse('2026-01-05T06:00:00.000Z');
  let parts = 0;
  const rows: string[] = [];
  for (let n = 0; n < lines; n++) {
    ms += Math.floor(chance() * 1_500);
    const stamp = new Date(ms - (chance() < 0.01 ? 20_000 : 0)).toISOString();
    const roll = chance();
    if (roll < 0.1)
      rows.push(`${stamp}|execution|${pick(['ACTIVE', 'ACTIVE', 'READY', 'INTERRUPTED', 'UNAVAILABLE'])}`);
    else if (roll < 0.15) rows.push(`${stamp}|part_count|${++parts}|load|${n}`);
    else if (roll < 0.2)
      rows.push(`${stamp}|system|${pick(['Normal||||', 'Warning|17||| hot', 'Fault|17||| hot', 'Fault|99|||'])}`);
    else if (roll < 0.201) rows.push(`garbage ${n}`);
    else rows.push(`${stamp}|load|${n}|speed|${n % 97}`);
  }
  return `${rows.join('\n')}\n`;
};

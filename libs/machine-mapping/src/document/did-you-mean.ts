/** Fewest letters to change, add, leave out or swap with a neighbour to come from one word to the other; more than `most` is `most + 1`. */
const distance = (a: string, b: string, most: number): number => {
  if (Math.abs(a.length - b.length) > most) return most + 1;
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, n) => n);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let least = Math.min(last[j]! + 1, next[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) least = Math.min(least, before[j - 2]! + 1);
      next.push(least);
    }
    if (Math.min(...next, ...last) > most) return most + 1;
    before = last;
    last = next;
  }
  return last[b.length]!;
};

const LONGEST = 64;

/** The known word that someone who wrote `word` probably meant, or null. */
export const nearestWord = (word: string, known: Iterable<string>): string | null => {
  if (word.length > LONGEST) return null;
  const most = word.length <= 3 ? 1 : word.length <= 6 ? 2 : 3;
  const lower = word.toLowerCase();
  let nearest: { word: string; far: number } | null = null;
  for (const candidate of known) {
    if (candidate.length > LONGEST) continue;
    const far = distance(lower, candidate.toLowerCase(), most);
    if (far <= most && far < candidate.length && (nearest === null || far < nearest.far))
      nearest = { word: candidate, far };
  }
  return nearest?.word ?? null;
};

const NAMED = 30;

/** `; did you mean 'good'?`, or the words there are, or nothing. */
export const suggestion = (word: string, known: readonly string[], kind: string): string => {
  const nearest = nearestWord(word, known);
  if (nearest !== null) return `; did you mean '${nearest}'?`;
  if (known.length === 0) return `; there are no ${kind} here`;
  const more = known.length > NAMED ? ` and ${known.length - NAMED} more` : '';
  return `; ${kind} are ${known.slice(0, NAMED).join(', ')}${more}`;
};

/** A word of the author's, short enough for a sentence. */
export const quoted = (word: string): string => `'${word.length > 60 ? `${word.slice(0, 60)}…` : word}'`;

/** A place in the text of a mapping; lines and columns count from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
  /** The way there by names: `rules[2].lengths.good`. */
  readonly path: string;
}

/** What is wrong with a mapping, where, and what to do; told to the person who wrote it. */
export interface MappingProblem extends Place {
  /** For programs: `unknown_key`, `missing_unit`, `expression_type`, ... */
  readonly code: string;
  readonly detail: string;
}

/** More than a person reads at once; a hostile document has no end of them. */
export const PROBLEMS_TOLD = 100;

/** Collects what is wrong, so that everything is told at once. */
export class ProblemList {
  private readonly found: MappingProblem[] = [];

  /** `detail` as a function is for sentences that take time: those that nobody will read are not made. */
  add(place: Place, code: string, sentence: string | (() => string)): void {
    if (this.isFull) return;
    const { line, column, path } = place;
    const detail = typeof sentence === 'string' ? sentence : sentence();
    if (this.found.some((known) => known.line === line && known.column === column && known.detail === detail)) return;
    this.found.push({ line, column, path, code, detail });
  }

  get isFull(): boolean {
    return this.found.length >= PROBLEMS_TOLD;
  }

  get isEmpty(): boolean {
    return this.found.length === 0;
  }

  /** In the order of the text. */
  inOrder(): MappingProblem[] {
    return [...this.found].sort((a, b) => a.line - b.line || a.column - b.column);
  }
}

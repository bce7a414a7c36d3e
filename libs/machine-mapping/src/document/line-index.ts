/** Lines and columns of a text by offset. The parser's own count goes wrong at characters that YAML does not allow. */
export class LineIndex {
  private readonly starts: number[] = [0];

  constructor(private readonly text: string) {
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.starts.push(at + 1);
  }

  /** Both from 1; an offset behind the text is its end. */
  at(offset: number): { readonly line: number; readonly column: number } {
    const within = Math.max(0, Math.min(offset, this.text.length));
    let [low, high] = [0, this.starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.starts[middle]! <= within) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: within - this.starts[low]! + 1 };
  }
}

/** The shortest decimal that is this 32-bit float: 16.4226, and not the 16.422599792480469 of its double. */
export const shortestFloat = (value: number): number => {
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return value;
};

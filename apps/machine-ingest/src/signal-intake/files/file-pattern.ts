/** What is written beside a file, or is not yet whole by the custom of those who copy files. */
const PASSED_OVER = ['.rejected', '.part', '.partial', '.filepart', '.tmp', '.crdownload'];

/** Whether a name is one that the pattern means: `*` any characters, `?` one. Case counts. */
export const isWanted = (name: string, pattern: string): boolean =>
  !name.startsWith('.') && !PASSED_OVER.some((ending) => name.endsWith(ending)) && matches(name, pattern);

/** Goes back to the last star only, so no pattern takes more than name times pattern. */
const matches = (name: string, pattern: string): boolean => {
  let at = 0;
  let place = 0;
  let star = -1;
  let starAt = 0;
  while (at < name.length) {
    if (place < pattern.length && (pattern[place] === '?' || pattern[place] === name[at]) && pattern[place] !== '*') {
      at++;
      place++;
    } else if (pattern[place] === '*') {
      star = place++;
      starAt = at;
    } else if (star >= 0) {
      place = star + 1;
      at = ++starAt;
    } else return false;
  }
  while (pattern[place] === '*') place++;
  return place === pattern.length;
};

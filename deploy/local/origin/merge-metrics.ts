/**
 * One Prometheus text from those of several services: every sample gets the label `service`, and each metric its HELP and
 * TYPE once, as the format demands, with all its samples beneath.
 */
export const mergeMetrics = (texts: ReadonlyMap<string, string>): string => {
  const families = new Map<string, { head: string[]; samples: string[] }>();
  for (const [service, text] of texts) {
    let current = '';
    for (const line of text.split('\n')) {
      if (line === '') continue;
      const head = /^# (?:HELP|TYPE) (\S+)/.exec(line);
      if (head !== null) {
        current = head[1] as string;
        const family = familyOf(families, current);
        const kind = line.slice(0, 6);
        if (!family.head.some((known) => known.startsWith(kind))) family.head.push(line);
      } else if (!line.startsWith('#')) {
        const name = /^[^{\s]+/.exec(line)?.[0] ?? '';
        // Samples of a histogram are named <metric>_bucket, _sum and _count.
        const family = current !== '' && name.startsWith(current) ? current : name;
        familyOf(families, family).samples.push(withService(line, name, service));
      }
    }
  }
  return `${[...families.values()].flatMap(({ head, samples }) => [...head, ...samples]).join('\n')}\n`;
};

const familyOf = (families: Map<string, { head: string[]; samples: string[] }>, name: string) => {
  const known = families.get(name);
  if (known !== undefined) return known;
  const made = { head: [], samples: [] };
  families.set(name, made);
  return made;
};

const withService = (line: string, name: string, service: string): string => {
  const rest = line.slice(name.length);
  if (!rest.startsWith('{')) return `${name}{service="${service}"}${rest}`;
  return rest.startsWith('{}')
    ? `${name}{service="${service}"}${rest.slice(2)}`
    : `${name}{service="${service}",${rest.slice(1)}`;
};

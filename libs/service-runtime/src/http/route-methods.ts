/** The part of Express' router that tells which routes there are. */
interface RouterLayer {
  readonly route?: { readonly methods: { readonly [method: string]: boolean } };
  match(path: string): boolean;
}

/** Methods that the application answers at this path, upper case; empty when there is no route for it. */
export const methodsOf = (express: { router?: { stack?: RouterLayer[] } }, path: string): string[] => {
  const methods = new Set<string>();
  for (const layer of express.router?.stack ?? []) {
    if (layer.route === undefined || !matches(layer, path)) continue;
    for (const method of Object.keys(layer.route.methods)) methods.add(method.toUpperCase());
  }
  if (methods.has('GET')) methods.add('HEAD');
  methods.delete('_ALL');
  return [...methods].sort();
};

const matches = (layer: RouterLayer, path: string): boolean => {
  try {
    return layer.match(path);
  } catch {
    return false;
  }
};

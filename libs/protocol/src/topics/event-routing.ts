/** Module of an event type by its first word; the topic `events.<module>` that an event given by HTTP is stored in. */
const MODULE_OF_FIRST_WORD: { readonly [word: string]: string } = {
  machine: 'mes',
  production: 'mes',
  bundle: 'mes',
  ingest: 'mes',
  work_order: 'mes',
  operation: 'mes',
  quality: 'quality',
  inventory: 'inventory',
  stock: 'inventory',
  transfer: 'inventory',
  order: 'order',
  shopify: 'order',
  sale: 'rewards',
  redemption: 'rewards',
  document: 'sign',
  ticket: 'support',
  campaign: 'campaign',
  contact: 'campaign',
  qr: 'qr',
  certificate: 'tax',
  warranty: 'aftersale',
  claim: 'aftersale',
  tradein: 'aftersale',
  catalog: 'catalog',
  supplier: 'compliance',
  product: 'compliance',
  batch: 'compliance',
  sync: 'compliance',
  dds: 'compliance',
  run: 'agents',
  endpoint: 'operations',
  delivery: 'operations',
};

export const moduleOfType = (type: string): string => {
  const dot = type.indexOf('.');
  const word = dot < 0 ? type : type.slice(0, dot);
  return (Object.hasOwn(MODULE_OF_FIRST_WORD, word) && MODULE_OF_FIRST_WORD[word]) || 'custom';
};

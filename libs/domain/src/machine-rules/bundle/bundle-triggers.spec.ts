import { NEW_BUNDLE_SLOT, type ToldValue } from './bundle-state';
import { firedBy, rememberTold } from './bundle-triggers';
import { lineRule } from './rollform-mapping.fixture';

const rule = lineRule();

it.each<[string, ToldValue, ToldValue]>([
  ['a text', 'x'.repeat(2_000), `${'x'.repeat(1_999)}y`],
  ['an object', { text: 'x'.repeat(2_000) }, { text: `${'x'.repeat(1_999)}y` }],
])(
  '%s that is long is the same when it is said again, another with another end, and takes little room',
  (_, said, other) => {
    const slot = rememberTold(NEW_BUNDLE_SLOT, rule, 'bundleNumber', said);
    expect(firedBy(slot, rule, 'bundleNumber', structuredClone(said))).toMatchObject({ open: false, goesOn: false });
    expect(firedBy(slot, rule, 'bundleNumber', other)).toMatchObject({ open: true, goesOn: true });
    expect(JSON.stringify(slot.told).length).toBeLessThan(300);
  },
);

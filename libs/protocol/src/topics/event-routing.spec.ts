import { moduleOfType } from './event-routing';
import { EVENT_MODULES } from './topics';

describe('moduleOfType', () => {
  it.each([
    ['machine.alarm', 'mes'],
    ['production.run_completed', 'mes'],
    ['bundle.completed', 'mes'],
    ['work_order.created', 'mes'],
    ['order.picked', 'order'],
    ['shopify.sync_completed', 'order'],
    ['sale.approved', 'rewards'],
    ['document.signed', 'sign'],
    ['ticket.resolved', 'support'],
    ['contact.unsubscribed', 'campaign'],
    ['certificate.expiring', 'tax'],
    ['tradein.approved', 'aftersale'],
    ['dds.submitted', 'compliance'],
    ['run.failed', 'agents'],
    ['machine', 'mes'],
    ['acme.thing', 'custom'],
    ['machines.alarm', 'custom'],
    ['constructor.x', 'custom'],
    ['__proto__', 'custom'],
    ['', 'custom'],
  ])('of %j is %s', (type, module) => {
    expect(moduleOfType(type)).toBe(module);
    expect(EVENT_MODULES).toContain(module);
  });
});

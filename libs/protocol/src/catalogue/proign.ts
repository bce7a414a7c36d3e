import type { BuiltInEventType } from './built-in-event-type';
import {
  amount,
  count,
  data,
  date,
  email,
  flag,
  id,
  integer,
  listOf,
  type Members,
  object,
  oneOf,
  orNull,
  text,
  time,
  uri,
} from './schema-words';

const type = (
  name: string,
  description: string,
  schema: BuiltInEventType['schema'],
  example: BuiltInEventType['example'],
): BuiltInEventType => ({ name, version: 1, description, schema, example });

const currency = text('ISO 4217.');
const order = id('The order.');
const orderNumber: Members = { order_number: text('The number that people know it by.') };
const lines = listOf(
  object({ sku: id('The article.'), quantity: count('How many.') }, { title: text('Its name.') }),
  'The articles.',
);

const FULFILLMENT = [
  type(
    'order.created',
    'A new order was synced from Shopify.',
    data(
      { order_id: order },
      {
        ...orderNumber,
        shopify_order_id: text('Its id at Shopify.'),
        customer_email: email('Who ordered.'),
        shipping_method: text('How it is to be sent.'),
        currency,
        total: amount('What it costs.'),
        line_items: lines,
        created_at: time('When.'),
      },
    ),
    {
      order_id: 'ord_123',
      order_number: '#1042',
      shopify_order_id: '5678901234',
      customer_email: 'ana@example.com',
      shipping_method: 'express',
      currency: 'USD',
      total: 149.5,
      line_items: [{ sku: 'PANEL-26', quantity: 4, title: 'Panel 26 ga' }],
      created_at: '2024-01-15T08:02:11Z',
    },
  ),
  type(
    'order.picked',
    'The items of an order were picked.',
    data({ order_id: order }, { ...orderNumber, picked_by: text('Who.'), line_items: lines, picked_at: time('When.') }),
    {
      order_id: 'ord_123',
      order_number: '#1042',
      picked_by: 'usr_17',
      line_items: [{ sku: 'PANEL-26', quantity: 4 }],
      picked_at: '2024-01-15T09:10:00Z',
    },
  ),
  type(
    'order.packed',
    'The items of an order were packed.',
    data(
      { order_id: order },
      {
        ...orderNumber,
        packed_by: text('Who.'),
        packages: count('How many parcels.'),
        weight_kg: amount('Of all parcels.'),
        packed_at: time('When.'),
      },
    ),
    {
      order_id: 'ord_123',
      order_number: '#1042',
      packed_by: 'usr_17',
      packages: 1,
      weight_kg: 12.4,
      packed_at: '2024-01-15T09:40:00Z',
    },
  ),
  type(
    'order.shipped',
    'A shipping label was made, and the order is on its way.',
    data(
      { order_id: order },
      {
        ...orderNumber,
        tracking_number: text("The carrier's number."),
        carrier: text('Who carries it.'),
        shipping_method: text('How it is sent.'),
        shipped_at: time('When.'),
      },
    ),
    {
      order_id: 'ord_123',
      tracking_number: '1Z999AA10123456784',
      carrier: 'UPS',
      shipped_at: '2024-01-15T10:30:00Z',
    },
  ),
];

const sale: Members = { dealer_id: text('Whose counter.'), product_sku: text('What.'), quantity: count('How many.') };

const REWARDS = [
  type(
    'sale.recorded',
    'A counter sale was submitted.',
    data(
      { sale_id: id('The sale.') },
      {
        ...sale,
        amount: amount('What was paid.'),
        currency,
        recorded_by: text('Who.'),
        recorded_at: time('When.'),
      },
    ),
    {
      sale_id: 'sal_881',
      dealer_id: 'dlr_12',
      product_sku: 'PANEL-26',
      quantity: 4,
      amount: 149.5,
      currency: 'USD',
      recorded_by: 'usr_17',
      recorded_at: '2024-01-15T10:30:00Z',
    },
  ),
  type(
    'sale.approved',
    'A sale was approved and its points were credited.',
    data(
      { sale_id: id('The sale.') },
      {
        ...sale,
        points_credited: count('Points.'),
        points_balance: integer('Points after it.'),
        approved_by: text('Who.'),
        approved_at: time('When.'),
      },
    ),
    {
      sale_id: 'sal_881',
      dealer_id: 'dlr_12',
      points_credited: 150,
      points_balance: 2350,
      approved_by: 'usr_3',
      approved_at: '2024-01-15T11:00:00Z',
    },
  ),
  type(
    'redemption.created',
    'Points were redeemed for a product.',
    data(
      { redemption_id: id('The redemption.') },
      {
        member_id: text('Who.'),
        product_sku: text('For what.'),
        points_spent: count('Points.'),
        points_balance: integer('Points after it.'),
        created_at: time('When.'),
      },
    ),
    {
      redemption_id: 'red_55',
      member_id: 'mem_204',
      product_sku: 'GIFT-CARD-50',
      points_spent: 500,
      points_balance: 1850,
      created_at: '2024-01-15T12:00:00Z',
    },
  ),
];

const documentId = id('The document.');
const signer = object({ email: email('Their address.') }, { name: text('Their name.') }, 'Who.');
const ana = { email: 'ana@example.com', name: 'Ana Berg' };

const SIGN = [
  type(
    'document.sent',
    'A document was sent for signature.',
    data(
      { document_id: documentId },
      { title: text('Its title.'), signers: listOf(signer, 'Who is to sign.'), sent_at: time('When.') },
    ),
    { document_id: 'doc_310', title: 'Supply agreement 2024', signers: [ana], sent_at: '2024-01-15T10:30:00Z' },
  ),
  type(
    'document.viewed',
    'A signer opened the document.',
    data({ document_id: documentId }, { title: text('Its title.'), signer, viewed_at: time('When.') }),
    { document_id: 'doc_310', title: 'Supply agreement 2024', signer: ana, viewed_at: '2024-01-15T10:41:00Z' },
  ),
  type(
    'document.signed',
    'All signatures were collected.',
    data(
      { document_id: documentId },
      {
        title: text('Its title.'),
        signers: listOf(signer, 'Who signed.'),
        signed_at: time('When the last one did.'),
        download_url: uri('The signed document.'),
      },
    ),
    {
      document_id: 'doc_310',
      title: 'Supply agreement 2024',
      signers: [ana],
      signed_at: '2024-01-15T11:05:00Z',
      download_url: 'https://sign.example.com/documents/doc_310.pdf',
    },
  ),
  type(
    'document.declined',
    'A signer declined to sign.',
    data(
      { document_id: documentId },
      { title: text('Its title.'), signer, reason: orNull(text('Why.')), declined_at: time('When.') },
    ),
    {
      document_id: 'doc_310',
      title: 'Supply agreement 2024',
      signer: ana,
      reason: 'The delivery terms have changed.',
      declined_at: '2024-01-15T11:05:00Z',
    },
  ),
];

const ticket: Members = {
  subject: text('What it is about.'),
  priority: oneOf(['low', 'normal', 'high', 'urgent'], 'How urgent it is.'),
  requester_email: email('Who asked.'),
};

const SUPPORT = [
  type(
    'ticket.created',
    'A new support ticket was submitted.',
    data({ ticket_id: id('The ticket.') }, { ...ticket, created_at: time('When.') }),
    {
      ticket_id: 'tck_900',
      subject: 'Coil arrived damaged',
      priority: 'high',
      requester_email: 'ana@example.com',
      created_at: '2024-01-15T10:30:00Z',
    },
  ),
  type(
    'ticket.replied',
    'A reply was added to a ticket.',
    data(
      { ticket_id: id('The ticket.') },
      {
        reply_id: text('The reply.'),
        author_email: email('Who replied.'),
        author_type: oneOf(['agent', 'customer'], 'On which side.'),
        body: text('What was said.'),
        replied_at: time('When.'),
      },
    ),
    {
      ticket_id: 'tck_900',
      reply_id: 'rpl_1',
      author_email: 'help@example.com',
      author_type: 'agent',
      body: 'A replacement is on its way.',
      replied_at: '2024-01-15T10:52:00Z',
    },
  ),
  type(
    'ticket.resolved',
    'A ticket was marked as resolved.',
    data(
      { ticket_id: id('The ticket.') },
      { ...ticket, resolved_by: text('Who.'), resolution: orNull(text('How.')), resolved_at: time('When.') },
    ),
    {
      ticket_id: 'tck_900',
      subject: 'Coil arrived damaged',
      resolved_by: 'usr_8',
      resolution: 'Replaced.',
      resolved_at: '2024-01-16T09:00:00Z',
    },
  ),
];

const stock: Members = { sku: id('The article.') };

const INVENTORY = [
  type(
    'stock.low',
    'Stock fell below its threshold.',
    data(stock, {
      location_id: text('Where.'),
      quantity: integer('How many there are.'),
      threshold: integer('How many there should be.'),
      detected_at: time('When.'),
    }),
    { sku: 'PANEL-26', location_id: 'loc_1', quantity: 8, threshold: 20, detected_at: '2024-01-15T10:30:00Z' },
  ),
  type(
    'stock.adjusted',
    'The quantity of an article in stock changed.',
    data(stock, {
      location_id: text('Where.'),
      previous_quantity: integer('How many there were.'),
      quantity: integer('How many there are.'),
      delta: integer('The difference.'),
      reason: orNull(text('Why.')),
      adjusted_at: time('When.'),
    }),
    {
      sku: 'PANEL-26',
      location_id: 'loc_1',
      previous_quantity: 12,
      quantity: 8,
      delta: -4,
      reason: 'cycle_count',
      adjusted_at: '2024-01-15T10:30:00Z',
    },
  ),
  type(
    'transfer.completed',
    'A stock transfer is finished.',
    data(
      { transfer_id: id('The transfer.') },
      {
        from_location_id: text('From where.'),
        to_location_id: text('To where.'),
        line_items: lines,
        completed_at: time('When.'),
      },
    ),
    {
      transfer_id: 'trf_77',
      from_location_id: 'loc_1',
      to_location_id: 'loc_2',
      line_items: [{ sku: 'PANEL-26', quantity: 40 }],
      completed_at: '2024-01-15T10:30:00Z',
    },
  ),
];

const channel = oneOf(['email', 'sms'], 'By which way.');

const CAMPAIGN = [
  type(
    'campaign.sent',
    'The messages of a campaign were dispatched.',
    data(
      { campaign_id: id('The campaign.') },
      { name: text('Its name.'), channel, recipients: count('To how many.'), sent_at: time('When.') },
    ),
    {
      campaign_id: 'cmp_5',
      name: 'Spring price list',
      channel: 'email',
      recipients: 1200,
      sent_at: '2024-01-15T10:30:00Z',
    },
  ),
  type(
    'campaign.completed',
    'All recipients of a campaign were processed.',
    data(
      { campaign_id: id('The campaign.') },
      {
        name: text('Its name.'),
        delivered: count('Delivered to so many.'),
        failed: count('Not delivered to so many.'),
        completed_at: time('When.'),
      },
    ),
    {
      campaign_id: 'cmp_5',
      name: 'Spring price list',
      delivered: 1184,
      failed: 16,
      completed_at: '2024-01-15T10:55:00Z',
    },
  ),
  type(
    'contact.unsubscribed',
    'A contact opted out.',
    data(
      { contact_id: id('The contact.') },
      {
        email: orNull(email('Their address.')),
        channel,
        campaign_id: orNull(text('After which campaign.')),
        reason: orNull(text('Why.')),
        unsubscribed_at: time('When.'),
      },
    ),
    {
      contact_id: 'con_42',
      email: 'ana@example.com',
      channel: 'email',
      campaign_id: 'cmp_5',
      reason: null,
      unsubscribed_at: '2024-01-15T11:20:00Z',
    },
  ),
];

const QR = [
  type(
    'qr.scanned',
    'A QR code was scanned by an end user.',
    data(
      { qr_code_id: id('The code.') },
      {
        target_url: uri('Where it leads.'),
        country: orNull(text('ISO 3166-1 alpha-2.')),
        device: orNull(text('With what.')),
        scan_count: count('So many times by now.'),
        scanned_at: time('When.'),
      },
    ),
    {
      qr_code_id: 'qr_9',
      target_url: 'https://example.com/panel-26',
      country: 'US',
      device: 'mobile',
      scan_count: 99,
      scanned_at: '2024-01-15T10:30:00Z',
    },
  ),
  type(
    'qr.threshold_reached',
    'A QR code was scanned as many times as its alert threshold says.',
    data(
      { qr_code_id: id('The code.') },
      { threshold: count('The threshold.'), scan_count: count('The scans.'), reached_at: time('When.') },
    ),
    { qr_code_id: 'qr_9', threshold: 100, scan_count: 100, reached_at: '2024-01-15T10:31:00Z' },
  ),
];

const certificate: Members = {
  customer_id: text('Whose it is.'),
  state: text('For which state.'),
  expires_on: date('Until when it holds.'),
};

const TAX = [
  type(
    'certificate.uploaded',
    'A new exemption certificate was added.',
    data(
      { certificate_id: id('The certificate.') },
      { ...certificate, uploaded_by: text('Who.'), uploaded_at: time('When.') },
    ),
    {
      certificate_id: 'crt_61',
      customer_id: 'cus_100',
      state: 'TX',
      expires_on: '2025-01-31',
      uploaded_by: 'usr_3',
      uploaded_at: '2024-01-15T10:30:00Z',
    },
  ),
  type(
    'certificate.expiring',
    'A certificate nears its expiry date.',
    data({ certificate_id: id('The certificate.') }, { ...certificate, days_left: integer('Days until then.') }),
    { certificate_id: 'crt_61', customer_id: 'cus_100', state: 'TX', expires_on: '2025-01-31', days_left: 30 },
  ),
];

const AFTERSALE = [
  type(
    'warranty.registered',
    'A new warranty was registered.',
    data(
      { warranty_id: id('The warranty.') },
      {
        product_sku: text('For what.'),
        serial_number: orNull(text('Its serial number.')),
        customer_email: email('For whom.'),
        purchased_on: date('The day of purchase.'),
        expires_on: date('Until when it holds.'),
        registered_at: time('When.'),
      },
    ),
    {
      warranty_id: 'war_12',
      product_sku: 'PANEL-26',
      serial_number: 'SN-0001932',
      customer_email: 'ana@example.com',
      purchased_on: '2024-01-10',
      expires_on: '2034-01-10',
      registered_at: '2024-01-15T10:30:00Z',
    },
  ),
  type(
    'claim.submitted',
    'A warranty claim was filed.',
    data(
      { claim_id: id('The claim.') },
      {
        warranty_id: text('By which warranty.'),
        description: text('What is wrong.'),
        photos: count('Pictures with it.'),
        submitted_at: time('When.'),
      },
    ),
    {
      claim_id: 'clm_4',
      warranty_id: 'war_12',
      description: 'The coating peels at the edge.',
      photos: 3,
      submitted_at: '2024-03-02T14:00:00Z',
    },
  ),
  type(
    'tradein.submitted',
    'A trade-in was asked for.',
    data(
      { tradein_id: id('The trade-in.') },
      {
        customer_email: email('Who asks.'),
        product_sku: text('What is traded in.'),
        condition: text('Its condition.'),
        submitted_at: time('When.'),
      },
    ),
    {
      tradein_id: 'trd_8',
      customer_email: 'ana@example.com',
      product_sku: 'BRAKE-10FT',
      condition: 'used',
      submitted_at: '2024-01-15T10:30:00Z',
    },
  ),
  type(
    'tradein.approved',
    'A trade-in was approved and credit was issued.',
    data(
      { tradein_id: id('The trade-in.') },
      {
        credit_amount: amount('How much.'),
        currency,
        approved_by: text('Who.'),
        approved_at: time('When.'),
      },
    ),
    {
      tradein_id: 'trd_8',
      credit_amount: 850,
      currency: 'USD',
      approved_by: 'usr_3',
      approved_at: '2024-01-16T09:00:00Z',
    },
  ),
];

const CATALOG = [
  type(
    'catalog.generated',
    'A catalog was made as PDF.',
    data(
      { catalog_id: id('The catalog.') },
      {
        name: text('Its name.'),
        pages: count('Its pages.'),
        products: count('Products in it.'),
        url: uri('Where it is.'),
        generated_at: time('When.'),
      },
    ),
    {
      catalog_id: 'cat_3',
      name: 'Roofing 2024',
      pages: 64,
      products: 412,
      url: 'https://files.example.com/catalogs/cat_3.pdf',
      generated_at: '2024-01-15T10:30:00Z',
    },
  ),
  type(
    'shopify.sync_completed',
    'The products were synced with Shopify.',
    data(
      { sync_id: id('The run.') },
      {
        created: count('Products added.'),
        updated: count('Products changed.'),
        failed: count('Products refused.'),
        partial: flag('Some were left for the next run.'),
        completed_at: time('When.'),
      },
    ),
    {
      sync_id: 'syn_20240115',
      created: 3,
      updated: 118,
      failed: 0,
      partial: false,
      completed_at: '2024-01-15T10:30:00Z',
    },
  ),
];

/** All modules of the suite (PROIGN); its machine and production events are Millrace's own, see millrace.ts. */
export const PROIGN_EVENT_TYPES: readonly BuiltInEventType[] = [
  ...FULFILLMENT,
  ...REWARDS,
  ...SIGN,
  ...SUPPORT,
  ...INVENTORY,
  ...CAMPAIGN,
  ...QR,
  ...TAX,
  ...AFTERSALE,
  ...CATALOG,
];

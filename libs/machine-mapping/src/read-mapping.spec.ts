import { readMapping } from './read-mapping';
import { HEAD, readOrFail, SIGNALS, STATUS_RULE, told, withRules } from './written.fixture';

/** The rules of the design, as they are written there. */
const DESIGN = `
apiVersion: ingest/v1
machine: { tenant: acme, id: rf-01, timeZone: America/Chicago, number: 1 }
sources:
  line: { type: sparkplug, group: PlantA, node: RollForm, device: Line1, role: active, rebirthMinInterval: 10s }
signals:
  state:   { source: line, metric: Line/State,   type: string, staleAfter: 30s }
  good:    { source: line, metric: Length/Good,  type: double, unit: "[in_i]", deadband: 0 }
  scrap:   { source: line, metric: Length/Scrap, type: double, unit: "[in_i]" }
  reclaimed: { source: line, metric: Length/Reclaimed, type: double, unit: "[in_i]" }
  scrapReason: { source: line, metric: Scrap/Reason }
  delayReason: { source: line, metric: Delay/Reason }
  ordId: { source: line, metric: Job/OrdId, type: int64 }
  orderCode: { source: line, metric: Job/OrderCode }
  workOrder: { source: line, metric: Job/WorkOrder }
  materialCode: { source: line, metric: Job/MaterialCode }
  toolingCode: { source: line, metric: Job/ToolingCode }
  expectedBundles: { source: line, metric: Job/ExpectedBundleCount }
  bundleNumber: { source: line, metric: Bundle/Number, type: int }
  bundleSequence: { source: line, metric: Bundle/Sequence }
  bundleComplete: { source: line, metric: Bundle/Complete, type: boolean }
  bundleWeight: { source: line, metric: Bundle/Weight, unit: "[lb_av]" }
  lbsPerFt: { source: line, metric: Job/LbsPerFt, type: double }
  coilSerial: { source: line, metric: Coil/Serial }
  coilMaterial: { source: line, metric: Coil/Material }
  coilHeat: { source: line, metric: Coil/Heat }
  itmId: { source: line, metric: Item/ItmId }
  itemDone: { source: line, metric: Item/QuantityDone }
  itemLength: { source: line, metric: Item/LengthTarget, unit: "[in_i]" }
  pieceLength: { source: line, metric: Piece/Length, unit: "[in_i]" }
  temp:    { source: line, metric: Hyd/Temp, type: float, unit: Cel, deadband: { abs: 0.5, maxTime: 30m } }
  doorOpen: { source: line, metric: Door/Open, type: bool }
  partCount: { source: line, metric: Parts, type: uint16 }
  exec: { source: line, metric: Exec, type: string }
rules:
- { id: status, kind: stateMap, input: state, debounce: 2s, debounceOffline: 0s, emit: machine.status_changed,
    map: { RUN: running, HALT: idle }, transitional: [], otherwise: unknown }
- { id: hot, kind: threshold, input: temp, raiseAbove: 80, clearBelow: 75, onDelay: 5s, offDelay: 10s, latched: false, emit: machine.alarm, alarm: { code: HYD-TEMP, severity: high } }
- { id: cond, kind: condition, source: line, key: "item + '/' + nativeCode", clearOnEmptyCode: true, reconnectNormalClears: true, maxRate: 30/min, emit: machine.alarm }
- { id: door, kind: edge, input: doorOpen, on: rising, when: "state == 'running'", emit: machine.alarm }
- { id: parts, kind: counter, input: partCount, modulus: 65536, maxStep: 50, onDecrease: auto, emit: production.counted }
- { id: silent, kind: watchdog, source: line, timeout: 30s, recoverAfter: 10s, emit: machine.status_changed }
- { id: run, kind: run, start: "state.edge('running')", end: "exec == 'PROGRAM_COMPLETED'", settle: 2s, maxOpen: 24h, counters: [parts], emit: production.run_completed }
- id: bundle
  kind: bundle
  open: { on: [bundleNumber.changed, firstPiece] }
  close: { on: bundleComplete.rising, settle: 2s, alsoOn: bundleNumber.changed }
  start: first-running-after-open
  key: "string(ordId) + '-' + pad(bundleNumber, 2)"
  fields: { JobId: "'Jobs/' + string(ordId)", OrdId: ordId, OrderCode: orderCode, WorkOrder: workOrder, MaterialCode: materialCode,
            ToolingCode: toolingCode, BundleNumber: bundleNumber, BundleSequence: bundleSequence, ExpectedBundleCount: expectedBundles }
  lengths: { good: good, scrap: scrap, reclaimed: reclaimed, canonical: "[in_i]", round: 3 }
  reasons:
    scrap: { input: scrapReason, attribute: last-unassigned, window: 10m, default: "0" }
    delay: { input: delayReason, attribute: last-closed-or-open, window: 15m, default: "0" }
  time: { run: "state == 'RUN'", delay: "state != 'RUN'", gap: bridge }
  coils: { splitOn: coilSerial, fields: { CoilMaterialCode: coilMaterial, CoilHeatNumber: coilHeat } }
  items: { key: itmId, quantityDone: itemDone, length: itemLength, piece: pieceLength }
  weight: { input: bundleWeight, else: "goodFt * lbsPerFt" }
  enrich: { Job: masterdata.job(ordId), Material: masterdata.material(materialCode), Tooling: masterdata.tooling(toolingCode) }
  emit: bundle.completed
tests:
- { feed: fixtures/base.ndjson, expect: fixtures/expected.json }
`;

describe('the mapping of the design', () => {
  const { mapping, machines, tenant, tests, warnings, hash } = readOrFail(DESIGN);

  it('is read as it is written', () => {
    expect(warnings).toEqual([]);
    expect(tenant).toBe('acme');
    expect(tests).toHaveLength(1);
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(machines).toEqual([{ machine: 'rf-01', mapping }]);
    expect(mapping).toMatchObject({
      name: 'rf-01',
      version: 1,
      hash,
      machine: { timeZone: 'America/Chicago', number: 1 },
    });
    expect(mapping.sources).toEqual({
      line: { source: null, maxSkewMs: 300_000, maxBacklogMs: null, reorder: { windowMs: 2_000, records: 256 } },
    });
    expect(mapping.signals['temp']).toEqual({
      alias: 'temp',
      source: 'line',
      paths: ['Hyd/Temp'],
      ignoreCase: false,
      type: 'float',
      unit: 'Cel',
      scale: null,
      modulus: null,
      staleAfterMs: null,
      deadband: { abs: 0.5, maxTimeMs: 1_800_000 },
    });
    expect(mapping.rules.map(({ id }) => id)).toEqual([
      'status',
      'silent',
      'hot',
      'cond',
      'door',
      'parts',
      'run',
      'bundle',
    ]);
    const [status, silent, hot, cond, door, parts, run, bundle] = mapping.rules;
    expect(status).toMatchObject({
      kind: 'stateMap',
      map: { RUN: 'running', HALT: 'idle' },
      debounceMs: 2_000,
      transitionalMs: 60_000,
    });
    expect(silent).toMatchObject({ kind: 'watchdog', source: 'line', timeoutMs: 30_000, recoverAfterMs: 10_000 });
    expect(hot).toMatchObject({
      kind: 'threshold',
      raiseAbove: 80,
      clearBelow: 75,
      raiseBelow: null,
      alarm: { code: 'HYD-TEMP', severity: 'fault' },
    });
    expect(cond).toMatchObject({ kind: 'condition', maxRate: { count: 30, perMs: 60_000 } });
    expect(door).toMatchObject({ kind: 'edge', alarm: { code: 'door', severity: 'warning', text: 'door' } });
    expect(parts).toMatchObject({ kind: 'counter', modulus: 65_536, maxStep: 50, zeroBased: true });
    expect(run).toMatchObject({
      kind: 'run',
      counters: ['parts'],
      settleMs: 2_000,
      maxOpenMs: 86_400_000,
      program: null,
    });
    expect(bundle).toMatchObject({
      kind: 'bundle',
      open: [{ kind: 'changed', alias: 'bundleNumber' }, { kind: 'firstPiece' }],
      close: {
        on: { kind: 'rising', alias: 'bundleComplete' },
        alsoOn: [{ kind: 'changed', alias: 'bundleNumber' }],
        settleMs: 2_000,
      },
      reasons: { scrap: { windowMs: 600_000, default: '0' }, delay: { windowMs: 900_000 } },
      weight: { input: 'bundleWeight', else: { text: 'goodFt * lbsPerFt' } },
    });
  });

  it('has one hash, whatever the spaces, quotes, comments, order of members and language', () => {
    const { document } = readOrFail(DESIGN);
    const turned = (value: unknown): unknown =>
      Array.isArray(value)
        ? value.map(turned)
        : typeof value === 'object' && value !== null
          ? Object.fromEntries(
              Object.entries(value)
                .reverse()
                .map(([name, inner]) => [name, turned(inner)]),
            )
          : value;
    expect(readOrFail(JSON.stringify(document), { format: 'json' }).hash).toBe(hash);
    expect(readOrFail(turned(document) as object).hash).toBe(hash);
    expect(readOrFail(`# said otherwise\n${DESIGN.replaceAll('bridge', '"bridge"')}`).hash).toBe(hash);
    expect(readOrFail(DESIGN.replace('raiseAbove: 80', 'raiseAbove: 81')).hash).not.toBe(hash);
  });
});

describe('the machines of a mapping', () => {
  it('are several where they are alike, each with its own facts', () => {
    const text = withRules(STATUS_RULE).replace(
      'machine: { id: rf-01, timeZone: America/Chicago }',
      'name: twins\nmachines:\n- { id: rf-01, timeZone: America/Chicago, number: 1 }\n- { id: rf-02, timeZone: Europe/Berlin }',
    );
    const { mapping, machines } = readOrFail(text, { version: 7 });
    expect(machines.map(({ machine, mapping: { machine: facts } }) => [machine, facts])).toEqual([
      ['rf-01', { timeZone: 'America/Chicago', number: 1 }],
      ['rf-02', { timeZone: 'Europe/Berlin', number: null }],
    ]);
    expect(mapping).toMatchObject({ name: 'twins', version: 7 });
    expect(machines[1]!.mapping.rules).toBe(mapping.rules);
    expect(machines[1]!.mapping.hash).not.toBe(mapping.hash);
  });
});

describe('what is wrong with a mapping', () => {
  it('is told all at once, in the order of the text', () => {
    expect(
      told(`apiVersion: ingest/v2
machine: { id: rf 01, timeZone: America/Chicgo }
source:
  line: { type: sparkplug }
sources:
  line: { typ: sparkplug, maxSkew: 5 }
signals:
  good: { source: lin, metric: a, unit: inch }
  bad-name: { metric: a, dataItem: b }
rules:
- { id: x, kind: statemap, input: good }
- { id: y, kind: threshold, input: goood, raiseAbove: 10, clearBelow: 20 }
- { id: y, kind: edge, input: good, on: changed, emit: machine.allarm, when: "good >" }
`),
    ).toEqual([
      "1:13 wrong_type: must be ingest/v1, and is the text 'ingest/v2'",
      expect.stringMatching(/^2:16 bad_value: must be the name of the machine, .*and is 'rf 01'$/),
      "2:33 bad_value: 'America/Chicgo' is no IANA time zone; they look like America/Chicago or UTC",
      "3:1 unknown_key: 'source' is not known here; did you mean 'sources'?",
      "6:9 missing: lacks 'type': a kind of source",
      "6:11 unknown_key: 'typ' is not known here; did you mean 'type'?",
      '6:36 wrong_type: must be a duration (a number with ms, s, m, h or d), for example 5s, and is the number 5',
      "8:19 unknown_source: 'lin' is no source of this mapping; did you mean 'line'?",
      "8:41 unknown_unit: 'inch' is no UCUM unit that is known here; did you mean '[in_i]'?",
      expect.stringMatching(/^9:3 bad_name: 'bad-name' must be letters, digits and _/),
      "9:26 conflict: has 'metric' and 'dataItem'; where it comes from is one of them",
      "11:18 unknown_kind: 'statemap' is no kind that is known here; did you mean 'stateMap'?",
      expect.stringMatching(/^12:3 conflict: clears below 20, which lies above 10/),
      "12:36 unknown_signal: 'goood' is no signal of this mapping; did you mean 'good'?",
      expect.stringMatching(/^13:9 duplicate_id: 'y' is the id of another rule already, in line 12/),
      '13:85 expression_syntax: cannot be read: unexpected token: the end',
    ]);
  });

  it.each([
    [
      'eclipse',
      "4:17 bad_value: 'eclipse' is not a kind of source: what Eclipse Pro posts comes by a source of type http",
    ],
    ['mes', "4:17 bad_value: 'mes' is not a kind of source: what an MES posts comes by a source of type http"],
    ['file', "4:17 bad_value: 'file' is not a kind of source: a folder of files is one of type files"],
    ['mqt', "4:17 bad_value: 'mqt' is not a kind of source; did you mean 'mqtt'?"],
  ])('says which source a source of type %s is', (type, problem) => {
    const text = withRules('- { id: e, kind: edge, input: good, on: changed, emit: machine.alarm }').replace(
      /^( +line: \{ type: )\w+/m,
      `$1${type}`,
    );
    expect(told(text)).toContain(problem);
  });

  it('has a path for programs', () => {
    const reading = readMapping(
      withRules('- { id: hot, kind: threshold, input: temp, raiseAbove: 1, alarm: { sev: high } }'),
    );
    expect(reading).toMatchObject({
      kind: 'refused',
      problems: [{ path: 'rules[0].alarm.sev', line: 16, column: 68 }],
    });
  });

  it.each<[string, string[]]>([
    [
      '- { id: b, kind: bundle, key: order, open: { on: order.changd }, close: { on: door.rising }, lengths: { good: parts } }',
      [
        expect.stringMatching(
          /^16:50 bad_value: must be <signal>.changed, .rising or .falling, or firstPiece, for example firstPiece/,
        ),
      ],
    ],
    [
      '- { id: b, kind: bundle, key: order, open: { on: firstPiece }, close: { on: order.rising }, lengths: { good: parts, scrap: temp, canonical: kg } }',
      [
        "16:77 wrong_type: 'order' is string; this needs true or false",
        expect.stringMatching(
          /^16:110 missing_unit: 'parts' has no unit, and a length needs one; write for example unit: "\[in_i\]"/,
        ),
        expect.stringMatching(/^16:124 mixed_units: 'temp' is in Cel, a unit of temperature; this is a length/),
        expect.stringMatching(/^16:141 unknown_unit: 'kg' is a unit of mass, and one of length is needed/),
      ],
    ],
    [
      '- { id: b, kind: bundle, key: parts, open: { on: firstPiece }, close: { on: door.rising }, lengths: { good: good }, fields: { GoodIn: good } }',
      [
        '16:31 expression_type: must be text, and is int; write string(…)',
        expect.stringMatching(/^16:127 conflict: 'GoodIn' is measured by the rule/),
      ],
    ],
    [
      '- { id: s, kind: stateMap, input: message, map: { a: running, A: idle, b: runing } }',
      ["16:75 bad_value: 'runing' is not a status; did you mean 'running'?"],
    ],
    [
      '- { id: s, kind: stateMap, input: message, map: { a: running, A: idle } }',
      [
        "16:35 wrong_type: 'message' is json; this needs a single value",
        expect.stringMatching(/^16:63 unreachable: 'A' is there already in other letters/),
      ],
    ],
    [
      '- { id: r, kind: run, start: order, end: "order == 5", counters: [c, s] }\n- { id: s, kind: watchdog }',
      [
        '16:30 expression_type: must be true or false, and is string; compare it with something',
        expect.stringMatching(/^16:43 expression_type: 'string == int' cannot be done/),
        "16:67 unknown_rule: 'c' is no rule of this mapping; there are no counter rules here",
        "16:70 unknown_rule: 's' is a rule of kind watchdog; a run has counters; there are no counter rules here",
      ],
    ],
    [
      '- { id: a, kind: expr, value: b + 1 }\n- { id: b, kind: expr, value: c }\n- { id: c, kind: expr, value: a * 2 }\n- { id: d, kind: expr, value: c }',
      [
        "16:31 cycle: goes round in a circle: 'a' reads 'b' reads 'c' reads 'a'",
        "17:31 cycle: goes round in a circle: 'b' reads 'c' reads 'a' reads 'b'",
        "18:31 cycle: goes round in a circle: 'c' reads 'a' reads 'b' reads 'c'",
      ],
    ],
    [
      // In whatever order they are written: each has the type of what it computes.
      '- { id: a, kind: expr, value: "b + 1" }\n- { id: b, kind: expr, value: "string(parts)" }\n- { id: c, kind: expr, value: "good * 2", emit: machine.c, when: c }\n- { id: d, kind: expr, value: "temp > 60" }\n- { id: e, kind: counter, input: d }\n- { id: f, kind: edge, input: d, on: rising, emit: machine.f, when: "b.rising" }',
      [
        expect.stringMatching(/^16:32 expression_type: 'string \+ int' cannot be done/),
        '18:66 expression_type: must be true or false, and is double; compare it with something',
        "20:34 wrong_type: 'd' is bool; this needs a number",
        "21:70 expression_type: 'b' is string; only what is true or false is rising, use .changed",
      ],
    ],
    [
      '- { id: good, kind: expr, value: 1 }\n- { id: status, kind: expr, value: 1 }',
      [
        expect.stringMatching(/^16:9 duplicate_id: 'good' is a signal already/),
        expect.stringMatching(/^17:9 reserved_name: 'status' means something else in expressions/),
      ],
    ],
    [
      '- { id: p, kind: passthrough, input: order }\n- { id: q, kind: passthrough, input: message, emit: work_order.created, type: "message.type" }',
      [
        "16:3 missing_emit: lacks the type of its events: 'emit', or 'type' with an expression over message",
        expect.stringMatching(/^16:38 wrong_type: 'order' must be declared with type json/),
        "17:3 conflict: has 'emit' and 'type'; the type of its events is one of them",
      ],
    ],
    [
      '- { id: e, kind: edge, input: door }',
      ["16:3 missing: lacks 'emit': the type of the events, words with dots between them"],
    ],
    [
      '- { id: e, kind: edge, input: door, on: changed, emit: machine.alarm }\n- { id: f, kind: edge, input: door, emit: press.stroke, alarm: {} }\n- { id: g, kind: edge, input: door, emit: endpoint.down }',
      [
        expect.stringMatching(/^16:3 conflict: emits machine.alarm on 'changed', which no other edge clears/),
        expect.stringMatching(/^17:64 conflict: has 'alarm' and emits press.stroke/),
        expect.stringMatching(/^18:43 event_type: events endpoint.… are Millrace's own/),
      ],
    ],
    [
      '- { id: t, kind: threshold, input: door, raiseAbove: 1, raiseBelow: 0 }\n- { id: u, kind: threshold, input: temp }\n- { id: v, kind: threshold, input: temp, raiseBelow: 5, clearBelow: 7 }',
      [
        "16:3 conflict: has 'raiseAbove' and 'raiseBelow'; write a rule for each",
        "16:36 wrong_type: 'door' is bool; this needs a number",
        expect.stringMatching(/^17:3 conflict: lacks a limit/),
        expect.stringMatching(/^18:3 conflict: raises below a limit and so needs 'clearAbove'/),
      ],
    ],
    [
      '- { id: c, kind: counter, input: parts, modulus: 256 }\n- { id: d, kind: counter, input: good, onDecrease: rollover }',
      [
        '16:3 conflict: has the modulus 256, and its signal has 65536; keep one of them',
        expect.stringMatching(/^17:3 conflict: takes a fall for a rollover and has no 'modulus'/),
      ],
    ],
    [
      '- { id: x, kind: expr, value: good + scrap }',
      ["16:31 mixed_units: 'good' is in [in_i] and 'scrap' in mm; multiply one so that both are in one unit"],
    ],
    [
      "- { id: x, kind: expr, value: good, unit: '\"' }",
      ["16:43 unknown_unit: '\"' is no UCUM unit that is known here; did you mean '[in_i]'?"],
    ],
    [
      '- { id: w, kind: condition, source: lnie, key: nativCode, maxRate: 30 per min }',
      ["16:68 bad_value: must be a rate (a number per s, min or h), for example 30/min, and is '30 per min'"],
    ],
    [
      '- { id: w, kind: condition, source: lnie, key: nativCode }',
      [
        "16:37 unknown_source: 'lnie' is no source of this mapping; did you mean 'line'?",
        "16:48 unknown_name: 'nativCode' is no signal of this mapping; did you mean 'nativeCode'?",
      ],
    ],
    ['- { id: x, knid: edge, input: door }', ["16:12 missing: 'knid' is not known here; did you mean 'kind'?"]],
    ['- { id: x, Kind: edge, input: door }', ["16:12 missing: 'Kind' is not known here; did you mean 'kind'?"]],
    [
      '- { id: w, kind: threshold, input: temp, raiseAbove: 5, onDelay: 5 minutes }',
      ["16:66 bad_value: must be a duration (a number with ms, s, m, h or d), for example 2s, and is '5 minutes'"],
    ],
    [
      '- { id: w, kind: threshold, input: temp, raiseAbove: 5, onDelay: 2 }\n- { id: v, kind: condition, maxRate: 30 }\n- { id: t, kind: counter, input: 5 }',
      [
        '16:66 wrong_type: must be a duration (a number with ms, s, m, h or d), for example 2s, and is the number 2',
        '17:38 wrong_type: must be a rate (a number per s, min or h), for example 30/min, and is the number 30',
        expect.stringMatching(/^18:34 wrong_type: must be the signal, [^"]*, and is the number 5$/),
      ],
    ],
    [
      '- { id: made, input: parts }\n- { id: r, kind: run, start: door, end: door, counters: [made] }',
      [expect.stringMatching(/^16:3 missing: lacks 'kind'/)],
    ],
    [
      '- { kind: watchdog }\n- { id: a b, kind: watchdog }\n- 5\n- { id: q }',
      [
        expect.stringMatching(/^16:3 missing: lacks 'id'/),
        expect.stringMatching(/^17:9 bad_value: must be the name of the rule/),
        '18:3 wrong_type: must be a rule, and is the number 5',
        expect.stringMatching(/^19:3 missing: lacks 'kind'; kinds are stateMap, availability, edge/),
      ],
    ],
    [
      '- id: x\n  kind: expr\n  value: |\n    good +\n    goood',
      [expect.stringMatching(/^18:10 unknown_name: 'goood' is no signal/)],
    ],
    [
      '- id: x\n  kind: expr\n  value: \'good + "a" + goood\'',
      [expect.stringMatching(/^18:24 unknown_name: 'goood' is no signal/)],
    ],
  ])('is told at its place (%#)', (rules, expected) => {
    expect(told(withRules(rules))).toEqual(expected);
  });

  it('warns of what works and is probably not meant', () => {
    const text = withRules(
      '- { id: c, kind: counter, input: parts }\n- { id: e, kind: edge, input: door, emit: press.stroke_made }\n- { id: s, kind: stateMap, input: state, map: { RUN: running }, transitional: [Starting] }',
    );
    expect(readOrFail(text).warnings.map(({ line, column, code }) => `${line}:${column} ${code}`)).toEqual([
      '16:3 no_max_step',
      '17:43 event_type',
      '18:80 unmapped_word',
    ]);
  });

  it('warns of words that are not in the enum, with their place', () => {
    const text = withRules(
      `- { id: s, kind: stateMap, input: state, map: { RUN: running, STOP: idle }, transitional: [STOPP] }
- { id: e, kind: edge, input: door, emit: machine.alarm, when: "state == 'STOPP'" }
- { id: x, kind: expr, value: "state.edge('RUNN')" }
`,
    ).replace('metric: Line/State, type: string', 'metric: Line/State, type: string, enum: [RUN, STOP]');
    expect(
      readOrFail(text).warnings.map(({ line, column, code, detail }) => `${line}:${column} ${code}: ${detail}`),
    ).toEqual([
      "16:92 unknown_word: 'STOPP' is never said: it is not in the enum of 'state'; did you mean 'STOP'?",
      "17:74 unknown_word: 'STOPP' is never said: it is not in the enum of 'state'; did you mean 'STOP'?",
      "18:43 unknown_word: 'RUNN' is never said: it is not in the enum of 'state'; did you mean 'RUN'?",
    ]);
  });

  it('refuses what names another tenant than the one that sends it', () => {
    const ofAcme = withRules(STATUS_RULE).replace('{ id: rf-01,', '{ id: rf-01, tenant: acme,');
    expect(told(ofAcme, { tenant: 'globex' })).toEqual([
      "2:31 other_tenant: is 'acme', and the API key is of 'globex'; leave it out, or use a key of 'acme'",
    ]);
    for (const options of [{ tenant: 'acme' }, {}]) expect(readOrFail(ofAcme, options).tenant).toBe('acme');
    expect(readOrFail(withRules(STATUS_RULE), { tenant: 'globex' }).tenant).toBeNull();
  });

  it('refuses a unit that a length lacks, with line and column', () => {
    const text = `${HEAD}${SIGNALS.replace('type: double, unit: "[in_i]"', 'type: double')}rules:
- { id: b, kind: bundle, key: order, open: { on: firstPiece }, close: { on: door.rising }, lengths: { good: good } }`;
    expect(told(text)).toEqual([expect.stringMatching(/^16:109 missing_unit: 'good' has no unit/)]);
  });

  it.each([
    [
      'a cyclic object',
      () => {
        const cyclic: { self?: object } = {};
        cyclic.self = cyclic;
        return cyclic;
      },
    ],
    ['a list', () => []],
    ['an object with bigints', () => ({ a: 1n })],
    ['an object with __proto__', () => JSON.parse('{"__proto__": {"apiVersion": "ingest/v1"}}') as object],
  ])('%s is refused and nothing is thrown', (_name, make) => {
    expect(readMapping(make()).kind).toBe('refused');
  });
});

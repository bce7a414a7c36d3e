import fc from 'fast-check';
import { deviceFixture, streamsFixture } from '../../test-support/streams-fixture';
import { type StreamsDocument, StreamsReader, StreamsRefused } from './streams-document';
import { XmlRefused } from './xml-reader';

const read = (text: string, device: string | null = null, size = text.length || 1): StreamsDocument => {
  const reader = new StreamsReader();
  for (let at = 0; at < text.length; at += size) reader.push(text.slice(at, at + size));
  return reader.end(device);
};

const codeOf = (text: string, device: string | null = null): string => {
  try {
    read(text, device);
    return 'read';
  } catch (error) {
    if (!(error instanceof StreamsRefused || error instanceof XmlRefused)) throw error;
    return error.code;
  }
};

describe('a document', () => {
  it('is read in the order of its sequence', () => {
    const { instanceId, device, observations } = read(streamsFixture());
    expect([instanceId, device]).toEqual(['1475083573', 'SAW-1']);
    expect(observations.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    expect(observations.map(({ path, kind, value }) => [path, kind, value])).toEqual([
      ['execution', 'event', null],
      ['load', 'sample', null],
      ['program', 'event', 'A&B <7>'],
      ['part_count', 'event', '10'],
      ['execution', 'event', 'ACTIVE'],
      ['load', 'sample', '12.50'],
      [
        'hydraulic',
        'condition',
        { level: 'FAULT', nativeCode: '007', nativeSeverity: '2', qualifier: 'HIGH', text: 'oil is hot' },
      ],
      ['hydraulic', 'condition', { level: 'NORMAL', nativeCode: '', nativeSeverity: '', qualifier: '', text: '' }],
      ['vars', 'event', { R1: '7', R2: { x: '1.0' } }],
      ['execution', 'event', 'PROGRAM_COMPLETED'],
      ['part_count', 'event', '11'],
      ['asset_chg', 'event', ''],
    ]);
    expect(observations[5]!.timestamp).toBe('2026-01-05T06:01:00.250Z');
  });

  it('is the same however it is cut', () => {
    const text = streamsFixture();
    for (const size of [1, 13, 4096]) expect(read(text, null, size)).toEqual(read(text));
  });

  it('gives the observations of one device', () => {
    const two = streamsFixture(deviceFixture('SAW-1') + deviceFixture('SAW-2', 100));
    expect(read(two, 'SAW-2').observations.map(({ sequence }) => sequence)[0]).toBe(101);
    expect(read(two, 'SAW-1-uuid').device).toBe('SAW-1');
    expect(codeOf(two)).toBe('no_device');
    expect(codeOf(two, 'SAW-3')).toBe('no_device');
    expect(codeOf(streamsFixture(''))).toBe('no_device');
  });

  it('leaves out what the agent reports of itself', () => {
    const withAgent = streamsFixture(deviceFixture('Agent', 100) + deviceFixture('SAW-1'));
    expect(read(withAgent).device).toBe('SAW-1');
    expect(read(withAgent, 'Agent').device).toBe('Agent');
  });
});

describe('what an agent answers', () => {
  const answer = (text: string) => {
    const reader = new StreamsReader('one-by-one');
    reader.push(text);
    return reader.answer();
  };
  const place = (item: string, sequence: number) =>
    `dataItemId="${item}" sequence="${sequence}" timestamp="2026-01-05T06:00:00Z"`;
  const events = (...rows: string[]) =>
    streamsFixture(
      `<m:DeviceStream name="D" uuid="u"><m:ComponentStream><m:Events>${rows.join('')}</m:Events></m:ComponentStream></m:DeviceStream>`,
    );
  const values = (text: string) => answer(text).devices[0]!.observations.map(({ value }) => value);

  it('has all devices, and says where its buffer stands', () => {
    const { header, devices } = answer(streamsFixture(deviceFixture('SAW-1') + deviceFixture('SAW-2', 100)));
    expect(header).toEqual({
      instanceId: '1475083573',
      firstSequence: 1,
      lastSequence: 12,
      nextSequence: 13,
      creationTime: Date.parse('2026-01-05T06:10:00Z'),
      deviceModelChangeTime: null,
    });
    expect(devices.map(({ name, uuid, observations }) => [name, uuid, observations.length])).toEqual([
      ['SAW-1', 'SAW-1-uuid', 12],
      ['SAW-2', 'SAW-2-uuid', 12],
    ]);
  });

  it('may be a data set, a series, or a message with a code', () => {
    const text = events(
      `<m:VariableDataSet ${place('v', 1)} count="2"><m:Entry key="a">1</m:Entry><m:Entry key="__proto__" removed="true"/></m:VariableDataSet>`,
      `<m:VariableDataSet ${place('v', 2)} count="0">UNAVAILABLE</m:VariableDataSet>`,
      `<m:PositionTimeSeries ${place('p', 3)} sampleCount="3" sampleRate="100">1.5 2\n-3</m:PositionTimeSeries>`,
      `<m:PositionTimeSeries ${place('p', 4)} sampleCount="0">UNAVAILABLE</m:PositionTimeSeries>`,
      `<m:Message ${place('m', 5)} nativeCode="M30">Door is open</m:Message>`,
      `<m:Message ${place('m', 6)}>Door is shut</m:Message>`,
    );
    const [set, ...others] = values(text);
    expect(Object.entries(set!)).toEqual([
      ['a', '1'],
      ['__proto__', null],
    ]);
    expect(others).toEqual([
      null,
      { sampleCount: '3', sampleRate: '100', values: ['1.5', '2', '-3'] },
      null,
      { nativeCode: 'M30', text: 'Door is open' },
      'Door is shut',
    ]);
  });

  it('may be a set or a table of nothing', () => {
    const text = events(`<m:VariableDataSet ${place('v', 1)} count="0"/>`, `<m:WorkOffsetTable ${place('w', 2)}/>`);
    expect(values(text)).toEqual([{}, {}]);
  });

  it('may have stamps of no zone: they are UTC', () => {
    const text = events(`<m:Block ${place('a', 1).replace('00Z', '00.1234567')}>1</m:Block>`);
    const { header, devices } = answer(text.replace('06:10:00Z', '06:10:00'));
    expect(devices[0]!.observations[0]!.timestamp).toBe('2026-01-05T06:00:00.1234567Z');
    expect(header.creationTime).toBe(Date.parse('2026-01-05T06:10:00Z'));
  });

  it('tells apart conditions that have a code in common and an id each', () => {
    const fault = (n: number, codes: string) => `<m:Fault ${place('c', n)} type="SYSTEM" ${codes}>hot</m:Fault>`;
    const text = events(
      fault(1, 'nativeCode="404" conditionId="404"'),
      fault(2, 'nativeCode="404" conditionId="left"'),
      fault(3, 'conditionId="left"'),
    ).replaceAll('m:Events', 'm:Condition');
    expect(values(text)).toMatchObject([
      { nativeCode: '404', conditionId: '404' },
      { nativeCode: '404:left', conditionId: 'left' },
      { nativeCode: 'left', conditionId: 'left' },
    ]);
  });

  it('loses one observation that is wrong, and no other', () => {
    const text = events(
      `<m:Block ${place('a', 1)}>1</m:Block>`,
      `<m:Block ${place('a', 2).replace('2026', 'two thousand')}>2</m:Block>`,
      `<m:VariableDataSet ${place('v', 3)}><m:Entry>1</m:Entry></m:VariableDataSet>`,
      `<m:Block ${place('a', 4)}>4</m:Block>`,
    );
    expect(values(text)).toEqual(['1', '4']);
    expect(answer(text).invalid).toEqual([
      'The observation "a" (sequence 2) has no \'timestamp\' that is an RFC 3339 time.',
      'The observation "v" (sequence 3) holds <Entry>, which has no \'key\'.',
    ]);
  });

  it.each([
    '<Error errorCode="OUT_OF_RANGE">from is gone</Error>',
    '<OutOfRange errorCode="OUT_OF_RANGE"><ErrorMessage>from is gone</ErrorMessage></OutOfRange>',
  ])('may be an error with its code: %s', (error) => {
    const text = `<MTConnectError><Header instanceId="1"/><Errors>${error}</Errors></MTConnectError>`;
    const told = {
      code: 'agent_error',
      errorCode: 'OUT_OF_RANGE',
      message: 'The agent answered: OUT_OF_RANGE from is gone.',
    };
    expect(() => answer(text)).toThrow(expect.objectContaining(told));
  });
});

describe('what is refused as a whole', () => {
  const text = streamsFixture();
  const swap = (from: string | RegExp, to: string) => {
    const changed = text.replace(from, to);
    expect(changed).not.toBe(text);
    return changed;
  };
  it.each([
    ['an error page', '<html><head><title>502 Bad Gateway</title></head><body></body></html>', 'not_streams'],
    ['a page that begins with a DOCTYPE', '<!DOCTYPE html><html></html>', 'doctype'],
    ['a DOCTYPE before the document', `<!DOCTYPE x [<!ENTITY y "z">]>${text}`, 'doctype'],
    ['another document of MTConnect', '<MTConnectDevices><Header instanceId="1"/></MTConnectDevices>', 'not_streams'],
    [
      'an error of the agent',
      '<MTConnectError><Header instanceId="1"/><Errors><Error errorCode="OUT_OF_RANGE">from is gone</Error></Errors></MTConnectError>',
      'agent_error',
    ],
    ['no Header', swap(/<m:Header[^>]*>/, ''), 'not_streams'],
    ['a Header without instance', swap('instanceId=', 'instance='), 'not_streams'],
    ['text between the elements', swap('<m:Samples>', 'x<m:Samples>'), 'not_streams'],
    ['observations outside a device', text.replace(/m:DeviceStream/g, 'm:Device'), 'not_streams'],
    ['tags that do not match', swap('</m:Samples>', '</m:Events>'), 'malformed'],
    ['no sequence', swap('sequence="7"', 'sequence=""'), 'invalid_observation'],
    ['a sequence below 0', swap('sequence="7"', 'sequence="-7"'), 'invalid_observation'],
    ['a sequence that no number holds', swap('sequence="7"', 'sequence="9007199254740993"'), 'invalid_observation'],
    ['one sequence twice', swap('sequence="7"', 'sequence="8"'), 'invalid_observation'],
    ['no timestamp', swap('timestamp="2026-01-05T06:02:00.000Z"', ''), 'invalid_observation'],
    ['a timestamp that is none', swap('2026-01-05T06:02:00.000Z', 'noon'), 'invalid_observation'],
    ['no data item', swap('dataItemId="asset_chg"', ''), 'invalid_observation'],
    ['a name that is ours', swap('name="load" sequence="6"', 'name="$lifecycle" sequence="6"'), 'invalid_observation'],
    ['a level that is none', text.replace(/m:Fault/g, 'm:Broken'), 'invalid_observation'],
    ['an entry without key', swap('<m:Entry key="R1">', '<m:Entry>'), 'invalid_observation'],
    ['text beside entries', swap('<m:Entry key="R1">', 'x<m:Entry key="R1">'), 'invalid_observation'],
  ])('%s', (_, document, code) => {
    expect(codeOf(document)).toBe(code);
  });

  it('tells what the agent said', () => {
    const answer =
      '<MTConnectError><Header/><Errors><Error errorCode="OUT_OF_RANGE">from is gone</Error></Errors></MTConnectError>';
    expect(() => read(answer)).toThrow('The agent answered: OUT_OF_RANGE from is gone.');
  });

  it('a document that is cut off anywhere', () => {
    for (let length = 0; length < text.trimEnd().length; length += 7)
      expect(['truncated', 'malformed', 'not_streams']).toContain(codeOf(text.slice(0, length)));
  });
});

it('reads or refuses whatever is made of a document, and nothing else happens', () => {
  const text = streamsFixture();
  const place = fc.integer({ min: 0, max: text.length - 1 });
  const junk = fc.oneof(
    fc.string({ maxLength: 3 }),
    fc.constantFrom('<', '>', '"', '&', '/>', '</', '<!', '&#0;', '='),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(place, fc.nat(5), junk), { minLength: 1, maxLength: 3 }), (edits) => {
      let mutated = text;
      for (const [at, cut, put] of edits) mutated = mutated.slice(0, at) + put + mutated.slice(at + cut);
      expect(typeof codeOf(mutated)).toBe('string');
    }),
    { numRuns: 2_000 },
  );
});

/**
 * An OPC UA server as a process of its own, so that kill -9 and SIGSTOP are real. Node runs this file as it is and strips its
 * types, which is why it imports nothing of the project. Its options come as JSON in argv[2], its orders by IPC.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  type AddressSpace,
  type ConditionSnapshot,
  DataType,
  LocalizedText,
  type Message,
  MessageSecurityMode,
  makeEUInformation,
  type NodeId,
  nodesets,
  OPCUACertificateManager,
  OPCUAServer,
  RepublishResponse,
  SecurityPolicy,
  type ServerSecureChannelLayer,
  ServiceFault,
  StatusCode,
  StatusCodes,
  standardUnits,
  type UAVariable,
  Variant,
  VariantArrayType,
} from 'node-opcua';

export interface ServerOptions {
  readonly port: number;
  /** Folder of its certificates; a server that comes back with it has the certificate of before. */
  readonly pki: string;
  /** Numbered variables `ns=1;s=Item/0`, ... below the folder `ns=1;s=Items`. */
  readonly items: number;
  /** Numbers of variables that it lacks. */
  readonly without: readonly number[];
  /** What numbered variables are at first, by number; else 0. */
  readonly values: { readonly [number: number]: number };
  /** What the alarm looks at; it stands above 100. */
  readonly pressure: number;
  readonly guard: boolean;
  /** Node id of the alarm, within the server's own namespace. */
  readonly alarm: string;
  readonly packML: boolean;
  readonly secureOnly: boolean;
  readonly allPolicies: boolean;
  readonly anonymous: boolean;
  /** Takes no client whose certificate nobody has trusted. */
  readonly wary: boolean;
  /** Takes no user whose certificate nobody has trusted. */
  readonly waryOfUsers: boolean;
  /** Its own certificate is out of date, where its folder has none yet. */
  readonly expired: boolean;
  readonly limits: {
    /** Items or nodes in one call. */
    readonly perCall?: number;
    /** It has the limits of calls and does not name them. */
    readonly unsaid?: boolean;
    readonly perSubscription?: number;
    readonly subscriptions?: number;
  };
}

export type ServerOrder =
  | {
      readonly do: 'set';
      readonly nodeId: string;
      readonly type: string;
      readonly value: unknown;
      readonly status?: number;
    }
  | { readonly do: 'say'; readonly values: readonly number[] }
  /** Gives each numbered variable the number of the round, so many times. */
  | { readonly do: 'pump'; readonly everyMs: number; readonly rounds: number }
  | { readonly do: 'break-connections' }
  /** Counts a message in each subscription that nobody ever gets. */
  | { readonly do: 'lose-message' }
  /** Ends each session as one that gave no sign of life in time; what it has subscribed to is left. */
  | { readonly do: 'end-sessions' }
  /** Ends a subscription of those that there are, as one that was asked for nothing in time; its client is told so. */
  | { readonly do: 'expire-subscription'; readonly index: number }
  /** The same without a word. */
  | { readonly do: 'drop-subscription'; readonly index: number }
  /** From now on no message is sent a second time: the server does not know how, and says so, or answers with an empty message. */
  | { readonly do: 'unlearn-republish'; readonly answer: 'fault' | 'empty' }
  /** From now on the server does not know how to do this, and says so. */
  | { readonly do: 'unlearn'; readonly service: 'SetPublishingMode' | 'TranslateBrowsePathsToNodeIds' }
  | { readonly do: 'use-inches' }
  | { readonly do: 'alarm'; readonly step: AlarmStep };

export type AlarmStep =
  | 'acknowledge'
  | 'confirm'
  | 'suppress'
  | 'unsuppress'
  | 'shelve'
  | 'unshelve'
  | 'make-severe'
  | 'make-mild';

/** What of an alarm the library has and does not tell. */
interface AlarmInside {
  currentBranch(): ConditionSnapshot;
  _acknowledge_branch(eventId: Buffer, comment: LocalizedText, branch: ConditionSnapshot, message: string): void;
  _confirm_branch(eventId: Buffer, comment: LocalizedText, branch: ConditionSnapshot, message: string): void;
  raiseConditionEvent(branch: ConditionSnapshot, renew: boolean): void;
  shelvingState: { setState(name: string): void };
}

/** And what of its sessions and subscriptions. */
interface SubscriptionInside {
  _sequence_number_generator: { next(): number };
  _life_time_counter: number;
  readonly lifeTimeCount: number;
  _tick(): void;
  terminate(): void;
}
interface SessionInside {
  readonly authenticationToken: NodeId;
  readonly publishEngine: { readonly subscriptions: readonly SubscriptionInside[] };
}

const serve = async (options: ServerOptions): Promise<(order: ServerOrder) => Promise<void>> => {
  const certificates = new OPCUACertificateManager({
    rootFolder: options.pki,
    automaticallyAcceptUnknownCertificate: !options.wary,
  });
  await certificates.initialize();
  const users = new OPCUACertificateManager({
    rootFolder: join(options.pki, 'users'),
    automaticallyAcceptUnknownCertificate: !options.waryOfUsers,
  });
  await users.initialize();
  const ownCertificate = join(options.pki, 'own/certs/certificate.pem');
  if (options.expired && !existsSync(ownCertificate))
    await certificates.createSelfSignedCertificate({
      outputFile: ownCertificate,
      applicationUri: 'urn:press',
      dns: ['localhost'],
      subject: '/CN=Press simulator',
      startDate: new Date('2020-01-01T00:00:00Z'),
      validity: 365,
    });
  const { perCall, unsaid = false, perSubscription = 100_000, subscriptions = 10 } = options.limits;
  const server = new OPCUAServer({
    port: options.port,
    hostname: '127.0.0.1',
    serverCertificateManager: certificates,
    userCertificateManager: users,
    serverInfo: { applicationUri: 'urn:press' },
    nodeset_filename: options.packML ? [nodesets.standard, nodesets.di, nodesets.packML] : [nodesets.standard],
    securityModes: options.secureOnly
      ? [MessageSecurityMode.SignAndEncrypt]
      : [MessageSecurityMode.None, MessageSecurityMode.Sign, MessageSecurityMode.SignAndEncrypt],
    securityPolicies: options.secureOnly
      ? [SecurityPolicy.Basic256Sha256]
      : [
          SecurityPolicy.None,
          SecurityPolicy.Basic256Sha256,
          ...(options.allPolicies ? [SecurityPolicy.Aes128_Sha256_RsaOaep, SecurityPolicy.Aes256_Sha256_RsaPss] : []),
        ],
    allowAnonymous: options.anonymous,
    userManager: { isValidUser: (name: string, password: string) => name === 'operator' && password === 'right' },
    buildInfo: { productName: 'Press simulator', manufacturerName: 'Test', softwareVersion: '1.0' },
    // 0: a variable tells each of its changes, and not what it is when somebody looks.
    serverCapabilities: {
      maxSessions: 50,
      maxMonitoredItems: 100_000,
      maxMonitoredItemsPerSubscription: perSubscription,
      maxSubscriptionsPerSession: subscriptions,
      minSupportedSampleRate: 0,
      ...(perCall !== undefined && {
        operationLimits: {
          maxMonitoredItemsPerCall: perCall,
          maxNodesPerRead: perCall,
          maxNodesPerBrowse: perCall,
          maxNodesPerTranslateBrowsePathsToNodeIds: perCall,
        },
      }),
    },
  });
  await server.initialize();
  const space = server.engine.addressSpace as AddressSpace;
  space.installAlarmsAndConditionsService();
  if (unsaid)
    for (const limit of space.findNode('ns=0;i=11704')?.findReferencesAsObject('HasProperty') ?? [])
      space.deleteNode(limit);
  const own = space.getOwnNamespace();

  const press = own.addObject({
    nodeId: 's=Press',
    browseName: 'Press',
    organizedBy: space.rootFolder.objects,
    eventNotifier: 1,
    eventSourceOf: space.rootFolder.objects.server,
  });
  const variable = (name: string, dataType: DataType, value: unknown, arrayType = VariantArrayType.Scalar) =>
    own.addVariable({
      componentOf: press,
      nodeId: `s=${name}`,
      browseName: name,
      dataType,
      valueRank: arrayType === VariantArrayType.Scalar ? -1 : 1,
      minimumSamplingInterval: 0,
      value: new Variant({ dataType, arrayType, value }),
    });
  const count = variable('Count', DataType.Double, 0);
  variable('Big', DataType.Int64, [0x7fffffff, 0xffffffff]);
  variable('Mode', DataType.String, 'auto');
  variable('Ratio', DataType.Float, Math.fround(16.4226));
  variable('Ready', DataType.Boolean, true);
  variable('Guard', DataType.Boolean, options.guard);
  variable('Since', DataType.DateTime, new Date('2026-01-02T03:04:05.678Z'));
  variable('Label', DataType.LocalizedText, { locale: 'en', text: 'Main press' });
  variable('Profile', DataType.Double, new Float64Array([1, 2.5]), VariantArrayType.Array);
  const length = own.addAnalogDataItem({
    componentOf: press,
    nodeId: 's=Length',
    browseName: 'Length',
    dataType: 'Double',
    engineeringUnitsRange: { low: 0, high: 10_000 },
    engineeringUnits: standardUnits.millimetre,
    minimumSamplingInterval: 0,
    value: new Variant({ dataType: DataType.Double, value: 12.5 }),
  });

  const folder = own.addFolder(space.rootFolder.objects, { nodeId: 's=Items', browseName: 'Items' });
  const items: UAVariable[] = [];
  for (let index = 0; index < options.items; index++)
    if (!options.without.includes(index))
      items.push(
        own.addVariable({
          organizedBy: folder,
          nodeId: `s=Item/${index}`,
          browseName: `Item${index}`,
          dataType: DataType.Double,
          minimumSamplingInterval: 0,
          value: new Variant({ dataType: DataType.Double, value: options.values[index] ?? 0 }),
        }),
      );

  const pressure = variable('Pressure', DataType.Double, options.pressure);
  const alarm = own.instantiateExclusiveLimitAlarm('ExclusiveLimitAlarmType', {
    nodeId: options.alarm,
    browseName: 'PressureHigh',
    componentOf: press,
    conditionSource: press,
    conditionName: 'PressureHigh',
    inputNode: pressure,
    highHighLimit: 200,
    highLimit: 100,
    lowLimit: 1,
    lowLowLimit: 0.5,
    optionals: ['ConfirmedState', 'Confirm', 'ShelvingState', 'SuppressedState'],
  }) as unknown as AlarmInside;

  if (options.packML)
    space
      .findObjectType('PackMLBaseObjectType', space.getNamespaceIndex('http://opcfoundation.org/UA/PackML/'))
      ?.instantiate({ nodeId: 'ns=1;s=PackMachine', browseName: 'PackMachine', organizedBy: space.rootFolder.objects });

  const set = (node: UAVariable, type: string, value: unknown, status = 0): void => {
    const real = value === 'NaN' ? Number.NaN : value === 'Infinity' ? Number.POSITIVE_INFINITY : value;
    node.setValueFromSource(
      { dataType: DataType[type as keyof typeof DataType], value: real },
      status === 0 ? StatusCodes.Good : statusOf(status),
    );
  };
  const statusOf = (status: number): StatusCode => {
    const plain: { readonly [status: number]: StatusCode } = {
      [0x80000000]: StatusCodes.Bad,
      [0x40000000]: StatusCodes.Uncertain,
    };
    return plain[status] ?? StatusCode.makeStatusCode(StatusCodes.Good, status);
  };
  const seen = new LocalizedText({ text: 'seen' });
  const alarmSteps: { readonly [step: string]: () => void } = {
    acknowledge: () =>
      alarm._acknowledge_branch(alarm.currentBranch().getEventId(), seen, alarm.currentBranch(), 'Method/Acknowledged'),
    confirm: () =>
      alarm._confirm_branch(alarm.currentBranch().getEventId(), seen, alarm.currentBranch(), 'Method/Confirm'),
    suppress: () => alarm.currentBranch().setSuppressedState(true),
    unsuppress: () => alarm.currentBranch().setSuppressedState(false),
    shelve: () => alarm.shelvingState.setState('OneShotShelved'),
    unshelve: () => alarm.shelvingState.setState('Unshelved'),
    'make-severe': () => alarm.currentBranch().setSeverity(900),
    'make-mild': () => alarm.currentBranch().setSeverity(300),
  };

  const sessionsNow = (): SessionInside[] =>
    Object.values((server.engine as unknown as { _sessions: { readonly [key: string]: SessionInside } })._sessions);
  const subscriptionsNow = (): SubscriptionInside[] =>
    sessionsNow().flatMap(({ publishEngine }) => publishEngine.subscriptions);

  const unsupported = () => new ServiceFault({ responseHeader: { serviceResult: StatusCodes.BadServiceUnsupported } });
  const answer = (service: string, response: () => ServiceFault | RepublishResponse): void => {
    Object.assign(server, {
      [`_on_${service}Request`]: (message: Message, channel: ServerSecureChannelLayer) =>
        channel.send_response('MSG', response(), message, () => {}),
    });
  };

  await server.start();
  return async (order) => {
    switch (order.do) {
      case 'set':
        return set(space.findNode(order.nodeId) as UAVariable, order.type, order.value, order.status);
      case 'say':
        for (const value of order.values) set(count, 'Double', value);
        return;
      case 'unlearn-republish':
        return answer('Republish', () => (order.answer === 'fault' ? unsupported() : new RepublishResponse({})));
      case 'unlearn':
        return answer(order.service, unsupported);
      case 'use-inches':
        length.engineeringUnits?.setValueFromSource({
          dataType: DataType.ExtensionObject,
          value: makeEUInformation('INH', 'in', 'inch'),
        });
        return;
      case 'break-connections':
        for (const endpoint of server.endpoints) await endpoint.abruptlyInterruptChannels();
        return;
      case 'lose-message':
        for (const subscription of subscriptionsNow()) subscription._sequence_number_generator.next();
        return;
      case 'end-sessions':
        for (const { authenticationToken } of sessionsNow())
          await server.engine.closeSession(authenticationToken, false, 'Timeout');
        return;
      case 'expire-subscription': {
        const subscription = subscriptionsNow()[order.index]!;
        subscription._life_time_counter = subscription.lifeTimeCount;
        return subscription._tick();
      }
      case 'drop-subscription':
        return subscriptionsNow()[order.index]!.terminate();
      case 'alarm':
        alarmSteps[order.step]?.();
        if (order.step !== 'acknowledge' && order.step !== 'confirm')
          alarm.raiseConditionEvent(alarm.currentBranch(), true);
        return;
      case 'pump':
        for (let round = 1; round <= order.rounds; round++) {
          const began = performance.now();
          for (const item of items) set(item, 'Double', round);
          await new Promise((resolve) => setTimeout(resolve, order.everyMs - (performance.now() - began)));
        }
    }
  };
};

if (process.send !== undefined) {
  process.on('disconnect', () => process.exit(0));
  serve(JSON.parse(process.argv[2] ?? '{}') as ServerOptions).then((obey) => {
    process.on('message', ({ id, order }: { id: number; order: ServerOrder }) => {
      obey(order).then(
        () => process.send?.({ id }),
        (error: Error) => process.send?.({ id, error: error.stack }),
      );
    });
    process.send?.({ ready: true });
  });
}

import { type Admin, Kafka, logLevel } from 'kafkajs';

/** What kafkajs' public types do not declare. */
interface Cluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  findGroupCoordinator(of: { groupId: string }): Promise<Coordinator>;
}
interface Coordinator {
  leaveGroup(who: { groupId: string; memberId: string }): Promise<unknown>;
}

/**
 * Lets the members of a consumer group leave it. Kafka gives the partitions of a killed member away when its session ends,
 * 10 s later; for a test that kills thirty times this is that moment, brought forward.
 */
export class GroupMembers {
  private readonly admin: Admin;
  private readonly cluster: Cluster;

  private constructor(
    kafka: Kafka,
    private readonly groupId: string,
  ) {
    this.admin = kafka.admin();
    const symbol = Object.getOwnPropertySymbols(kafka).find((one) => one.description === 'private:Kafka:createCluster');
    if (symbol === undefined) throw new Error('this kafkajs has no cluster factory; the library is made for 2.2.4');
    this.cluster = (kafka as unknown as { [factory: symbol]: (options: object) => Cluster })[symbol]!({});
  }

  static async of(brokers: readonly string[], groupId: string): Promise<GroupMembers> {
    const kafka = new Kafka({ brokers: [...brokers], clientId: 'group-members', logLevel: logLevel.NOTHING });
    const members = new GroupMembers(kafka, groupId);
    await Promise.all([members.admin.connect(), members.cluster.connect()]);
    return members;
  }

  /** Of all that are members now; resolves with how many there were. */
  async leave(): Promise<number> {
    const { groupId } = this;
    const { groups } = await this.admin.describeGroups([groupId]);
    const members = groups.flatMap((group) => group.members);
    const coordinator = await this.cluster.findGroupCoordinator({ groupId });
    for (const { memberId } of members) await coordinator.leaveGroup({ groupId, memberId });
    return members.length;
  }

  async close(): Promise<void> {
    await Promise.all([this.admin.disconnect(), this.cluster.disconnect()]);
  }
}

import { isMachineName, SIGNAL_LIMITS } from '@millrace/domain';
import { z } from 'zod';
import { connectionSettings } from './connection-settings';
import { isFixed, isTopicFilter, levelsIn, templateProblem } from './topic-template';

const isLevel = (place: string): boolean => /^[1-9]\d{0,2}$/.test(place);
const template = (most: number) =>
  z
    .string()
    .min(1)
    .max(most)
    .superRefine((text, context) => {
      const wrong = templateProblem(text, isLevel);
      if (wrong !== null)
        context.addIssue({ code: 'custom', message: `${wrong}: {1} is the first level of the topic, {2} the second` });
    });
const member = z.string().min(1).max(SIGNAL_LIMITS.pathLength);

/** One kind of plain topic. */
const topicSettings = z
  .strictObject({
    /** MQTT topic filter: `plant/+/state`. Filters must not overlap: the first that fits a topic takes it. */
    filter: z
      .string()
      .max(1024)
      .refine(isTopicFilter, 'is no topic filter: + and # stand alone in their level, # last'),
    /** A machine's name, or a template: `{2}` is the second level of the topic. */
    machine: template(SIGNAL_LIMITS.machineLength).refine(
      (text) => !isFixed(text) || isMachineName(text),
      'must be the name of a machine: letters, digits, . _ and -, at most 128',
    ),
    /** Path of a payload that is one value, and what stands before the members of an object. The last level where none is given, and nothing before members. */
    path: template(SIGNAL_LIMITS.pathLength).optional(),
    /** `json`, or `text` for a payload that is one text as it is. */
    format: z.enum(['json', 'text']).default('json'),
    /** Member that is the value of an object with one value; without it each scalar member is a signal. */
    value: member.optional(),
    /** Member with the device's time: RFC 3339, or a number of milliseconds (or `timestampUnit`) since 1970. */
    timestamp: member.optional(),
    timestampUnit: z.enum(['ms', 's']).default('ms'),
    /** Member with a number that rises with each message of the topic: a message that comes twice then has no second effect. */
    seq: member.optional(),
    /** UCUM, of all values of these topics. */
    unit: z.string().min(1).max(64).optional(),
  })
  .superRefine(({ filter, machine, path }, context) => {
    const levels = filter.split('/');
    if (levels.includes('#')) return;
    for (const [member, text] of Object.entries({ machine, path: path ?? '' })) {
      const beyond = levelsIn(text).find((level) => level > levels.length);
      if (beyond !== undefined)
        context.addIssue({
          code: 'custom',
          path: [member],
          message: `has {${beyond}}, and topics of the filter ${filter} have ${levels.length} levels`,
        });
    }
  });

/** Settings of a source of the type `mqtt`, as `POST /v1/sources` takes them. */
export const mqttSettings = z.strictObject({
  ...connectionSettings,
  topics: z.array(topicSettings).min(1).max(256),
});

export type MqttSettings = z.infer<typeof mqttSettings>;
export type TopicSettings = z.infer<typeof topicSettings>;

import { nearestWord, quoted, suggestion } from '../document/did-you-mean';
import { type Shape, wrong } from './shape';

/** Objects that say by one member which they are. */
export const taggedBy = <T>(tag: string, says: string, shapes: { readonly [word: string]: Shape<T> }): Shape<T> => {
  const words = Object.keys(shapes);
  const known = new Set(Object.values(shapes).flatMap(({ schema }) => Object.keys(schema['properties'] ?? {})));
  return {
    schema: {
      description: `${says[0]!.toUpperCase()}${says.slice(1)}.`,
      type: 'object',
      required: [tag],
      properties: { [tag]: { enum: words } },
      allOf: words.map((name) => ({
        if: { type: 'object', required: [tag], properties: { [tag]: { const: name } } },
        // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema
        then: shapes[name]!.schema,
      })),
    },
    read: (node, problems) => {
      if (node.kind !== 'map') return wrong(node, problems, says);
      const member = node.members.get(tag);
      if (member === undefined) {
        const wrongly = nearestWord(
          tag,
          [...node.members.keys()].filter((name) => !known.has(name)),
        );
        if (wrongly === null) problems.add(node.place, 'missing', `lacks '${tag}'; ${tag}s are ${words.join(', ')}`);
        else
          problems.add(
            node.members.get(wrongly)!.named,
            'missing',
            `${quoted(wrongly)} is not known here; did you mean '${tag}'?`,
          );
        return undefined;
      }
      const said = member.node.kind === 'scalar' && typeof member.node.value === 'string' ? member.node.value : null;
      if (said === null) return wrong(member.node, problems, `one of ${words.join(', ')}`);
      if (!Object.hasOwn(shapes, said)) {
        problems.add(
          member.node.place,
          'unknown_kind',
          () => `${quoted(said)} is no ${tag} that is known here${suggestion(said, words, `${tag}s`)}`,
        );
        return undefined;
      }
      return shapes[said]!.read(node, problems);
    },
  };
};

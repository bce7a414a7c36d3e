import { change, wordsOf } from './api.js';
import { ask } from './dialog.js';
import { button, el } from './dom.js';
import { field, textInput } from './forms.js';
import { refresh } from './live.js';
import { say } from './said.js';

/** Retry and cancel of one delivery, where its status allows them. */

const RETRY = { retrying: 'Retry now', failed: 'Retry', cancelled: 'Send after all', expired: 'Send all the same…' };
const CANCEL = new Set(['pending', 'retrying', 'parked']);

const send = async (path, command, body) => {
  try {
    await change('POST', `${path}/${command}`, body);
    say(command === 'retry' ? 'The retry is on its way.' : 'The cancellation is on its way.');
    refresh();
  } catch (error) {
    say(wordsOf(error));
  }
};

/** It needs a reason: the receiver may get what is long out of date. */
const force = (path, what) => {
  const reason = textInput({ maxlength: '500' });
  ask({
    title: `Send this ${what} although it has expired?`,
    lines: [
      'Its time has run out, and the receiver may not want it any more. It gets a new expiry and the whole schedule.',
    ],
    action: 'Send all the same',
    fields: [field('reason', 'Reason', reason, 'Kept in the log of the service, with the id of your key.')],
    act: async () => {
      await change('POST', `${path}/retry`, { force: true, reason: reason.value });
      say('The retry is on its way.');
      refresh();
    },
  });
};

/**
 * @param path of the delivery or export event
 * @param what `delivery` or `export event`
 */
export const commandButtons = (path, status, what) => {
  const retry = RETRY[status];
  if (retry === undefined && !CANCEL.has(status)) return null;
  return el(
    'div',
    { class: 'actions' },
    retry === undefined
      ? null
      : button(retry, 'plain', 'retry', () => (status === 'expired' ? force(path, what) : send(path, 'retry'))),
    CANCEL.has(status)
      ? button('Cancel it', 'plain', 'cancel-it', () =>
          ask({
            title: `Cancel this ${what}?`,
            lines: ['It is not sent any more. It can be sent again later from here.'],
            action: `Cancel the ${what}`,
            dangerous: true,
            act: async () => {
              await change('POST', `${path}/cancel`);
              say('The cancellation is on its way.');
              refresh();
            },
          }),
        )
      : null,
  );
};

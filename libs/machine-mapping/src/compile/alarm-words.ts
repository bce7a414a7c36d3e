import type { AlarmWords } from '@millrace/domain';
import type { Written } from '../language/rule-shapes';

type WrittenAlarm = Written<'threshold'>['alarm'];

/** Left out, the alarm goes by the name of its rule. */
export const alarmOf = (
  rule: { readonly id: { readonly text: string }; readonly description: string | undefined },
  written: WrittenAlarm,
): AlarmWords => ({
  code: written?.code ?? rule.id.text,
  severity: written?.severity ?? 'warning',
  text: written?.text ?? rule.description?.slice(0, 256) ?? rule.id.text,
});

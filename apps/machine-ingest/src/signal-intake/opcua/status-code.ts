import type { SignalQuality } from '@millrace/domain';

/**
 * A StatusCode of OPC 10000-4, 7.39: severity in the two highest bits, then what happened, then flags. Good with a flag is
 * still good: a test for equality with 0 would take an overflow (0x00000480) for a bad value.
 */
export const qualityOf = (status: number): SignalQuality => {
  const severity = status >>> 30;
  return severity === 0 ? 'good' : severity === 1 ? 'uncertain' : 'bad';
};

/** `ua:0x80340000`; null for plain good. */
export const qualityCodeOf = (status: number): string | null =>
  status === 0 ? null : `ua:0x${(status >>> 0).toString(16).toUpperCase().padStart(8, '0')}`;

/** InfoType DataValue (0x400) with Overflow (0x80): values before this one were thrown away by the server. */
export const isOverflow = (status: number): boolean => (status & 0x0c00) === 0x0400 && (status & 0x80) !== 0;

/** Unit, range or meaning of the node is another one from this value on. */
export const isSemanticsChanged = (status: number): boolean => (status & 0x4000) !== 0;

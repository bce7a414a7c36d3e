/**
 * A small roll-forming line of our own, as its controller would speak: it uncoils strip, forms panels, cuts them to length
 * and counts. Time and chance come from outside; a step says what changed and how long to wait for the next.
 */
export interface Shift {
  readonly job: number;
  readonly parts: number;
  /** Panels still to make of this job. */
  readonly left: number;
  readonly phase: 'off' | 'ready' | 'forming' | 'jammed' | 'done';
  readonly jamAt: number | null;
}

export interface LineStep {
  readonly shift: Shift;
  /** Lines without their time stamp: `execution|ACTIVE`. */
  readonly says: readonly string[];
  readonly waitMs: number;
}

export const beforeTheShift: Shift = { job: 0, parts: 0, left: 0, phase: 'off', jamAt: null };

const PROFILES = ['PBR-26-GALV', 'U-PANEL-29-RED', 'STANDING-SEAM-24', 'RIB-26-CHARCOAL'] as const;
const PANEL_MS = 900;

/** What a client that connects now is told first: every item's present value. */
export const everything = (shift: Shift): string[] => [
  'avail|AVAILABLE',
  `program|${programOf(shift)}`,
  `part_count|${shift.parts}`,
  `execution|${{ off: 'READY', ready: 'READY', forming: 'ACTIVE', jammed: 'INTERRUPTED', done: 'PROGRAM_COMPLETED' }[shift.phase]}`,
  shift.phase === 'jammed' ? JAM : 'decoiler|Normal||||',
];

const programOf = (shift: Shift): string => `${PROFILES[shift.job % PROFILES.length]}-${1000 + shift.job}`;
const JAM = 'decoiler|Fault|E217|2|HIGH|Strip tension lost at the decoiler';

/** `chance()` is from 0 to below 1. */
export const nextStep = (shift: Shift, chance: () => number): LineStep => {
  switch (shift.phase) {
    case 'off':
    case 'done': {
      const job = shift.job + 1;
      const left = 4 + Math.floor(chance() * 6);
      // Every third job the strip jams once, somewhere in its middle.
      const jamAt = job % 3 === 0 ? Math.ceil(left / 2) : null;
      const next: Shift = { ...shift, job, left, jamAt, phase: 'ready' };
      return { shift: next, says: [`program|${programOf(next)}`, 'execution|READY'], waitMs: 1_200 };
    }
    case 'ready':
      return { shift: { ...shift, phase: 'forming' }, says: ['execution|ACTIVE'], waitMs: PANEL_MS };
    case 'jammed':
      return {
        shift: { ...shift, phase: 'forming' },
        says: ['decoiler|Normal||||', 'execution|ACTIVE'],
        waitMs: PANEL_MS,
      };
    case 'forming': {
      if (shift.jamAt === shift.left) {
        return {
          shift: { ...shift, phase: 'jammed', jamAt: null },
          says: [JAM, 'execution|INTERRUPTED'],
          waitMs: 3_000,
        };
      }
      const parts = shift.parts + 1;
      const left = shift.left - 1;
      const strip = `strip_length|${(2.4 + chance() * 1.2).toFixed(3)}|line_speed|${(28 + chance() * 4).toFixed(1)}`;
      const counted = [strip, `part_count|${parts}`];
      if (left > 0) return { shift: { ...shift, parts, left }, says: counted, waitMs: PANEL_MS };
      const done: Shift = { ...shift, parts, left, phase: 'done' };
      // The counter follows the end of the program, as on many controllers.
      return { shift: done, says: ['execution|PROGRAM_COMPLETED', ...counted], waitMs: 8_000 };
    }
  }
};

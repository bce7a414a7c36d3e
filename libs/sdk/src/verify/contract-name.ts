/** The delivery profiles of Millrace: which body, headers and signature a receiver gets. */
export const CONTRACT_NAMES = ['standard', 'eclipse', 'eclips', 'proign', 'mes', 'nentropy'] as const;
export type ContractName = (typeof CONTRACT_NAMES)[number];

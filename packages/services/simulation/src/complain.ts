/** Takes note of an offence against what must be true, as a sentence. */
export type Complain = (sentence: string) => void;

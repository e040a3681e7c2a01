/** What a rule asks for and what to do where it is broken. Both are sentences for a person, printed on the page of its code. */
export interface RuleGuide {
  readonly required: string;
  readonly fix: string;
}

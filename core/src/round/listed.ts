/** At most eight names; a sentence needs no more to be useful. */
export function listed(participants: readonly string[]): string {
  if (participants.length <= 8) return participants.join(', ');
  return `${participants.slice(0, 8).join(', ')} and ${participants.length - 8} more`;
}
